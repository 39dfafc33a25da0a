"""Fetching: what is missing and no more, however long the history; what differs is kept, what fails accuses nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.rehearsal.log_server.faults import FaultKind, FaultPlan
from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.signer import NAMESPACE
from tests.unit.mirror.served import add_epochs, client_of, made_ledger, serving
from vaultproof.mirror.answer import Answer, EpochSpan, Resource
from vaultproof.mirror.client import Absent, Answered, Outcome, Trouble, Unreachable
from vaultproof.mirror.fetch import FetchPlan, Progress, fetch
from vaultproof.mirror.outcome import FetchOutcome
from vaultproof.mirror.store import Store

PLAN = FetchPlan(namespace=NAMESPACE)
EVERY_RUN = 3 + 1 + 2
"""About the log, its namespace and its last verified epoch; the epoch after the newest; two behind that."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.sqlite"


def _fetch(
    ledger: Ledger, path: Path, fault: FaultPlan | None = None, *, plan: FetchPlan = PLAN, verified: int | None = None
) -> tuple[FetchOutcome, int]:
    """One run, and how many requests it made."""
    with (
        serving(ledger, fault, verified=verified) as server,
        client_of(server) as client,
        Store.open(path, create=True) as store,
    ):
        return fetch(client, store, plan), server.requests


def _records(path: Path) -> list[tuple[int, bytes]]:
    with Store.open(path) as store:
        return list(store.records(NAMESPACE, 1, 10_000))


def _genuine(ledger: Ledger) -> list[tuple[int, bytes | None]]:
    head = ledger.namespace(NAMESPACE).head or 0
    return [(epoch, ledger.record(NAMESPACE, epoch)) for epoch in range(1, head + 1)]


@pytest.mark.parametrize("epochs", [1, 2, 3, 7, 8, 9, 200])
def test_everything_is_fetched_once(path: Path, epochs: int) -> None:
    ledger = made_ledger(epochs)
    outcome, requests = _fetch(ledger, path)
    assert outcome.complete
    assert outcome.kept == epochs
    assert _records(path) == _genuine(ledger)
    assert requests <= epochs + 3 + 2 + 2 * epochs.bit_length()


def test_a_log_without_any_epoch_is_no_complete_copy(path: Path) -> None:
    outcome, _ = _fetch(made_ledger(0), path)
    assert not outcome.complete
    assert outcome.head is not None
    assert (outcome.head.epoch, outcome.head.certain) == (None, True)


def test_a_namespace_that_the_log_does_not_know_is_told(path: Path) -> None:
    outcome, _ = _fetch(made_ledger(2), path, plan=FetchPlan(namespace="rehearsal.other"))
    assert outcome.known_namespace is False
    assert not outcome.complete


@pytest.mark.parametrize("history", [150, 900])
def test_what_a_run_costs_does_not_depend_on_the_history(path: Path, history: int) -> None:
    ledger = made_ledger(history)
    _fetch(ledger, path)
    again, requests = _fetch(ledger, path)
    assert again.complete
    assert requests == EVERY_RUN + PLAN.newest + PLAN.sample
    add_epochs(ledger, history + 1)
    more, requests = _fetch(ledger, path)
    assert (more.kept, requests) == (1, EVERY_RUN + 1 + PLAN.newest + PLAN.sample)


def test_the_sample_goes_through_the_whole_past(path: Path) -> None:
    ledger = made_ledger(30)
    plan = FetchPlan(namespace=NAMESPACE, newest=2, sample=10)
    _fetch(ledger, path, plan=plan)
    for _ in range(3):
        assert _fetch(ledger, path, plan=plan)[0].seen_again == 12
    with Store.open(path) as store:
        answers = [store.record_answer(NAMESPACE, epoch) for epoch in range(1, 31)]
    assert all(answer is not None and answer.last_seen > answer.first_seen for answer in answers)


def test_it_begins_where_the_log_says_that_the_namespace_does(path: Path) -> None:
    ledger = Ledger()
    ledger.create(NAMESPACE, root=f"500/{'ab' * 32}")
    ledger.publish(NAMESPACE, 500, "ab" * 32, now=5)
    add_epochs(ledger, 503)
    outcome, requests = _fetch(ledger, path)
    assert outcome.complete
    assert requests < 20
    with Store.open(path) as store:
        assert store.epochs(NAMESPACE) == EpochSpan(first=500, last=503, count=4)


def test_the_hint_of_the_log_saves_questions_and_is_not_believed(path: Path, tmp_path: Path) -> None:
    ledger = made_ledger(40)
    hinted, _ = _fetch(ledger, path, verified=40)
    assert hinted.complete
    lagging, _ = _fetch(ledger, tmp_path / "lagging", verified=3)
    assert lagging.complete
    assert lagging.kept == 40


def test_another_answer_of_now_is_kept_beside_the_first(path: Path) -> None:
    ledger = made_ledger(20)
    _fetch(ledger, path)
    outcome, _ = _fetch(ledger, path, FaultPlan(kind=FaultKind.CHANGED_PAST, epoch=20))
    assert outcome.differing.examples == [20]
    assert not outcome.complete
    assert _records(path) == _genuine(ledger), "the first answer stays the record"
    with Store.open(path) as store:
        (rival,) = store.rival_answers(NAMESPACE)
    assert rival.epoch == 20
    outcome, _ = _fetch(ledger, path)
    assert outcome.differing.examples == [20], "it is told as long as both are there"


def test_an_epoch_that_was_there_and_is_said_to_be_absent_is_told_and_kept(path: Path) -> None:
    ledger = made_ledger(20)
    _fetch(ledger, path)
    outcome, _ = _fetch(ledger, path, FaultPlan(kind=FaultKind.ABSENT, epoch=7))
    assert outcome.withdrawn.examples == [7]
    assert not outcome.complete
    assert _records(path) == _genuine(ledger)


def test_a_hole_is_told_and_filled_later(path: Path) -> None:
    ledger = made_ledger(20)
    outcome, _ = _fetch(ledger, path, FaultPlan(kind=FaultKind.ABSENT, epoch=4))
    assert outcome.absent.examples == [4], "epoch 4 is where doubling would have stopped"
    assert outcome.head is not None
    assert outcome.head.epoch == 20
    assert not outcome.complete
    with Store.open(path) as store:
        assert list(store.gaps(NAMESPACE)) == [(4, 4)]
    assert _fetch(ledger, path)[0].complete
    assert _records(path) == _genuine(ledger)


def test_an_answer_cut_short_is_kept_and_asked_for_again(path: Path) -> None:
    ledger = made_ledger(5)
    outcome, _ = _fetch(ledger, path, FaultPlan(kind=FaultKind.TRUNCATED, epoch=3, times=1))
    assert outcome.complete
    assert _records(path) == _genuine(ledger)
    with Store.open(path) as store:
        assert [answer.epoch for answer in store.unreadable_answers(NAMESPACE)] == [3]


def test_answers_that_stay_cut_short_leave_a_gap(path: Path) -> None:
    ledger = made_ledger(9)
    outcome, _ = _fetch(ledger, path, FaultPlan(kind=FaultKind.TRUNCATED, epoch=3))
    assert outcome.unreadable.examples == [3]
    assert not outcome.complete
    with Store.open(path) as store:
        assert list(store.gaps(NAMESPACE)) == [(3, 3)]


def test_a_log_that_stops_answering_is_not_asked_to_the_end(path: Path) -> None:
    ledger = made_ledger(200)

    class Silent:
        """Answers sixty times, and then no more."""

        asked = 0

        def get(self, path: str, *, limit: int) -> Outcome:
            self.asked += 1
            number = path.rsplit("/", 1)[-1]
            if self.asked > 60:
                return Unreachable(url=path, trouble=Trouble.TIMED_OUT, detail="x")
            body = ledger.record(NAMESPACE, int(number)) if number.isdigit() else None
            return Absent(url=path, body=b"", at=1) if body is None else Answered(url=path, body=body, at=1)

    silent = Silent()
    with Store.open(path, create=True) as store:
        outcome = fetch(silent, store, FetchPlan(namespace=NAMESPACE, connections=1))
        kept = store.epochs(NAMESPACE)
    assert outcome.stopped is not None
    assert outcome.stopped.trouble is Trouble.TIMED_OUT
    assert kept is not None
    assert kept.count > 40
    assert silent.asked < 75
    assert outcome.unanswered.count >= 3
    assert not outcome.complete


def test_something_that_answers_to_any_number_does_not_fill_the_disk(path: Path) -> None:
    body = made_ledger(1).record(NAMESPACE, 1) or b""

    class Parrot:
        """Gives the record of epoch 1, whatever it is asked for."""

        asked = 0

        def get(self, path: str, *, limit: int) -> Outcome:
            self.asked += 1
            return Answered(url=path, body=body, at=1)

    parrot = Parrot()
    with Store.open(path, create=True) as store:
        outcome = fetch(parrot, store, PLAN)
    assert parrot.asked < 50
    assert outcome.misplaced
    assert not outcome.complete


def test_a_run_asks_for_no_more_than_it_may_and_the_next_goes_on(path: Path) -> None:
    ledger = made_ledger(100)
    plan = FetchPlan(namespace=NAMESPACE, most=40)
    first, _ = _fetch(ledger, path, plan=plan)
    assert first.left
    assert not first.complete
    assert 40 <= first.kept < 60
    _fetch(ledger, path, plan=plan)
    last, _ = _fetch(ledger, path, plan=plan)
    assert last.complete
    assert _records(path) == _genuine(ledger)


def test_progress_is_told_and_ends_at_all(path: Path) -> None:
    told: list[Progress] = []
    with serving(made_ledger(300)) as server, client_of(server) as client, Store.open(path, create=True) as store:
        fetch(client, store, PLAN, progress=told.append)
    assert told[-1] == Progress(done=300, total=300)
    assert [far.done for far in told] == sorted(far.done for far in told)


def test_other_keys_advertised_are_told_and_both_answers_kept(path: Path) -> None:
    ledger = made_ledger(3)
    assert not _fetch(ledger, path)[0].info_changed
    outcome, _ = _fetch(ledger, path, FaultPlan(kind=FaultKind.ROTATED_KEY, epoch=100))
    assert outcome.info_changed
    with Store.open(path) as store:
        assert len(list(store.answers(None, Resource.INFO))) == 2


def test_what_another_run_put_meanwhile_is_not_doubled(path: Path) -> None:
    ledger = made_ledger(10)
    with Store.open(path, create=True) as store:
        for epoch in range(1, 11):
            body = ledger.record(NAMESPACE, epoch) or b""
            store.put_answer(
                Answer(resource=Resource.AUDIT, namespace=NAMESPACE, epoch=epoch, body=body, origin="x", at=1)
            )
    outcome, _ = _fetch(ledger, path)
    assert outcome.complete
    with Store.open(path) as store:
        assert store.epochs(NAMESPACE) == EpochSpan(first=1, last=10, count=10)


class _Holes:
    """A log without an end: of three epochs it has one."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger, self.asked = ledger, 0

    def get(self, path: str, *, limit: int) -> Outcome:
        self.asked += 1
        assert self.asked < 1000, "it asks for ever"
        _, found, epoch = path.partition("/audits/")
        body = self._ledger.record(NAMESPACE, int(epoch)) if found and int(epoch) % 3 == 1 else None
        return Absent(url=path, body=b"", at=1) if body is None else Answered(url=path, body=body, at=1)


def test_a_log_of_nothing_but_holes_has_no_end_that_is_certain(path: Path) -> None:
    log = _Holes(made_ledger(300))
    with Store.open(path, create=True) as store:
        outcome = fetch(log, store, FetchPlan(namespace=NAMESPACE, most=10))
    assert outcome.head is not None
    assert not outcome.head.certain
    assert not outcome.complete


# --- what a copy brought ----------------------------------------------------------------------------------------------


def _bring(path: Path, *answers: tuple[int, bytes], unsettled: tuple[int, ...] = ()) -> None:
    with Store.open(path, create=True) as store:
        for epoch, body in answers:
            store.put_answer(
                Answer(resource=Resource.AUDIT, namespace=NAMESPACE, epoch=epoch, body=body, origin="copy", at=1,
                       fetched=False)
            )  # fmt: skip
        store.set_unsettled(NAMESPACE, unsettled)


def _origins(path: Path) -> dict[int, bool]:
    with Store.open(path) as store:
        return {answer.epoch or 0: answer.fetched for answer in store.all_answers() if answer.status == 200}


def test_an_epoch_that_a_copy_made_up_hides_no_real_one(path: Path) -> None:
    ledger = made_ledger(40)
    _bring(path, (10**12, (ledger.record(NAMESPACE, 1) or b"").replace(b'"epoch":1,', b'"epoch":1000000000000,')))
    outcome, requests = _fetch(ledger, path)
    assert outcome.head is not None
    assert (outcome.head.epoch, outcome.head.certain, outcome.kept, outcome.complete) == (40, True, 40, True)
    assert requests < 40 + 3 + 2 + 2 * 50
    for _ in range(2):
        again, _ = _fetch(ledger, path)
        assert again.seen_again == 40, "and the past is read again as ever"


def test_what_an_audit_wants_to_hear_from_the_log_itself_is_asked_for(path: Path) -> None:
    ledger = made_ledger(60)
    other = [(epoch, (ledger.record(NAMESPACE, epoch) or b"") + b" ") for epoch in range(1, 61)]
    _bring(path, *other, unsettled=(5, 9))
    assert not any(_origins(path).values())
    outcome, _ = _fetch(ledger, path, plan=FetchPlan(namespace=NAMESPACE, newest=0, sample=0))
    assert outcome.differing.examples[-2:] == [5, 9]
    with Store.open(path) as store:
        # Beside the brought ones: whether they hold, and which then stands, is for an audit to say.
        assert {answer.epoch for answer in store.rival_answers(NAMESPACE) if answer.fetched} >= {5, 9}
        assert len(list(store.rival_answers(NAMESPACE))) < 20
    _fetch(ledger, path, plan=FetchPlan(namespace=NAMESPACE, brought=True))
    with Store.open(path) as store:
        assert len(list(store.rival_answers(NAMESPACE))) == 60


def test_an_epoch_behind_the_end_that_a_copy_made_up_is_asked_for_once_more(path: Path) -> None:
    ledger = made_ledger(3)
    _bring(path, (9, (ledger.record(NAMESPACE, 1) or b"") + b" "), unsettled=(9,))
    outcome, _ = _fetch(ledger, path)
    assert outcome.complete, "the log has no such epoch, as it should be"
    with Store.open(path) as store:
        denial = store.denial(NAMESPACE, 9)
        assert denial is not None
        assert denial.fetched


def test_what_a_copy_brought_is_the_logs_own_once_it_gave_the_same(path: Path) -> None:
    ledger = made_ledger(20)
    _bring(path, *((epoch, ledger.record(NAMESPACE, epoch) or b"") for epoch in range(1, 21)))
    _fetch(ledger, path, plan=FetchPlan(namespace=NAMESPACE, brought=True))
    assert all(_origins(path).values())
    with Store.open(path) as store:
        assert list(store.brought_epochs(NAMESPACE)) == []
        answer = store.record_answer(NAMESPACE, 20)
        assert answer is not None
        assert answer.origin.startswith("http://")
        assert answer.first_seen > 1
