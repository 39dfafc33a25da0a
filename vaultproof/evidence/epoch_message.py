"""The message that the signer signs for an epoch, in the two serialisations of its ciphersuites.

Source: cloudflare/plexi, ``plexi_core``: ``types.proto`` for Protocol Buffers, ``SignatureMessage`` for bincode.
"""

from __future__ import annotations

from functools import lru_cache

REMEMBERED_HEADS = 16
"""Beginnings that are kept: a log has one namespace and one ciphersuite, a million times over."""


def protobuf(ciphersuite: int, namespace: str, timestamp: int, epoch: int, digest: bytes) -> bytes:
    """``SignatureMessage`` of plexi_core's types.proto, fields in order, as its encoder writes them."""
    inner = b"\x08" + _varint(epoch)
    return b"".join(
        (
            _protobuf_head(ciphersuite, namespace),
            b"\x18", _varint(timestamp),
            b"\x22", _varint(len(inner)), inner,
            b"\x2a", _varint(len(digest)), digest,
        )
    )  # fmt: skip


def bincode(ciphersuite: int, namespace: str, timestamp: int, epoch: int, digest: bytes) -> bytes:
    """The same message by bincode 2 in its legacy configuration: little endian, fixed width, lengths as u64."""
    name = namespace.encode("utf-8")
    return b"".join(
        (
            ciphersuite.to_bytes(4, "little"),
            len(name).to_bytes(8, "little"), name,
            timestamp.to_bytes(8, "little"),
            epoch.to_bytes(8, "little"),
            len(digest).to_bytes(8, "little"), digest,
        )
    )  # fmt: skip


@lru_cache(REMEMBERED_HEADS)
def _protobuf_head(ciphersuite: int, namespace: str) -> bytes:
    name = namespace.encode("utf-8")
    return b"".join((b"\x08", _varint(ciphersuite), b"\x12", _varint(len(name)), name))


_ONE_BYTE = tuple(bytes((value,)) for value in range(0x80))


def _varint(value: int) -> bytes:
    """Protocol Buffers base-128 varint."""
    if value < 0x80:
        return _ONE_BYTE[value]
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
