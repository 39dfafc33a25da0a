"""Fleets of other makers: a trap changes one step of its honest twin, and who makes the mistake sees no change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from tests.cases import harness
from tests.cases.library import run
from tests.cases.other_makers import MAKERS, turned
from vaultproof.attestation import marvell_blob, securosys_primus
from vaultproof.attestation.adapter import SignedBytes
from vaultproof.attestation.marvell_blob import Attribute
from vaultproof.attestation.marvell_claims import Half
from vaultproof.crypto.port import Algorithm
from vaultproof.report import Report
from vaultproof.strict.xml import XmlElement

Mistake = Callable[[pytest.MonkeyPatch], None]


def attribute_numbers_in_the_other_order(patch: pytest.MonkeyPatch) -> None:
    right = marvell_blob._read_attribute

    def read(data: bytes, offset: int, end: int) -> Attribute:
        attribute = right(data, offset, end)
        return replace(attribute, type=turned(attribute.type))

    patch.setattr(marvell_blob, "_read_attribute", read)


def values_in_the_other_order(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Half, "number", lambda half, number: int.from_bytes(half.required(number).value, "little"))


def the_first_of_a_kind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(XmlElement, "fields", lambda element: {child.name: child for child in element.children[::-1]})


def the_last_of_a_kind(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(XmlElement, "fields", lambda element: {child.name: child for child in element.children})


def the_signature_over_the_record_inside(patch: pytest.MonkeyPatch) -> None:
    """The signature is checked over the innermost record of the file, the claims are read from the outermost."""

    def signed(*, message: bytes, signature: bytes, algorithm: Algorithm) -> SignedBytes:
        end = b"</private_key>\n"
        inside = message[message.rindex(b"<private_key") : message.index(end) + len(end)]
        whole = message.count(end) == 1
        return SignedBytes(message=message if whole else inside, signature=signature, algorithm=algorithm)

    patch.setattr(securosys_primus, "SignedBytes", signed)


MISTAKES: list[tuple[str, Mistake]] = [
    ("mistake-17-attribute-numbers_fail", attribute_numbers_in_the_other_order),
    ("mistake-17-object-class_fail", values_in_the_other_order),
    ("mistake-18-two-of-a-kind_fail", the_first_of_a_kind),
    ("mistake-18-two-of-a-kind_fail", the_last_of_a_kind),
    ("mistake-18-wrapped_fail", the_signature_over_the_record_inside),
]


def source(name: str) -> Mapping[str, str]:
    made_from: dict[str, dict[str, str]] = json.loads((harness.CASES / name / "case.json").read_bytes())["from"]
    return made_from.get("attest", {})


CASES = {name: source(name) for name in harness.names() if source(name)}


def twin(name: str) -> str:
    """The case of the same HSMs without a trap."""
    (found,) = [other for other, made_from in CASES.items() if made_from == {"technology": CASES[name]["technology"]}]
    return found


def steps(report: Report) -> dict[str, tuple[str, str]]:
    return {step.id: (step.status.value, step.code) for step in report.steps}


def checks(report: Report) -> list[tuple[str, str | None, str, str]]:
    """What came of each check of each HSM."""
    substeps = report.step("attestation").substeps
    return [(item.id, item.subject, item.status.value, item.code) for item in substeps]


def test_every_maker_has_a_twin_and_every_trap_a_case() -> None:
    made = {(item["technology"], item.get("trap")) for item in CASES.values()}
    assert made == {(name, trap) for name, maker in MAKERS.items() for trap in (None, *maker.traps)}
    assert {name for name, _ in MISTAKES} == {name for name, item in CASES.items() if "trap" in item}


@pytest.mark.parametrize("name", [name for name in CASES if "trap" in CASES[name]])
def test_a_trap_differs_from_its_twin_in_one_step(name: str) -> None:
    case, honest = harness.load(name), harness.load(twin(name))
    assert case.trust == honest.trust
    found, expected = steps(run(case)), steps(run(honest))
    assert {id for id in found if found[id] != expected[id]} == {"attestation"}


@pytest.mark.parametrize(("name", "mistake"), MISTAKES)
def test_whoever_makes_the_mistake_takes_the_trap(name: str, mistake: Mistake, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the mistake made in the adapter, the case comes out as if its HSMs were honest, check by check."""
    honest, case = run(harness.load(twin(name))), harness.load(name)
    assert checks(run(case)) != checks(honest)
    mistake(monkeypatch)
    misled = run(case)
    assert checks(misled) == checks(honest)
    assert steps(misled) == steps(honest)
    with pytest.raises(AssertionError):
        harness.check_report(misled, case.expected)
