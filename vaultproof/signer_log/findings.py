"""What can be found about a log, and which of it accuses.

Only a positive contradiction accuses: signed answers that cannot both be honest, a signature that fails under the key
it names, the operator's own published words against the log.  What is absent, unreachable, unreadable or by a key that
nobody pinned could not be checked; nor could what only somebody's copy has and no signature supports, for whoever made
the copy can have made that.  The rest are notes: worth telling, and nothing wrong.  ``STANDINGS`` is the one place that
says which is which (decision 0015).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any

from vaultproof.frozen import frozen
from vaultproof.report import Fact, Origin, Value
from vaultproof.strict.json import MAX_SAFE_INTEGER, dumps_canonical, loads
from vaultproof.strict.records import Reader

FINDING_SCHEMA = "vaultproof/log-finding@1"
MOST_A_CODE = 100
"""Findings of one code that are kept; the rest is counted, so that a log that is wrong everywhere takes no memory."""


class Standing(StrEnum):
    """What a finding says."""

    CONTRADICTION = "contradiction"
    COULD_NOT_CHECK = "could-not-check"
    NOTE = "note"


class Conclusion(StrEnum):
    """What all findings together come to.  Holding is what is left when nothing contradicts and nothing is open."""

    HOLDS = "holds"
    CONTRADICTED = "contradicted"
    COULD_NOT_CHECK = "could-not-check"


_CONTRADICTIONS = (
    # one record
    "record-bad-signature",
    "record-other-serialisation",
    "record-before-key",
    "record-misplaced",
    "record-other-ciphersuite",
    "record-before-root",
    # records together
    "first-epoch-not-root",
    "record-time-back",
    "record-digest-reused",
    "fork",
    "rival-bad-signature",
    "rival-misplaced",
    # keys and published evidence
    "role-changed-in-log",
    "evidence-not-as-logged",
    "epoch-left-out",
    "epoch-claimed-twice",
    "key-unattested",
)
_OPEN = (
    "record-unreadable",
    "record-key-not-pinned",
    "record-not-checked",
    "rival-not-checked",
    "brought-record-fails",
    "epochs-missing",
    "epochs-denied",
    "no-records",
    "log-goes-on",
    "log-unreachable",
    "record-withdrawn",
    "log-namespace-not-pinned",
    "namespace-not-fetched",
    "namespace-unreadable",
    "root-answer-differs",
    "info-not-fetched",
    "info-unreadable",
    "artifact-missing",
    "artifact-not-logged",
    "artifact-unreadable",
    "changes-unknown",
    "epoch-without-evidence",
    "evidence-without-epoch",
    "evidence-unreadable",
)
_NOTES = (
    "key-advertised-not-pinned",
    "key-pinned-not-advertised",
    "key-dates-differ",
    "namespace-disabled",
    "answer-reworded",
    "rival-holds",
    "brought-answer-fails",
    "brought-record-denied",
    "answer-cut-short",
    "keys-changed",
    "epoch-awaits-evidence",
    "evidence-awaits-epoch",
)
STANDINGS: Mapping[str, Standing] = {
    **dict.fromkeys(_CONTRADICTIONS, Standing.CONTRADICTION),
    **dict.fromkeys(_OPEN, Standing.COULD_NOT_CHECK),
    **dict.fromkeys(_NOTES, Standing.NOTE),
}
"""Every code that a finding can have, and what it says.  Part of the public interface."""


@frozen
class LogFinding:
    """One thing that was found.

    ``epoch`` is the one it is about (the first of several), None when it is about the namespace as a whole;
    ``subject`` tells findings of one code and epoch apart (a key's fingerprint, a deployment's id, a digest of an
    answer).  Raises ``ValueError`` for a code that is not in ``STANDINGS``.
    """

    code: str
    namespace: str
    epoch: int | None = None
    subject: str | None = None
    facts: tuple[Fact, ...] = ()

    def __post_init__(self) -> None:
        if self.code not in STANDINGS:
            raise ValueError(f"no such finding: {self.code}")

    @property
    def standing(self) -> Standing:
        """What the finding says."""
        return STANDINGS[self.code]

    @property
    def id(self) -> str:
        """Stable over runs: the same matter has the same id, whatever the facts are by then; 32 hexadecimal digits."""
        matter = [self.namespace, self.code, self.epoch, self.subject]
        return hashlib.sha256(dumps_canonical(matter)).hexdigest()[:32]

    def to_json(self) -> dict[str, Any]:
        """The finding as JSON values (``log-finding.schema.json``)."""
        return {
            "schema": FINDING_SCHEMA,
            "id": self.id,
            "code": self.code,
            "status": self.standing.value,
            "namespace": self.namespace,
            "epoch": self.epoch,
            "subject": self.subject,
            "facts": [fact.to_json() for fact in self.facts],
        }

    def to_bytes(self) -> bytes:
        """The finding as canonical JSON (RFC 8785): equal bytes mean that nothing changed."""
        return dumps_canonical(self.to_json())


def read_finding(data: bytes, *, file: str = "finding") -> LogFinding:
    """A finding from its canonical JSON.  Raises ``Malformed`` or ``Unsupported``."""
    reader = Reader(loads(data, file=file), file=file)
    reader.schema("log-finding")
    finding = LogFinding(
        code=reader.choice("code", tuple(STANDINGS)),
        namespace=reader.text("namespace"),
        epoch=reader.optional_integer("epoch"),
        subject=reader.optional_text("subject"),
        facts=tuple(_fact(item) for item in reader.objects("facts", maximum=1000)),
    )
    for name, expected in (("id", finding.id), ("status", finding.standing.value)):
        if reader.text(name) != expected:
            raise reader.wrong(name, expected, "another one")
    reader.done()
    return finding


def conclusion(standings: Iterable[Standing]) -> Conclusion:
    """What standings together come to: one contradiction contradicts, and one open question leaves it open."""
    seen = set(standings)
    if Standing.CONTRADICTION in seen:
        return Conclusion.CONTRADICTED
    return Conclusion.COULD_NOT_CHECK if Standing.COULD_NOT_CHECK in seen else Conclusion.HOLDS


class Findings:
    """Findings by code: the first ``MOST_A_CODE`` of each, and how many there were of all."""

    def __init__(self) -> None:
        self._kept: dict[str, list[LogFinding]] = {}
        self._counts: dict[str, int] = {}

    def add(self, finding: LogFinding) -> None:
        """Count a finding, and keep it if there is room."""
        kept = self._kept.setdefault(finding.code, [])
        if len(kept) < MOST_A_CODE:
            kept.append(finding)
        self._counts[finding.code] = self._counts.get(finding.code, 0) + 1

    def count(self, code: str, number: int) -> None:
        """Count findings that were not kept elsewhere either."""
        if number:
            self._kept.setdefault(code, [])
            self._counts[code] = self._counts.get(code, 0) + number

    def add_all(self, other: FindingList) -> None:
        """Count another list's findings too, after those that are here."""
        for code, number in other.counts.items():
            kept = self._kept.setdefault(code, [])
            kept += [item for item in other.items if item.code == code][: MOST_A_CODE - len(kept)]
            self._counts[code] = self._counts.get(code, 0) + number

    def result(self) -> FindingList:
        """What was found, in the order of epochs (the namespace as a whole first), then of codes and subjects."""
        items = sorted((item for kept in self._kept.values() for item in kept), key=_place)
        return FindingList(items=tuple(items), counts=dict(sorted(self._counts.items())))


@frozen
class FindingList:
    """Findings in their order (``MOST_A_CODE`` of each code at most), and how many of each code there were."""

    items: tuple[LogFinding, ...] = ()
    counts: Mapping[str, int]

    @property
    def conclusion(self) -> Conclusion:
        """What they come to together."""
        return conclusion(STANDINGS[code] for code in self.counts)

    @property
    def not_kept(self) -> int:
        """How many were counted and not kept."""
        return sum(self.counts.values()) - len(self.items)


def _place(finding: LogFinding) -> tuple[int, str, str]:
    return (finding.epoch or 0, finding.code, finding.subject or "")


def _fact(reader: Reader) -> Fact:
    fact = Fact(
        label=reader.text("label"),
        found=_value(reader, "found"),
        expected=_value(reader, "expected"),
        origin=Origin(reader.choice("origin", tuple(Origin))),
        compared=reader.boolean("compared"),
        file=reader.optional_text("file"),
    )
    reader.done()
    return fact


def _value(reader: Reader, key: str) -> Value:
    value = reader.value(key)
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int) and abs(value) <= MAX_SAFE_INTEGER:
        return value
    raise reader.wrong(key, "a text, a number, true, false or null", value)
