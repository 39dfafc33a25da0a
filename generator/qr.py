"""QR codes as inline SVG: made at build time, with a text that says what is in them."""

from __future__ import annotations

import io

import segno
from markupsafe import Markup

QUIET_ZONE = 4
"""Modules of white around a code (ISO/IEC 18004 asks for four)."""


MASK = 2
"""One of the eight masks, always: ISO/IEC 18004 has all of them tried and scored, which is four fifths of the work.

What is shown are digests, whose digits are as good as random, so that no mask suits them better: over 40 digests this
one scored 1.00 times the best (0.94 to 1.14; a mask is chosen before the code's own format is drawn).  A reader is told
in the code which one it is.
"""


def qr_svg(text: str, *, title: str) -> Markup:
    """An ``<svg>`` of a QR code of ``text`` (error correction M), with ``title`` as its accessible name."""
    target = io.BytesIO()
    code = segno.make(text, error="m", micro=False, mask=MASK)
    code.save(
        target, kind="svg", xmldecl=False, svgns=False, title=title, svgclass="qr", lineclass="qr__modules",
        omitsize=True, border=QUIET_ZONE, nl=False,
    )  # fmt: skip
    svg = target.getvalue().decode("utf-8").replace("<svg ", '<svg role="img" ', 1)
    return Markup(svg)  # noqa: S704  (segno escapes the title; the rest is its own)
