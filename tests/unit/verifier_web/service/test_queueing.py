"""The queue: bounded, fair between clients, honest about how long."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from verifier_web.service.problems import Problem, ProblemError
from verifier_web.service.queueing import Admission, Queue


def queue(places: int = 1, length: int = 8, per_client: int = 8, seconds: float = 5) -> Queue:
    return Queue(places=places, length=length, per_client=per_client, seconds=seconds)


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


class Client(threading.Thread):
    """Enters, notes its turn, and leaves when it is told."""

    def __init__(self, line: Queue, name: str, turns: list[str]) -> None:
        super().__init__(daemon=True)
        self.line, self.client, self.turns = line, name, turns
        self.refused: str | None = None

    def run(self) -> None:
        try:
            self.line.enter(self.client)
        except ProblemError as error:
            self.refused = error.problem.code
            return
        self.turns.append(self.client)
        self.line.leave(self.client, 0.01)


def waiting(line: Queue, names: str, turns: list[str]) -> list[Client]:
    """One client after another, in this very order."""
    clients = []
    for number, name in enumerate(names, start=1):
        client = Client(line, name, turns)
        client.start()
        clients.append(client)
        until(lambda number=number: line.waiting == number)  # type: ignore[misc] # a bound default
    return clients


def test_a_client_with_many_requests_delays_others_by_one() -> None:
    line, turns = queue(), list[str]()
    line.enter("x")
    clients = waiting(line, "aaabbc", turns)
    line.leave("x", 0.01)
    for client in clients:
        client.join(5)
    assert turns == ["a", "b", "c", "a", "b", "a"]
    assert (line.at_work, line.waiting) == (0, 0)


def test_one_more_than_the_length_is_told_when_to_come_again() -> None:
    line, turns = queue(length=2), list[str]()
    line.enter("x")
    clients = waiting(line, "ab", turns)
    assert line.full
    with pytest.raises(ProblemError) as caught:
        line.enter("c")
    assert (caught.value.problem.status, caught.value.problem.code) == (503, "busy")
    assert caught.value.problem.retry_after == line.retry_after() >= 1
    line.leave("x", 0.01)
    for client in clients:
        client.join(5)
    assert turns == ["a", "b"]
    assert not line.full


def test_one_client_may_have_so_many_and_no_more() -> None:
    line, turns = queue(per_client=2), list[str]()
    line.enter("a")
    clients = waiting(line, "a", turns)
    with pytest.raises(ProblemError) as caught:
        line.enter("a")
    assert (caught.value.problem.status, caught.value.problem.code) == (429, "too-many-requests")
    assert not line.full
    line.leave("a", 0.01)
    clients[0].join(5)
    line.enter("a")
    line.leave("a", 0.01)
    assert line.at_work == 0


def test_who_waits_too_long_is_told_so_and_takes_no_place() -> None:
    line = queue(seconds=0.05)
    line.enter("x")
    with pytest.raises(ProblemError) as caught:
        line.enter("a")
    assert caught.value.problem.code == "busy"
    assert line.waiting == 0
    line.leave("x", 0.01)
    line.enter("a")
    assert line.at_work == 1


def test_the_time_to_come_again_grows_with_what_checks_take() -> None:
    line = queue(places=2, length=50)
    for _ in range(30):
        line.enter("a")
        line.leave("a", 10.0)
    assert line.retry_after() == 5
    for _ in range(60):
        line.enter("a")
        line.leave("a", 0.01)
    assert line.retry_after() == 1


def test_a_stopped_queue_lets_nobody_in() -> None:
    line = queue()
    line.enter("a")
    line.stop()
    with pytest.raises(ProblemError) as caught:
        line.enter("b")
    assert caught.value.problem.code == "stopping"
    assert line.full
    line.leave("a", 0.01)
    assert line.at_work == 0


def test_places_are_never_lost_under_many_threads() -> None:
    line, turns = queue(places=3, length=100, per_client=100, seconds=10), list[str]()
    clients = [Client(line, "abcde"[number % 5], turns) for number in range(60)]
    for client in clients:
        client.start()
    for client in clients:
        client.join(10)
    assert len(turns) == 60
    assert (line.at_work, line.waiting) == (0, 0)
    for number in range(3):
        line.enter(f"z{number}")
    assert line.at_work == 3


def code(problem: Problem | None) -> str | None:
    return None if problem is None else problem.code


def test_admission_counts_what_is_in_the_house() -> None:
    gate = Admission(queue(), most=3, per_client=2)
    assert [code(gate.admit("a")) for _ in range(3)] == [None, None, "too-many-requests"]
    assert gate.admit("b") is None
    assert code(gate.admit("c")) == code(gate.refusal("c")) == "busy"
    gate.let_go("a")
    assert gate.refusal("c") is None  # which holds nothing
    assert gate.admit("c") is None
    assert code(gate.refusal("d")) == "busy"


def test_admission_refuses_as_its_queue_does() -> None:
    line = queue()
    gate = Admission(line, most=100, per_client=100)
    line.stop()
    assert code(gate.admit("a")) == code(gate.refusal("a")) == "stopping"


def test_of_many_that_come_at_once_no_more_are_admitted_than_there_is_room_for() -> None:
    gate = Admission(queue(), most=5, per_client=100)
    found = list[Problem | None]()
    threads = [threading.Thread(target=lambda: found.append(gate.admit("a"))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found.count(None) == 5
