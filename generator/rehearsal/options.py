"""What a rehearsal is asked for, and what is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from vaultproof.evidence.deployment import HARDCODED, ID_PATTERN, OVER_THE_AIR

MESSENGER = "messenger"
WHATSAPP = "whatsapp"
MIN_MEMBERS = 3
MAX_MEMBERS = 99
MAX_EPOCHS = 1000

USUAL_DISTRIBUTION = {MESSENGER: OVER_THE_AIR, WHATSAPP: HARDCODED}


class RehearsalError(ValueError):
    """A rehearsal that cannot be made as asked; the message is one line for the person who asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RehearsalOptions:
    """What to rehearse.

    ``seed`` decides every key and number; ``id`` names the deployment and begins with ``rehearsal-``;
    ``distribution`` follows from ``product`` when None; ``members`` HSMs stand in ``sites`` cities;
    ``deployed_at`` (UTC, whole seconds) is derived when None; ``previous`` holds the files of an earlier rehearsal
    that this one supersedes, whose log and history go on here (an over-the-air rehearsal without one supersedes the
    committed ``rehearsal-messenger-2025``); ``epochs`` is how many epochs the log holds at the end, this deployment's
    own being the last (two more than the previous one when None); ``two_layers`` is for HSMs whose maker attests a
    key and no code, with a program in them that signs its own Evidence with that key; ``fault`` names one of ``FAULTS``
    to plant.
    """

    seed: str
    id: str
    product: str = MESSENGER
    distribution: str | None = None
    members: int = 7
    sites: int = 5
    deployed_at: datetime | None = None
    previous: Mapping[str, bytes] | None = None
    epochs: int | None = None
    two_layers: bool = False
    fault: str | None = None

    @property
    def kind(self) -> str:
        """The distribution asked for, or the usual one of the product."""
        return self.distribution or USUAL_DISTRIBUTION[self.product]


def check_options(options: RehearsalOptions, *, cities: int) -> None:
    """Refuse what cannot be rehearsed; ``cities`` is how many sites there are to choose from.

    Raises ``RehearsalError``.
    """
    if options.product not in USUAL_DISTRIBUTION:
        raise RehearsalError(f"no such product: {options.product!r}; there are {', '.join(USUAL_DISTRIBUTION)}")
    if options.kind not in (OVER_THE_AIR, HARDCODED):
        raise RehearsalError(f"no such distribution: {options.kind!r}; there are {OVER_THE_AIR}, {HARDCODED}")
    if options.product == WHATSAPP and options.kind == OVER_THE_AIR:
        raise RehearsalError("WhatsApp carries its fleet keys in the app: rehearse it as hardcoded")
    if not options.seed:
        raise RehearsalError("a rehearsal needs a seed")
    if not re.fullmatch(f"rehearsal-{ID_PATTERN}", options.id, re.ASCII) or len(options.id) > 60:
        raise RehearsalError("the id begins with rehearsal-, and has lower-case letters, digits and dashes, at most 60")
    if not MIN_MEMBERS <= options.members <= MAX_MEMBERS:
        raise RehearsalError(f"a fleet here has {MIN_MEMBERS} to {MAX_MEMBERS} members")
    if not 1 <= options.sites <= min(cities, options.members):
        raise RehearsalError(f"sites: 1 to {cities}, and not more than members")
    when = options.deployed_at
    if when is not None and (when.tzinfo is None or when.microsecond):
        raise RehearsalError("deployed_at needs a time zone and whole seconds")
    if options.epochs is not None and (options.kind == HARDCODED or not 1 <= options.epochs <= MAX_EPOCHS):
        raise RehearsalError(f"epochs: 1 to {MAX_EPOCHS}, for over-the-air rehearsals only")
