"""What a fault is, and small changes of plans that faults are made of."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, TypeVar

from generator.rehearsal.options import RehearsalOptions
from generator.rehearsal.plan import EpochPlan, KeyPlan, LogPlan, Plan
from generator.rehearsal.planning import plan_artifacts
from vaultproof.evidence.files import DEPLOYMENT
from vaultproof.strict.encodings import format_time, parse_time

T = TypeVar("T")
FileChange = Callable[[dict[str, bytes]], dict[str, bytes]]


def unchanged(value: T) -> T:
    """The value itself: what a fault does at the stages that it leaves alone."""
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that is wrong, and nothing else.

    ``step`` is the step of the procedure that finds it, which no step before it can; ``sentence`` says in words what is
    wrong.  ``distribution`` is the only one that it can be planted in (None: either); ``one_layer`` means that it
    is none in HSMs that attest in two layers.  It is planted at one or more of four stages: in the ``options``, in the
    ``plan``, in the ``files`` before their manifest is made, or in what is ``published``, manifest and all.
    """

    step: str
    sentence: str
    distribution: str | None = None
    one_layer: bool = False
    options: Callable[[RehearsalOptions], RehearsalOptions] = unchanged
    plan: Callable[[Plan], Plan] = unchanged
    files: FileChange = unchanged
    published: FileChange = unchanged


def log_of(plan: Plan) -> LogPlan:
    """The log of an over-the-air plan.  Raises ``ValueError`` for another plan: such a fault names its distribution."""
    if plan.log is None:
        raise ValueError("this fault needs a log")
    return plan.log


def with_log(plan: Plan, **changes: Any) -> Plan:
    """The plan with another log."""
    return replace(plan, log=replace(log_of(plan), **changes))


def with_epoch(plan: Plan, position: int, **changes: Any) -> Plan:
    """The plan with one epoch of its log changed; ``position`` as of a list (-1 is this deployment's own)."""
    epochs = list(log_of(plan).epochs)
    epochs[position] = replace(epochs[position], **changes)
    return with_log(plan, epochs=tuple(epochs))


def added_epochs(plan: Plan) -> tuple[EpochPlan, ...]:
    """The epochs that this deployment added to the log."""
    log = log_of(plan)
    return log.epochs[log.inherited :]


def with_member(plan: Plan, position: int, **changes: Any) -> Plan:
    """The plan with one announced member changed."""
    members = list(plan.members)
    members[position] = replace(members[position], **changes)
    return replace(plan, members=tuple(members))


def with_evidence(plan: Plan, position: int, **changes: Any) -> Plan:
    """The plan with what one member attests changed."""
    return with_member(plan, position, evidence=replace(plan.members[position].evidence, **changes))


def with_key(plan: Plan, position: int, **changes: Any) -> Plan:
    """The plan with what one member says of its first key changed."""
    first, *others = plan.members[position].evidence.keys
    return with_evidence(plan, position, keys=(replace(first, **changes), *others))


def republished(plan: Plan, keys: Sequence[KeyPlan]) -> Plan:
    """The plan with other published keys, in the key file, in the log and in the app alike."""
    changed = replace(plan, published=tuple(keys))
    if changed.app is not None:
        changed = replace(changed, app=replace(changed.app, keys=tuple(key.public for key in keys)))
    if changed.log is None:
        return changed
    added = added_epochs(changed)
    artifacts = plan_artifacts(changed.log.earlier_keys, keys, len(added))
    fresh = (replace(epoch, artifact=artifact) for epoch, artifact in zip(added, artifacts, strict=True))
    return with_log(changed, epochs=(*changed.log.epochs[: changed.log.inherited], *fresh))


def without(path: str) -> FileChange:
    """A change that drops one file, or a folder (``path`` ends with a slash).  Raises ``KeyError`` if there is none."""

    def change(files: dict[str, bytes]) -> dict[str, bytes]:
        dropped = {name for name in files if name == path or (path.endswith("/") and name.startswith(path))}
        if not dropped:
            raise KeyError(path)
        return {name: data for name, data in files.items() if name not in dropped}

    return change


def replaced(path: str, change: Callable[[bytes], bytes]) -> FileChange:
    """A change of one file's bytes.  Raises ``ValueError`` when it changes nothing."""

    def apply(files: dict[str, bytes]) -> dict[str, bytes]:
        data = change(files[path])
        if data == files[path]:
            raise ValueError(f"the fault left {path} as it was")
        return {**files, path: data}

    return apply


def announced(key: str, change: Callable[[Any], Any]) -> FileChange:
    """A change of one field of the announcement."""

    def apply(data: bytes) -> bytes:
        value = json.loads(data)
        value[key] = change(value[key])
        return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8") + b"\n"

    return replaced(DEPLOYMENT, apply)


def days_later(days: int) -> Callable[[str], str]:
    """A change of an RFC 3339 time by whole days."""
    return lambda text: format_time(parse_time(text) + timedelta(days=days))


def substituted(path: str, old: bytes, new: bytes) -> FileChange:
    """A change of the first occurrence of some bytes in one file."""
    return replaced(path, lambda data: data.replace(old, new, 1))
