"""What steps are made of: the worst substep decides, nothing is green by default, and every comparison counts."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from tests.cases import harness
from tests.cases.library import BACKEND
from vaultproof.crypto.port import Algorithm, SignatureCheck, run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable
from vaultproof.evidence.deployment import read_deployment
from vaultproof.report import Origin, Status
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import read_trust_set

WORST_FIRST = [Status.MISMATCH, Status.COULD_NOT_CHECK, Status.NOT_PUBLISHED, Status.NOT_EVALUATED]
PROVED = "something that later steps may rely on"


def finding(*statuses: Status) -> Finding:
    substeps = Substeps()
    for number, status in enumerate(statuses):
        substeps.add("x", status, f"code-{number}")
    return substeps.finding(PROVED)


def test_the_worst_substep_decides_over_every_combination() -> None:
    for length in range(5):
        for statuses in product(Status, repeat=length):
            found = finding(*statuses)
            worst = next((status for status in WORST_FIRST if status in statuses), None)
            if worst is not None:
                assert (found.status, found.code) == (worst, f"code-{statuses.index(worst)}")
            elif Status.MATCH in statuses:
                assert (found.status, found.code, found.proved) == (Status.MATCH, "match", PROVED)
            else:
                assert (found.status, found.code) == (Status.COULD_NOT_CHECK, "nothing-checked")
            assert (found.proved is None) == (found.status is not Status.MATCH)
            assert len(found.substeps) == length


@pytest.mark.parametrize(
    ("found", "expected", "equal"),
    [("a", "a", True), ("a", "b", False), (None, "a", False), ("a", None, False), (None, None, False), (0, 0, True),
     ("1", 1, False), ("", "", True)],
)  # fmt: skip
def test_a_comparison_is_equal_or_not_and_nothing_with_nothing_is_not(
    found: str | int | None, expected: str | int | None, equal: bool
) -> None:
    substeps = Substeps()
    assert substeps.compare("x", "thing-same", compared("l", found, expected, Origin.COMPUTED)) is equal
    (item,) = substeps.items
    assert (item.status, item.code) == (
        (Status.MATCH, "thing-same") if equal else (Status.MISMATCH, "thing-same-differs")
    )


def test_every_compared_fact_of_a_comparison_counts() -> None:
    """A second fact that differs was once shown in red under a green tick."""
    same, differs = compared("a", 1, 1, Origin.COMPUTED), compared("b", 1, 2, Origin.COMPUTED)
    for facts, equal in (((same, same), True), ((same, differs), False), ((differs, same), False)):
        substeps = Substeps()
        assert substeps.compare("x", "c", *facts) is equal
    substeps = Substeps()
    assert substeps.compare("x", "c", same, shown("d", "anything", Origin.COMPUTED))
    assert not substeps.compare("x", "c", shown("d", "anything", Origin.COMPUTED))


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Mismatch("m", "text", file="f", expected="a", found="b"), Status.MISMATCH),
        (Unavailable("not-published", "text", file="f"), Status.NOT_PUBLISHED),
        (Unavailable("u", "text"), Status.COULD_NOT_CHECK),
    ],
)
def test_trouble_is_recorded_with_its_facts(error: Mismatch | Unavailable, status: Status) -> None:
    substeps = Substeps()
    substeps.trouble("x", error, shown("who", "w", Origin.PINNED), subject="s")
    (item,) = substeps.items
    assert (item.status, item.code, item.subject) == (status, error.code, "s")
    assert item.facts[-1].label == "who"
    assert ("place" in [fact.label for fact in item.facts]) == (error.file is not None)


@pytest.fixture(scope="module")
def context() -> Context:
    case = harness.load("over-the-air")
    deployment = read_deployment(case.files["deployment.json"])
    trust = read_trust_set(case.trust).select(rehearsal=True)
    return Context(
        files=case.files, deployment=deployment, trust=trust, now=parse_time(case.clock), backend=BACKEND,
        expected_digest=None, proved={},
    )  # fmt: skip


def test_a_step_can_only_rely_on_what_was_proved(context: Context) -> None:
    with pytest.raises(KeyError):
        context.relying_on(str)
    assert replace(context, proved={str: "x"}).relying_on(str) == "x"
    with pytest.raises(TypeError):
        replace(context, proved={str: 5}).relying_on(str)


def test_a_signature_is_recorded_as_it_comes_out(context: Context) -> None:
    key = context.trust.signers[0].keys[0]
    substeps = Substeps()
    check = SignatureCheck(algorithm=Algorithm.ED25519, public_key=key.spki, message=b"", signature=bytes(63))
    assert not run_to_completion(substeps.signature("x", context, check))
    assert substeps.finding().status is Status.MISMATCH
    assert substeps.items[0].code == Malformed("signature-length", "").code
