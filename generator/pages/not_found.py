"""The page for addresses that this site does not have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from generator.pages.frame import Assets, Frame, make_frame


@dataclass(frozen=True, slots=True, kw_only=True)
class NotFoundPage:
    """Everything that ``404.html`` shows."""

    TEMPLATE: ClassVar[str] = "404.html"

    frame: Frame


def not_found_page(*, base_path: str, clock: datetime, assets: Assets) -> NotFoundPage:
    """The model; it stands at no fixed depth, so its links begin with ``base_path`` (``/`` unless hosted below one)."""
    return NotFoundPage(
        frame=make_frame(
            title="Not found",
            description="There is no such page here.",
            root=base_path,
            section="none",
            clock=clock,
            assets=assets,
        )
    )
