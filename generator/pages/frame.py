"""What every page has around its content."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import vaultproof
from generator.formatting import time_text

REHEARSAL = "REHEARSAL"
SITE_NAME = "vaultproof"


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A module script of this site: its address relative to the site's root, and its Subresource Integrity value."""

    path: str
    integrity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """What pages load: style sheet, icon, and the scripts (``entry`` is None where the verifier is not packed).

    ``transfer`` is how many bytes the verifier downloads on a first visit.
    """

    stylesheet: str
    icon: str
    entry: Script | None = None
    preloads: tuple[Script, ...] = ()
    transfer: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The frame of one page.

    ``root`` leads from the page to the site's root (``../../``; empty on the front page); ``section`` names the entry
    of the navigation that the page belongs to; ``rehearsal`` marks pages of rehearsal data, whose title says so too;
    ``built`` is the build's clock in words; ``scripts`` is False on pages that run none.
    """

    title: str
    description: str
    root: str
    section: str
    rehearsal: bool
    built: str
    version: str
    assets: Assets
    scripts: bool = False


def make_frame(
    *, title: str, description: str, root: str, section: str, clock: datetime, assets: Assets,
    rehearsal: bool = False, scripts: bool = False,
) -> Frame:  # fmt: skip
    """A frame; a rehearsal's title begins with REHEARSAL."""
    name = f"{title} - {SITE_NAME}"
    return Frame(
        title=f"{REHEARSAL}: {name}" if rehearsal and not name.startswith(REHEARSAL) else name,
        description=description,
        root=root,
        section=section,
        rehearsal=rehearsal,
        built=time_text(clock),
        version=vaultproof.__version__,
        assets=assets,
        scripts=scripts and assets.entry is not None,
    )
