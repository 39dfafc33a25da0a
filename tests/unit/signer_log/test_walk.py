"""The walk: each way of being wrong is found and named, and ranges joined find what one walk finds."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.signer_log.log_maker import (
    BACKEND,
    NAMESPACE,
    START,
    Made,
    digest,
    expected,
    log,
    made,
    public,
    signer,
    walked,
)
from vaultproof.crypto.port import run_to_completion
from vaultproof.signer_log.answers import Root
from vaultproof.signer_log.findings import MOST_A_CODE, Conclusion, LogFinding
from vaultproof.signer_log.walk import FORGEABLE, RangeResult, Walk, join


def found(result: RangeResult) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.epoch) for finding in result.findings.items]


def fact(finding: LogFinding, label: str) -> tuple[object, object]:
    (only,) = [item for item in finding.facts if item.label == label]
    return only.found, only.expected


def test_a_log_that_holds_has_no_finding() -> None:
    result = walked(log(1, 2, 3, 4))
    assert found(result) == []
    assert result.findings.conclusion is Conclusion.HOLDS
    assert (result.first, result.last, result.count, result.held) == (1, 4, 4, 4)
    assert result.first_held is not None
    assert result.last_held is not None
    assert (result.first_held.digest, result.last_held.timestamp) == (digest(1), START + 4000)
    assert [(key, use.records, use.first, use.last) for key, use in result.keys.items()] == [(public(1).hex(), 4, 1, 4)]


def test_no_records_hold_nothing() -> None:
    result = walked([])
    assert (result.first, result.count, result.held, result.last_held) == (None, 0, 0, None)


WRONG: dict[str, tuple[int, bytes, str]] = {
    "a spoiled signature": (3, made(3).but(spoiled=True).body(), "record-bad-signature"),
    "a changed digest": (3, made(3).body(digest=digest(9).hex(), serialized_message=None), "record-bad-signature"),
    "a signature that is none": (3, made(3).body(signature="ff" * 64), "record-bad-signature"),
    "another serialisation": (3, made(3).body(serialized_message="00"), "record-other-serialisation"),
    "another epoch's record": (3, made(7).body(), "record-misplaced"),
    "another namespace's record": (3, made(3).but(namespace="other").body(), "record-misplaced"),
    "another ciphersuite": (3, made(3).but(ciphersuite=2).body(), "record-other-ciphersuite"),
    "an unknown ciphersuite": (3, made(3).body(version=9, ciphersuite=9), "record-not-checked"),
    "a key that is not pinned": (3, made(3).but(key=2).body(), "record-key-not-pinned"),
    "a time that stands still": (3, made(3).but(timestamp=made(2).timestamp).body(), "record-time-back"),
    "a time that goes back": (3, made(3).but(timestamp=5).body(), "record-time-back"),
    "an answer cut short": (3, made(3).body()[:-20], "record-unreadable"),
    "an unknown field": (3, made(3).body(digestt="00"), "record-unreadable"),
    "a digest of 31 bytes": (3, made(3).body(digest="00" * 31), "record-unreadable"),
    "two versions": (3, made(3).body(version=2), "record-unreadable"),
    "another root": (1, made(1).but(digest=digest(5)).body(), "first-epoch-not-root"),
}


@pytest.mark.parametrize("name", WRONG)
def test_each_wrong_record_is_found_and_named(name: str) -> None:
    epoch, body, code = WRONG[name]
    records = dict(log(1, 2, 3, 4)) | {epoch: body}
    result = walked(sorted(records.items()))
    assert found(result)[0] == (code, epoch)
    assert {finding.epoch for finding in result.findings.items} == {epoch}
    assert result.findings.conclusion is not Conclusion.HOLDS
    assert result.count == 4


def test_a_time_of_a_record_that_does_not_hold_accuses_nobody() -> None:
    late = made(2).but(timestamp=START * 2, spoiled=True).body()
    result = walked([*log(1), (2, late), *log(3)])
    assert found(result) == [("record-bad-signature", 2)]


def test_a_key_that_is_not_pinned_is_not_an_accusation_and_says_if_it_is_advertised() -> None:
    records = [*log(1), (2, made(2).but(key=2).body())]
    plain = walked(records)
    assert plain.findings.conclusion is Conclusion.COULD_NOT_CHECK
    assert [item.label for item in plain.findings.items[0].facts if item.label == "advertised-key"] == []
    told = walked(records, replace(expected(), advertised=(public(2),)))
    assert told.findings.conclusion is Conclusion.COULD_NOT_CHECK
    assert fact(told.findings.items[0], "advertised-key") == (public(2).hex(), None)
    lying = [*log(1), (2, made(2).but(key=2, spoiled=True).body())]
    assert "advertised-key" not in [
        item.label for item in walked(lying, replace(expected(), advertised=(public(2),))).findings.items[0].facts
    ]


def test_a_record_older_than_its_key_is_found() -> None:
    result = walked(log(1, 2), replace(expected(), signer=signer(1, not_before=START + 1500)))
    assert found(result) == [("record-before-key", 1)]


def test_a_record_before_the_root_is_found() -> None:
    late = replace(expected(), root=Root(epoch=3, digest=digest(3).hex()))
    assert found(walked(log(2, 3, 4), late)) == [("record-before-root", 2)]


def test_without_a_pin_nothing_is_compared_with_one() -> None:
    records = [(7, made(7).but(ciphersuite=2).body())]
    assert found(walked(records, replace(expected(root=False), ciphersuite=None))) == []


def test_gaps_are_told_with_their_ends() -> None:
    result = walked(log(1, 3, 4, 9))
    assert found(result) == [("epochs-missing", 2), ("epochs-missing", 5)]
    assert [fact(item, "epochs") for item in result.findings.items] == [("2", None), ("5-8", None)]
    assert result.findings.conclusion is Conclusion.COULD_NOT_CHECK


def test_two_keys_of_the_signer_are_told_apart() -> None:
    rotated = [*log(1, 2), (3, made(3).but(key=2).body()), *log(4)]
    result = walked(rotated, expected(1, 2))
    assert found(result) == []
    uses = {key: (use.records, use.first, use.last) for key, use in result.keys.items()}
    assert uses == {public(1).hex(): (3, 1, 4), public(2).hex(): (1, 3, 3)}


def test_epochs_that_do_not_rise_are_a_mistake_of_the_caller() -> None:
    for records in (log(2, 1), log(1, 1)):
        with pytest.raises(ValueError, match="after epoch"):
            walked(records)
    with pytest.raises(ValueError, match="after epoch"):
        join(NAMESPACE, walked(log(3)), walked(log(2)))


def test_a_log_that_is_wrong_everywhere_takes_no_memory() -> None:
    body = made(1).but(spoiled=True).body()
    result = walked((epoch, body) for epoch in range(1, MOST_A_CODE + 51))
    assert len(result.findings.items) == MOST_A_CODE
    assert result.findings.counts == {"record-bad-signature": MOST_A_CODE + 50}
    assert result.findings.not_kept == 50
    both = join(NAMESPACE, result, walked([(1000, body)]))
    assert both.findings.counts == {"record-bad-signature": MOST_A_CODE + 51, "epochs-missing": 1}


# --- ranges joined are one walk -------------------------------------------------------------------------------------

FAULTS = st.sampled_from(["", "", "", "spoiled", "back", "misplaced", "unreadable", "unpinned", "gone", "second-key"])


def spoiled(epoch: int, fault: str) -> tuple[int, bytes] | None:
    record: Made = made(epoch)
    if fault == "gone":
        return None
    if fault == "unreadable":
        return epoch, record.body()[:-9]
    if fault == "misplaced":
        return epoch, made(epoch + 1).body()
    changes: dict[str, dict[str, Any]] = {
        "": {},
        "spoiled": {"spoiled": True},
        "back": {"timestamp": START - epoch},
        "unpinned": {"key": 3},
        "second-key": {"key": 2},
    }
    return epoch, record.but(**changes[fault]).body()


@settings(max_examples=60)
@given(faults=st.lists(FAULTS, max_size=24), cuts=st.lists(st.integers(0, 24), max_size=4))
def test_ranges_joined_are_one_walk(faults: list[str], cuts: list[int]) -> None:
    made_records = [spoiled(epoch, fault) for epoch, fault in enumerate(faults, start=1)]
    records = [item for item in made_records if item is not None]
    bounds = sorted({0, *cuts, len(faults)})
    parts = [
        walked([item for item in records if low < item[0] <= high], expected(1, 2)) for low, high in pairwise(bounds)
    ]
    whole = walked(records, expected(1, 2))
    joined = walked([])
    for part in parts:
        joined = join(NAMESPACE, joined, part)
    assert joined == whole


def test_a_walk_may_be_fed_in_pieces() -> None:
    walk = Walk(expected(), BACKEND)
    run_to_completion(walk.see(log(1, 2)))
    run_to_completion(walk.see(log(4)))
    assert found(walk.result()) == [("epochs-missing", 3)]


BROUGHT = {
    2: (made(2).but(spoiled=True).body(), "record-bad-signature"),
    3: (made(3).body(serialized_message="00"), "record-other-serialisation"),
    4: (made(9).body(), "record-misplaced"),
    5: (made(5).but(namespace="other").body(), "record-misplaced"),
    6: (made(6).but(key=9).body(), "record-key-not-pinned"),
    7: (made(7).but(ciphersuite=2).body(), "record-other-ciphersuite"),
    8: (made(8).but(timestamp=0).body(), "record-time-back"),
}


@pytest.mark.parametrize("epoch", BROUGHT)
@pytest.mark.parametrize("brought", [False, True])
def test_what_was_brought_and_has_no_signature_to_speak_for_it_accuses_nobody(epoch: int, brought: bool) -> None:
    body, code = BROUGHT[epoch]
    walk = Walk(expected(), BACKEND, brought=lambda at: brought and at > 1)
    run_to_completion(walk.see([*log(1), (epoch, body)]))
    (told,) = [item for item in walk.result().findings.items if item.code != "epochs-missing"]
    forgeable = code in FORGEABLE and brought
    assert (told.code, told.epoch) == ("brought-record-fails" if forgeable else code, epoch)
    assert (told.subject is not None) == forgeable
