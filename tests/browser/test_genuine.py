"""Genuine attestations and fleets in a real browser: the very answers that CPython gives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.browser.conftest import EVIDENCE, Visit
from tests.browser.test_cases import Given, engine_source, in_browser, in_cpython, zipped
from tests.browser.test_crypto_vectors import run_python
from tests.cases import harness
from tests.interop import genuine_fleets
from vaultproof.attestation import given as attestation_given
from vaultproof.attestation.single import Question, check_single
from vaultproof.attestation.single_json import as_json
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.evidence.google_key_vault import read_key_list
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import read_trust_set

pytestmark = [pytest.mark.interop, pytest.mark.slow]
NOW = "2026-11-22T12:00:00Z"
RUN = """
import json, sys
sys.path.insert(0, "")
from engine_cases import as_text, run_single
as_text(await run_single(json.loads(open("questions.json").read())))
"""


def _question(name: str, files: Mapping[str, bytes], at: str = NOW) -> dict[str, Any]:
    return {"name": name, "given": dict(files), "technology": None, "at": at, "now": NOW}


def _questions(vectors: Path) -> list[dict[str, Any]]:
    """Every genuine attestation, with its chain where that is a file of its own."""
    makers = vectors / "attestation"

    def of(folder: str, *names: str) -> dict[str, bytes]:
        return {name: (makers / folder / name).read_bytes() for name in names}

    asked = [_question(path.name, {path.name: path.read_bytes()}) for path in sorted((makers / "aws-nitro").iterdir())
             if path.suffix in (".bin", ".cbor")]  # fmt: skip
    asked += [
        _question("marvell", of("marvell-gcp", "gcp_ec_attestation.dat.gz", "gcp_ec_chain.pem")),
        _question("luna", of("thales-luna", "rsa-pkc.p7b")),
        _question("securosys", of("securosys-primus", "securosys.xml", "securosys.sig", "attestation_key.pem",
                                  "device.pem", "root_primus.pem")),
        _question("yubihsm", of("yubihsm2", "31650425_key7e57.pem", "31650425_device.pem", "subca_6742036.pem")),
        _question("evidence1", of("pkix-evidence", "evidence1.pem", "ak.crt", "int.crt", "ca.crt")),
        _question("evidence2", of("pkix-evidence", "evidence2.pem", "ak.crt", "int.crt", "ca.crt")),
    ]  # fmt: skip
    # Not in every copy of the folder: the interop tests say so where it is missing.
    asked += [_question("qasm", {path.name: path.read_bytes()}) for path in (makers / "crypto4a-qasm").glob("*.pem")]
    for path in sorted((makers / "sigstore-yubikey-piv/key_certs").iterdir()):
        for signer in sorted(set(genuine_fleets.ROOT_MEMBERS.values())):
            certificate = (makers / "sigstore-yubikey-piv/device_certs" / signer).read_bytes()
            files = {path.name: path.read_bytes(), signer: certificate}
            asked.append(_question(f"{path.name} {signer}", files, at=genuine_fleets.ROOT_DEPLOYED))
    return asked


def _in_cpython(asked: Mapping[str, Any], trust: Mapping[str, bytes]) -> dict[str, Any]:
    files = tuple(attestation_given.Given(name=name, data=data) for name, data in asked["given"].items())
    question = Question(given=files, technology=None, at=parse_time(asked["at"]), now=parse_time(NOW))
    return as_json(run_to_completion(check_single(question, read_trust_set(trust), OpenSslBackend())))


def test_every_genuine_attestation_has_one_answer(visit: Visit, vectors: Path) -> None:
    trust = harness.tree(EVIDENCE / "trust")
    asked = _questions(vectors)
    assert len(asked) > 60
    files = {"trust.zip": zipped(trust), "engine_cases.py": engine_source()}
    sent = []
    for number, question in enumerate(asked):
        files[f"{number}.zip"] = zipped(question["given"])
        sent.append({**{key: value for key, value in question.items() if key != "given"}, "files": f"{number}.zip"})
    files["questions.json"] = json.dumps(sent).encode()
    answers = json.loads(run_python(visit, RUN, files))
    for question in asked:
        expected = json.loads(json.dumps(_in_cpython(question, trust)))
        assert answers[question["name"]] == expected, question["name"]


def test_every_genuine_fleet_has_one_answer(visit: Visit, vectors: Path) -> None:
    trust = harness.tree(EVIDENCE / "trust")
    keys = read_key_list(genuine_fleets.key_vault_files(vectors)[0])
    given = [Given(name="key-vault", files=genuine_fleets.key_vault(vectors, keys), trust=trust, clock=NOW)]
    given += [
        Given(name=f"ceremony-{version}", files=genuine_fleets.root_signing(vectors, version), trust=trust, clock=NOW)
        for version in (1, 2, 3)
    ]
    answers = in_browser(visit, given)
    assert answers == {item.name: in_cpython(item) for item in given}
    assert {answer["outcome"] for answer in answers.values()} == {"incomplete"}
