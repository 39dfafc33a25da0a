"""A genuine attestation with its structure changed never holds under other claims, and costs little to refuse.

For every genuine member: each value of DER left out, doubled, moved, emptied or encoded as DER forbids, with the
lengths around it made right; blocks of PEM and pieces of any file cut, doubled and moved; files exchanged between
members; and each file cut at every length.  Nothing may take longer than two seconds, and reading never more than 64
MiB.
"""

from __future__ import annotations

import os
import time
import tracemalloc
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.interop.attested import NOW, codes
from tests.interop.members import NAMES, Files, GenuineMember, genuine_member
from tests.interop.mutations import Mutation, mutations
from tests.sweeps.sweeping import RememberingBackend
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.chain import verify_chain
from vaultproof.attestation.claim_rows import claim_rows
from vaultproof.attestation.findings import Outcome
from vaultproof.attestation.registry import adapter_for
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError

pytestmark = [pytest.mark.interop, pytest.mark.slow]

STEP = 1 if os.environ.get("VAULTPROOF_EVERY_BYTE") else 9
"""Of all changes, every how many is tried: all of them take minutes, and are for whoever changes a parser."""

MAX_SECONDS = 2.0
MAX_BYTES = 64 * 1024 * 1024

Said = tuple[tuple[str, str, str], ...]
"""What claims say, without where they were read."""


def said(attestation: Attestation) -> Said:
    return tuple((row.path, row.value, row.grade.value) for row in claim_rows(attestation.claims))


def holding(member: GenuineMember, files: Files, backend: RememberingBackend) -> Said | None:
    """What the files say, if they are read and every signature and rule of their chains holds."""
    try:
        attestation = adapter_for(member.technology).read(files)
    except VaultproofError:
        return None
    result = run_to_completion(verify_chain(attestation, member.anchors, backend, member.at, NOW))
    broken = codes(result.findings, Outcome.FAILED) | codes(result.findings, Outcome.COULD_NOT_CHECK)
    return None if broken else said(attestation)


def changes(files: Files) -> Iterator[tuple[str, str, bytes]]:
    """File, what was done, and its bytes: every kind of change of every file, of which every ``STEP``-th is tried."""
    for name, data in files.items():
        structural: Iterator[Mutation] = mutations(data)
        for number, (what, changed) in enumerate(structural):
            if number % STEP == 0:
                yield name, what, changed
        for length in range(0, len(data), STEP * (1 if STEP == 1 else 3)):
            yield name, f"cut at {length}", data[:length]


@pytest.mark.parametrize("name", NAMES)
def test_no_change_of_structure_holds_under_other_claims(vectors: Path, name: str) -> None:
    member, backend = genuine_member(vectors, name), RememberingBackend()
    original = holding(member, member.files, backend)
    assert original is not None
    slowest, tried = 0.0, 0
    for file, what, changed in changes(member.files):
        started = time.perf_counter()
        found = holding(member, {**member.files, file: changed}, backend)
        slowest, tried = max(slowest, time.perf_counter() - started), tried + 1
        assert found in (None, original), f"{file}: {what}"
    assert tried > 100
    assert slowest < MAX_SECONDS


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_another_member_never_holds(vectors: Path, name: str) -> None:
    """Every file put in the place of every other one, of all members."""
    member, backend = genuine_member(vectors, name), RememberingBackend()
    members = [genuine_member(vectors, other) for other in NAMES]
    # A member that is one file is another member in another one's place, and is told by what it says.
    strangers = [other for other in members if len(member.files) > 1 or other.technology != member.technology]
    others = [data for other in strangers for data in other.files.values()]
    original = holding(member, member.files, backend)
    for file, data in member.files.items():
        for strange in others:
            if strange != data:
                assert holding(member, {**member.files, file: strange}, backend) in (None, original)


def peak(technology: str, files: Mapping[str, bytes]) -> int:
    """The most memory, in bytes, that reading took at any moment."""
    tracemalloc.start()
    try:
        adapter_for(technology).read(files)
    except VaultproofError:
        pass  # refused: what it cost is the question
    finally:
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    return most


@pytest.mark.parametrize("name", NAMES)
def test_reading_takes_little_memory(vectors: Path, name: str) -> None:
    member = genuine_member(vectors, name)
    most = peak(member.technology, member.files)
    for number, (file, _, changed) in enumerate(changes(member.files)):
        if number % 25 == 0:
            most = max(most, peak(member.technology, {**member.files, file: changed}))
    assert most < MAX_BYTES
