"""The fleet matrix: what the report says of each HSM, and never more."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.checking import Checked
from generator.matrix import LABELS, Matrix, fleet_matrix, key_holders
from generator.rehearsal.options import RehearsalOptions
from generator.rehearsal.rehearsing import rehearse
from generator.sources import Sources
from tests.unit.generator.conftest import ENGINE
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.evidence.deployment import Deployment, read_deployment
from vaultproof.presentation.words import Words
from vaultproof.report import Report, Status
from vaultproof.steps.attestation import CHECKS
from vaultproof.verification import verify

ID = "rehearsal-messenger-2026"


def words_of(sources: Sources, deployment: Deployment) -> Words:
    procedure = sources.procedures[deployment.procedure]
    return Words(procedure, procedure.plan(deployment.distribution))


def matrix_of_fault(sources: Sources, fault: str) -> Matrix:
    files = rehearse(RehearsalOptions(seed="matrix", id="rehearsal-matrix", members=3, sites=2, fault=fault))
    deployment = read_deployment(files["deployment.json"])
    report = run_to_completion(
        verify(
            files,
            trust=sources.trust,
            procedures=sources.procedures,
            clock=deployment.deployed_at,
            backend=OpenSslBackend(),
            engine=ENGINE,
        )
    )
    return fleet_matrix(report, deployment, words_of(sources, deployment))


def states(matrix: Matrix, member: str) -> dict[str, str]:
    """Check to state of one HSM."""
    column = [item.name for item in matrix.members].index(member)
    return {row.check: row.cells[column].status for row in matrix.rows}


def test_a_whole_fleet_matches_in_every_cell(checked: dict[str, Checked], sources: Sources) -> None:
    item = checked[ID]
    matrix = fleet_matrix(item.report, item.source.announcement, words_of(sources, item.source.announcement))
    assert [member.name for member in matrix.members] == [f"hsm-0{number}" for number in range(1, 8)]
    assert {cell.status for row in matrix.rows for cell in row.cells} == {"match"}
    assert [cell.status for cell in matrix.legend] == ["match"]
    assert {len(row.cells) for row in matrix.rows} == {7}


def test_every_check_of_the_attestation_step_has_a_row_in_its_order(
    checked: dict[str, Checked], sources: Sources
) -> None:
    item = checked[ID]
    matrix = fleet_matrix(item.report, item.source.announcement, words_of(sources, item.source.announcement))
    assert [row.check for row in matrix.rows] == [*CHECKS[1:], "key"]
    assert set(CHECKS) | {"key"} == set(LABELS)


@pytest.mark.parametrize(
    ("fault", "check", "state"),
    [
        ("attestation-debug-enabled", "debug", "mismatch"),
        ("attestation-firmware-denied", "advisories", "mismatch"),
        ("attestation-extractable-key", "key-protection", "mismatch"),
        ("attestation-wrong-nonce", "freshness", "mismatch"),
        ("attestation-bad-signature", "signature", "mismatch"),
        ("attestation-unrecognised-root", "chain", "mismatch"),
        ("attestation-expired", "dates", "mismatch"),
        ("attestation-malformed", "evidence", "mismatch"),
    ],
)
def test_a_fault_is_in_the_cell_of_its_check_and_in_one_column(
    sources: Sources, fault: str, check: str, state: str
) -> None:
    matrix = matrix_of_fault(sources, fault)
    wrong = [member.name for member in matrix.members if states(matrix, member.name)[check] == state]
    assert len(wrong) == 1
    assert set(states(matrix, wrong[0]).values()) >= {state}
    assert state in [cell.status for cell in matrix.legend]


def test_keys_are_not_evaluated_after_an_attestation_that_fails(sources: Sources) -> None:
    matrix = matrix_of_fault(sources, "attestation-debug-enabled")
    assert {states(matrix, member.name)["key"] for member in matrix.members} == {"not_evaluated"}


def test_an_attestation_that_cannot_be_read_leaves_its_other_checks_open(sources: Sources) -> None:
    matrix = matrix_of_fault(sources, "attestation-malformed")
    broken = next(item.name for item in matrix.members if states(matrix, item.name)["evidence"] == "mismatch")
    assert set(states(matrix, broken).values()) == {"mismatch", "not_evaluated"}


def test_an_hsm_that_nobody_announced_has_a_column_that_says_so(sources: Sources) -> None:
    matrix = matrix_of_fault(sources, "member-extra")
    strangers = [member for member in matrix.members if not member.announced]
    assert len(strangers) == 1
    assert set(states(matrix, strangers[0].name).values()) == {"not_evaluated"}


def test_keys_are_held_by_whom_the_report_found(checked: dict[str, Checked]) -> None:
    holders = key_holders(checked[ID].report)
    assert sorted(holders.values()) == [(f"hsm-0{number}",) for number in range(1, 8)]


def test_a_key_that_did_not_match_has_no_holder(checked: dict[str, Checked]) -> None:
    report = checked[ID].report
    wrong: Report = replace(
        report,
        steps=tuple(
            replace(step, substeps=tuple(replace(item, status=Status.MISMATCH) for item in step.substeps))
            for step in report.steps
        ),
    )
    assert key_holders(wrong) == {}
