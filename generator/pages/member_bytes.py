"""What one HSM says and the bytes that say it: claims with their grade and place, and files as annotated rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.annotated import Mark, Part, Row, annotate_rows
from generator.annotated_forms import DECODERS
from generator.carried import Run
from generator.claim_words import GRADES, ROLES, claim_words, group_words
from generator.formatting import count_text, size_text
from vaultproof.attestation.adapter import Adapter, Attestation
from vaultproof.attestation.claim_rows import ClaimRow
from vaultproof.attestation.claims import Source
from vaultproof.errors import VaultproofError
from vaultproof.presentation.words import Words

LONG = 160
"""Characters of a value that stand in the table as they are; a longer one is folded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimView:
    """One claim: plain words and path, its value in lines, how good it is, and where it was read.

    ``row`` is the id of the row of bytes that it was read from; ``long`` values are folded.
    """

    id: str
    label: str
    path: str
    lines: tuple[str, ...]
    long: bool
    grade: str
    grade_label: str
    place: str
    row: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimGroup:
    """The claims about one thing: the device, what runs on it, a key."""

    title: str
    claims: tuple[ClaimView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bytes:
    """One run of bytes with its rows; ``form`` is what it was decoded as, None where it is only bytes."""

    id: str
    title: str
    carrier: str
    form: str | None
    size: str
    count: str
    opened: bool
    rows: tuple[Row, ...]


def place_text(source: Source) -> str:
    """Where something was read, in words: file, block, bytes."""
    block = "" if source.block is None else f", block {source.block + 1}"
    return f"{source.file}{block}, bytes {source.offset} to {source.offset + source.length - 1}"


def _claim_id(number: int, path: str) -> str:
    return f"claim-{number}-{path.replace('/', '-').replace('_', '-')}"


def claim_groups(rows: Sequence[ClaimRow], documents: Sequence[Bytes], words: Words) -> Iterator[ClaimGroup]:
    """Claims by what they are about; each knows the row that it was read from."""
    places = {mark.anchor: row.id for item in documents for row in item.rows for mark in row.marks}
    grouped: dict[str, list[ClaimView]] = {}
    for number, row in enumerate(rows):
        lines = tuple(words.value(line) for line in row.value.split("; "))
        id = _claim_id(number, row.path)
        claim = ClaimView(
            id=id,
            label=claim_words(row.path),
            path=row.path,
            lines=tuple({"true": "yes", "false": "no"}.get(line, line) for line in lines),
            long=max(map(len, lines)) > LONG,
            grade=row.grade.value,
            grade_label=GRADES[row.grade],
            place=place_text(row.source),
            row=places.get(id),
        )
        grouped.setdefault(group_words(row.path), []).append(claim)
    for title, claims in grouped.items():
        yield ClaimGroup(title=title, claims=tuple(claims))


def run_title(run: Run, read: Attestation | None) -> str:
    """What a run is: its file, and of a certificate in a chain its role."""
    links = [link for chain in read.chains for link in chain.links] if read is not None else []
    for link in links:
        if link.certificate is not None and link.certificate.raw == run.data:
            return f"{ROLES[link.role]}: {link.name}"
    return run.file


def annotated_bytes(run: Run, number: int, rows: Sequence[ClaimRow], adapter: Adapter | None, title: str) -> Bytes:
    """One run as rows, with the claims that were read from it; ``number`` is its place on the page."""
    form, parts = _decoded(run.data, adapter)
    marks = [
        Mark(
            start=row.source.offset,
            end=row.source.offset + row.source.length,
            label=claim_words(row.path),
            anchor=_claim_id(index, row.path),
        )
        for index, row in enumerate(rows)
        if (row.source.file, row.source.block) == run.place
    ]
    shown = annotate_rows(run.data, parts, marks, f"b{number}")
    return Bytes(
        id=f"bytes-{number}",
        title=title,
        carrier=f"{run.file}, {run.carrier}",
        form=form,
        size=size_text(len(run.data)),
        count=count_text(len(shown), "row"),
        opened=number == 0,
        rows=shown,
    )


def _decoded(data: bytes, adapter: Adapter | None) -> tuple[str | None, tuple[Part, ...]]:
    names = {} if adapter is None else adapter.oid_names
    for form, decoder in DECODERS:
        try:
            return form, decoder(data, names)
        except VaultproofError:
            # Not of that format; the next one is tried, and bytes are shown as bytes when none fits.
            continue
    return None, ()
