"""What a copy brought beside what the log gave: a signature speaks for itself, and nothing else of a copy accuses."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.mirror import log_store as logs
from tests.unit.mirror.log_store import artifact, audited, deny, logged, plan, put, put_artifacts, put_records, told
from tests.unit.signer_log.log_maker import BACKEND, NAMESPACE, Made
from vaultproof.crypto.port import run_to_completion
from vaultproof.mirror import walking
from vaultproof.mirror.answer import HTTP_NOT_FOUND, Answer, Resource
from vaultproof.mirror.beside import fork_files
from vaultproof.mirror.settling import settle
from vaultproof.mirror.store import Store
from vaultproof.signer_log.findings import Conclusion
from vaultproof.signer_log.fork import check_fork

HOLDS, CONTRADICTED, OPEN = Conclusion.HOLDS, Conclusion.CONTRADICTED, Conclusion.COULD_NOT_CHECK
GOOD = logged(7)
FORKED = logged(7, b"other")
BROKEN = GOOD.but(spoiled=True)
BROKEN_TOO = FORKED.but(spoiled=True)
FOREIGN = GOOD.but(key=9)

Given = tuple[bool, Made]
"""Whether the log itself gave it, and what."""


def log(made: Made) -> Given:
    return True, made


def copy(made: Made) -> Given:
    return False, made


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A log that holds up to epoch 8, but for epoch 7, for which nothing was given yet."""
    place = tmp_path / "log.sqlite"
    with Store.open(place, create=True) as store:
        put_records(store, map(logged, (1, 2, 3, 4, 5, 6, 8)))
        put_artifacts(store, range(1, 9))
        logs.put_statements(store)
    return place


def give(path: Path, *given: Given, epoch: int = 7) -> None:
    with Store.open(path) as store:
        for at, (fetched, made) in enumerate(given):
            put(store, Resource.AUDIT, made.body(), epoch, fetched=fetched, at=logs.NOW + at)


def record(path: Path, epoch: int = 7) -> bytes | None:
    with Store.open(path) as store:
        answer = store.record_answer(NAMESPACE, epoch)
        return None if answer is None else answer.body


CASES: dict[str, tuple[tuple[Given, ...], Conclusion, list[str], Made]] = {
    "brought, and broken": ((copy(BROKEN),), OPEN, ["brought-record-fails", "changes-unknown"], BROKEN),
    "brought, and of another epoch": (
        (copy(logged(6)),), OPEN, ["brought-record-fails", "changes-unknown"], logged(6),
    ),
    "brought, and good": ((copy(GOOD),), HOLDS, [], GOOD),
    "brought broken, then given": ((copy(BROKEN), log(GOOD)), HOLDS, ["brought-answer-fails"], GOOD),
    "brought broken, then brought good": ((copy(BROKEN), copy(GOOD)), HOLDS, ["brought-answer-fails"], GOOD),
    "brought of another epoch, then given": ((copy(logged(6)), log(GOOD)), HOLDS, ["brought-answer-fails"], GOOD),
    "given, then brought broken": ((log(GOOD), copy(BROKEN)), HOLDS, ["brought-answer-fails"], GOOD),
    "given, then brought of another epoch": ((log(GOOD), copy(logged(6))), HOLDS, ["brought-answer-fails"], GOOD),
    "given, then brought by nobody's key": ((log(GOOD), copy(FOREIGN)), HOLDS, ["brought-answer-fails"], GOOD),
    "brought by nobody's key": ((copy(FOREIGN),), OPEN, ["changes-unknown", "record-key-not-pinned"], FOREIGN),
    "brought by nobody's key, then given": ((copy(FOREIGN), log(GOOD)), HOLDS, ["brought-answer-fails"], GOOD),
    # A signature that holds accuses, whoever brings it.
    "brought, and forked by what was given": (
        (copy(FORKED), log(GOOD)), CONTRADICTED, ["artifact-not-logged", "fork"], FORKED,
    ),
    "given, and forked by what was brought": ((log(GOOD), copy(FORKED)), CONTRADICTED, ["fork"], GOOD),
    "brought twice, and forked": ((copy(GOOD), copy(FORKED)), CONTRADICTED, ["fork"], GOOD),
    "a fork behind a broken one": (
        (copy(BROKEN), log(GOOD), copy(FORKED)), CONTRADICTED, ["brought-answer-fails", "fork"], GOOD,
    ),
    # What the log itself gave accuses as ever, whatever a copy brings before or after.
    "given, and broken": ((log(BROKEN),), CONTRADICTED, ["changes-unknown", "record-bad-signature"], BROKEN),
    "given broken, then brought, the very same": (
        (log(BROKEN), copy(BROKEN)), CONTRADICTED, ["changes-unknown", "record-bad-signature"], BROKEN,
    ),
    "brought broken, then given, the very same": (
        (copy(BROKEN), log(BROKEN)), CONTRADICTED, ["changes-unknown", "record-bad-signature"], BROKEN,
    ),
    "brought broken, then given broken": (
        (copy(BROKEN_TOO), log(BROKEN)), CONTRADICTED,
        ["brought-answer-fails", "changes-unknown", "record-bad-signature"], BROKEN,
    ),
    "given broken, then given": (
        (log(BROKEN), log(GOOD)), CONTRADICTED, ["changes-unknown", "record-bad-signature", "rival-holds"], BROKEN,
    ),
    "given broken, then brought good": (
        (log(BROKEN), copy(GOOD)), CONTRADICTED, ["changes-unknown", "record-bad-signature", "rival-holds"], BROKEN,
    ),
    "brought good, then given broken": ((copy(GOOD), log(BROKEN)), CONTRADICTED, ["rival-bad-signature"], GOOD),
    "brought good, then given of another epoch": (
        (copy(GOOD), log(logged(6))), CONTRADICTED, ["rival-misplaced"], GOOD,
    ),
    "brought broken, given of another epoch": (
        (copy(BROKEN), log(logged(6))), CONTRADICTED,
        ["brought-answer-fails", "changes-unknown", "record-misplaced"], logged(6),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_order_of_what_was_given_and_brought(name: str, path: Path) -> None:
    given, conclusion, codes, stands = CASES[name]
    give(path, *given)
    result = audited(path)
    assert told(result) == [(code, 7) for code in codes]
    assert result.findings.conclusion is conclusion
    assert record(path) == stands.body()
    assert told(audited(path)) == told(result), "an audit changes nothing that it tells"
    assert told(audited(path, plan(continued=True))) == told(result)


@pytest.mark.parametrize("given", [case[0] for case in CASES.values() if case[1] is CONTRADICTED])
def test_nothing_that_a_copy_brings_takes_an_accusation_away(given: tuple[Given, ...], path: Path) -> None:
    """Whatever is brought, before, between or after: what accuses without it accuses with it."""
    junk = [copy(made) for made in (BROKEN, BROKEN_TOO, FOREIGN, logged(6), GOOD, FORKED)]
    for place in range(len(given) + 1):
        for number, more in enumerate(junk):
            other = path.with_name(f"{place}-{number}.sqlite")
            other.write_bytes(path.read_bytes())
            give(other, *given[:place], more, *given[place:])
            assert audited(other).findings.conclusion is CONTRADICTED


def test_what_was_brought_broken_and_never_given_accuses_in_no_order(path: Path) -> None:
    for number, order in enumerate(itertools.permutations((BROKEN, BROKEN_TOO, FOREIGN, logged(6)))):
        other = path.with_name(f"{number}.sqlite")
        other.write_bytes(path.read_bytes())
        give(other, *map(copy, order))
        assert audited(other).findings.conclusion is OPEN
        give(other, log(GOOD))
        assert audited(other).findings.conclusion is HOLDS


def test_any_number_of_processes_finds_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "log.sqlite"
    with Store.open(path, create=True) as store:
        for epoch in range(1, 60):
            body = logged(epoch).but(spoiled=epoch in (9, 30)).body()
            put(store, Resource.AUDIT, body, epoch, fetched=epoch not in (9, 40))
        logs.put_statements(store)
    alone = audited(path, plan(keys=False))
    monkeypatch.setattr(walking, "SMALLEST_SHARE", 10)
    together = audited(path, plan(keys=False, processes=2))
    assert told(alone) == [("brought-record-fails", 9), ("record-bad-signature", 30)]
    assert (together.findings, together.result) == (alone.findings, alone.result)


def test_of_many_broken_ones_that_were_brought_none_hides_one_that_was_given(tmp_path: Path) -> None:
    """Of one kind a hundred findings are kept; the rest is counted, and counts."""
    path = tmp_path / "log.sqlite"
    with Store.open(path, create=True) as store, store.batch():
        for epoch in range(1, 260):
            put(store, Resource.AUDIT, logged(epoch).but(spoiled=True).body(), epoch, fetched=epoch == 250)
        logs.put_statements(store)
    result = audited(path, plan(keys=False))
    assert result.findings.counts == {"brought-record-fails": 258, "record-bad-signature": 1}
    assert result.findings.conclusion is CONTRADICTED


def test_a_digest_used_twice_is_found_behind_any_number_of_broken_ones_that_were_brought(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    again = artifact(80)
    with Store.open(path, create=True) as store, store.batch():
        for epoch in range(1, 80):
            put(store, Resource.AUDIT, logged(epoch, again).but(spoiled=True).body(), epoch, fetched=False)
        put_records(store, [logged(80), logged(81, again)])
        logs.put_statements(store)
    for continued in (False, True):
        result = audited(path, plan(keys=False, continued=continued))
        assert ("record-digest-reused", 81) in told(result)


# --- a record put under another epoch's number -----------------------------------------------------------------------


def bring(store: Store, records: dict[int, Made]) -> None:
    for epoch, made in records.items():
        put(store, Resource.AUDIT, made.body(), epoch, fetched=False)


ELSEWHERE: dict[str, tuple[Callable[[Store], object], list[tuple[str, int | None]]]] = {
    "by the log": (
        lambda store: put(store, Resource.AUDIT, FORKED.body(), 5),
        [("rival-misplaced", 5), ("fork", 7)],
    ),
    "by a copy": (
        lambda store: put(store, Resource.AUDIT, FORKED.body(), 5, fetched=False),
        [("brought-answer-fails", 5), ("fork", 7)],
    ),
    "by a copy that says it twice": (
        lambda store: bring(store, {4: FORKED, 5: FORKED, 7: FORKED}),
        [("brought-answer-fails", 4), ("brought-answer-fails", 5), ("fork", 7)],
    ),
    "in another namespace": (
        lambda store: put(store, Resource.AUDIT, FORKED.body(), 5, namespace="other", fetched=False),
        [("fork", 7)],
    ),
    "the same record": (
        lambda store: put(store, Resource.AUDIT, GOOD.body(), 5, fetched=False),
        [("brought-answer-fails", 5)],
    ),
    "unsigned": (
        lambda store: put(store, Resource.AUDIT, BROKEN_TOO.body(), 5, fetched=False),
        [("brought-answer-fails", 5)],
    ),
    "two, of an epoch that was never given": (
        lambda store: bring(store, {4: logged(99, b"one"), 5: logged(99, b"another")}),
        [("brought-answer-fails", 4), ("brought-answer-fails", 5), ("fork", 99)],
    ),
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_fork_is_found_wherever_it_was_put_and_stands_by_itself(name: str, path: Path) -> None:
    plant, codes = ELSEWHERE[name]
    give(path, log(GOOD))
    assert told(audited(path)) == []
    with Store.open(path) as store:
        plant(store)
    result = audited(path)
    assert told(result) == codes
    assert told(audited(path, plan(continued=True))) == codes
    with Store.open(path) as store:
        files = list(fork_files(store, plan().expected, BACKEND, result.findings.items))
    assert len(files) == sum(code == "fork" for code, _ in codes)
    for file in files:
        fork = run_to_completion(check_fork(file.data, BACKEND))
        assert [("fork", fork.epoch)] == [item for item in codes if item[0] == "fork"]


# --- what the log itself says of it ----------------------------------------------------------------------------------


def test_what_was_brought_for_an_epoch_that_the_log_denies_is_a_note(path: Path) -> None:
    give(path, log(GOOD))
    give(path, copy(logged(5_000).but(spoiled=True)), epoch=5_000)
    first = audited(path)
    assert ("brought-record-fails", 5_000) in told(first)
    assert first.findings.conclusion is OPEN
    with Store.open(path) as store:
        assert store.unsettled(NAMESPACE) == [5_000]
        deny(store, 5_000)
    settled = audited(path)
    assert told(settled) == [("brought-record-denied", 5_000)]
    assert settled.span is not None
    assert (settled.span.last, settled.span.count, settled.findings.conclusion) == (8, 8, HOLDS)
    with Store.open(path) as store:
        assert store.unsettled(NAMESPACE) == []
    # The log gives it after all: then it is the log's own word.
    give(path, log(logged(5_000).but(spoiled=True)), epoch=5_000)
    assert ("record-bad-signature", 5_000) in told(audited(path))


def test_an_absence_that_a_copy_tells_takes_no_record_away(path: Path) -> None:
    give(path, log(GOOD), copy(BROKEN))
    with Store.open(path) as store:
        for epoch in (7, 8):
            put(store, Resource.AUDIT, b"no", epoch, status=HTTP_NOT_FOUND, fetched=False, at=logs.NOW + 99)
    assert told(audited(path)) == [("brought-answer-fails", 7)]


def test_what_stands_aside_under_other_pins_stands_again_under_these(path: Path) -> None:
    give(path, copy(GOOD))
    other = replace(plan().expected, signer=replace(plan().expected.signer, keys=()))
    with Store.open(path) as store:
        deny(store, 7)
        settle(store, other, BACKEND)
        assert store.record_answer(NAMESPACE, 7) is None
    assert told(audited(path)) == [("record-withdrawn", 7)], "signed it is, and denied: that is a question"
    assert record(path) == GOOD.body()


def test_a_copy_by_a_key_that_the_signer_advertises_stays_open(path: Path) -> None:
    with Store.open(path) as store:
        logs.put_statements(store, 1, 2)
    give(path, log(GOOD), copy(FORKED.but(key=2)))
    assert ("rival-not-checked", 7) in told(audited(path))


# --- a record that was given, and is denied now ----------------------------------------------------------------------


def test_a_record_that_was_given_and_is_now_denied_is_told(path: Path) -> None:
    give(path, log(GOOD))
    with Store.open(path) as store:
        deny(store, 3)
    result = audited(path)
    assert told(result) == [("record-withdrawn", 3)]
    assert result.findings.conclusion is OPEN
    again = audited(path, plan(continued=True))
    assert told(again) == told(result), "told by every run until it is given again"
    assert again.continued_from == 8, "the record holds: it need not be walked again"
    with Store.open(path) as store:
        put(store, Resource.AUDIT, logged(3).body(version=None), 3, at=logs.NOW + 5)
    assert told(audited(path)) == [("answer-reworded", 3)], "given again, in other bytes"


def test_a_denial_from_before_the_epoch_was_there_takes_nothing_back(path: Path) -> None:
    with Store.open(path) as store:
        put(store, Resource.AUDIT, b"not yet", 7, status=HTTP_NOT_FOUND, at=logs.NOW - 5)
    give(path, log(GOOD))
    assert told(audited(path)) == []


def test_a_copy_that_says_to_have_seen_it_since_does_not_hide_that_it_is_denied(path: Path) -> None:
    give(path, log(GOOD))
    with Store.open(path) as store:
        deny(store, 7)
        put(store, Resource.AUDIT, b"not here", 7, status=HTTP_NOT_FOUND, at=logs.NOW + 1)
        put(store, Resource.AUDIT, GOOD.body(), 7, at=logs.NOW + 50, fetched=False)
        put(store, Resource.AUDIT, GOOD.body(version=None), 7, at=logs.NOW + 50, fetched=False)
    assert ("record-withdrawn", 7) in told(audited(path))


# --- the store --------------------------------------------------------------------------------------------------------


def test_what_the_mirror_saw_itself_goes_before_what_a_copy_says(path: Path) -> None:
    def seen() -> tuple[bool, str, int, int]:
        with Store.open(path) as store:
            answer = store.record_answer(NAMESPACE, 7)
            assert answer is not None
            return answer.fetched, answer.origin, answer.first_seen, answer.last_seen

    def again(*, fetched: bool, origin: str, at: int) -> None:
        with Store.open(path) as store:
            assert not store.put_answer(replace(answer, fetched=fetched, origin=origin, at=at)).new

    with Store.open(path) as store:
        put(store, Resource.AUDIT, GOOD.body(), 7, fetched=False, origin="told", at=50)
        (kept,) = store.answers(NAMESPACE, Resource.AUDIT, epoch=7)
    answer = Answer(resource=Resource.AUDIT, namespace=NAMESPACE, epoch=7, body=kept.body, origin="", at=0)
    assert seen() == (False, "told", 50, 50)
    again(fetched=False, origin="told too", at=60)
    assert seen() == (False, "told", 50, 60)
    again(fetched=True, origin="the log", at=55)
    assert seen() == (True, "the log", 55, 55)
    again(fetched=False, origin="told", at=99)
    assert seen() == (True, "the log", 55, 55)
    again(fetched=True, origin="the log", at=70)
    assert seen() == (True, "the log", 55, 70)


def test_what_the_log_says_of_itself_is_not_taken_from_a_copy_where_it_was_fetched(path: Path) -> None:
    """However late a copy says to have read it."""
    entry = {"name": NAMESPACE, "status": "Online", "root": f"1/{'00' * 32}", "ciphersuite": 1, "log_directory": ""}
    give(path, log(GOOD))
    with Store.open(path) as store:
        put(store, Resource.NAMESPACE, json.dumps(entry).encode(), fetched=False, at=logs.NOW + 200_000)
        put(store, Resource.INFO, b'{"keys":[],"logs":[]}', fetched=False, at=logs.NOW + 200_000)
        for resource in (Resource.NAMESPACE, Resource.INFO):
            namespace = NAMESPACE if resource is Resource.NAMESPACE else None
            stands = [answer.fetched for answer in store.answers(namespace, resource) if store.stands_for(answer)]
            assert stands == [True]
    result = audited(path)
    assert (told(result), result.copied_at) == ([], logs.NOW)


def test_records_in_other_places_and_those_that_were_brought_are_counted_in_pages(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaultproof.mirror.provenance.PAGE", 2)
    with Store.open(path) as store:
        for epoch in range(20, 27):
            put(store, Resource.AUDIT, logged(epoch).body(), epoch, fetched=False)
            put(store, Resource.AUDIT, logged(epoch + 50).body(), epoch, fetched=False)
        assert list(store.brought_epochs(NAMESPACE)) == list(range(20, 27))
        assert list(store.contested_epochs(NAMESPACE)) == list(range(20, 27))
        assert [(named, answer.epoch) for named, answer in store.misplaced_answers(NAMESPACE)] == [
            (epoch + 50, epoch) for epoch in range(20, 27)
        ]
        for epoch in range(20, 27):
            deny(store, epoch)
            record = store.record_answer(NAMESPACE, epoch)
            assert record is not None
            if epoch % 2:
                store.set_aside(record)
        assert [answer.epoch for answer in store.denied_records(NAMESPACE)] == [20, 22, 24, 26]
        assert [answer.epoch for answer in store.answers_aside(NAMESPACE)] == [21, 21, 23, 23, 25, 25]
        span = store.epochs(NAMESPACE)
        assert span is not None
        assert (span.last, span.count) == (26, 7 + 4)
