"""``python -m generator.rehearsal.committed``: makes the committed rehearsals and their trust configuration anew.

What it writes is generated and committed: ``evidence/trust/rehearsal/``, three deployments and a copy of their log.  A
test makes them anew and compares them byte for byte, so that nobody edits them by hand.
"""

from __future__ import annotations

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from generator.rehearsal.log_copy import log_copy
from generator.rehearsal.options import WHATSAPP, RehearsalOptions
from generator.rehearsal.planning import FOUNDING
from generator.rehearsal.rehearsing import rehearse
from generator.rehearsal.signer import NAMESPACE
from generator.rehearsal.trust import rehearsal_trust
from generator.rehearsal.writing import write_rehearsal

EVIDENCE = Path(__file__).resolve().parents[2] / "evidence"
"""``evidence/`` of a checkout."""

HARDCODED_2025 = RehearsalOptions(
    seed="REHEARSAL hardcoded fleet",
    id="rehearsal-whatsapp-2025",
    product=WHATSAPP,
    deployed_at=datetime(2025, 9, 16, 10, tzinfo=UTC),
)
"""A fleet whose keys are compiled into the app."""


def committed() -> dict[str, dict[str, bytes]]:
    """The generated folders below ``evidence/``, each with its files."""
    first = rehearse(FOUNDING)
    second = RehearsalOptions(
        seed="REHEARSAL second fleet",
        id="rehearsal-messenger-2026",
        deployed_at=datetime(2026, 5, 19, 9, tzinfo=UTC),
        previous=first,
    )
    logged = {FOUNDING.id: first, second.id: rehearse(second)}
    return {
        "trust/rehearsal": rehearsal_trust(),
        f"deployments/{HARDCODED_2025.id}": rehearse(HARDCODED_2025),
        **{f"deployments/{id}": files for id, files in logged.items()},
        f"signer-log/{NAMESPACE}": log_copy(logged),
    }


def main(evidence: Path = EVIDENCE) -> None:
    """Replace the generated folders below ``evidence``."""
    for folder, files in committed().items():
        target = evidence / folder
        if target.exists():
            shutil.rmtree(target)
        write_rehearsal(files, target)
        sys.stdout.write(f"{folder}: {len(files)} files\n")


if __name__ == "__main__":
    main()
