"""Step ``audit-log``: is it in the signer's public log?"""

from __future__ import annotations

from vaultproof.epoch_check import check_epoch
from vaultproof.errors import Unavailable, VaultproofError
from vaultproof.evidence.audit import read_fetched, read_namespace, record_paths
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.evidence.files import FETCHED, INFO, NAMESPACE
from vaultproof.frozen import frozen
from vaultproof.report import Fact, Origin, Status
from vaultproof.signer_log.answers import read_info
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown
from vaultproof.steps.signer import SignedRecord
from vaultproof.strict.encodings import format_milliseconds, format_time
from vaultproof.trust.configuration import Namespace, Signer

_FIELDS = ("ciphersuite", "namespace", "timestamp", "epoch", "digest", "signature", "key_id")
MAX_EPOCHS = 1000


@frozen
class LoggedEpochs:
    """The signer's records from the first epoch to this one: each signed, without a gap, times rising."""

    records: tuple[EpochRecord, ...]


async def audit_log(context: Context) -> Finding:
    """Walk the log's own records from the first epoch, and compare this epoch's with the proof."""
    substeps = Substeps()
    signed = context.relying_on(SignedRecord)
    paths = record_paths(context.files)
    if not paths:
        raise Unavailable("not-published", "no records of the log are published", file="audit/")
    if len(paths) > MAX_EPOCHS:
        raise Unavailable("too-many-epochs", "more epochs than this step reads", found=str(len(paths)))
    records = await _read_records(substeps, context, paths, signed)
    _walk(substeps, paths, signed, records)
    _root(substeps, context, signed.namespace, records)
    _same_as_proof(substeps, signed.record, records)
    _copy(substeps, context, signed.record)
    _advertised(substeps, context, signed.signer)
    return substeps.finding(LoggedEpochs(records=tuple(records.values())))


async def _read_records(
    substeps: Substeps, context: Context, paths: dict[int, str], signed: SignedRecord
) -> dict[int, EpochRecord]:
    """Read each record and check its signature, namespace and number; trouble is a substep of its own."""
    records: dict[int, EpochRecord] = {}
    for epoch, path in paths.items():
        try:
            record = read_epoch(context.files[path], file=path)
            records[epoch] = record
            await check_epoch(record, signed.signer, context.backend)
        except VaultproofError as error:
            substeps.trouble("record", error, subject=path)
            continue
        for fact in (
            compared("namespace", record.namespace, signed.namespace.name, Origin.INDEPENDENT_SIGNER, file=path),
            compared("epoch", record.epoch, epoch, Origin.INDEPENDENT_SIGNER, file=path),
        ):
            if fact.found != fact.expected:
                substeps.mismatch("record", "record-misplaced", fact, subject=path)
    held = sum(1 for item in substeps.items if item.id == "record")
    if not held:
        substeps.match("record", "records-hold", shown("epochs", len(records), Origin.INDEPENDENT_SIGNER))
    return records


def _walk(substeps: Substeps, paths: dict[int, str], signed: SignedRecord, records: dict[int, EpochRecord]) -> None:
    """No gap between the root and this epoch and nothing after it, no digest twice, times that rise."""
    first, last = signed.namespace.root_epoch, signed.record.epoch
    wanted, have = list(range(first, min(last, first + MAX_EPOCHS) + 1)), list(paths)
    substeps.compare("gaps", "no-gap", compared("epochs", _ranges(have), _ranges(wanted), Origin.COMPUTED))
    seen: dict[bytes, int] = {}
    previous: EpochRecord | None = None
    twice: list[Fact] = []
    backwards: list[Fact] = []
    for epoch, record in records.items():
        if record.digest in seen:
            twice.append(shown("digest-reused", f"{seen[record.digest]}, {epoch}", Origin.INDEPENDENT_SIGNER))
        seen.setdefault(record.digest, epoch)
        if previous is not None and record.timestamp <= previous.timestamp:
            backwards.append(
                compared("signed-at", format_milliseconds(record.timestamp),
                         f"> {format_milliseconds(previous.timestamp)}", Origin.INDEPENDENT_SIGNER, file=record.file)
            )  # fmt: skip
        previous = record
    for id, good, bad, facts in (
        ("digests", "digests-unique", "digest-reused", twice),
        ("times", "times-rise", "time-goes-back", backwards),
    ):
        if facts:
            substeps.mismatch(id, bad, *facts)
        elif records:
            substeps.match(id, good, shown("epochs", len(records), Origin.COMPUTED))


def _root(substeps: Substeps, context: Context, namespace: Namespace, records: dict[int, EpochRecord]) -> None:
    """The first epoch's digest is the pinned root, and the log's own (unsigned) statement of its root is the same."""
    pinned = f"{namespace.root_epoch}/{namespace.root_digest}"
    first = records.get(namespace.root_epoch)
    if first is not None:
        found = f"{first.epoch}/{first.digest.hex()}"
        substeps.compare(
            "root", "root-same", compared("root", found, pinned, Origin.INDEPENDENT_SIGNER, file=first.file)
        )
    try:
        answer = read_namespace(context.files)
    except VaultproofError as error:
        substeps.trouble("namespace-answer", error)
        return
    facts = [compared("namespace", answer.name, namespace.name, Origin.NOT_VERIFIED, file=NAMESPACE)]
    if answer.root_digest is not None:  # before the first epoch the log names no root
        found = f"{answer.root_epoch}/{answer.root_digest}"
        facts.append(compared("root", found, pinned, Origin.NOT_VERIFIED, file=NAMESPACE))
    substeps.compare("namespace-answer", "namespace-answer-same", *facts)


def _same_as_proof(substeps: Substeps, record: EpochRecord, records: dict[int, EpochRecord]) -> None:
    """The log's record of this epoch equals the proof in the bundle, field by field."""
    logged = records.get(record.epoch)
    if logged is None:
        return  # the gap is reported already
    facts = [
        compared(_label(name), _text(getattr(logged, name)), _text(getattr(record, name)), Origin.INDEPENDENT_SIGNER,
                 file=logged.file)
        for name in _FIELDS
    ]  # fmt: skip
    if all(fact.found == fact.expected for fact in facts):
        substeps.match("proof", "record-same", *facts)
    else:
        substeps.mismatch("proof", "record-differs", *(fact for fact in facts if fact.found != fact.expected))


def _copy(substeps: Substeps, context: Context, record: EpochRecord) -> None:
    """A copy of a log has a date, and cannot be older than the record it holds."""
    try:
        fetched = read_fetched(context.files)
    except VaultproofError as error:
        substeps.trouble("copy", error)
        return
    date = shown("copy-date", format_time(fetched.at), Origin.OPERATOR_STATEMENT, file=FETCHED)
    source = shown("copy-source", fetched.source, Origin.OPERATOR_STATEMENT, file=FETCHED)
    if fetched.at > context.now:
        substeps.add("copy", Status.COULD_NOT_CHECK, "copy-from-the-future", date, source)
    elif fetched.at.timestamp() * 1000 < record.timestamp:
        signed = shown("signed-at", format_milliseconds(record.timestamp), Origin.INDEPENDENT_SIGNER)
        substeps.mismatch("copy", "copy-older-than-record", date, source, signed)
    else:
        substeps.match("copy", "copy-dated", date, source)


def _advertised(substeps: Substeps, context: Context, signer: Signer) -> None:
    """Note which keys the log itself advertises, beside the pinned ones.

    That answer is not signed, may be older or newer than the pins, and nothing rests on it: so whatever it says, or
    that it is not there, this neither matches nor fails.
    """
    data = context.files.get(INFO)
    if data is None:
        return
    try:
        info = read_info(data, file=INFO)
    except VaultproofError:
        where = shown("place", INFO, Origin.COMPUTED)
        substeps.add("advertised-keys", Status.NOT_APPLICABLE, "advertised-keys-unread", where)
        return
    advertised = {key.public_key for key in info.keys}
    pinned = {key.public_key for key in signer.keys}
    facts = [
        shown(label, key.hex(), Origin.NOT_VERIFIED, file=INFO)
        for label, keys in (
            ("advertised-not-pinned", advertised - pinned),
            ("pinned-not-advertised", pinned - advertised),
        )
        for key in sorted(keys)
    ]
    code = "advertised-keys-differ" if facts else "advertised-keys-pinned"
    substeps.add("advertised-keys", Status.NOT_APPLICABLE, code, *facts)


def _label(name: str) -> str:
    return name.replace("_", "-")


def _text(value: object) -> str | int | None:
    if isinstance(value, bytes):
        return value.hex()
    return value if isinstance(value, str | int) else None


def _ranges(numbers: list[int]) -> str:
    """Sorted numbers as "1-4, 6"."""
    parts: list[list[int]] = []
    for number in numbers:
        if parts and number == parts[-1][1] + 1:
            parts[-1][1] = number
        else:
            parts.append([number, number])
    return ", ".join(str(low) if low == high else f"{low}-{high}" for low, high in parts)
