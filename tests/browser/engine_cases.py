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
            answers[case["name"]] = {"digest": report.digest, "first_trouble": report.verdict.first_trouble}
    return answers


def as_text(answers: dict[str, Any]) -> str:
    """The answers as JSON, which is how they leave the runtime."""
    return json.dumps(answers)
