"""The smallest over-the-air deployment, and verdicts about changed copies of it, thousands of times.

Reading a file is a pure function of its bytes, and so is checking a signature: what did not change from one copy to the
next is not read or checked again.  Nothing else is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache, lru_cache
from types import MappingProxyType
from unittest.mock import patch

from generator.rehearsal import RehearsalOptions, rehearse
from tests.cases.harness import EVIDENCE, tree
from vaultproof.asn1 import x509
from vaultproof.attestation import pkix_evidence_format
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import SignatureCheck, run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.evidence import deployment, fleet_keys, manifest
from vaultproof.evidence.files import MANIFEST
from vaultproof.procedure.document import Plan, Procedure, read_procedure
from vaultproof.report import Outcome, Report
from vaultproof.trust.configuration import TrustSet, read_trust_set
from vaultproof.verification import verify

ID = "rehearsal-sweep"
CLOCK = datetime(2026, 11, 22, 12, tzinfo=UTC)
BITS = (0, 7)
"""The lowest bit changes a character into its neighbour, the highest makes it no ASCII any more."""

_REMEMBERED = (
    ("vaultproof.verification.read_deployment", deployment.read_deployment),
    ("vaultproof.steps.files.read_manifest", manifest.read_manifest),
    ("vaultproof.steps.files.describe", manifest.describe),
    ("vaultproof.evidence.manifest.describe", manifest.describe),
    ("vaultproof.steps.attestation.read_fleet_keys", fleet_keys.read_fleet_keys),
    ("vaultproof.attestation.pkix_evidence.read_evidence", pkix_evidence_format.read_evidence),
    ("vaultproof.attestation.pkix_evidence_chain.parse_certificate", x509.parse_certificate),
)


class RememberingBackend:
    """OpenSSL, asked once for each signature."""

    name = "openssl"

    def __init__(self) -> None:
        self._backend = OpenSslBackend()
        self._answer: Callable[[SignatureCheck], VaultproofError | None] = lru_cache(512)(self._ask)

    async def verify(self, check: SignatureCheck) -> None:
        """As the port says."""
        error = self._answer(check)
        if error is not None:
            raise error

    def _ask(self, check: SignatureCheck) -> VaultproofError | None:
        try:
            run_to_completion(self._backend.verify(check))
        except VaultproofError as error:
            return error
        return None


@cache
def smallest() -> Mapping[str, bytes]:
    """Three members at one site, and a log of two epochs."""
    return MappingProxyType(rehearse(RehearsalOptions(seed="sweep", id=ID, members=3, sites=1, epochs=2)))


@cache
def trust() -> TrustSet:
    return read_trust_set(tree(EVIDENCE / "trust"))


@cache
def procedure() -> Procedure:
    return read_procedure((EVIDENCE / "procedure" / "2026-11.md").read_bytes())


def only(*steps: str) -> Procedure:
    """The procedure cut down to some of its required steps: what does not match here does not match in the whole."""
    whole = procedure().plan("over-the-air")
    assert set(steps) <= whole.required
    plan = Plan(distribution="over-the-air", order=steps, required=frozenset(steps), if_promised=frozenset())
    return replace(procedure(), plans={"over-the-air": plan})


@contextmanager
def remembering() -> Iterator[Callable[..., Report]]:
    """A ``verify`` that reads nothing twice."""
    backend = RememberingBackend()

    def run(files: Mapping[str, bytes], steps: Procedure | None = None) -> Report:
        work = verify(
            files,
            trust=trust(),
            procedures={"2026-11": steps or procedure()},
            clock=CLOCK,
            backend=backend,
            engine={"name": "test"},
        )
        return run_to_completion(work)

    patches = [patch(place, lru_cache(256)(function)) for place, function in _REMEMBERED]
    for item in patches:
        item.start()
    try:
        yield run
    finally:
        for item in patches:
            item.stop()


def is_verified(run: Callable[..., Report], files: Mapping[str, bytes], steps: Procedure | None = None) -> bool:
    """Whether a run comes out verified; a refusal is not; an error that nobody raised on purpose goes through."""
    try:
        return run(files, steps).verdict.outcome is Outcome.VERIFIED
    except VaultproofError:
        return False


def flips(data: bytes, *, every: int = 1, first: int = 0) -> Iterator[tuple[int, int, bytes]]:
    """Offset, bit and bytes of each copy of ``data`` with one bit changed."""
    for offset in range(first, len(data), every):
        for bit in BITS:
            yield offset, bit, data[:offset] + bytes((data[offset] ^ 1 << bit,)) + data[offset + 1 :]


def with_manifest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """The files with their manifest made anew, as somebody would who hides a change."""
    return {**files, MANIFEST: manifest.make_manifest(ID, files).to_bytes()}
