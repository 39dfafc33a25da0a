"""One call from a place on disk to a report: what ``vaultproof.check`` and ``vaultproof verify`` run."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from vaultproof.cli import engine
from vaultproof.cli.sources import load_evidence, load_procedures, load_trust
from vaultproof.crypto.port import run_to_completion
from vaultproof.procedure.document import Procedure
from vaultproof.report import Report
from vaultproof.trust.configuration import TrustSet
from vaultproof.verification import Observer, ignore, verify


def check(
    source: str | os.PathLike[str] | Mapping[str, bytes],
    *,
    trust: str | os.PathLike[str] | TrustSet | None = None,
    at: datetime | None = None,
    evidence_digest: str | None = None,
    procedures: Mapping[str, Procedure] | None = None,
    observe: Observer = ignore,
) -> Report:
    """Run the published procedure over one deployment and return the report.

    ``source`` is a folder, a zip archive, ``-`` for a zip archive on standard input, or the files themselves (path to
    bytes).  ``trust`` is a folder of pinned keys and roots, or what was read from one; by default the one that came
    along, as do ``procedures``.  ``at`` is the moment to check as of (time-zone aware; now by default).
    ``evidence_digest`` is the SHA-256 of the manifest you were given elsewhere, in lower-case hex.  ``observe`` is
    told of each step as it begins and ends.

    Raises ``Malformed`` when the source is not plainly one set of files, ``Unavailable`` when there is no deployment to
    read, and ``Unsupported`` when it is too new; whatever else is wrong with evidence is in the report.  Raises
    ``ValueError`` for an ``at`` without a time zone.
    """
    if at is not None and at.tzinfo is None:
        raise ValueError("at needs a time zone, for example datetime.UTC")
    files = source if isinstance(source, Mapping) else load_evidence(source)
    run = verify(
        files,
        trust=trust if isinstance(trust, TrustSet) else load_trust(None if trust is None else Path(trust)),
        procedures=load_procedures() if procedures is None else procedures,
        clock=at or datetime.now(UTC),
        backend=engine.backend(),
        engine=engine.describe(),
        expected_digest=evidence_digest,
        observe=observe,
    )
    return run_to_completion(run)
