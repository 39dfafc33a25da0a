"""Files as somebody happened to name them, put under the names that an adapter reads; every place keeps its origin.

Adapters read a member's folder, where files have fixed names.  A person with one attestation has files of any name, and
often the attested key's certificate and its issuers in one of them.  What is given here is put in order, unchanged,
and ``Arrangement.source`` tells where in the *given* files something was read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from vaultproof.asn1.pem import CERTIFICATE, read_pem, write_pem
from vaultproof.asn1.x509 import parse_certificate
from vaultproof.attestation.claims import Source
from vaultproof.attestation.pkix_evidence import PEM_LABEL as EVIDENCE
from vaultproof.errors import VaultproofError
from vaultproof.frozen import field, frozen

_BOUNDARY = b"-----BEGIN "
_SEQUENCE = b"\x30"


@frozen
class Given:
    """One file as it was given: its name, of any kind, and its exact bytes."""

    name: str
    data: bytes = field(repr=False)

    @property
    def is_pem(self) -> bool:
        """Whether it looks like PEM; it may still be broken."""
        return _BOUNDARY in self.data

    @property
    def base_name(self) -> str:
        """The name without folders."""
        return self.name.replace("\\", "/").rsplit("/", maxsplit=1)[-1]


@frozen
class Origin:
    """Where bytes came from: a given file, and which PEM block of it (None for the file itself)."""

    file: str
    block: int | None


@frozen
class Carried:
    """What one PEM block carries, or a DER file that is a certificate."""

    label: str
    data: bytes = field(repr=False)
    origin: Origin


def carried(given: Given) -> tuple[Carried, ...]:
    """Certificates and Evidence in a given file; none in a file that holds anything else or cannot be read."""
    if given.is_pem:
        try:
            blocks = read_pem(given.data, labels={CERTIFICATE, EVIDENCE})
        except VaultproofError:
            # Nothing is lost: the file is then handed on whole, and the adapter says what is wrong with it.
            return ()
        return tuple(
            Carried(label=block.label, data=block.data, origin=Origin(file=given.name, block=block.index))
            for block in blocks
        )
    if not given.data.startswith(_SEQUENCE):
        return ()
    try:
        parse_certificate(given.data)
    except VaultproofError:
        return ()
    return (Carried(label=CERTIFICATE, data=given.data, origin=Origin(file=given.name, block=None)),)


@frozen
class Arrangement:
    """Files by the names that an adapter reads, and the origin of each of them and of each PEM block in them."""

    files: Mapping[str, bytes]
    origins: Mapping[tuple[str, int | None], Origin]

    def source(self, source: Source) -> Source:
        """The same place, in the file as it was given.  Offsets stay: they count in what a block carries."""
        file, mark, pointer = source.file.partition("#")
        origin = self.origins.get((file, source.block))
        block = source.block if origin is None else origin.block
        origin = origin or self.origins.get((file, None), Origin(file=file, block=None))
        return replace(source, file=origin.file + mark + pointer, block=block)

    def with_prefix(self, prefix: str, inner: Arrangement) -> Arrangement:
        """This arrangement, and another one with that before its names."""
        return Arrangement(
            files={**self.files, **{prefix + name: data for name, data in inner.files.items()}},
            origins={
                **self.origins,
                **{(prefix + name, block): origin for (name, block), origin in inner.origins.items()},
            },
        )

    def read_as(self, name: str) -> tuple[str, ...]:
        """Under which names a given file, or a part of it, is read."""
        found = dict.fromkeys(role for (role, _), origin in self.origins.items() if origin.file == name)
        return tuple(found)


class Arranging:
    """Collects files under an adapter's names; a name is used once."""

    def __init__(self) -> None:
        self._files: dict[str, bytes] = {}
        self._origins: dict[tuple[str, int | None], Origin] = {}

    def whole(self, role: str, given: Given) -> None:
        """A given file as it is."""
        if role not in self._files:
            self._files[role] = given.data
            self._origins[role, None] = Origin(file=given.name, block=None)

    def blocks(self, role: str, parts: Sequence[Carried]) -> None:
        """One PEM file of what several files carry, in that order, each thing once; no file when there is nothing."""
        once = list({part.data: part for part in reversed(parts)}.values())[::-1]
        if once and role not in self._files:
            self._files[role] = b"".join(write_pem(part.label, part.data) for part in once)
            for index, part in enumerate(once):
                self._origins[role, index] = part.origin

    def others(self, given: Iterable[Given]) -> None:
        """Files that nothing else took, under their own names."""
        taken = {origin.file for origin in self._origins.values()}
        for item in given:
            if item.name not in taken:
                self.whole(item.base_name, item)

    def done(self) -> Arrangement:
        """The arrangement."""
        return Arrangement(files=dict(self._files), origins=dict(self._origins))
