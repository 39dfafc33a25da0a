"""The report: its digest covers everything but clock and engine, and it fits the published schema."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import rfc8785

import vaultproof
from tests.cases import harness
from tests.cases.library import run
from vaultproof.report import Fact, Origin, Outcome, Report, Scope, Status, StepResult, Substep, Verdict
from vaultproof.strict.json import dumps_canonical, loads

SCHEMA = json.loads((Path(vaultproof.__file__).parent / "schema" / "report.schema.json").read_bytes())
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
REPORTS = [name for name in harness.names() if harness.load(name).expected.refused is None]

FACT = Fact(label="sha256", found="ab", expected="cd", origin=Origin.COMPUTED, compared=True, file="a/b")
SUBSTEP = Substep(id="file", status=Status.MISMATCH, code="file-differs", subject="a/b", facts=(FACT,))
STEP = StepResult(
    id="files", number=1, required=True, status=Status.MISMATCH, code="file-differs", because=None, substeps=(SUBSTEP,)
)
VERDICT = Verdict(
    outcome=Outcome.CONTRADICTED, scope=Scope.REHEARSAL, first_trouble="files", establishes=("a",),
    does_not_establish=("b", "c", "d", "e"),
)  # fmt: skip
REPORT = Report(
    procedure_version="2026-11",
    procedure_digest="1" * 64,
    distribution="over-the-air",
    deployment="rehearsal-x",
    evidence_digest="2" * 64,
    trust_digest="3" * 64,
    steps=(STEP,),
    verdict=VERDICT,
    parties=(("operator", "signer"),),
    clock="2026-11-22T12:00:00Z",
    engine={"name": "test"},
)
OTHER: dict[type, dict[str, Any]] = {
    Report: {
        "procedure_version": "2027-01", "procedure_digest": "4" * 64, "distribution": None, "deployment": "y",
        "evidence_digest": None, "trust_digest": "5" * 64, "parties": (("operator",), ("signer",)),
    },
    Verdict: {
        "outcome": Outcome.INCOMPLETE, "scope": Scope.PRODUCTION, "first_trouble": None, "establishes": (),
        "does_not_establish": ("b", "c", "d", "e", "f"),
    },
    StepResult: {
        "id": "digest", "number": 2, "required": False, "status": Status.MATCH, "code": "match", "because": "files",
    },
    Substep: {"id": "other", "status": Status.MATCH, "code": "x", "subject": None, "facts": ()},
    Fact: {
        "label": "x", "found": None, "expected": None, "origin": Origin.PINNED, "compared": False, "file": None,
    },
}  # fmt: skip


def variants() -> list[tuple[str, Report]]:
    """The report with each field changed once, however deep it stands."""
    found = [(f"report.{name}", replace(REPORT, **{name: value})) for name, value in OTHER[Report].items()]
    for name, value in OTHER[Verdict].items():
        found.append((f"verdict.{name}", replace(REPORT, verdict=replace(VERDICT, **{name: value}))))
    for name, value in OTHER[StepResult].items():
        found.append((f"step.{name}", replace(REPORT, steps=(replace(STEP, **{name: value}),))))
    for name, value in OTHER[Substep].items():
        step = replace(STEP, substeps=(replace(SUBSTEP, **{name: value}),))
        found.append((f"substep.{name}", replace(REPORT, steps=(step,))))
    for name, value in OTHER[Fact].items():
        substep = replace(SUBSTEP, facts=(replace(FACT, **{name: value}),))
        found.append((f"fact.{name}", replace(REPORT, steps=(replace(STEP, substeps=(substep,)),))))
    found.append(("report.steps", replace(REPORT, steps=(STEP, STEP))))
    found.append(("report.verdict", replace(REPORT, verdict=replace(VERDICT, establishes=("a", "b")))))
    found.append(("step.substeps", replace(REPORT, steps=(replace(STEP, substeps=()),))))
    return found


def test_every_field_is_changed_once() -> None:
    """A field that is added later must be added here, and so be covered by the digest."""
    changed = {name for name, _ in variants()}
    for kind, prefix in ((Report, "report"), (Verdict, "verdict"), (StepResult, "step"), (Substep, "substep"),
                         (Fact, "fact")):  # fmt: skip
        names = {f"{prefix}.{field.name}" for field in fields(kind)}
        assert names - changed <= {"report.clock", "report.engine"}


@pytest.mark.parametrize(("name", "report"), variants())
def test_the_digest_covers_every_field(name: str, report: Report) -> None:
    assert report.digest != REPORT.digest, name


def test_the_digest_covers_neither_clock_nor_engine() -> None:
    assert replace(REPORT, clock="2030-01-01T00:00:00Z", engine={"name": "browser"}).digest == REPORT.digest


def test_the_digest_is_of_the_canonical_json_without_the_three_fields() -> None:
    """As a second implementation would make it from the published report."""
    value = json.loads(REPORT.to_bytes())
    digest = value.pop("report_digest")
    del value["clock"], value["engine"]
    assert hashlib.sha256(rfc8785.dumps(value)).hexdigest() == digest == REPORT.digest


def test_a_report_is_canonical_json_and_one_line_feed() -> None:
    data = REPORT.to_bytes()
    assert data == dumps_canonical(REPORT.to_json()) + b"\n"  # written in parts, and the same
    assert data.endswith(b"}\n")
    assert rfc8785.dumps(loads(data, file="report.json")) + b"\n" == data


def test_the_schema_is_a_schema_and_closed_everywhere() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    objects = [
        SCHEMA, *SCHEMA["$defs"].values(), *(item for item in SCHEMA["properties"].values() if isinstance(item, dict)),
    ]  # fmt: skip
    for item in objects:
        if item.get("type") == "object" and "properties" in item:
            assert item["additionalProperties"] is False
            assert set(item["required"]) == set(item["properties"])


def test_the_schema_lists_the_same_closed_sets_as_the_code() -> None:
    definitions = SCHEMA["$defs"]
    assert definitions["status"]["enum"] == list(Status)
    assert definitions["fact"]["properties"]["origin"]["enum"] == list(Origin)
    verdict = SCHEMA["properties"]["verdict"]["properties"]
    assert verdict["outcome"]["enum"] == list(Outcome)
    assert verdict["scope"]["enum"] == list(Scope)


@pytest.mark.parametrize("name", REPORTS)
def test_every_case_gives_a_report_that_fits_the_schema(name: str) -> None:
    VALIDATOR.validate(json.loads(run(harness.load(name)).to_bytes()))


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        (("extra",), 1),
        (("verdict", "outcome"), "fine"),
        (("verdict", "does_not_establish"), []),
        (("steps",), []),
        (("steps", 0, "status"), "ok"),
        (("steps", 0, "number"), 0),
        (("steps", 0, "substeps", 0, "facts", 0, "found"), 1.5),
        (("steps", 0, "substeps", 0, "facts", 0, "origin"), "rumour"),
        (("clock",), "2026-11-22"),
        (("report_digest",), "00"),
        (("evidence_digest",), "A" * 64),
    ],
)
def test_what_is_no_report_does_not_fit_the_schema(pointer: tuple[str | int, ...], value: object) -> None:
    report = json.loads(REPORT.to_bytes())
    VALIDATOR.validate(report)
    parent: Any = report
    for part in pointer[:-1]:
        parent = parent[part]
    parent[pointer[-1]] = value
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(report)


@pytest.mark.parametrize("name", ["over-the-air", "hardcoded", "wrong-digest_fail", "unconfirmed_fail"])
def test_the_digest_is_the_same_whenever_the_outcomes_are(name: str) -> None:
    """Today and next year; the time of day stands in no fact."""
    case = harness.load(name)
    first, later = run(case), run(case, clock="2027-11-23T01:02:03Z")
    assert first.clock != later.clock
    assert first.digest == later.digest


def test_a_change_as_of_now_changes_the_digest() -> None:
    case = harness.load("expired-since")
    assert run(case).digest != run(case, clock="2026-11-22T12:00:00Z").digest


def test_a_step_is_found_by_its_id() -> None:
    assert REPORT.step("files") is STEP
    with pytest.raises(KeyError):
        REPORT.step("digest")
