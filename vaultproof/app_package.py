"""Searching an app package for key bytes, in the forms that apps carry keys, inside compressed entries too.

Packages are ZIP files (APK, IPA, AAB); anything else is searched as it is.  Limits are stated in the procedure.
"""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vaultproof.crypto.keys import ed25519_spki, p256_spki, x25519_spki
from vaultproof.errors import Malformed, Unavailable, Unsupported
from vaultproof.evidence.fleet_keys import raw_public_key
from vaultproof.strict.encodings import clip

MAX_ENTRIES = 10_000
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_RATIO = 200
MAX_TOTAL_RATIO = 64
"""Of all unpacked bytes to the package: real packages stay below ten."""
MAX_DEPTH = 1
_CHUNK = 1024 * 1024
_ENCRYPTED = 1
_DIRECTORY_ENTRY = b"PK\x01\x02"
_UNPACKING_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError, RuntimeError, struct.error, ValueError
)  # fmt: skip
"""What ``zipfile`` raises for packages that are not as they must be."""
_NESTED = (".apk", ".zip", ".jar", ".aar", ".ipa")


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySighting:
    """Where a key was first found: ``place`` is the entry (nested ones joined by ``!/``), ``offset`` in its bytes.

    ``form`` is ``raw``, ``hex``, ``base64``, ``base64url`` or ``spki-der``.
    """

    place: str
    form: str
    offset: int


def find_keys(package: bytes, keys: Sequence[bytes], *, file: str) -> dict[bytes, KeySighting]:
    """The first sighting of each key that the package contains.

    Raises ``Malformed`` for a package that cannot be read as the ZIP file it begins as, ``Unsupported`` when an entry
    is encrypted or packed in another way than apps are, and ``Unavailable`` when the package is over the limits: in
    each case nothing is known, not even for keys found so far.
    """
    patterns = {key: _forms(key) for key in keys}
    found: dict[bytes, KeySighting] = {}
    for place, data in _contents(package, file, _Budget(file, len(package))):
        for key, forms in patterns.items():
            if key in found:
                continue
            for form, pattern in forms:
                offset = data.find(pattern)
                if offset >= 0:
                    found[key] = KeySighting(place=place, form=form, offset=offset)
                    break
    return found


def _forms(key: bytes) -> list[tuple[str, bytes]]:
    """The byte strings to look for, the most telling first.

    A key published as SubjectPublicKeyInfo may stand in an app as its raw public key, and the other way round.
    """
    raw, infos = _shapes(key)
    forms = [("spki-der", info) for info in infos]
    for value in (*infos, raw):
        standard = base64.b64encode(value).rstrip(b"=")
        forms += [
            ("raw", value),
            ("hex", value.hex().encode("ascii")),
            ("hex", value.hex().upper().encode("ascii")),
            ("base64", standard),
            ("base64url", standard.translate(bytes.maketrans(b"+/", b"-_"))),
        ]
    return forms


def _shapes(key: bytes) -> tuple[bytes, tuple[bytes, ...]]:
    """A published key as raw public key, and as each SubjectPublicKeyInfo that it may stand for."""
    try:
        return raw_public_key(key), (key,)
    except Malformed:
        pass  # not a SubjectPublicKeyInfo: a raw key then
    if len(key) == 32:
        return key, (x25519_spki(key), ed25519_spki(key))
    if len(key) == 65 and key[0] == 4:
        try:
            return key, (p256_spki(key),)
        except Malformed:
            return key, ()  # not a point of that curve: still searched for as it is
    return key, ()


class _Budget:
    """Counts entries and unpacked bytes over the whole package."""

    def __init__(self, file: str, package_size: int) -> None:
        self.file = file
        self.limit = min(MAX_UNPACKED_BYTES, MAX_TOTAL_RATIO * package_size + _CHUNK)
        self.entries = 0
        self.unpacked = 0

    def directory(self, package: bytes) -> None:
        """Refuse a package that may list too many entries before the list is read, which alone could fill the memory.

        Raises ``Unavailable`` over the limit.
        """
        if package.count(_DIRECTORY_ENTRY) > MAX_ENTRIES:
            raise self._over("entries", MAX_ENTRIES)

    def entry(self) -> None:
        """Count one entry.  Raises ``Unavailable`` over the limit."""
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise self._over("entries", MAX_ENTRIES)

    def take(self, size: int) -> None:
        """Count unpacked bytes.  Raises ``Unavailable`` over the limit."""
        self.unpacked += size
        if self.unpacked > self.limit:
            raise self._over("unpacked bytes", self.limit)

    def _over(self, what: str, limit: int) -> Unavailable:
        return Unavailable(
            "package-over-limits", f"the app package has more {what} than are searched", file=self.file,
            expected=f"<= {limit}",
        )  # fmt: skip


def _contents(data: bytes, place: str, budget: _Budget, depth: int = 0) -> Iterator[tuple[str, bytes]]:
    """Each entry's bytes, then what packages inside it hold (one level); what is no package, as it is.

    Comments and gaps of a package are not searched: an app never sees them.
    """
    if not data.startswith(b"PK\x03\x04"):
        yield place, data
        return
    budget.directory(data)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for info in archive.infolist():
                budget.entry()
                if info.is_dir():
                    continue
                name = f"{place}!/{info.filename}"
                unpacked = _unpack(archive, info, budget, len(data))
                if depth < MAX_DEPTH and info.filename.lower().endswith(_NESTED):
                    yield from _contents(unpacked, name, budget, depth + 1)
                else:
                    yield name, unpacked
    except _UNPACKING_ERRORS as error:
        # What the unpacker says differs between Pythons: it may not stand in a fact, which the report digest covers.
        raise Malformed("package-unreadable", f"the app package cannot be unpacked ({error})", file=place) from None


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget, package_size: int) -> bytes:
    """The bytes of an entry, counted while they come, whatever the directory says of their size.

    Only what is stored or deflated is unpacked: that is what apps use, not every engine has more, and the unpackers of
    other methods cannot be held to a number of bytes.
    """
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & _ENCRYPTED:
        raise Unsupported(
            "package-entry-unknown", "an entry of the app package is encrypted or packed in an unknown way",
            file=budget.file, expected="stored or deflated", found=clip(info.filename),
        )  # fmt: skip
    limit = MAX_RATIO * max(min(info.compress_size, package_size), 1024)
    parts: list[bytes] = []
    size = 0
    with archive.open(info) as stream:
        while chunk := stream.read(_CHUNK):
            size += len(chunk)
            budget.take(len(chunk))
            if size > limit:
                raise Unavailable(
                    "package-over-limits", "an entry of the app package unpacks to too much", file=budget.file,
                    expected=f"ratio <= {MAX_RATIO}", found=clip(info.filename),
                )  # fmt: skip
            parts.append(chunk)
    if size != info.file_size or info.compress_size > package_size:
        raise zipfile.BadZipFile(f"an entry is not of the size that the directory says: {info.filename!r}")
    return b"".join(parts)
