"""Runs cases inside the packed runtime: executed there by ``test_cases.py``, which puts their files beside it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any


def _members(name: str) -> dict[str, bytes]:
    """Files by path; by ``zipfile``, because a case may hold names that our own reader refuses."""
    with open(name, "rb") as file, zipfile.ZipFile(io.BytesIO(file.read())) as archive:
        return {info.filename: archive.read(info) for info in archive.infolist()}


async def run_cases(cases: list[Mapping[str, Any]]) -> dict[str, Any]:
    """For each case its report digest, or the code of its refusal and whether the trust configuration was refused."""
    from vaultproof.crypto.webcrypto import WebCryptoBackend
    from vaultproof.errors import VaultproofError
    from vaultproof.procedure.document import read_procedure
    from vaultproof.strict.encodings import parse_time
    from vaultproof.trust.configuration import read_trust_set
    from vaultproof.verification import verify

    documents = [read_procedure(data) for data in _members("procedures.zip").values()]
    procedures = {procedure.version: procedure for procedure in documents}
    backend = WebCryptoBackend()
    answers: dict[str, Any] = {}
    for case in cases:
        try:
            trust = read_trust_set(_members(case["trust"]))
            report = await verify(
                _members(case["files"]),
                trust=trust,
                procedures=procedures,
                clock=parse_time(case["clock"]),
                backend=backend,
                engine={},
                expected_digest=case["evidence_digest"],
            )
        except VaultproofError as error:
            answers[case["name"]] = {"refused": error.code}
        else:
            verdict = report.verdict
            answer = {"digest": report.digest, "outcome": verdict.outcome.value, "first_trouble": verdict.first_trouble}
            answers[case["name"]] = answer
    return answers


def as_text(answers: dict[str, Any]) -> str:
    """The answers as JSON, which is how they leave the runtime."""
    return json.dumps(answers)


async def run_single(questions: list[Mapping[str, Any]]) -> dict[str, Any]:
    """The whole answer of ``vaultproof attestation`` for each question, as its JSON values."""
    from vaultproof.attestation.given import Given
    from vaultproof.attestation.single import Question, check_single
    from vaultproof.attestation.single_json import as_json
    from vaultproof.crypto.webcrypto import WebCryptoBackend
    from vaultproof.strict.encodings import parse_time
    from vaultproof.trust.configuration import read_trust_set

    trust = read_trust_set(_members("trust.zip"))
    backend = WebCryptoBackend()
    answers: dict[str, Any] = {}
    for question in questions:
        given = tuple(Given(name=name, data=data) for name, data in _members(question["files"]).items())
        moment = parse_time(question["at"])
        asked = Question(given=given, technology=question["technology"], at=moment, now=parse_time(question["now"]))
        answers[question["name"]] = as_json(await check_single(asked, trust, backend))
    return answers
