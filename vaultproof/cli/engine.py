"""What runs here: the crypto backend, and how reports name it."""

from __future__ import annotations

import sys

from vaultproof._version import __version__
from vaultproof.crypto.port import Backend
from vaultproof.errors import Unavailable


def backend() -> Backend:
    """The crypto port of this engine.  Raises ``Unavailable("no-engine")`` where its library is not installed."""
    try:
        from vaultproof.crypto.openssl import OpenSslBackend
    except ImportError as error:
        raise Unavailable(
            "no-engine", "the package cryptography cannot be imported, so no signature can be checked",
            found=str(error), hint="install vaultproof anew",
        ) from error  # fmt: skip
    return OpenSslBackend()


def describe() -> dict[str, str]:
    """The engine as reports name it: interpreter, this project, and crypto library, each with its version."""
    import cryptography
    from cryptography.hazmat.backends.openssl.backend import backend as openssl

    return {
        "name": sys.implementation.name,
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "vaultproof": __version__,
        "crypto": f"cryptography {cryptography.__version__} / {openssl.openssl_version_text()}",
    }
