"""``ceremony/record.json``: what was done when the fleet was set up, as a hash chain, and who signed that they saw it.

Each entry's ``hash`` is SHA-256 over ``previous`` (32 bytes) followed by the canonical JSON of the entry without its
``hash``; the first ``previous`` is 32 zero bytes.  A witness signs the SHA-256 of the record file's exact bytes, as
``vaultproof/ceremony-witness@1``, a line feed, and the digest in hex: ``ceremony/witnesses/<id>.sig`` holds the
signature in hex and a line feed.  ``materials`` ties the record to this very evidence: each of them is a file's path
and the SHA-256 that it had at the ceremony, so whoever signs the record signs for these bytes too (the word and its
meaning as in in-toto attestations).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from vaultproof.evidence.files import CEREMONY, sha256_hex
from vaultproof.frozen import frozen
from vaultproof.strict.json import dumps_canonical, loads
from vaultproof.strict.records import Reader

FIRST_PREVIOUS = "00" * 32


@frozen
class CeremonyEntry:
    """One thing that was done; ``deviation`` says how it differed from the script (None when it did not)."""

    number: int
    at: datetime
    script_step: str
    action: str
    deviation: str | None
    computed_hash: str
    stated_hash: str
    previous: str


@frozen
class Material:
    """A file that came of the ceremony: its path among the evidence, and its SHA-256 in lower-case hex."""

    path: str
    sha256: str


@frozen
class CeremonyRecord:
    """The whole record; ``credentials_destroyed_by`` names who states that administrator credentials were destroyed."""

    deployment: str
    witnesses: tuple[str, ...]
    materials: tuple[Material, ...]
    entries: tuple[CeremonyEntry, ...]
    credentials_destroyed_by: str | None


def entry_hash(entry: dict[str, Any]) -> str:
    """The hash that an entry (as JSON, without its own ``hash``) must state, lower-case hex."""
    return sha256_hex(bytes.fromhex(entry["previous"]) + dumps_canonical(entry))


def witness_message(record: bytes) -> bytes:
    """The bytes a witness signs for a record file with these bytes."""
    return b"vaultproof/ceremony-witness@1\n" + sha256_hex(record).encode("ascii") + b"\n"


def read_ceremony(data: bytes) -> CeremonyRecord:
    """A typed ceremony record.  Raises ``Malformed``, or ``Unsupported`` when its schema is newer."""
    reader = Reader(loads(data, file=CEREMONY), file=CEREMONY)
    reader.schema("ceremony")
    record = CeremonyRecord(
        deployment=reader.text("deployment", maximum=80),
        witnesses=reader.texts("witnesses", maximum=100),
        materials=tuple(_material(item) for item in reader.objects("materials")),
        entries=tuple(_entry(item) for item in reader.objects("entries")),
        credentials_destroyed_by=reader.optional_text("credentials_destroyed_by", maximum=200),
    )
    reader.done()
    if not record.entries:
        raise reader.wrong("entries", "at least one entry", [])
    if len(set(record.witnesses)) != len(record.witnesses):
        raise reader.wrong("witnesses", "each witness once", list(record.witnesses))
    paths = [material.path for material in record.materials]
    if paths != sorted(set(paths)):
        raise reader.wrong("materials", "each path once, in order", paths)
    return record


def _material(reader: Reader) -> Material:
    material = Material(path=reader.text("path", maximum=300), sha256=reader.hex("sha256", length=32).hex())
    reader.done()
    return material


def _entry(reader: Reader) -> CeremonyEntry:
    stated = reader.hex("hash", length=32).hex()
    hashed = reader.rest()
    previous = reader.hex("previous", length=32).hex()
    entry = CeremonyEntry(
        number=reader.integer("number", minimum=1),
        at=reader.time("at"),
        script_step=reader.text("script_step", maximum=40),
        action=reader.text("action"),
        deviation=reader.optional_text("deviation"),
        computed_hash=entry_hash(hashed),
        stated_hash=stated,
        previous=previous,
    )
    reader.done()
    return entry
