"""What can be the address of a log."""

from __future__ import annotations

from urllib.parse import urlsplit

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import clip

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""This computer: the only place that may be asked without TLS."""


def check_address(address: str) -> str:
    """The address of a log, without a slash at its end.

    Raises ``Malformed("bad-address")`` unless it is https (or http on this computer) with a host and nothing beside a
    path.
    """
    try:
        parts = urlsplit(address)
        host, _port = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    good = bool(host) and not (parts.query or parts.fragment or parts.username or parts.password is not None)
    good = good and address.isascii() and address.isprintable() and " " not in address
    if not good or (parts.scheme != "https" and not (parts.scheme == "http" and host in LOOPBACK)):
        raise Malformed(
            "bad-address", "this cannot be the address of a log", found=clip(address),
            expected="https://, a host, and perhaps a path (http:// on this computer only)",
        )  # fmt: skip
    return address.rstrip("/")
