"""Bytes beside what they mean: one file, or what a part of it carries, as rows that show every byte exactly once.

Decoders (``annotated_der``, ``annotated_forms``) say which span is what; here spans are put beside their bytes, what no
decoder explains becomes a row of its own, and the claims that were read from a span are linked with it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from generator.formatting import count_text

FOLD = 24
"""Bytes that stand in a row as they are; more are folded, in lines of ``LINE``."""

LINE = 16
MAX_ROWS = 900
"""Rows of one file; what comes after them is shown as bytes without a meaning."""

MAX_DUMP = 8 * 1024
"""Bytes of one folded dump; the file itself has all of them."""

MAX_VALUE = 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One decoded span: the whole value is ``start`` to ``end``, and ``start`` to ``own`` are the bytes of its own.

    For a value that holds others, its own bytes are its header; the others follow as parts of their own.  ``form`` is
    the format's name of its type, ``meaning`` what it is in plain words, ``name`` the format's name of the field.
    """

    depth: int
    start: int
    end: int
    own: int
    form: str
    value: str = ""
    meaning: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A claim that was read from a span: its words, and the place on the page where it is listed."""

    start: int
    end: int
    label: str
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One row of the table: where (bytes from the start), what, its value in words, and its bytes in hex.

    ``length`` counts the whole value with all that it holds; ``hex`` are the bytes of its own, or the first few of them
    where ``dump`` has them all in lines; ``cut`` is how many bytes the dump leaves out.  ``id`` is there for rows that
    a claim was read from, which ``marks`` names.
    """

    depth: int
    offset: int
    length: int
    form: str
    value: str
    meaning: str
    name: str
    hex: str
    own: str
    dump: str | None = None
    cut: int = 0
    id: str | None = None
    marks: tuple[Mark, ...] = ()


def annotate_rows(data: bytes, parts: Sequence[Part], marks: Iterable[Mark], prefix: str) -> tuple[Row, ...]:
    """Rows for ``data``: the parts in order, gaps between them as rows, each claim at the least span that holds it.

    Raises ``ValueError`` when parts overlap: a fault of a decoder, because then bytes would be shown twice.
    """
    whole = _filled(data, parts[:MAX_ROWS])
    found: dict[int, list[Mark]] = {}
    for mark in marks:
        index = _innermost(whole, mark)
        if index is not None:
            found.setdefault(index, []).append(mark)
    return tuple(_row(data, part, tuple(found.get(index, ())), prefix) for index, part in enumerate(whole))


def _filled(data: bytes, parts: Sequence[Part]) -> list[Part]:
    whole: list[Part] = []
    position = 0
    for part in (*parts, Part(depth=0, start=len(data), end=len(data), own=len(data), form="")):
        if part.start < position:
            raise ValueError(f"two parts show the byte {part.start}")
        if part.start > position:
            whole.append(_unexplained(position, part.start))
        whole.append(part)
        position = part.own
    return whole[:-1]


def _unexplained(start: int, end: int) -> Part:
    return Part(depth=0, start=start, end=end, own=end, form="bytes", value=count_text(end - start, "byte"))


def _innermost(parts: Sequence[Part], mark: Mark) -> int | None:
    """The shortest part that holds the span; of several of one length the first, which holds the others."""
    holding = [
        (part.end - part.start, index)
        for index, part in enumerate(parts)
        if part.start <= mark.start and mark.end <= part.end
    ]
    return min(holding)[1] if holding else None


def _row(data: bytes, part: Part, marks: tuple[Mark, ...], prefix: str) -> Row:
    own = data[part.start : part.own]
    folded = len(own) > FOLD
    return Row(
        depth=min(part.depth, 9),
        offset=part.start,
        length=part.end - part.start,
        form=part.form,
        value=part.value if len(part.value) <= MAX_VALUE else f"{part.value[:MAX_VALUE]}…",
        meaning=part.meaning,
        name=part.name,
        hex=(own[:8] if folded else own).hex(" "),
        own=count_text(len(own), "byte"),
        dump=hex_dump(data, part.start, min(part.own, part.start + MAX_DUMP)) if folded else None,
        cut=max(0, len(own) - MAX_DUMP),
        id=f"{prefix}-{part.start}" if marks else None,
        marks=marks,
    )


def hex_dump(data: bytes, start: int, end: int) -> str:
    """Lines of sixteen bytes, each after the offset of its first one (decimal, as everywhere on the page)."""
    width = len(str(max(end - 1, 0)))
    lines = (
        f"{position:>{width}}  {data[position : min(position + LINE, end)].hex(' ')}"
        for position in range(start, end, LINE)
    )
    return "\n".join(lines)


def shown(text: str) -> str:
    """Text from a file as a page may show it: what cannot be printed is written as its code point."""
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)
