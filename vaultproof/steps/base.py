"""What every step gets and gives.

A step gets a ``Context``: the files, the typed announcement, the trust configuration, two instants, the crypto port,
and what earlier steps *proved*.  It gives a ``Finding``: substeps with facts, a status folded from them, and, only
when that status is a match, a value that later steps may rely on.  Nothing returns a bool, and nothing is green by
default: a finding without a matching substep cannot match.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from vaultproof.crypto.port import Backend, SignatureCheck
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, Untrusted, VaultproofError
from vaultproof.evidence.deployment import Deployment
from vaultproof.evidence.files import Files
from vaultproof.frozen import frozen
from vaultproof.report import Fact, Origin, Status, Substep, Value
from vaultproof.trust.configuration import TrustConfiguration

P = TypeVar("P")

_WORST_FIRST = (Status.MISMATCH, Status.COULD_NOT_CHECK, Status.NOT_PUBLISHED, Status.NOT_EVALUATED)


@frozen
class Finding:
    """The outcome of a step: status, stable code, substeps, and what was proved (None unless the status is a match).

    ``seen`` is what a step saw that did not match: later steps may find contradictions in it, and nothing else.
    """

    status: Status
    code: str
    substeps: tuple[Substep, ...]
    proved: object | None = None
    seen: object | None = None


@frozen
class Context:
    """Everything a step may look at.

    ``now`` is the clock of the run, ``deployment.deployed_at`` the instant "as of the deployment"; ``expected_digest``
    is the evidence digest the reader asked for, if any.  ``proved`` maps types to values of steps that matched.
    """

    files: Files
    deployment: Deployment
    trust: TrustConfiguration
    now: datetime
    backend: Backend
    expected_digest: str | None
    proved: Mapping[type, object]

    def relying_on(self, kind: type[P]) -> P:
        """What an earlier step proved.  Raises ``KeyError`` when the procedure ran a step before the one it needs."""
        value = self.proved[kind]
        if not isinstance(value, kind):
            raise TypeError(f"proved {kind.__name__} is of another type")
        return value


StepFunction = Callable[[Context], Awaitable[Finding]]


@dataclass(slots=True)
class Substeps:
    """Collects the substeps of one step and folds them into a finding."""

    items: list[Substep] = field(default_factory=list)

    def add(self, id: str, status: Status, code: str, *facts: Fact, subject: str | None = None) -> Status:
        """Record one substep and give its status back."""
        self.items.append(Substep(id=id, status=status, code=code, subject=subject, facts=facts))
        return status

    def match(self, id: str, code: str, *facts: Fact, subject: str | None = None) -> None:
        """Record a substep that matched."""
        self.add(id, Status.MATCH, code, *facts, subject=subject)

    def mismatch(self, id: str, code: str, *facts: Fact, subject: str | None = None) -> None:
        """Record a positive contradiction."""
        self.add(id, Status.MISMATCH, code, *facts, subject=subject)

    def compare(self, id: str, code: str, fact: Fact, *more: Fact, subject: str | None = None) -> bool:
        """Record whether expected and found are equal in ``fact`` and in all of ``more`` that was compared.

        A mismatch has the code ``<code>-differs``.  Returns whether they were equal, for steps that go on only then.
        """
        equal = fact.compared and all(_is_equal(item) for item in (fact, *more) if item.compared)
        self.add(id, Status.MATCH if equal else Status.MISMATCH, code if equal else f"{code}-differs", fact, *more,
                 subject=subject)  # fmt: skip
        return equal

    def trouble(self, id: str, error: VaultproofError, *facts: Fact, subject: str | None = None) -> Status:
        """Record what an error of the core means for this substep."""
        return self.add(id, status_of(error), error.code, *error_facts(error), *facts, subject=subject)

    async def signature(
        self, id: str, context: Context, check: SignatureCheck, *facts: Fact, subject: str | None = None
    ) -> bool:
        """Verify a signature through the port and record the outcome; returns whether it holds."""
        try:
            await context.backend.verify(check)
        except VaultproofError as error:
            self.trouble(id, error, *facts, subject=subject)
            return False
        self.match(id, "signature-holds", *facts, subject=subject)
        return True

    def finding(self, proved: object | None = None, seen: object | None = None) -> Finding:
        """Fold: the worst substep decides; without a single match nothing matches."""
        for status in _WORST_FIRST:
            for item in self.items:
                if item.status is status:
                    return Finding(status=status, code=item.code, substeps=tuple(self.items), seen=seen)
        if not any(item.status is Status.MATCH for item in self.items):
            return Finding(status=Status.COULD_NOT_CHECK, code="nothing-checked", substeps=tuple(self.items))
        return Finding(status=Status.MATCH, code="match", substeps=tuple(self.items), proved=proved)


def _is_equal(fact: Fact) -> bool:
    return fact.expected is not None and fact.expected == fact.found


def status_of(error: VaultproofError) -> Status:
    """What an error says of the evidence: whose fault it is decides the status."""
    if isinstance(error, Malformed | Mismatch | Untrusted):
        return Status.MISMATCH
    if isinstance(error, Unavailable) and error.code == "not-published":
        return Status.NOT_PUBLISHED
    if isinstance(error, Unsupported | Unavailable):
        return Status.COULD_NOT_CHECK
    raise TypeError(f"no status for {type(error).__name__}")


def error_facts(error: VaultproofError) -> tuple[Fact, ...]:
    """Place, expectation and finding of an error, as facts."""
    facts = []
    if error.file is not None:
        facts.append(shown("place", error.file + (f" {error.pointer}" if error.pointer else ""), Origin.COMPUTED))
    if error.expected is not None or error.found is not None:
        facts.append(
            Fact(label="content", found=error.found, expected=error.expected, origin=Origin.COMPUTED, file=error.file)
        )
    return tuple(facts)


def compared(label: str, found: Value, expected: Value, origin: Origin, *, file: str | None = None) -> Fact:
    """A fact that was compared with an expectation."""
    return Fact(label=label, found=found, expected=expected, origin=origin, file=file)


def shown(label: str, found: Value, origin: Origin, *, file: str | None = None) -> Fact:
    """A fact that is shown and was compared with nothing."""
    return Fact(label=label, found=found, origin=origin, compared=False, file=file)
