"""The procedure document: read strictly, and named alike by document, registry, command line and schema."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.cases import harness
from tests.cases.library import procedures, run
from vaultproof.cli.main import Settings, commands
from vaultproof.errors import Malformed, Unsupported
from vaultproof.evidence.deployment import HARDCODED, OVER_THE_AIR
from vaultproof.procedure.document import Procedure, read_procedure
from vaultproof.report import Status
from vaultproof.steps.registry import STEPS
from vaultproof.verification import FIRST_STEP

VERSION = "2026-11"
FORBIDDEN = re.compile(
    r"\b(secure[ds]?|securely|guarantee\w*|trusted|proves?|proven|impossible)\b|\bno one can\b", re.I
)


@pytest.fixture(scope="module")
def procedure() -> Procedure:
    return procedures()[VERSION]


# --- one set of names -----------------------------------------------------------------------------------------------


def test_document_and_registry_name_the_same_steps(procedure: Procedure) -> None:
    assert list(procedure.steps) == list(STEPS)


def test_every_distribution_that_can_be_announced_has_a_plan_that_begins_with_the_files(procedure: Procedure) -> None:
    assert set(procedure.plans) == {OVER_THE_AIR, HARDCODED}
    for plan in procedure.plans.values():
        assert plan.order[0] == FIRST_STEP
        assert FIRST_STEP in plan.required
        assert all(FIRST_STEP in procedure.steps[id].needs for id in plan.order[1:])


def test_every_step_stands_in_some_plan(procedure: Procedure) -> None:
    assert {id for plan in procedure.plans.values() for id in plan.order} == set(STEPS)


def test_the_plans_are_the_published_ones() -> None:
    """Changing what a verdict needs is a new version of the procedure, not an edit."""
    plans = procedures()[VERSION].plans
    last = ("ceremony", "evidence-log", "your-app")
    assert plans[OVER_THE_AIR].order == (
        "files", "digest", "signer", "counter-signature", "audit-log", "history", "attestation", "keys", "fleet", *last,
    )  # fmt: skip
    assert plans[HARDCODED].order == ("files", "app-pin", "attestation", "keys", "fleet", *last)
    for plan in plans.values():
        assert plan.required == set(plan.order) - set(last)
        assert plan.if_promised == {"ceremony", "evidence-log"}


@pytest.mark.parametrize("name", ["over-the-air", "hardcoded", "wrong-digest_fail", "announcement-unreadable_fail"])
def test_a_report_has_the_steps_of_the_plan_in_its_order(name: str, procedure: Procedure) -> None:
    report = run(harness.load(name))
    plan = procedure.plan(report.distribution or OVER_THE_AIR)
    assert [(step.number, step.id) for step in report.steps] == list(enumerate(plan.order, start=1))
    assert {step.id for step in report.steps if step.required} >= plan.required
    assert report.procedure_version == procedure.version
    assert report.procedure_digest == procedure.digest


def test_the_command_line_explains_the_steps_of_the_document(procedure: Procedure) -> None:
    runner = CliRunner()
    whole = runner.invoke(commands, ["explain"], obj=Settings(), standalone_mode=False)
    assert re.findall(rf"^({'|'.join(STEPS)}): ", whole.output, re.MULTILINE) == list(procedure.steps)
    for id, step in procedure.steps.items():
        single = runner.invoke(commands, ["explain", id], obj=Settings(), standalone_mode=False).output
        assert single.startswith(f"{id}: {step.title}. {step.question}")
        assert step.does_not_establish in single


def test_the_table_of_the_design_is_kept(procedure: Procedure) -> None:
    """What a step needs, as published: 3 needs 2; 4 and 5 need 3; 6 needs 5; 8 needs 2 and 7; 9 needs 8."""
    needs = {id: set(step.needs) - {FIRST_STEP} for id, step in procedure.steps.items()}
    assert {id: needed for id, needed in needs.items() if needed} == {
        "signer": {"digest"},
        "counter-signature": {"signer"},
        "audit-log": {"signer"},
        "history": {"audit-log"},
        "keys": {"digest", "attestation"},
        "fleet": {"keys"},
    }


def test_no_step_that_needs_another_runs_after_it_failed(procedure: Procedure) -> None:
    for name in harness.names():
        case = harness.load(name)
        if case.expected.refused is not None:
            continue
        status = {step.id: step for step in run(case).steps}
        for id, step in status.items():
            unmatched = [n for n in procedure.steps[id].needs if n in status and status[n].status is not Status.MATCH]
            if unmatched and step.status is Status.MISMATCH:
                # It looked for contradictions alone, among what incomplete steps had seen.
                assert set(unmatched) <= set(procedure.steps[id].contradicts_without), (name, id)
                assert {status[n].status for n in unmatched} & {Status.MISMATCH, Status.MATCH} == set(), (name, id)
                assert {item.status for item in step.substeps} == {Status.MISMATCH}, (name, id)
                continue
            assert (step.because in unmatched) if unmatched else (step.because is None), (name, id)
            assert (step.status is Status.NOT_EVALUATED) or not unmatched, (name, id)


def test_every_text_is_there_and_no_word_promises_too_much(procedure: Procedure) -> None:
    for step in procedure.steps.values():
        assert step.question.endswith("?")
        assert not step.doing.endswith(".")
        for text in (step.compares, step.establishes, step.does_not_establish, step.rests_on):
            assert text.endswith("."), text
        assert len(step.text) > 100
    for path in (harness.EVIDENCE / "procedure").glob("*.md"):
        assert not FORBIDDEN.search(path.read_text("utf-8")), path


def test_the_file_is_named_by_its_version() -> None:
    for path in (harness.EVIDENCE / "procedure").glob("*.md"):
        assert read_procedure(path.read_bytes()).version == path.stem


# --- strict reading -------------------------------------------------------------------------------------------------

SMALL = """+++
schema = "vaultproof/procedure@1"
version = "2026-11"
published = "2026-11-22"

[[plan]]
distribution = "hardcoded"
order = ["files", "keys"]
required = ["files"]

[[step]]
id = "files"
title = "T"
question = "Q?"
doing = "D"
compares = "C."
establishes = "E."
does_not_establish = "N."
rests_on = "R."
needs = []

[[step]]
id = "keys"
title = "T"
question = "Q?"
doing = "D"
compares = "C."
establishes = "E."
does_not_establish = "N."
rests_on = "R."
needs = ["files"]
+++
# Introduction

## files

One.

## keys

Two.
"""
KEYS_STEP = SMALL[SMALL.rindex("[[step]]") : SMALL.rindex("+++")]
PLAN = SMALL[SMALL.index("[[plan]]") : SMALL.index("[[step]]")]


def test_a_small_document_is_read() -> None:
    procedure = read_procedure(SMALL.encode(), file="p.md")
    assert procedure.steps["keys"].text == "Two."
    assert procedure.introduction == "# Introduction"
    assert procedure.whitepaper_sha256 is None
    assert procedure.plan("hardcoded").order == ("files", "keys")


def test_another_distribution_has_no_plan() -> None:
    with pytest.raises(Unsupported) as caught:
        read_procedure(SMALL.encode()).plan("carrier-pigeon")
    assert caught.value.code == "distribution"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        pytest.param("+++\nschema", "schema", "procedure-syntax", id="no front matter"),
        pytest.param('version = "2026-11"', "version = 2026-11", "procedure-syntax", id="not TOML"),
        pytest.param('version = "2026-11"', "version = 2026-11-22", "wrong-value", id="a date for a version"),
        pytest.param('"2026-11-22"', '"2026-11-22"\nextra = 1', "unknown-field", id="an unknown field"),
        pytest.param('title = "T"', 'title = "T"\ncolour = "red"', "unknown-field", id="an unknown field of a step"),
        pytest.param('rests_on = "R."\n', "", "missing-field", id="a step without what it rests on"),
        pytest.param("## keys", "## kyes", "procedure-order", id="a section of another name"),
        pytest.param("## keys\n\nTwo.\n", "", "procedure-order", id="a step without section"),
        pytest.param("Two.", "", "procedure-order", id="an empty section"),
        pytest.param("Two.", "Two.\n\n## files\n\nThree.", "procedure-order", id="a section twice"),
        pytest.param("Two.", "Two.\n\n## fleet\n\nThree.", "procedure-order", id="a section without step"),
        pytest.param("## files\n\nOne.\n\n## keys\n\nTwo.", "## keys\n\nTwo.\n\n## files\n\nOne.", "procedure-order",
                     id="sections in another order"),
        pytest.param('["files", "keys"]', '["files", "kyes"]', "wrong-value", id="a plan with an unknown step"),
        pytest.param('["files", "keys"]', '["keys", "files"]', "wrong-value", id="a plan in another order"),
        pytest.param('["files", "keys"]', '["files", "files", "keys"]', "wrong-value", id="a step twice in a plan"),
        pytest.param('["files", "keys"]', '["keys"]', "wrong-value", id="a required step that is not ordered"),
        pytest.param('required = ["files"]', "required = []", "wrong-value", id="a plan that requires nothing"),
        pytest.param('needs = ["files"]', 'needs = ["fiels"]', "wrong-value", id="a need that is misspelt"),
        pytest.param("needs = []", 'needs = ["keys"]', "wrong-value", id="a need that comes later"),
        pytest.param(KEYS_STEP, KEYS_STEP + KEYS_STEP, "wrong-value", id="a step twice"),
        pytest.param(PLAN, PLAN + PLAN, "wrong-value", id="two plans for one distribution"),
    ],
)  # fmt: skip
def test_a_document_that_contradicts_itself_is_refused(old: str, new: str, code: str) -> None:
    assert SMALL.count(old) >= 1
    with pytest.raises(Malformed) as caught:
        read_procedure(SMALL.replace(old, new, 1).encode(), file="p.md")
    assert (caught.value.code, caught.value.file) == (code, "p.md")


def test_what_is_too_large_or_no_text_is_refused() -> None:
    for data, code in ((b"\xff" + SMALL.encode(), "procedure-syntax"), (b"x" * 300_000, "procedure-too-large")):
        with pytest.raises(Malformed) as caught:
            read_procedure(data, file="p.md")
        assert caught.value.code == code


def test_a_newer_schema_is_too_new() -> None:
    with pytest.raises(Unsupported, match="too-new"):
        read_procedure(SMALL.replace("procedure@1", "procedure@2").encode())


def test_one_changed_byte_is_another_procedure(procedure: Procedure) -> None:
    path = harness.EVIDENCE / "procedure" / f"{VERSION}.md"
    assert isinstance(path, Path)
    assert read_procedure(path.read_bytes() + b"\n").digest != procedure.digest
