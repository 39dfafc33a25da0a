"""What does not verify is not published, unless it is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.build import build_site
from generator.checking import Checked
from generator.errors import BuildError, PublicationRefusedError
from tests.unit.generator.conftest import ENGINE, EVIDENCE, Site, bare_evidence, plant
from vaultproof.report import Outcome


def test_every_committed_deployment_verifies(checked: dict[str, Checked]) -> None:
    assert {id: item.report.verdict.outcome for id, item in checked.items()} == dict.fromkeys(checked, Outcome.VERIFIED)
    assert len(checked) == 3


def test_what_fails_is_refused_with_step_code_file_expected_and_found(failing_evidence: Path, tmp_path: Path) -> None:
    out = tmp_path / "site"
    with pytest.raises(PublicationRefusedError) as refused:
        build_site(evidence=failing_evidence, out=out, engine=ENGINE)
    text = str(refused.value)
    assert "rehearsal-debug: contradicted" in text
    assert (
        "step attestation: debug-differs; about hsm-03; in attestations/hsm-03/evidence.der; "
        "expected disabled; found enabled" in text
    )
    assert "step keys: not evaluated, because attestation did not match" in text
    assert "rehearsal-unconfirmed: incomplete" in text
    assert "step counter-signature: not-published" in text
    assert "mend the evidence" in text
    assert not out.exists()


def test_all_that_fail_must_be_named(failing_evidence: Path, tmp_path: Path) -> None:
    with pytest.raises(PublicationRefusedError) as refused:
        build_site(evidence=failing_evidence, out=tmp_path / "site", publish_failing={"rehearsal-debug"}, engine=ENGINE)
    assert [refusal.deployment for refusal in refused.value.refusals] == ["rehearsal-unconfirmed"]


def test_named_ones_are_published_as_failing(failing_site: Site) -> None:
    outcomes = {item.id: (item.outcome, item.failing) for item in failing_site.summary.deployments}
    assert outcomes == {"rehearsal-debug": ("contradicted", True), "rehearsal-unconfirmed": ("incomplete", True)}


@pytest.mark.parametrize(
    ("name", "message"), [("nobody", "no deployment nobody"), ("rehearsal-whatsapp-2025", "verif")]
)
def test_a_false_warning_is_refused(tmp_path: Path, name: str, message: str) -> None:
    with pytest.raises(BuildError, match=message):
        build_site(evidence=EVIDENCE, out=tmp_path / "site", publish_failing={name}, engine=ENGINE)


def test_a_refusal_leaves_an_earlier_site_as_it_was(tmp_path: Path) -> None:
    evidence = bare_evidence(tmp_path / "evidence")
    plant(evidence, "rehearsal-a", None)
    out = tmp_path / "site"
    build_site(evidence=evidence, out=out, engine=ENGINE)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    (evidence / "deployments/rehearsal-a/statement.md").write_text("changed")
    with pytest.raises(PublicationRefusedError, match="file-differs"):
        build_site(evidence=evidence, out=out, engine=ENGINE)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
