"""Every case folder, every fault and every committed deployment in a real browser: the same answers as CPython's."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from generator.rehearsal import FAULTS, RehearsalOptions, rehearse
from generator.rehearsal.options import MESSENGER, WHATSAPP
from tests.browser import engine_cases
from tests.browser.conftest import DEPLOYMENTS, EVIDENCE, Visit
from tests.browser.test_crypto_vectors import run_python
from tests.cases import harness
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.evidence.deployment import HARDCODED
from vaultproof.procedure.document import read_procedure
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import read_trust_set
from vaultproof.verification import verify

CLOCK = "2026-11-22T12:00:00Z"
RUN = """
import json, sys
sys.path.insert(0, "")
from engine_cases import as_text, run_cases
as_text(await run_cases(json.loads(open("cases.json").read())))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One run: files and trust by path, the clock, and the evidence digest the reader was given, if any."""

    name: str
    files: Mapping[str, bytes]
    trust: Mapping[str, bytes]
    clock: str = CLOCK
    evidence_digest: str | None = None


def engine_source() -> bytes:
    """The module that runs cases inside the runtime."""
    return Path(engine_cases.__file__).read_bytes()


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip of the files, whatever their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for path, data in files.items():
            archive.writestr(zipfile.ZipInfo(path), data)
    return out.getvalue()


def in_browser(visit: Visit, given: list[Given]) -> dict[str, Any]:
    """What the packed runtime says of all of them, in one visit."""
    files = {"procedures.zip": zipped(harness.tree(EVIDENCE / "procedure"))}
    files["engine_cases.py"] = engine_source()
    cases: list[dict[str, Any]] = []
    trusts: dict[bytes, str] = {}
    for number, item in enumerate(given):
        trust = trusts.setdefault(zipped(item.trust), f"trust-{len(trusts)}.zip")
        files[f"{number}.zip"] = zipped(item.files)
        cases.append(
            {
                "name": item.name,
                "files": f"{number}.zip",
                "trust": trust,
                "clock": item.clock,
                "evidence_digest": item.evidence_digest,
            }
        )
    files.update({name: data for data, name in trusts.items()})
    files["cases.json"] = json.dumps(cases).encode()
    answers: dict[str, Any] = json.loads(run_python(visit, RUN, files))
    return answers


def in_cpython(item: Given) -> dict[str, Any]:
    """What CPython says of it."""
    documents = [read_procedure(data) for data in harness.tree(EVIDENCE / "procedure").values()]
    try:
        report = run_to_completion(
            verify(
                item.files,
                trust=read_trust_set(item.trust),
                procedures={document.version: document for document in documents},
                clock=parse_time(item.clock),
                backend=OpenSslBackend(),
                engine={},
                expected_digest=item.evidence_digest,
            )
        )
    except VaultproofError as error:
        return {"refused": error.code}
    verdict = report.verdict
    return {"digest": report.digest, "outcome": verdict.outcome.value, "first_trouble": verdict.first_trouble}


def _faulty(name: str) -> Mapping[str, bytes]:
    product = WHATSAPP if FAULTS[name].distribution == HARDCODED else MESSENGER
    return rehearse(RehearsalOptions(seed="faults", id=f"rehearsal-{product}-faults", product=product, fault=name))


@pytest.mark.slow
def test_every_case_has_one_answer_in_browser_and_cpython(visit: Visit) -> None:
    given = []
    for name in harness.names():
        case = harness.load(name)
        given.append(
            Given(name=name, files=case.files, trust=case.trust, clock=case.clock, evidence_digest=case.evidence_digest)
        )
    assert len(given) >= 40
    assert in_browser(visit, given) == {item.name: in_cpython(item) for item in given}


@pytest.mark.slow
def test_every_fault_is_found_by_its_step_in_the_browser_too(visit: Visit) -> None:
    trust = harness.tree(EVIDENCE / "trust")
    given = [Given(name=name, files=_faulty(name), trust=trust) for name in FAULTS]
    answers = in_browser(visit, given)
    assert {name: answer["first_trouble"] for name, answer in answers.items()} == {
        name: fault.step for name, fault in FAULTS.items()
    }
    assert answers == {item.name: in_cpython(item) for item in given}


def test_each_committed_deployment_has_one_report_digest(visit: Visit) -> None:
    trust = harness.tree(EVIDENCE / "trust")
    given = [Given(name=id, files=harness.tree(EVIDENCE / "deployments" / id), trust=trust) for id in DEPLOYMENTS]
    answers = in_browser(visit, given)
    assert len(answers) == 3
    assert answers == {item.name: in_cpython(item) for item in given}
