"""Faults of the steps ``audit-log`` and ``history``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from types import MappingProxyType
from typing import Any

from generator.rehearsal.authorities import signer_keys, stray_signer_key
from generator.rehearsal.derive import Seed
from generator.rehearsal.faults.base import (
    Fault,
    added_epochs,
    announced,
    log_of,
    replaced,
    with_epoch,
    with_log,
    without,
)
from generator.rehearsal.fleet import fleet_keys_file, session_key
from generator.rehearsal.options import RehearsalError
from generator.rehearsal.plan import KeyPlan, LogPlan, Plan
from generator.rehearsal.signer import fetched
from vaultproof.evidence.audit import artifact_path, record_paths
from vaultproof.evidence.deployment import OVER_THE_AIR, HistoryEntry
from vaultproof.evidence.files import FETCHED

_BEFORE_ALL = datetime(2025, 3, 1, tzinfo=UTC)
_HOUR = 3_600_000


def _stray_key() -> KeyPlan:
    return session_key(Seed(text="REHEARSAL fleet that nobody announced"), "key/1")


def _middle(plan: Plan) -> LogPlan:
    """The log, if this deployment added an epoch before its last one.  Raises ``RehearsalError`` otherwise."""
    if len(added_epochs(plan)) < 2:
        raise RehearsalError("this fault needs an epoch between the previous deployment's and this one's: epochs")
    return log_of(plan)


def _with_middle(plan: Plan, **changes: Any) -> Plan:
    """The plan with the epoch before this deployment's own changed."""
    _middle(plan)
    return with_epoch(plan, -2, **changes)


def _with_middle_keys(plan: Plan, keys: Sequence[KeyPlan]) -> Plan:
    return _with_middle(plan, artifact=fleet_keys_file(keys))


def _gap(files: dict[str, bytes]) -> dict[str, bytes]:
    last_but_one = sorted(record_paths(files))[-2]
    return without(f"audit/{last_but_one}.json")(files)


def _no_records(files: dict[str, bytes]) -> dict[str, bytes]:
    dropped = set(record_paths(files).values())
    return {path: data for path, data in files.items() if path not in dropped}


def _later_record(plan: Plan) -> Plan:
    last = log_of(plan).last
    later = replace(last, number=last.number + 1, artifact=b"REHEARSAL", timestamp=last.timestamp + _HOUR)
    return with_log(plan, beyond=later)


def _other_root(plan: Plan) -> Plan:
    artifact = fleet_keys_file([_stray_key()])
    changed = with_epoch(plan, 0, artifact=artifact, record=None, key=signer_keys()[0])
    return with_log(changed, root=f"1/{sha256(artifact).hexdigest()}")


def _unannounced(plan: Plan) -> Plan:
    """An epoch that no announcement explains, with a key that belongs to no deployment."""
    log = _middle(plan)
    hidden = log.epochs[-2].number
    changed = _with_middle_keys(plan, [*log.earlier_keys, *plan.published, _stray_key()])
    return with_log(changed, history=tuple(entry for entry in log.history if entry.epoch != hidden))


def _came_and_went(plan: Plan) -> Plan:
    """A key that an announced epoch adds, and that is gone again when the devices are attested."""
    return _with_middle_keys(plan, [*_middle(plan).earlier_keys, *plan.published, _stray_key()])


def _role_changed(plan: Plan) -> Plan:
    first, *others = _middle(plan).earlier_keys
    return _with_middle_keys(plan, [replace(first, role="recovery"), *others, *plan.published])


def _more_history(plan: Plan) -> Plan:
    log = log_of(plan)
    more = HistoryEntry(epoch=log.last.number + 3, deployment="rehearsal-never-logged")
    return with_log(plan, history=(*log.history, more))


def _given_away(plan: Plan) -> Plan:
    log = log_of(plan)
    other = HistoryEntry(epoch=log.last.number, deployment="rehearsal-somebody-elses")
    return with_log(plan, history=(*log.history[:-1], other))


AUDIT_LOG = {
    "log-gap": Fault(
        step="audit-log",
        sentence="The record of the epoch before this one is missing from the copy of the log.",
        distribution=OVER_THE_AIR,
        files=_gap,
    ),
    "log-missing": Fault(
        step="audit-log",
        sentence="No record of the signer's log was published.",
        distribution=OVER_THE_AIR,
        files=_no_records,
    ),
    "log-goes-on": Fault(
        step="audit-log",
        sentence="The copy of the log has a record after the epoch of this deployment.",
        distribution=OVER_THE_AIR,
        plan=_later_record,
    ),
    "log-digest-reused": Fault(
        step="audit-log",
        sentence="Two epochs of the log have the same digest.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: _with_middle(plan, artifact=log_of(plan).epochs[0].artifact),
    ),
    "log-time-goes-back": Fault(
        step="audit-log",
        sentence="The epoch before this one was signed an hour after it.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: _with_middle(plan, timestamp=log_of(plan).last.timestamp + _HOUR),
    ),
    "log-root-differs": Fault(
        step="audit-log",
        sentence="The log begins with another key file than the pinned one.",
        distribution=OVER_THE_AIR,
        plan=_other_root,
    ),
    "log-namespace-answer-differs": Fault(
        step="audit-log",
        sentence="What the log says of its own first epoch is not what is pinned.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_log(plan, root=f"1/{sha256(b'REHEARSAL').hexdigest()}"),
    ),
    "log-record-differs-from-proof": Fault(
        step="audit-log",
        sentence="The log's record of this epoch states another time than the proof; both are signed.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_log(
            plan, logged=replace(log_of(plan).last, timestamp=log_of(plan).last.timestamp + 5000)
        ),
    ),
    "log-two-answers": Fault(
        step="audit-log",
        sentence="The signer signed two digests for this epoch: one in the proof, another in its log.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: with_log(plan, logged=replace(log_of(plan).last, digest=sha256(b"REHEARSAL").digest())),
    ),
    "log-record-bad-signature": Fault(
        step="audit-log",
        sentence="One bit of the signature of the epoch before this one is wrong.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: _with_middle(plan, broken=True),
    ),
    "log-record-unknown-key": Fault(
        step="audit-log",
        sentence="The epoch before this one was signed by a key that is not pinned for the signer.",
        distribution=OVER_THE_AIR,
        plan=lambda plan: _with_middle(plan, key=stray_signer_key()),
    ),
    "log-copy-too-old": Fault(
        step="audit-log",
        sentence="The copy of the log says that it is older than the record it holds.",
        distribution=OVER_THE_AIR,
        files=replaced(FETCHED, lambda _: fetched(_BEFORE_ALL)),
    ),
}

HISTORY = {
    "history-unannounced-key": Fault(
        step="history",
        sentence="An epoch that belongs to no announced deployment logged one more key.",
        distribution=OVER_THE_AIR,
        plan=_unannounced,
    ),
    "history-role-changed": Fault(
        step="history",
        sentence="A key of the earlier fleet was given another role.",
        distribution=OVER_THE_AIR,
        plan=_role_changed,
    ),
    "history-artifact-missing": Fault(
        step="history",
        sentence="The key file of the first epoch was not published.",
        distribution=OVER_THE_AIR,
        files=without(artifact_path(1)),
    ),
    "history-artifact-swapped": Fault(
        step="history",
        sentence="The key file of the first epoch is not the one that was logged.",
        distribution=OVER_THE_AIR,
        files=replaced(artifact_path(1), lambda _: fleet_keys_file([_stray_key()])),
    ),
    "history-announced-not-logged": Fault(
        step="history",
        sentence="The announcement names an epoch that the log does not have.",
        distribution=OVER_THE_AIR,
        plan=_more_history,
    ),
    "history-key-came-and-went": Fault(
        step="history",
        sentence="An epoch of this deployment logged one more key, which its last epoch no longer lists.",
        distribution=OVER_THE_AIR,
        plan=_came_and_went,
    ),
    "history-supersedes-another": Fault(
        step="history",
        sentence="The announcement says that it supersedes a deployment that the log does not have before it.",
        distribution=OVER_THE_AIR,
        files=announced("supersedes", lambda _: "rehearsal-never-logged"),
    ),
    "history-artifact-without-epoch": Fault(
        step="history",
        sentence="A key file was published for an epoch that the log does not have.",
        distribution=OVER_THE_AIR,
        files=lambda files: {**files, artifact_path(999): fleet_keys_file([_stray_key()])},
    ),
    "history-epoch-of-another": Fault(
        step="history",
        sentence="The announcement says that this epoch belongs to another deployment.",
        distribution=OVER_THE_AIR,
        plan=_given_away,
    ),
}

LOG_FAULTS: Mapping[str, Fault] = MappingProxyType({**AUDIT_LOG, **HISTORY})
"""All faults of this module by name."""
