"""One certificate chain as a picture: the pinned root at the top, the attestation at the bottom, a line for each step.

Coordinates are computed here, so that the template only draws; the table beside it says the same in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from generator.picture import Node

WIDTH = 640
MARGIN = 16
HEIGHT = 66
GAP = 52
MAX_TEXT = 68
"""Characters that fit into a box."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainBox:
    """What one box says: ``kind`` is ``pinned`` or ``thing``."""

    kind: str
    title: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainLine:
    """A signature: from a signer's box down to what it signed, with the state of its check."""

    status: str
    status_label: str
    x: int
    top: int
    bottom: int

    @property
    def middle(self) -> int:
        """Where the state is drawn, from the top."""
        return (self.top + self.bottom) // 2


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainPicture:
    """The whole drawing of one chain."""

    width: int
    height: int
    nodes: tuple[Node, ...]
    lines: tuple[ChainLine, ...]


def chain_picture(boxes: Sequence[ChainBox], states: Sequence[tuple[str, str]]) -> ChainPicture:
    """Boxes from top to bottom, and between each two the state (status, label) of the signature that joins them."""
    nodes = tuple(
        Node(
            id=f"box-{index}", kind=box.kind, title=box.title,
            detail=box.detail if len(box.detail) <= MAX_TEXT else f"{box.detail[: MAX_TEXT - 1]}…",
            x=MARGIN, y=MARGIN + index * (HEIGHT + GAP), width=WIDTH - 2 * MARGIN, height=HEIGHT,
        )
        for index, box in enumerate(boxes)
    )  # fmt: skip
    lines = tuple(
        ChainLine(status=status, status_label=label, x=upper.centre, top=upper.y + HEIGHT, bottom=lower.y)
        for upper, lower, (status, label) in zip(nodes, nodes[1:], states, strict=False)
    )
    height = max((node.y + HEIGHT for node in nodes), default=0) + MARGIN
    return ChainPicture(width=WIDTH, height=height, nodes=nodes, lines=lines)
