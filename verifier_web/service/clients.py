"""Who asks: the client's address, seen past proxies that are configured, as a key that is used for fairness alone."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from verifier_web.service.configuration import Network

_DOTTED = re.compile(r"(?:(?:0|[1-9][0-9]{0,2})\.){3}(?:0|[1-9][0-9]{0,2})", re.ASCII)
_SITE_BITS = 64
"""One subscriber's part of IPv6: whoever has one address of it has all."""


def client_of(peer: str, forwarded_for: str, trusted: Sequence[Network]) -> str:
    """The key of the client that a request came from.

    ``peer`` is the address of the connection, ``forwarded_for`` the X-Forwarded-For header (empty when there is none).
    The header is read from its end, where the nearest proxy wrote, and only as far as proxies in ``trusted`` wrote it:
    what a client puts there itself is never reached.  What is no address ends the reading.
    """
    if not trusted and _DOTTED.fullmatch(peer):
        return peer  # as the kernel writes it, which is how it would be written here
    nearest = _address(peer)
    for item in reversed(forwarded_for.split(",")):
        if nearest is None or not any(nearest in network for network in trusted):
            break
        before = _address(item.strip())
        if before is None:
            break
        nearest = before
    if nearest is None:
        return "unknown"
    if isinstance(nearest, IPv6Address):
        return str(ip_network((nearest, _SITE_BITS), strict=False))
    return str(nearest)


def is_trusted(peer: str, trusted: Sequence[Network]) -> bool:
    """Whether a connection comes from a proxy that is configured."""
    address = _address(peer)
    return address is not None and any(address in network for network in trusted)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
