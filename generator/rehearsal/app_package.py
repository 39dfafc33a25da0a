"""An app package of the rehearsal: a real zip archive, made byte by byte so that no zlib's habits change it.

``classes.dex`` is compressed by deflate with fixed Huffman codes and literals only (RFC 1951, 3.2.6): every inflater
reads it, nothing in it can be found without inflating, and its bytes are the same on every machine.
"""

from __future__ import annotations

import base64
import hashlib
import struct
import zlib
from dataclasses import dataclass

from generator.rehearsal.plan import AppPlan

_STORED = 0
_DEFLATED = 8
_DOS_DATE = 0x21  # 1980-01-01, the first day that zip knows
_PADDING = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    name: bytes
    data: bytes
    method: int


def app_package(app: AppPlan) -> bytes:
    """The package: all keys in base64 in the compressed ``classes.dex``, the first one raw in a stored resource."""
    entries = [
        _Entry(name=b"AndroidManifest.xml", data=_android_manifest(app), method=_STORED),
        _Entry(name=b"assets/REHEARSAL.txt", data=_NOTICE, method=_STORED),
        _Entry(name=b"classes.dex", data=_classes(app.keys), method=_DEFLATED),
        _Entry(name=b"res/raw/rehearsal_fleet_key.bin", data=_resource(app.keys), method=_STORED),
    ]
    digests = [b"Name: %s\r\nSHA-256-Digest: %s\r\n\r\n" % (entry.name, _digest(entry.data)) for entry in entries]
    listing = b"Manifest-Version: 1.0\r\nCreated-By: REHEARSAL\r\n\r\n" + b"".join(digests)
    return _zip([_Entry(name=b"META-INF/MANIFEST.MF", data=listing, method=_DEFLATED), *entries])


def deflate(data: bytes) -> bytes:
    """``data`` as one final deflate block with fixed Huffman codes, literals only."""
    bits = 0b011  # final block, type 01, least significant bit first
    count = 3
    for byte in data:
        code, length = (0x30 + byte, 8) if byte < 144 else (0x190 + byte - 144, 9)
        bits |= int(f"{code:0{length}b}"[::-1], 2) << count
        count += length
    return bits.to_bytes((count + 7 + 7) // 8, "little")  # the end-of-block code is seven zero bits


_NOTICE = b"REHEARSAL: this package holds no app. It was made to rehearse how evidence of a deployment is published.\n"


def _android_manifest(app: AppPlan) -> bytes:
    return (
        f'<manifest package="example.rehearsal" versionName="{app.version}">'
        f'<application label="{app.name}"/></manifest>\n'
    ).encode()


def _classes(keys: tuple[bytes, ...]) -> bytes:
    """A string table such as a dex file has: a length, the text, a zero byte; between other strings of an app."""
    texts = [b"REHEARSAL", b"Lexample/rehearsal/BackupKeyVault;", b"FLEET_KEYS"]
    texts += [base64.b64encode(key) for key in keys]
    texts += [b"openSession", b"verifyBundle"]
    return b"dex\n035\x00" + b"".join(bytes([len(text)]) + text + b"\x00" for text in texts)


def _resource(keys: tuple[bytes, ...]) -> bytes:
    return b"REHEARSAL" + bytes(_PADDING) + (keys[0] if keys else b"") + bytes(_PADDING)


def _digest(data: bytes) -> bytes:
    return base64.b64encode(hashlib.sha256(data).digest())


def _zip(entries: list[_Entry]) -> bytes:
    """The archive: local headers and data, central directory, its end (PKWARE APPNOTE, 4.3)."""
    body, directory = b"", b""
    for entry in entries:
        packed = deflate(entry.data) if entry.method == _DEFLATED else entry.data
        common = struct.pack(
            "<HHHHHIIIHH", 20, 0, entry.method, 0, _DOS_DATE, zlib.crc32(entry.data), len(packed), len(entry.data),
            len(entry.name), 0,
        )  # fmt: skip
        directory += b"PK\x01\x02" + struct.pack("<H", 20) + common
        directory += struct.pack("<HHHII", 0, 0, 0, 0o100644 << 16, len(body)) + entry.name
        body += b"PK\x03\x04" + common + entry.name + packed
    end = struct.pack("<HHHHIIH", 0, 0, len(entries), len(entries), len(directory), len(body), 0)
    return body + directory + b"PK\x05\x06" + end
