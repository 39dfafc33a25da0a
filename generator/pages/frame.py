"""What every page has around its content."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import vaultproof
from generator.formatting import time_text

REHEARSAL = "REHEARSAL"
SITE_NAME = "vaultproof"
LOG_FOLDER = "log"
"""The folder of a site that holds the pages about copies of logs, a folder for each namespace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """A module script of this site: its address relative to the site's root, and its Subresource Integrity value."""

    path: str
    integrity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Assets:
    """What every page of a site shares: style sheet, icon, and the scripts (``entry`` is None without the verifier).

    ``transfer`` is how many bytes the verifier downloads on a first visit; ``log`` is where the menu leads to the copy
    of the signer's log, below the site's root, None on a site without one.
    """

    stylesheet: str
    icon: str
    entry: Script | None = None
    preloads: tuple[Script, ...] = ()
    transfer: int = 0
    log: str | None = None


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


def log_entry(namespaces: Sequence[str]) -> str | None:
    """Where the menu leads for these copies of logs: to the only one, or to the front page's list of them."""
    if len(namespaces) == 1:
        return f"{LOG_FOLDER}/{namespaces[0]}/"
    return "#log" if namespaces else None


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
