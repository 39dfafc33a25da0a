"""The one door to signature arithmetic: a port, the strictness rules that run before it, and the backends behind it.

``OpenSslBackend`` is not re-exported, because it needs a package that browsers do not have: shells import it from
``vaultproof.crypto.openssl``, or ``WebCryptoBackend`` from ``vaultproof.crypto.webcrypto``.
"""

from vaultproof.crypto.curves import Curve
from vaultproof.crypto.keys import (
    EcKey,
    Ed25519Key,
    PublicKey,
    RsaKey,
    ed25519_spki,
    p256_spki,
    read_public_key,
    x25519_spki,
)
from vaultproof.crypto.port import Algorithm, Backend, SignatureCheck, SignatureEncoding, run_to_completion

__all__ = [
    "Algorithm",
    "Backend",
    "Curve",
    "EcKey",
    "Ed25519Key",
    "PublicKey",
    "RsaKey",
    "SignatureCheck",
    "SignatureEncoding",
    "ed25519_spki",
    "p256_spki",
    "read_public_key",
    "run_to_completion",
    "x25519_spki",
]
