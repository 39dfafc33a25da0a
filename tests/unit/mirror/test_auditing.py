"""The audit of a mirror: each planted fault is found, and going on finds what a full walk finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tests.unit.mirror import log_store as logs
from tests.unit.mirror.log_store import artifact, audited, deny, logged, plan, put, put_artifacts, put_records, told
from tests.unit.signer_log.log_maker import digest, signer
from vaultproof.mirror import walking
from vaultproof.mirror.answer import Resource
from vaultproof.mirror.auditing import AuditPlan
from vaultproof.mirror.store import Store
from vaultproof.signer_log.findings import Conclusion


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return logs.whole(tmp_path / "log.sqlite")


def test_a_log_that_holds(path: Path) -> None:
    result = audited(path)
    assert told(result) == []
    assert result.findings.conclusion is Conclusion.HOLDS
    assert (result.walked, result.continued_from, result.result.held) == ((1, 6), None, 6)
    assert [change.epoch for change in result.changes] == [1, 2, 3, 4, 5, 6]
    assert [change.epoch for change in result.changes if change.from_start] == [1]
    assert result.copied_at == logs.NOW


def test_an_empty_mirror_could_not_be_checked(tmp_path: Path) -> None:
    Store.open(tmp_path / "empty.sqlite", create=True).close()
    result = audited(tmp_path / "empty.sqlite")
    assert result.findings.conclusion is Conclusion.COULD_NOT_CHECK
    assert told(result) == [("info-not-fetched", None), ("namespace-not-fetched", None), ("no-records", None)]


Plant = Callable[[Store], object]
PLANTED: dict[str, tuple[Plant, list[tuple[str, int | None]]]] = {
    "a re-used digest": (
        lambda store: put_artifacts(put_records(store, [logged(7, artifact(3))]), [7], {7: artifact(3)}),
        [("record-digest-reused", 7)],
    ),
    "a re-used digest that nobody signed": (
        lambda store: put_artifacts(put_records(store, [logged(7, artifact(3)).but(spoiled=True)]), [7]),
        [("changes-unknown", 7), ("record-bad-signature", 7)],
    ),
    "a fork": (lambda store: put(store, Resource.AUDIT, logged(4, b"other").body(), 4), [("fork", 4)]),
    "a fork behind an answer by a key that nobody pinned": (
        lambda store: put_records(store, [logged(7).but(key=9), logged(7, artifact(7)), logged(7, b"other")]),
        [("artifact-missing", 7), ("fork", 7), ("record-key-not-pinned", 7), ("rival-holds", 7)],
    ),
    "a changed past": (
        lambda store: put(store, Resource.AUDIT, logged(2).body(timestamp=1), 2),
        [("rival-bad-signature", 2)],
    ),
    "the same in other bytes": (
        lambda store: put(store, Resource.AUDIT, logged(2).body(version=None), 2),
        [("answer-reworded", 2)],
    ),
    "an answer cut short": (
        lambda store: put(store, Resource.AUDIT, logged(2).body()[:-5], 2),
        [("answer-cut-short", 2)],
    ),
    "a cut answer and no other": (
        lambda store: put(store, Resource.AUDIT, logged(7).body()[:-5], 7),
        [("record-unreadable", 7)],
    ),
    "a gap": (
        lambda store: put_artifacts(put_records(store, [logged(9)]), [9]),
        [("artifact-missing", 7), ("epochs-missing", 7)],
    ),
    "a gap that the log itself tells": (
        lambda store: deny(put_artifacts(put_records(store, [logged(9)]), [9]), 7),
        [("artifact-missing", 7), ("epochs-denied", 7)],
    ),
    "an epoch without its key file": (lambda store: put_records(store, [logged(7)]), [("artifact-missing", 7)]),
    "a role change": (
        lambda store: put_artifacts(
            put_records(store, [logged(7, artifact(7, role="backup"))]), [7], {7: artifact(7, role="backup")}
        ),
        [("role-changed-in-log", 7)],
    ),
    "a log that goes on": (
        lambda store: logs.put_statements(store, last_verified_epoch=9),
        [("log-goes-on", None)],
    ),
    "another root": (
        lambda store: logs.put_statements(store, root=f"1/{digest(9).hex()}"),
        [("root-answer-differs", None)],
    ),
    "a rotated key": (
        lambda store: logs.put_statements(put_artifacts(put_records(store, [logged(7).but(key=2)]), [7]), 1, 2),
        [("key-advertised-not-pinned", None), ("changes-unknown", 7), ("record-key-not-pinned", 7)],
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_each_planted_fault_is_found_by_a_full_walk_and_by_going_on(name: str, path: Path) -> None:
    plant, codes = PLANTED[name]
    assert audited(path).findings.conclusion is Conclusion.HOLDS
    with Store.open(path) as store:
        plant(store)
    going_on = audited(path, plan(continued=True))
    assert told(going_on) == codes
    assert going_on.continued_from == 6
    assert told(audited(path)) == codes
    # What is wrong stays found, however often somebody goes on.
    again = audited(path, plan(continued=True))
    assert told(again) == codes


def test_going_on_walks_what_is_new_alone(path: Path) -> None:
    audited(path)
    with Store.open(path) as store:
        put_records(store, [logged(7), logged(8)])
        put_artifacts(store, [7, 8])
    result = audited(path, plan(continued=True))
    assert (result.walked, result.continued_from) == ((7, 8), 6)
    assert (result.result.first, result.result.count, result.result.held) == (1, 8, 8)
    assert [(change.epoch, change.since) for change in result.changes] == [(7, 6), (8, 7)]
    nothing_new = audited(path, plan(continued=True))
    assert (nothing_new.walked, nothing_new.continued_from) == (None, 8)
    assert nothing_new.findings.conclusion is Conclusion.HOLDS


def test_a_time_that_goes_back_at_the_seam_is_found(path: Path) -> None:
    audited(path)
    with Store.open(path) as store:
        put_records(store, [logged(7).but(timestamp=logged(2).timestamp)])
        put_artifacts(store, [7])
    assert told(audited(path, plan(continued=True))) == [("record-time-back", 7)]


@pytest.mark.parametrize(
    "asked",
    [plan(continued=True, trust_digest="cd" * 32), plan(continued=True)],
    ids=["another trust configuration", "never audited with keys"],
)
def test_what_was_audited_otherwise_is_audited_anew(path: Path, asked: AuditPlan) -> None:
    audited(path, plan(keys=False))
    assert audited(path, asked).continued_from is None


def test_epochs_that_came_before_the_first_one_are_walked(tmp_path: Path) -> None:
    path = tmp_path / "late.sqlite"
    unpinned = plan(continued=True, expected=replace(plan().expected, root=None), pinned=False, keys=False)
    with Store.open(path, create=True) as store:
        put_records(store, map(logged, (4, 5)))
        logs.put_statements(store)
    assert told(audited(path, unpinned)) == [("log-namespace-not-pinned", None)]
    with Store.open(path) as store:
        put_records(store, [logged(3).but(spoiled=True)])
    assert told(audited(path, unpinned)) == [("log-namespace-not-pinned", None), ("record-bad-signature", 3)]


def test_a_log_that_begins_after_its_root_has_a_gap(tmp_path: Path) -> None:
    path = tmp_path / "late.sqlite"
    with Store.open(path, create=True) as store:
        put_records(store, map(logged, (3, 4)))
        logs.put_statements(store)
    assert told(audited(path, plan(keys=False))) == [("epochs-missing", 1)]


def test_a_denial_from_before_the_next_epoch_was_there_is_none(path: Path) -> None:
    """Day one: the log ends at 6, and says so.  Day two: it has 7 and 8, and the answer for 7 did not come."""
    with Store.open(path) as store:
        deny(store, 7)
        put(store, Resource.AUDIT, logged(8).body(), 8, at=logs.NOW + 1)
        put_artifacts(store, [8])
    assert told(audited(path)) == [("artifact-missing", 7), ("epochs-missing", 7)]


def test_more_gaps_than_are_kept_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "holes.sqlite"
    with Store.open(path, create=True) as store:
        put_records(store, map(logged, range(1, 260, 2)))
        logs.put_statements(store)
        deny(store, 2)
    counts = audited(path, plan(keys=False)).findings.counts
    assert counts == {"epochs-denied": 1, "epochs-missing": 128}


def test_any_number_of_processes_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.sqlite"
    spoiled = {9: logged(9).body(digest="00" * 32, serialized_message=None)}
    with Store.open(path, create=True) as store:
        put_records(store, (logged(epoch) for epoch in range(1, 60) if epoch not in (20, 21, 40)), spoiled)
        logs.put_statements(store)
    alone = audited(path, plan(keys=False))
    monkeypatch.setattr(walking, "SMALLEST_SHARE", 10)
    together = audited(path, plan(keys=False, processes=2))
    assert told(alone) == [("record-bad-signature", 9), ("epochs-missing", 20), ("epochs-missing", 40)]
    assert (together.findings, together.result) == (alone.findings, alone.result)


@pytest.mark.parametrize(("first", "last", "processes"), [(1, 1, 2), (1, 7, 2), (5, 100_000, 2), (1, 1_000_000, 8)])
def test_ranges_cover_every_epoch_once(first: int, last: int, processes: int) -> None:
    parts = walking.ranges(first, last, processes=processes)
    assert parts[0][0] == first
    assert parts[-1][1] == last
    assert all(low <= high for low, high in parts)
    assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(parts))
    assert max(high - low for low, high in parts) < walking.LARGEST_RANGE


def test_two_keys_of_one_signer_hold(path: Path) -> None:
    with Store.open(path) as store:
        put_records(store, [logged(7).but(key=2)])
        put_artifacts(store, [7])
        logs.put_statements(store, 1, 2)
    both = plan(1, 2)
    assert both.expected.signer == signer(1, 2)
    assert told(audited(path, both)) == []


def test_going_on_relies_on_no_audit_under_another_signer(path: Path) -> None:
    """A namespace that is not pinned may be audited as one signer's, and then as another's of one configuration."""
    own = plan(pinned=False, keys=False)
    audited(path, own)
    assert audited(path, replace(own, continued=True)).continued_from == 6
    other = replace(own.expected, signer=replace(signer(2), id="other"))
    result = audited(path, replace(own, expected=other, continued=True))
    assert (result.continued_from, result.result.held) == (None, 0)
