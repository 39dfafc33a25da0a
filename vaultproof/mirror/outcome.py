"""What one run of the mirror found, as values: counts, troubles and what differs.  The words are the command's."""

from __future__ import annotations

from dataclasses import dataclass, field

from vaultproof.mirror.client import Unreachable
from vaultproof.signer_log.head import Head

MAX_EXAMPLES = 20
"""Of each kind of trouble, so many are remembered one by one; the rest is counted."""


@dataclass(slots=True, kw_only=True)
class Noted:
    """Epochs of which there is something to say: how many, and the first few."""

    count: int = 0
    examples: list[int] = field(default_factory=list)

    def add(self, epoch: int) -> None:
        """One more; asked for twice, an epoch counts once while it is among the first few."""
        if epoch in self.examples:
            return
        self.count += 1
        if len(self.examples) < MAX_EXAMPLES:
            self.examples.append(epoch)

    def __bool__(self) -> bool:
        return self.count > 0


@dataclass(slots=True, kw_only=True)
class FetchOutcome:
    """One run.

    ``head`` is None where it could not be looked for, ``known_namespace`` None where the log did not say.  ``kept``
    counts new records, ``seen_again`` records that came as before.  ``differing`` are epochs for which the log gave
    another readable answer than before: both are kept.  ``absent`` are epochs that the log says it has not, below one
    that it has; ``withdrawn`` were there before and are said to be absent now; ``unreadable`` came, but not as a
    record, ``misplaced`` as a record of another place; ``unanswered`` did not come.  ``left`` tells that more are
    missing than one run asks for.  ``troubles`` has one of each kind, ``stopped`` the one at which the run was given
    up.  ``info_changed`` tells that the signer says something else of its keys than when it was last asked.
    """

    namespace: str
    head: Head | None = None
    known_namespace: bool | None = None
    kept: int = 0
    seen_again: int = 0
    differing: Noted = field(default_factory=Noted)
    absent: Noted = field(default_factory=Noted)
    withdrawn: Noted = field(default_factory=Noted)
    unreadable: Noted = field(default_factory=Noted)
    misplaced: Noted = field(default_factory=Noted)
    unanswered: Noted = field(default_factory=Noted)
    troubles: list[Unreachable] = field(default_factory=list)
    stopped: Unreachable | None = None
    info_changed: bool = False
    left: bool = False

    def trouble(self, trouble: Unreachable) -> None:
        """Remember one trouble of each kind."""
        if all(known.trouble is not trouble.trouble for known in self.troubles):
            self.troubles.append(trouble)

    @property
    def complete(self) -> bool:
        """Whether everything that was asked for came, as before, up to a head that the log itself confirms."""
        noted = (self.differing, self.absent, self.withdrawn, self.unreadable, self.misplaced, self.unanswered)
        certain = self.head is not None and self.head.certain and self.head.epoch is not None
        return certain and not any(noted) and not self.troubles and self.stopped is None and not self.left
