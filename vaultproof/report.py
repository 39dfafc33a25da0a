"""The report: what a run found, in stable codes and values, without a word of any human language.

``Report.to_json`` follows the published schema ``vaultproof/report.schema.json``; the *report digest* is the SHA-256
of the canonical JSON (RFC 8785) of everything but ``engine`` and ``clock``, so that every engine prints the same digest
for the same evidence and trust, today and next year, unless an outcome itself has changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from vaultproof.frozen import field, frozen
from vaultproof.strict.json import dumps_canonical

REPORT_SCHEMA = "vaultproof/report@1"


class Status(StrEnum):
    """The closed set of outcomes of a step or substep (design: wording)."""

    MATCH = "match"
    MISMATCH = "mismatch"
    COULD_NOT_CHECK = "could_not_check"
    NOT_EVALUATED = "not_evaluated"
    NOT_PUBLISHED = "not_published"
    NOT_APPLICABLE = "not_applicable"


class Origin(StrEnum):
    """Who vouches for a fact that is shown."""

    VENDOR_SIGNED = "vendor-signed"
    KEY_SIGNED = "attested-key"
    INDEPENDENT_SIGNER = "independent-signer"
    OPERATOR_SIGNED = "operator-signed"
    OPERATOR_STATEMENT = "operator-statement"
    WITNESS = "witness"
    COMPUTED = "computed"
    PINNED = "pinned"
    PUBLISHED_FILE = "published-file"
    NOT_VERIFIED = "not-verified"


class Outcome(StrEnum):
    """The verdict: a fold over the required steps."""

    VERIFIED = "verified"
    CONTRADICTED = "contradicted"
    INCOMPLETE = "incomplete"


class Scope(StrEnum):
    """Whether a verdict speaks of a real fleet or of rehearsal data."""

    PRODUCTION = "production"
    REHEARSAL = "rehearsal"


Value = str | int | bool | None


@frozen
class Fact:
    """One thing that was looked at.

    ``label`` is a stable key that shells turn into words; ``expected`` is None where nothing was compared; ``origin``
    says who vouches for ``found``; ``compared`` is False for a value that is shown but was not checked.
    """

    label: str
    found: Value
    expected: Value = None
    origin: Origin
    compared: bool = True
    file: str | None = None

    def to_json(self) -> dict[str, Any]:
        """The fact as it stands in a report."""
        return {
            "label": self.label,
            "found": self.found,
            "expected": self.expected,
            "origin": self.origin.value,
            "compared": self.compared,
            "file": self.file,
        }


@frozen
class Substep:
    """A part of a step with an own state: ``subject`` names what it is about (a file, an epoch, a member), if any."""

    id: str
    status: Status
    code: str
    subject: str | None = None
    facts: tuple[Fact, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The substep as it stands in a report."""
        return {
            "id": self.id,
            "subject": self.subject,
            "status": self.status.value,
            "code": self.code,
            "facts": [fact.to_json() for fact in self.facts],
        }


@frozen
class StepResult:
    """What a step found.  ``code`` is stable and says why; ``because`` names the step that withheld this one."""

    id: str
    number: int
    required: bool
    status: Status
    code: str
    because: str | None = None
    substeps: tuple[Substep, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The step as it stands in a report."""
        return {
            "id": self.id,
            "number": self.number,
            "required": self.required,
            "status": self.status.value,
            "code": self.code,
            "because": self.because,
            "substeps": [substep.to_json() for substep in self.substeps],
        }


@frozen
class Verdict:
    """The fold over the required steps, and what it does and does not show (stable claim ids)."""

    outcome: Outcome
    scope: Scope
    first_trouble: str | None
    establishes: tuple[str, ...]
    does_not_establish: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The verdict as it stands in a report."""
        return {
            "outcome": self.outcome.value,
            "scope": self.scope.value,
            "first_trouble": self.first_trouble,
            "establishes": list(self.establishes),
            "does_not_establish": list(self.does_not_establish),
        }


@frozen
class Report:
    """Everything one run found.

    ``evidence_digest`` is the SHA-256 of ``manifest.json`` (lower-case hex; None where there was none to read);
    ``clock`` is RFC 3339 UTC; ``engine`` says what ran (name and versions).  ``parties`` holds the smallest sets of
    parties that together could have made the verdict false.
    """

    procedure_version: str
    procedure_digest: str
    distribution: str | None
    deployment: str | None
    evidence_digest: str | None
    trust_digest: str
    steps: tuple[StepResult, ...]
    verdict: Verdict
    parties: tuple[tuple[str, ...], ...]
    clock: str
    engine: Mapping[str, str] = field(default_factory=dict)

    def body(self) -> dict[str, Any]:
        """The part that the report digest covers: everything but clock and engine."""
        return {
            "schema": REPORT_SCHEMA,
            "procedure": {
                "version": self.procedure_version,
                "sha256": self.procedure_digest,
                "distribution": self.distribution,
            },
            "deployment": self.deployment,
            "evidence_digest": self.evidence_digest,
            "trust_digest": self.trust_digest,
            "steps": [step.to_json() for step in self.steps],
            "verdict": self.verdict.to_json(),
            "who_would_have_to_lie": [list(group) for group in self.parties],
        }

    @property
    def digest(self) -> str:
        """The report digest: SHA-256 of the canonical JSON of ``body``, lower-case hex."""
        return hashlib.sha256(_object(_members(self.body()))).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """The whole report, digest included, as JSON values."""
        return {**self.body(), "clock": self.clock, "engine": dict(self.engine), "report_digest": self.digest}

    def to_bytes(self) -> bytes:
        """The report as canonical JSON (RFC 8785) with one newline at the end.

        What the digest covers, nearly all of it, is written once for both.
        """
        members = _members(self.body())
        digest = hashlib.sha256(_object(members)).hexdigest()
        members |= _members({"clock": self.clock, "engine": dict(self.engine), "report_digest": digest})
        return _object(members) + b"\n"

    def step(self, id: str) -> StepResult:
        """The result of the step with this id; ``KeyError`` if the procedure has none."""
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)


def _members(values: Mapping[str, Any]) -> dict[str, bytes]:
    """Each value as canonical JSON."""
    return {name: dumps_canonical(value) for name, value in values.items()}


def _object(members: Mapping[str, bytes]) -> bytes:
    """The canonical object of these members; names here are ASCII, whose order is that of RFC 8785."""
    return b"{" + b",".join(b'"%s":%s' % (name.encode("ascii"), members[name]) for name in sorted(members)) + b"}"
