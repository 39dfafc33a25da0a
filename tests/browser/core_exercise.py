"""Runs the whole core, error paths included, and tells what it asked for that the runtime does not hold.

Executed inside the packed runtime by ``test_standard_library.py``, which puts the files beside it.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

missing: list[str] = []


class _Recorder:
    """Asked last for every import: whatever reaches it, nobody else could find."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Note the name; Python goes on to raise ``ModuleNotFoundError``."""
        missing.append(name)


def _variants(files: Mapping[str, bytes]) -> Iterator[dict[str, bytes]]:
    """The files as they are; each with a bit turned in the middle, cut in half, and gone.

    Each variant comes with the manifest of the original, which the first step refuses, and with its own, so that the
    other steps meet what was changed.
    """
    from vaultproof.evidence.manifest import make_manifest

    yield dict(files)
    deployment = json.loads(files["deployment.json"])["id"]
    for path, content in files.items():
        middle = len(content) // 2
        turned = bytearray(content)
        turned[middle] ^= 1
        others = {other: data for other, data in files.items() if other != path}
        for variant in ({**others, path: bytes(turned)}, {**others, path: content[:middle]}, others):
            yield variant
            if path != "manifest.json":
                yield {**variant, "manifest.json": make_manifest(deployment, variant).to_bytes()}


async def exercise(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Import every module named, then verify and put into words every variant of every deployment named."""
    sys.meta_path.append(_Recorder())
    for name in settings["modules"]:
        importlib.import_module(name)
    from vaultproof.archive import read_zip
    from vaultproof.crypto.webcrypto import WebCryptoBackend
    from vaultproof.errors import VaultproofError
    from vaultproof.presentation.view import as_json, step_view, verdict_view
    from vaultproof.presentation.words import Words
    from vaultproof.procedure.document import read_procedure
    from vaultproof.trust.configuration import read_trust_set
    from vaultproof.verification import verify

    def archive(name: str) -> dict[str, bytes]:
        with open(name, "rb") as file:
            return read_zip(file.read())

    documents = [read_procedure(data) for data in archive("procedures.zip").values()]
    procedures = {procedure.version: procedure for procedure in documents}
    trust = read_trust_set(archive("trust.zip"))
    backend = WebCryptoBackend()
    outcomes: dict[str, int] = {}
    for name in settings["deployments"]:
        for files in _variants(archive(name)):
            try:
                report = await verify(
                    files,
                    trust=trust,
                    procedures=procedures,
                    clock=datetime(2026, 11, 22, tzinfo=UTC),
                    backend=backend,
                    engine={},
                )
            except VaultproofError as error:
                outcome = f"refused: {error.code}"
            else:
                procedure = procedures[report.procedure_version]
                words = Words(procedure, procedure.plan(report.distribution or "over-the-air"))
                for result in report.steps:
                    json.dumps(as_json(step_view(procedure.steps[result.id], result, words)))
                json.dumps(as_json(verdict_view(report, words)))
                outcome = report.verdict.outcome.value
            outcomes[outcome] = outcomes.get(outcome, 0) + 1
    try:
        read_zip(b"PK\x03\x04 and nothing more")
    except VaultproofError as error:
        outcomes[error.code] = 1
    try:
        json.loads("no JSON")
    except ValueError:
        import traceback

        traceback.format_exc()  # put together from modules without lines
    return {"missing": missing, "outcomes": outcomes}
