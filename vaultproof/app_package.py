"""Searching an app package for key bytes, in the forms that apps carry keys, inside compressed entries too.

Packages are ZIP files (APK, IPA, AAB); anything else is searched as it is.  Limits are stated in the procedure.
"""

from __future__ import annotations

import base64
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from vaultproof.crypto.keys import ed25519_spki, p256_spki, x25519_spki
from vaultproof.errors import Malformed, Unavailable, Unsupported
from vaultproof.evidence.fleet_keys import raw_public_key
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import clip

MAX_ENTRIES = 10_000
MAX_UNPACKED_BYTES = 512 * 1024 * 1024
MAX_RATIO = 200
MAX_TOTAL_RATIO = 64
"""Of all unpacked bytes to the package: real packages stay below ten."""
MAX_DEPTH = 1
MAX_NESTED_BYTES = 128 * 1024 * 1024
"""Of one package within the package, which must be held in memory as a whole; all else is searched part by part."""
_CHUNK = 1024 * 1024
_ENCRYPTED = 1
_DIRECTORY_ENTRY = b"PK\x01\x02"
_UNPACKING_ERRORS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OverflowError, RuntimeError, struct.error, ValueError
)  # fmt: skip
"""What ``zipfile`` raises for packages that are not as they must be."""
_NESTED = (".apk", ".zip", ".jar", ".aar", ".ipa")


@frozen
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
    for place, parts in _contents(package, file, _Budget(file, len(package))):
        searches = {key: _Search(forms) for key, forms in patterns.items() if key not in found}
        for part in parts:
            for search in searches.values():
                search.add(part)
        for key, search in searches.items():
            if (sighting := search.best(place)) is not None:
                found[key] = sighting
    return found


class _Search:
    """Looks for one key's forms in bytes that come part by part; what may begin in one part and end in the next too."""

    def __init__(self, forms: list[tuple[str, bytes]]) -> None:
        self._forms = forms
        self._first: dict[int, int] = {}
        self._overlap = max(len(pattern) for _, pattern in forms) - 1
        self._tail = b""
        self._passed = 0

    def add(self, part: bytes) -> None:
        """Search the next part."""
        window = self._tail + part
        for index, (_, pattern) in enumerate(self._forms):
            if index not in self._first and (offset := window.find(pattern)) >= 0:
                self._first[index] = self._passed + offset
        self._tail = window[-self._overlap :]
        self._passed += len(window) - len(self._tail)

    def best(self, place: str) -> KeySighting | None:
        """The most telling form that was seen, where it was seen first."""
        if not self._first:
            return None
        index = min(self._first)
        return KeySighting(place=place, form=self._forms[index][0], offset=self._first[index])


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


@dataclass(frozen=True, slots=True)
class _Package:
    """A package that is being unpacked: where it stands and its size in bytes."""

    place: str
    size: int


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
            raise self.over("entries", MAX_ENTRIES)

    def entry(self) -> None:
        """Count one entry.  Raises ``Unavailable`` over the limit."""
        self.entries += 1
        if self.entries > MAX_ENTRIES:
            raise self.over("entries", MAX_ENTRIES)

    def take(self, size: int) -> None:
        """Count unpacked bytes.  Raises ``Unavailable`` over the limit."""
        self.unpacked += size
        if self.unpacked > self.limit:
            raise self.over("unpacked bytes", self.limit)

    def over(self, what: str, limit: int) -> Unavailable:
        """The error for a package that has more of something than is searched."""
        return Unavailable(
            "package-over-limits", f"the app package has more {what} than are searched", file=self.file,
            expected=f"<= {limit}",
        )  # fmt: skip


def _contents(data: bytes, place: str, budget: _Budget, depth: int = 0) -> Iterator[tuple[str, Iterable[bytes]]]:
    """Each entry's bytes in parts, then what packages inside it hold (one level); what is no package, as it is.

    The parts of an entry must be taken before the next entry is asked for.  Comments and gaps of a package are not
    searched: an app never sees them.
    """
    if not data.startswith(b"PK\x03\x04"):
        yield place, (data,)
        return
    budget.directory(data)
    with _unpacking(place), zipfile.ZipFile(io.BytesIO(data)) as archive:
        for info in archive.infolist():
            budget.entry()
            if info.is_dir():
                continue
            name = f"{place}!/{info.filename}"
            parts = _unpack(archive, info, budget, _Package(place, len(data)))
            if depth < MAX_DEPTH and info.filename.lower().endswith(_NESTED):
                yield from _contents(_whole(parts, budget), name, budget, depth + 1)
            else:
                yield name, parts


@contextmanager
def _unpacking(place: str) -> Iterator[None]:
    """Whatever the unpacker raises becomes one error.

    What it says differs between Pythons: it may not stand in a fact, which the report digest covers.
    """
    try:
        yield
    except _UNPACKING_ERRORS as error:
        raise Malformed("package-unreadable", f"the app package cannot be unpacked ({error})", file=place) from None


def _whole(parts: Iterable[bytes], budget: _Budget) -> bytes:
    """A package inside the package, which can only be read as a whole.  Raises ``Unavailable`` over the limit."""
    kept: list[bytes] = []
    size = 0
    for part in parts:
        size += len(part)
        if size > MAX_NESTED_BYTES:
            raise budget.over("bytes in a package within it", MAX_NESTED_BYTES)
        kept.append(part)
    return b"".join(kept)


def _unpack(archive: zipfile.ZipFile, info: zipfile.ZipInfo, budget: _Budget, package: _Package) -> Iterator[bytes]:
    """The bytes of an entry, counted while they come, whatever the directory says of their size.

    Only what is stored or deflated is unpacked: that is what apps use, not every engine has more, and the unpackers of
    other methods cannot be held to a number of bytes.
    """
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & _ENCRYPTED:
        raise Unsupported(
            "package-entry-unknown", "an entry of the app package is encrypted or packed in an unknown way",
            file=budget.file, expected="stored or deflated", found=clip(info.filename),
        )  # fmt: skip
    limit = MAX_RATIO * max(min(info.compress_size, package.size), 1024)
    size = 0
    with _unpacking(package.place):
        with archive.open(info) as stream:
            while chunk := stream.read(_CHUNK):
                size += len(chunk)
                budget.take(len(chunk))
                if size > limit:
                    raise Unavailable(
                        "package-over-limits", "an entry of the app package unpacks to too much", file=budget.file,
                        expected=f"ratio <= {MAX_RATIO}", found=clip(info.filename),
                    )  # fmt: skip
                yield chunk
        if size != info.file_size or info.compress_size > package.size:
            raise zipfile.BadZipFile(f"an entry is not of the size that the directory says: {info.filename!r}")
