"""A watch tells each change once, over restarts, and again only if telling failed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vaultproof.errors import Unavailable
from vaultproof.mirror.findings import KeptFinding
from vaultproof.mirror.store import Store
from vaultproof.mirror.watching import Event, watch
from vaultproof.report import Fact, Origin, Scope
from vaultproof.signer_log.findings import LogFinding

NAMESPACE = "a.b"


def finding(code: str, epoch: int | None = None, fact: str | None = None) -> LogFinding:
    facts = () if fact is None else (Fact(label="reason", found=fact, origin=Origin.COMPUTED),)
    return LogFinding(code=code, namespace=NAMESPACE, epoch=epoch, facts=facts)


class Watcher:
    """Runs of a watch over one file; each opens it anew, as after a restart."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.now = 0
        self.deaf: set[str] = set()

    def __call__(self, *found: LogFinding, continued_from: int | None = None) -> list[tuple[str, str]]:
        self.now += 1000
        events: list[tuple[str, str]] = []

        def deliver(event: Event) -> bool:
            events.append((event.kind.value, event.finding.code))
            return event.finding.code not in self.deaf

        with Store.open(self.path, create=True) as store:
            watched = watch(store, NAMESPACE, found, now=self.now, scope=Scope.PRODUCTION,
                            continued_from=continued_from, deliver=deliver)  # fmt: skip
        assert watched.undelivered == sum(code in self.deaf for _, code in events)
        return events


@pytest.fixture
def run(tmp_path: Path) -> Watcher:
    return Watcher(tmp_path / "log.sqlite")


FORK = finding("fork", 7)


def test_a_finding_is_told_once_again_when_it_changes_and_when_it_is_gone(run: Watcher) -> None:
    assert run(FORK) == [("new", "fork")]
    assert run(FORK) == []
    assert run(finding("fork", 7, "other")) == [("changed", "fork")]
    assert run(finding("fork", 7, "other")) == []
    assert run() == [("gone", "fork")]
    assert run() == []
    assert run(FORK) == [("back", "fork")]
    assert run(FORK) == []


def test_two_findings_are_told_apart(run: Watcher) -> None:
    assert run(FORK, finding("fork", 8)) == [("new", "fork"), ("new", "fork")]
    assert run(finding("fork", 8), finding("no-records")) == [("new", "no-records"), ("gone", "fork")]


@pytest.mark.parametrize("kind", ["new", "changed", "gone", "back"])
def test_what_could_not_be_told_is_told_again(run: Watcher, kind: str) -> None:
    if kind in ("changed", "gone", "back"):
        run(FORK)
    if kind == "back":
        run()
    found = {"new": [FORK], "changed": [finding("fork", 7, "x")], "gone": [], "back": [FORK]}[kind]
    run.deaf = {"fork"}
    assert run(*found) == [(kind, "fork")]
    assert run(*found) == [(kind, "fork")]
    run.deaf = set()
    assert run(*found) == [(kind, "fork")]
    assert run(*found) == []


def test_one_that_could_not_be_told_does_not_hold_up_the_others(run: Watcher) -> None:
    run.deaf = {"fork"}
    assert run(FORK, finding("no-records")) == [("new", "fork"), ("new", "no-records")]
    assert run(FORK, finding("no-records")) == [("new", "fork")]


def test_a_run_that_is_killed_while_it_tells_tells_again(run: Watcher, tmp_path: Path) -> None:
    class Killed(BaseException):
        pass

    def deliver(event: Event) -> bool:
        raise Killed

    with Store.open(run.path, create=True) as store, pytest.raises(Killed):
        watch(store, NAMESPACE, [FORK], now=1, scope=Scope.PRODUCTION, continued_from=None, deliver=deliver)
    assert run(FORK) == [("new", "fork")]


def test_what_once_happened_does_not_go_when_a_run_goes_on(run: Watcher) -> None:
    changed = finding("keys-changed", 7)
    assert run(changed) == [("new", "keys-changed")]
    assert run(continued_from=7) == []
    assert run(continued_from=8) == []
    assert run(continued_from=6) == [("gone", "keys-changed")]
    assert run(FORK, continued_from=9) == [("new", "fork")]
    assert run(continued_from=9) == [("gone", "fork")]


CODES = st.sets(st.sampled_from(["fork", "no-records", "log-goes-on", "epochs-missing"]))


@settings(max_examples=40)
@given(runs=st.lists(st.tuples(CODES, CODES), max_size=8))
def test_over_any_runs_each_is_told_as_often_as_it_comes_and_goes(
    runs: list[tuple[set[str], set[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    run = Watcher(tmp_path_factory.mktemp("watch") / "log.sqlite")
    told: set[str] = set()
    for found, deaf in runs:
        run.deaf = deaf
        events = {code: kind for kind, code in run(*map(finding, sorted(found)))}
        assert {code for code, kind in events.items() if kind == "gone"} == told - found
        assert {code for code, kind in events.items() if kind != "gone"} == found - told
        told = _told(told, found, deaf)


def _told(told: Iterable[str], found: set[str], deaf: set[str]) -> set[str]:
    """What counts as told after a run: as before where telling failed, as found otherwise."""
    before = set(told)
    return {code for code in before | found if (code in before if code in deaf else code in found)}


def test_what_another_version_remembered_says_nothing_about_the_log(run: Watcher) -> None:
    with Store.open(run.path, create=True) as store:
        kept = KeptFinding(id="0" * 32, namespace=NAMESPACE, code="of-tomorrow", status="contradiction", epoch=7,
                           json="{}", first_seen=1, last_seen=1)  # fmt: skip
        store.replace_findings(NAMESPACE, [kept], at=1)
    with pytest.raises(Unavailable) as caught:
        run()
    assert caught.value.code == "store-damaged"
