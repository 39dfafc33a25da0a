"""Attestation in two layers, attacked: structure changed, bytes changed, layers exchanged between members.

Whatever holds after a change must say what the original says; whatever mixes two members must not hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from itertools import product

import pytest

from generator.rehearsal import RehearsalOptions, rehearse
from tests.interop.mutations import mutations
from tests.sweeps.sweeping import CLOCK, RememberingBackend, flips, trust
from vaultproof.attestation.chain import verify_chain
from vaultproof.attestation.claim_rows import claim_rows
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.registry import adapter_for
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError

pytestmark = pytest.mark.slow

TECHNOLOGY = "evidence-over-pkix-evidence"
AT = datetime(2026, 8, 1, tzinfo=UTC)
STEP = 1 if os.environ.get("VAULTPROOF_EVERY_BYTE") else 11
FILES = ("chain.pem", "evidence.der", "maker-chain.pem", "maker-evidence.der")
MEMBERS = ("hsm-01", "hsm-02", "hsm-03")

Files = Mapping[str, bytes]
Said = tuple[tuple[str, str, str], ...]


@cache
def fleet() -> Mapping[str, Files]:
    """The files of each member by name."""
    made = rehearse(RehearsalOptions(seed="layers", id="rehearsal-layers", two_layers=True, members=3, sites=1))
    return {name: {file: made[f"attestations/{name}/{file}"] for file in FILES} for name in MEMBERS}


def holding(files: Files, backend: RememberingBackend) -> Said | None:
    """What the files say, if they are read, and everything in and between the layers holds."""
    try:
        attestation = adapter_for(TECHNOLOGY).read(files)
    except VaultproofError:
        return None
    anchors = trust().rehearsal.anchors
    walked = run_to_completion(verify_chain(attestation, anchors, backend, AT, CLOCK))
    if walked.outcome(AsOf.DEPLOYMENT) is not Outcome.PROVEN:
        return None
    return tuple((row.path, row.value, row.grade.value) for row in claim_rows(attestation.claims))


def changes(data: bytes) -> Iterator[tuple[str, bytes]]:
    yield from mutations(data)
    for offset, bit, changed in flips(data):
        yield f"bit {bit} of byte {offset}", changed
    for length in range(len(data)):
        yield f"cut at {length}", data[:length]


@pytest.mark.parametrize("file", FILES)
def test_no_change_of_one_file_holds_under_other_claims(file: str) -> None:
    files, backend = fleet()["hsm-01"], RememberingBackend()
    original = holding(files, backend)
    assert original is not None
    tried = 0
    for number, (what, changed) in enumerate(changes(files[file])):
        if number % STEP == 0:
            tried += 1
            assert holding({**files, file: changed}, backend) in (None, original), what
    assert tried > 100


def test_files_of_several_members_never_hold_together() -> None:
    """Every way to take each file from one of three members: only the files of one member hold."""
    backend, holds = RememberingBackend(), []
    for owners in product(MEMBERS, repeat=len(FILES)):
        files = {file: fleet()[owner][file] for file, owner in zip(FILES, owners, strict=True)}
        if holding(files, backend) is not None:
            holds.append(owners)
    assert holds == [(name,) * len(FILES) for name in MEMBERS]
