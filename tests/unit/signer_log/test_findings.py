"""Findings: what accuses, what does not, and ids that outlive the facts."""

from __future__ import annotations

import json
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.errors import Malformed, Unsupported
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.findings import (
    MOST_A_CODE,
    STANDINGS,
    Conclusion,
    Findings,
    LogFinding,
    Standing,
    conclusion,
    read_finding,
)

FINDING = LogFinding(
    code="fork",
    namespace="a.b",
    epoch=7,
    subject="aa",
    facts=(Fact(label="digest", found="00", expected="11", origin=Origin.INDEPENDENT_SIGNER),),
)


def test_what_is_absent_unreadable_or_unreachable_never_accuses() -> None:
    for word in ("missing", "unreadable", "unreachable", "denied", "not-fetched", "not-pinned", "without", "awaits"):
        codes = [code for code in STANDINGS if word in code]
        assert codes, word
        assert {STANDINGS[code] for code in codes} & {Standing.CONTRADICTION} == set(), word


def test_a_code_that_nobody_listed_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="no such finding"):
        LogFinding(code="all-is-well", namespace="a.b")


def test_the_id_is_of_the_matter_and_not_of_the_facts() -> None:
    other_facts = LogFinding(code="fork", namespace="a.b", epoch=7, subject="aa")
    assert other_facts.id == FINDING.id
    assert other_facts.to_bytes() != FINDING.to_bytes()
    others = [
        FINDING,
        LogFinding(code="fork", namespace="a.b", epoch=7, subject="ab"),
        LogFinding(code="fork", namespace="a.b", epoch=8, subject="aa"),
        LogFinding(code="fork", namespace="a.b", subject="aa"),
        LogFinding(code="fork", namespace="a.c", epoch=7, subject="aa"),
        LogFinding(code="rival-bad-signature", namespace="a.b", epoch=7, subject="aa"),
    ]
    assert all(first.id != second.id for first, second in combinations(others, 2))


def test_nothing_holds_but_what_is_left_over() -> None:
    assert conclusion([]) is Conclusion.HOLDS
    assert conclusion([Standing.NOTE]) is Conclusion.HOLDS
    assert conclusion([Standing.NOTE, Standing.COULD_NOT_CHECK]) is Conclusion.COULD_NOT_CHECK
    assert conclusion([Standing.COULD_NOT_CHECK, Standing.CONTRADICTION]) is Conclusion.CONTRADICTED


VALUES = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=20)


@given(
    code=st.sampled_from(sorted(STANDINGS)),
    epoch=st.none() | st.integers(1, 2**53 - 1),
    subject=st.none() | st.text("abc-", min_size=1, max_size=8),
    facts=st.lists(st.tuples(st.text("abc", min_size=1), VALUES, VALUES, st.booleans()), max_size=3),
)
def test_a_finding_is_read_back_as_it_was_written(
    code: str, epoch: int | None, subject: str | None, facts: list[tuple[str, str, str, bool]]
) -> None:
    finding = LogFinding(
        code=code,
        namespace="a.b",
        epoch=epoch,
        subject=subject,
        facts=tuple(
            Fact(label=label, found=found, expected=wanted, origin=Origin.COMPUTED, compared=compared)
            for label, found, wanted, compared in facts
        ),
    )
    assert read_finding(finding.to_bytes()) == finding


@pytest.mark.parametrize(
    "change",
    [{"status": "note"}, {"id": "0" * 32}, {"code": "fine"}, {"more": 1}, {"facts": [{"label": "x"}]}, {"epoch": "7"}],
)
def test_what_contradicts_itself_is_not_read_back(change: dict[str, object]) -> None:
    with pytest.raises(Malformed):
        read_finding(json.dumps(FINDING.to_json() | change).encode())


def test_a_newer_finding_is_too_new() -> None:
    with pytest.raises(Unsupported):
        read_finding(json.dumps(FINDING.to_json() | {"schema": "vaultproof/log-finding@2"}).encode())


def test_of_each_code_the_first_are_kept_and_all_are_counted() -> None:
    findings = Findings()
    for epoch in range(MOST_A_CODE + 10, 0, -1):
        findings.add(LogFinding(code="fork", namespace="a.b", epoch=epoch))
    findings.add(LogFinding(code="no-records", namespace="a.b"))
    result = findings.result()
    assert result.counts == {"fork": MOST_A_CODE + 10, "no-records": 1}
    assert result.not_kept == 10
    assert [item.epoch for item in result.items[:3]] == [None, 11, 12]
    assert result.conclusion is Conclusion.CONTRADICTED
