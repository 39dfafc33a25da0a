"""The library: its public names, what importing it costs, and the short way from a folder to a report."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest

import vaultproof
from vaultproof.cli import engine
from vaultproof.cli.sources import load_folder, load_procedures, load_trust
from vaultproof.crypto.openssl import OpenSslBackend

ROOT = Path(__file__).parents[2]
DEPLOYMENT = ROOT / "evidence/deployments/rehearsal-messenger-2025"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("name", vaultproof.__all__)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(vaultproof, name)
    assert name in dir(vaultproof)
    if isinstance(value, type) or name in ("check", "verify"):
        assert value.__doc__


def test_the_lazy_names_are_the_public_names() -> None:
    assert {*vaultproof._HOME_OF, "__version__"} == set(vaultproof.__all__)


def test_other_names_are_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'vaultproof' has no attribute 'nope'"):
        _ = vaultproof.nope


def test_importing_it_imports_nothing_of_weight() -> None:
    script = (
        "import sys; before = set(sys.modules); import vaultproof\n"
        "print(sorted(name for name in set(sys.modules) - before if 'vaultproof' in name or name == 'cryptography'))"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True, text=True)
    assert ran.stdout == "['vaultproof', 'vaultproof._version']\n"


def test_a_folder_its_files_and_its_archive_give_one_report(tmp_path: Path) -> None:
    files = load_folder(DEPLOYMENT)
    (tmp_path / "x.zip").write_bytes(vaultproof.write_stored_zip(files))
    reports = [vaultproof.check(source, at=NOON) for source in (DEPLOYMENT, str(DEPLOYMENT), files, tmp_path / "x.zip")]
    assert reports[0].verdict.outcome is vaultproof.Outcome.VERIFIED
    assert reports[0].verdict.scope is vaultproof.Scope.REHEARSAL
    assert [report.to_bytes() for report in reports] == [reports[0].to_bytes()] * 4


def test_the_core_gives_the_same_report_as_the_short_way() -> None:
    core = vaultproof.verify(
        load_folder(DEPLOYMENT),
        trust=load_trust(),
        procedures=load_procedures(),
        clock=NOON,
        backend=OpenSslBackend(),
        engine=engine.describe(),
    )
    assert vaultproof.run_to_completion(core) == vaultproof.check(DEPLOYMENT, at=NOON)


def test_now_is_the_default_and_no_part_of_the_digest() -> None:
    before = datetime.now(UTC).replace(microsecond=0)
    report = vaultproof.check(DEPLOYMENT)
    clock = datetime.fromisoformat(report.clock)
    assert before <= clock <= datetime.now(UTC) + timedelta(seconds=1)
    assert report.digest == vaultproof.check(DEPLOYMENT, at=NOON).digest


def test_a_moment_needs_a_time_zone_and_may_be_in_any() -> None:
    with pytest.raises(ValueError, match="at needs a time zone"):
        vaultproof.check(DEPLOYMENT, at=datetime(2026, 11, 22, 12))  # noqa: DTZ001 - what is refused
    elsewhere = datetime(2026, 11, 22, 20, tzinfo=timezone(timedelta(hours=8)))
    assert vaultproof.check(DEPLOYMENT, at=elsewhere).clock == "2026-11-22T12:00:00Z"


def test_trust_may_be_a_folder_or_what_was_read_from_it() -> None:
    folder = ROOT / "evidence/trust"
    reports = [
        vaultproof.check(DEPLOYMENT, at=NOON, trust=trust) for trust in (folder, str(folder), load_trust(folder))
    ]
    assert reports == [vaultproof.check(DEPLOYMENT, at=NOON)] * 3


def test_the_digest_you_were_given_is_compared() -> None:
    digest = vaultproof.check(DEPLOYMENT).evidence_digest
    assert vaultproof.check(DEPLOYMENT, evidence_digest=digest).verdict.outcome is vaultproof.Outcome.VERIFIED
    other = vaultproof.check(DEPLOYMENT, evidence_digest="00" * 32)
    assert other.verdict.outcome is vaultproof.Outcome.CONTRADICTED


def test_steps_are_told_as_they_happen() -> None:
    events: list[vaultproof.Event] = []
    report = vaultproof.check(DEPLOYMENT, observe=events.append)
    finished = [event.result for event in events if isinstance(event, vaultproof.StepFinished)]
    assert tuple(finished) == report.steps


@pytest.mark.parametrize(
    ("source", "error"),
    [({}, vaultproof.Unavailable), ({"../x": b""}, vaultproof.Malformed), ("n", vaultproof.Unavailable)],
)
def test_what_is_no_deployment_is_an_error_and_no_report(source: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        vaultproof.check(source)  # type: ignore[arg-type] # that is the case


def test_without_the_crypto_library_nothing_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vaultproof.crypto.openssl", None)
    with pytest.raises(vaultproof.Unavailable, match="no-engine"):
        vaultproof.check(DEPLOYMENT)
