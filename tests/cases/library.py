"""Running a case with the library on this computer."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from tests.cases.harness import EVIDENCE, Case, tree
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.procedure.document import Procedure, read_procedure
from vaultproof.report import Report
from vaultproof.strict.encodings import parse_time
from vaultproof.trust.configuration import read_trust_set
from vaultproof.verification import Observer, ignore, verify

BACKEND = OpenSslBackend()


@cache
def procedures() -> Mapping[str, Procedure]:
    """The published procedures by version."""
    documents = tree(EVIDENCE / "procedure").values()
    return {procedure.version: procedure for procedure in map(read_procedure, documents)}


def run(case: Case, *, clock: str | None = None, observe: Observer = ignore) -> Report:
    """The report of a case, at its own clock unless another is given.  Raises what reading and verifying raise."""
    work = verify(
        case.files,
        trust=read_trust_set(case.trust),
        procedures=procedures(),
        clock=parse_time(clock or case.clock),
        backend=BACKEND,
        engine={"name": "test"},
        expected_digest=case.evidence_digest,
        observe=observe,
    )
    return run_to_completion(work)
