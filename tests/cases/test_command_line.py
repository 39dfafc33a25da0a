"""Every case folder, by ``vaultproof verify``: the same report digest as the library's, and the exit code that fits."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.cases import harness
from tests.cases.library import run
from vaultproof.archive import write_stored_zip
from vaultproof.cli.exit_codes import for_error
from vaultproof.cli.main import main
from vaultproof.errors import VaultproofError
from vaultproof.trust.configuration import read_trust_set


def written(files: Mapping[str, bytes], folder: Path) -> Path:
    for path, data in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    return folder


def arguments(case: harness.Case, source: Path, trust: Path) -> list[str]:
    given = [] if case.evidence_digest is None else ["--evidence-digest", case.evidence_digest]
    return ["verify", str(source), "--trust", str(trust), "--at", case.clock, "--format", "json", *given]


@pytest.mark.parametrize("name", harness.names())
def test_a_case_comes_out_as_it_must(name: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    case = harness.load(name)
    trust, source = written(case.trust, tmp_path / "trust"), written(case.files, tmp_path / "deployment")
    code = main(arguments(case, source, trust))
    out, err = capfdbinary.readouterr()
    if case.expected.refused is not None:
        assert out == b""
        assert f"[{case.expected.refused}]" in err.decode()
        assert code == exit_code_of(case)
        return
    report = json.loads(out)
    harness.check_report(report, case.expected)
    assert report["report_digest"] == run(case).digest
    assert code == case.expected.exit_code
    assert err == b""


def exit_code_of(case: harness.Case) -> int:
    if case.expected.by == "trust":
        with pytest.raises(VaultproofError):
            read_trust_set(case.trust)
        return case.expected.exit_code
    with pytest.raises(VaultproofError) as caught:
        run(case)
    return int(for_error(caught.value))


@pytest.mark.parametrize("name", ["over-the-air", "hardcoded", "advisory-before_fail", "no-rehearsal-roots_fail"])
def test_a_zip_of_the_files_gives_the_same_report(
    name: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    case = harness.load(name)
    trust = written(case.trust, tmp_path / "trust")
    archive = tmp_path / "deployment.zip"
    archive.write_bytes(write_stored_zip(case.files))
    code = main(arguments(case, archive, trust))
    out, _ = capfdbinary.readouterr()
    assert json.loads(out)["report_digest"] == run(case).digest
    assert code == case.expected.exit_code


@pytest.mark.parametrize("name", [name for name in harness.names() if harness.load(name).expected.refused is None])
def test_the_text_says_rehearsal_where_it_is_one(name: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    case = harness.load(name)
    trust, source = written(case.trust, tmp_path / "trust"), written(case.files, tmp_path / "deployment")
    main(["verify", str(source), "--trust", str(trust), "--at", case.clock])
    out, _ = capfd.readouterr()
    sentence = next(line for line in out.splitlines() if "required checks" in line or "Verified" in line)
    assert ("REHEARSAL" in sentence) == (case.expected.scope == "rehearsal"), out
