"""Rehearsals that several tests look at, made once."""

from __future__ import annotations

from functools import cache

from generator.rehearsal import RehearsalOptions, rehearse
from generator.rehearsal.options import WHATSAPP
from generator.rehearsal.planning import FOUNDING

OVER_THE_AIR = RehearsalOptions(seed="a test's seed", id="rehearsal-messenger-test")
HARDCODED = RehearsalOptions(seed="a test's seed", id="rehearsal-whatsapp-test", product=WHATSAPP)
KINDS = {"founding": FOUNDING, "over-the-air": OVER_THE_AIR, "hardcoded": HARDCODED}


@cache
def _made(kind: str) -> dict[str, bytes]:
    return rehearse(KINDS[kind])


def made(kind: str) -> dict[str, bytes]:
    """The files of one of ``KINDS``; a copy, so that a test may change it."""
    return dict(_made(kind))
