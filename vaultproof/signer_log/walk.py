"""Walking a log's records in order: each by itself, and against the one before.  One pass, and no memory of it.

A log is walked in ranges, each in a process of its own if there are many; ``join`` looks at the seam between two
neighbours, so that ranges joined find what one walk finds.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping

from vaultproof.crypto.port import Backend
from vaultproof.epoch_check import check_epoch, check_own_key
from vaultproof.errors import Malformed, Mismatch, VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.frozen import field, frozen
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.answers import Root
from vaultproof.signer_log.findings import FindingList, Findings, LogFinding
from vaultproof.steps.base import compared, error_facts, shown
from vaultproof.strict.encodings import format_milliseconds
from vaultproof.trust.configuration import Signer

_BY_ERROR = {
    "serialized-message": "record-other-serialisation",
    "key-not-yet-valid": "record-before-key",
    "unrecognised-key": "record-key-not-pinned",
}
"""Codes of ``check_epoch`` that have a finding of their own."""

FORGEABLE = frozenset({"record-bad-signature", "record-other-serialisation", "record-misplaced"})
"""What somebody without the signer's keys can make: in a copy that was brought it accuses nobody."""


@frozen
class Expected:
    """What records must agree with: namespace, signer with its pinned keys, and what is pinned of the namespace.

    ``ciphersuite`` and ``root`` are None where the namespace is not pinned.  ``advertised`` are keys that the signer
    names itself (32 bytes each): they make nothing hold, and only say more of a record by a key that is not pinned.
    """

    namespace: str
    signer: Signer
    ciphersuite: int | None = None
    root: Root | None = None
    advertised: tuple[bytes, ...] = ()


@frozen
class Mark:
    """A record that holds, as far as its neighbours need it: epoch, time (milliseconds since 1970) and digest."""

    epoch: int
    timestamp: int
    digest: bytes


@frozen
class KeyUse:
    """The records that one key signed: how many, and the first and the last epoch."""

    records: int
    first: int
    last: int


@frozen
class RangeResult:
    """What a walk over a range of epochs came to.

    ``first`` and ``last`` are epochs that have a record (None: there was none), ``count`` how many have, ``held`` how
    many records hold; ``first_held`` and ``last_held`` are None when none does.  ``keys`` are in hexadecimal.
    """

    first: int | None = None
    last: int | None = None
    count: int = 0
    held: int = 0
    first_held: Mark | None = None
    last_held: Mark | None = None
    keys: Mapping[str, KeyUse] = field(default_factory=dict)
    findings: FindingList


class Walk:
    """One pass over records in rising order of epochs."""

    def __init__(
        self, expected: Expected, backend: Backend, *, brought: Callable[[int], bool] = lambda _epoch: False
    ) -> None:
        """``brought`` says of an epoch whether its record is known from somebody's copy alone.

        It is asked where a record does not hold: a signature that holds speaks for itself, whoever brought it.
        """
        self._expected = expected
        self._backend = backend
        self._brought = brought
        self._findings = Findings()
        self._first: int | None = None
        self._last: int | None = None
        self._count = 0
        self._held = 0
        self._first_held: EpochRecord | None = None
        self._last_held: EpochRecord | None = None
        self._keys: dict[bytes, list[int]] = {}

    async def see(self, records: Iterable[tuple[int, bytes]]) -> None:
        """Look at records: the epoch that was asked for, and the answer.  ``ValueError`` if epochs do not rise."""
        expected, backend = self._expected, self._backend
        for epoch, body in records:
            last = self._last
            if last is None:
                self._first = epoch
            elif epoch != last + 1:
                self._gap(last, epoch)
            self._last = epoch
            self._count += 1
            try:
                record = read_epoch(body, file="audits")
            except VaultproofError as error:
                self._tell("record-unreadable", epoch, *reason(error))
                continue
            try:
                key = await check_epoch(record, expected.signer, backend)
            except VaultproofError as error:
                facts = (*reason(error), *await self._under_advertised(record, error))
                self._fails(code_of(error), epoch, body, *facts)
                continue
            if record.epoch != epoch or record.namespace != expected.namespace:
                self._fails("record-misplaced", epoch, body, *self._misplaced(epoch, record))
                continue
            self._keep(record, key.public_key)

    def result(self) -> RangeResult:
        """What it came to so far."""
        return RangeResult(
            first=self._first,
            last=self._last,
            count=self._count,
            held=self._held,
            first_held=_mark(self._first_held),
            last_held=_mark(self._last_held),
            keys={key.hex(): KeyUse(records=n, first=a, last=b) for key, (n, a, b) in self._keys.items()},
            findings=self._findings.result(),
        )

    async def _under_advertised(self, record: EpochRecord, error: VaultproofError) -> tuple[Fact, ...]:
        """Which advertised key a record by an unpinned key holds under, as a fact that makes nothing hold."""
        if error.code != "unrecognised-key":
            return ()
        for key in self._expected.advertised:
            if key[-1] == record.key_id and await holds_under(record, key, self._backend):
                return (shown("advertised-key", key.hex(), Origin.NOT_VERIFIED),)
        return ()

    def _keep(self, record: EpochRecord, key: bytes) -> None:
        """Count a record whose signature holds, and compare it with the one before and with what is pinned."""
        expected, previous = self._expected, self._last_held
        self._held += 1
        use = self._keys.get(key)
        if use is None:
            self._keys[key] = [1, record.epoch, record.epoch]
        else:
            use[0] += 1
            use[2] = record.epoch
        if expected.ciphersuite not in (None, record.ciphersuite):
            self._tell("record-other-ciphersuite", record.epoch,
                       _signed("ciphersuite", record.ciphersuite, expected.ciphersuite))  # fmt: skip
        root = expected.root
        if root is not None and record.epoch <= root.epoch:
            self._compare_root(record, root)
        if previous is None:
            self._first_held = record
        elif record.timestamp <= previous.timestamp:
            self._findings.add(_back(expected.namespace, record.epoch, record.timestamp, previous.timestamp))
        self._last_held = record

    def _compare_root(self, record: EpochRecord, root: Root) -> None:
        digest = record.digest.hex()
        if record.epoch < root.epoch:
            self._tell("record-before-root", record.epoch, _signed("root", f"{record.epoch}/{digest}", str(root)))
        elif digest != root.digest:
            self._tell("first-epoch-not-root", record.epoch, _signed("root", f"{record.epoch}/{digest}", str(root)))

    def _gap(self, last: int, epoch: int) -> None:
        if epoch <= last:
            raise ValueError(f"epoch {epoch} after epoch {last}")
        self._findings.add(missing(self._expected.namespace, last + 1, epoch - 1))

    def _misplaced(self, epoch: int, record: EpochRecord) -> tuple[Fact, ...]:
        return (
            _signed("namespace", record.namespace, self._expected.namespace),
            _signed("epoch", record.epoch, epoch),
        )

    def _fails(self, code: str, epoch: int, body: bytes, *facts: Fact) -> None:
        if code not in FORGEABLE or not self._brought(epoch):
            self._tell(code, epoch, *facts)
            return
        subject = hashlib.sha256(body).hexdigest()
        self._findings.add(
            LogFinding(code="brought-record-fails", namespace=self._expected.namespace, epoch=epoch, subject=subject,
                       facts=facts)
        )  # fmt: skip

    def _tell(self, code: str, epoch: int, *facts: Fact) -> None:
        self._findings.add(LogFinding(code=code, namespace=self._expected.namespace, epoch=epoch, facts=facts))


def join(namespace: str, left: RangeResult, right: RangeResult) -> RangeResult:
    """Two neighbours as one, ``left`` before ``right``: the seam is looked at as any two records are.

    Raises ``ValueError`` when they overlap or are the wrong way round.
    """
    if left.last is None:
        return right
    if right.first is None:
        return left
    if right.first <= left.last:
        raise ValueError(f"epoch {right.first} after epoch {left.last}")
    findings = Findings()
    findings.add_all(left.findings)
    if right.first != left.last + 1:
        findings.add(missing(namespace, left.last + 1, right.first - 1))
    before, after = left.last_held, right.first_held
    if before is not None and after is not None and after.timestamp <= before.timestamp:
        findings.add(_back(namespace, after.epoch, after.timestamp, before.timestamp))
    findings.add_all(right.findings)
    return RangeResult(
        first=left.first,
        last=right.last,
        count=left.count + right.count,
        held=left.held + right.held,
        first_held=left.first_held or right.first_held,
        last_held=right.last_held or left.last_held,
        keys=_joined_keys(left.keys, right.keys),
        findings=findings.result(),
    )


async def holds_under(record: EpochRecord, public_key: bytes, backend: Backend) -> bool:
    """Whether the record's signature holds under this key, pinned or not; False too where that cannot be told."""
    try:
        await check_own_key(record, public_key, backend)
    except VaultproofError:
        return False
    return True


def missing(namespace: str, first: int, last: int) -> LogFinding:
    """The finding for epochs that have no record here, both ends included."""
    epochs = str(first) if first == last else f"{first}-{last}"
    return LogFinding(
        code="epochs-missing", namespace=namespace, epoch=first, facts=(shown("epochs", epochs, Origin.COMPUTED),)
    )


def last_missing(finding: LogFinding) -> int:
    """The last epoch of a gap that ``missing`` told."""
    (epochs,) = (fact.found for fact in finding.facts if fact.label == "epochs")
    return int(str(epochs).rpartition("-")[2])


def code_of(error: VaultproofError) -> str:
    """The finding that an error of ``check_epoch`` makes.

    A signature that is not even encoded as one does not hold: ``Malformed`` there is about the signature.  What the
    engine or this verifier cannot do says nothing of the record.
    """
    if error.code in _BY_ERROR:
        return _BY_ERROR[error.code]
    return "record-bad-signature" if isinstance(error, Malformed | Mismatch) else "record-not-checked"


def reason(error: VaultproofError) -> tuple[Fact, ...]:
    """Why, as facts: the error's own code, and what it expected and found."""
    return (shown("reason", error.code, Origin.COMPUTED), *error_facts(error))


def _back(namespace: str, epoch: int, timestamp: int, before: int) -> LogFinding:
    fact = _signed("signed-at", format_milliseconds(timestamp), f"> {format_milliseconds(before)}")
    return LogFinding(code="record-time-back", namespace=namespace, epoch=epoch, facts=(fact,))


def _signed(label: str, found: str | int, expected: str | int | None) -> Fact:
    return compared(label, found, expected, Origin.INDEPENDENT_SIGNER)


def _mark(record: EpochRecord | None) -> Mark | None:
    return None if record is None else Mark(epoch=record.epoch, timestamp=record.timestamp, digest=record.digest)


def _joined_keys(left: Mapping[str, KeyUse], right: Mapping[str, KeyUse]) -> dict[str, KeyUse]:
    keys = dict(left)
    for key, use in right.items():
        before = keys.get(key)
        keys[key] = use if before is None else KeyUse(
            records=before.records + use.records, first=before.first, last=use.last
        )  # fmt: skip
    return keys
