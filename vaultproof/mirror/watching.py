"""Watching: what a run found against what stood before, each change told once, and again only if telling failed.

The state is in the mirror's file, so it survives restarts.  A change counts as told when it was delivered: a run that
is killed in between tells it again, and never forgets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vaultproof.errors import Unavailable, VaultproofError
from vaultproof.mirror.findings import KeptFinding
from vaultproof.mirror.store import Store
from vaultproof.report import Scope
from vaultproof.signer_log.findings import LogFinding, read_finding
from vaultproof.strict.encodings import format_milliseconds

EVENT_SCHEMA = "vaultproof/log-event@1"
HISTORY = frozenset({"keys-changed"})
"""Notes about what once happened: a run that goes on does not look at old epochs again, and they stay as they are."""


WATCHED = "watched"
"""Under this name the store keeps the epoch up to which all was told: a later run looks at those behind it again."""


class EventKind(StrEnum):
    """What happened to a finding since the run before."""

    NEW = "new"
    CHANGED = "changed"
    BACK = "back"
    GONE = "gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A finding that is new, changed, back or gone; ``at`` is when a run found that (milliseconds since 1970)."""

    kind: EventKind
    finding: LogFinding
    at: int
    scope: Scope

    def to_json(self) -> dict[str, Any]:
        """The event as JSON values (``log-event.schema.json``)."""
        return {
            "schema": EVENT_SCHEMA,
            "event": self.kind.value,
            "at": format_milliseconds(self.at),
            "scope": self.scope.value,
            "finding": self.finding.to_json(),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one run told: the events, and how many of them could not be delivered and are told again."""

    events: tuple[Event, ...]
    undelivered: int
    standing: tuple[LogFinding, ...]


def watch(
    store: Store,
    namespace: str,
    found: Iterable[LogFinding],
    *,
    now: int,
    scope: Scope,
    continued_from: int | None,
    deliver: Callable[[Event], bool],
) -> Watched:
    """Tell what changed, and remember what stands.

    ``continued_from`` is the epoch up to which this run relied on an earlier one: never behind what ``watched_through``
    gives, or what an audit found in between would not be told.  ``deliver`` says whether an event
    reached whom it is for; what did not is told again by the next run.
    """
    before = {kept.id: kept for kept in store.findings(namespace, gone=True)}
    standing = {finding.id: finding for finding in found}
    standing |= _still_history(before, standing, continued_from)
    events = [
        *(event for finding in standing.values() for event in _event(before.get(finding.id), finding, now, scope)),
        *(
            Event(kind=EventKind.GONE, finding=remembered(kept), at=now, scope=scope)
            for kept in before.values()
            if kept.gone_at is None and kept.id not in standing
        ),
    ]
    failed = {event.finding.id for event in events if not deliver(event)}
    stays = [_kept(finding, now) for finding in standing.values() if finding.id not in failed]
    stays += [kept for kept in before.values() if kept.id in failed and kept.gone_at is None]
    state = store.audit_state(namespace)
    with store.batch():
        store.replace_findings(namespace, stays, at=now)
        if not failed and state is not None:
            store.set_number(namespace, WATCHED, state.through_epoch)
        for event in events:
            if event.finding.id not in failed:
                store.set_number(namespace, told_name(event.finding.id), now)
    return Watched(events=tuple(events), undelivered=len(failed), standing=tuple(standing.values()))


def watched_through(store: Store, namespace: str) -> int:
    """The epoch up to which all that was found was told; 0 where nothing was."""
    return store.number(namespace, WATCHED) or 0


def told_name(id: str) -> str:
    """The name under which the store keeps when a finding last changed."""
    return f"told {id}"


def _event(kept: KeptFinding | None, finding: LogFinding, now: int, scope: Scope) -> Iterable[Event]:
    kind = None
    if kept is None:
        kind = EventKind.NEW
    elif kept.gone_at is not None:
        kind = EventKind.BACK
    elif kept.json != finding.to_bytes().decode():
        kind = EventKind.CHANGED
    return () if kind is None else (Event(kind=kind, finding=finding, at=now, scope=scope),)


def _still_history(
    before: dict[str, KeptFinding], standing: dict[str, LogFinding], continued_from: int | None
) -> dict[str, LogFinding]:
    """Notes of earlier runs about epochs that this run did not look at again."""
    if continued_from is None:
        return {}
    return {
        kept.id: remembered(kept)
        for kept in before.values()
        if kept.code in HISTORY
        and kept.gone_at is None
        and kept.id not in standing
        and kept.epoch is not None
        and kept.epoch <= continued_from
    }


def remembered(kept: KeptFinding) -> LogFinding:
    """The finding that a store remembers.  Raises ``Unavailable`` when another version wrote what this one cannot read.

    That says nothing about the log, whatever is wrong with it.
    """
    try:
        return read_finding(kept.json.encode(), file="finding")
    except VaultproofError as error:
        raise Unavailable(
            "store-damaged", "a finding that the mirror remembers cannot be read", found=f"{kept.code}: {error}",
            hint="update vaultproof, or watch with a new mirror: export this one, and import it with another --store",
        ) from error  # fmt: skip


def _kept(finding: LogFinding, now: int) -> KeptFinding:
    return KeptFinding(
        id=finding.id, namespace=finding.namespace, code=finding.code, status=finding.standing.value,
        epoch=finding.epoch, json=finding.to_bytes().decode(), first_seen=now, last_seen=now,
    )  # fmt: skip
