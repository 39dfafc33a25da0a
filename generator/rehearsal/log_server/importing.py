"""Filling a rehearsal log with the epochs of rehearsal deployments."""

from __future__ import annotations

import re
from pathlib import Path

from generator.rehearsal.log_server.ledger import Ledger, RefusedError
from vaultproof.evidence.epoch import read_epoch

_RECORD = re.compile(r"([1-9][0-9]{0,15})\.json", re.ASCII)
REHEARSAL = "rehearsal."
"""How the namespaces of rehearsals begin: nothing else is ever served as if it were this signer's."""


def import_deployments(ledger: Ledger, folder: Path) -> dict[str, int]:
    """Log every epoch that the deployments in ``folder`` (or itself, one deployment) hold; how many, by namespace.

    Epochs that are there already are passed over.  Raises ``RefusedError`` for one that breaks the rules, that is
    another than the one that is there, or that is no rehearsal's.
    """
    found: dict[str, dict[int, bytes]] = {}
    for path in sorted((*folder.glob("audit/*.json"), *folder.glob("*/audit/*.json"))):
        if not _RECORD.fullmatch(path.name):
            continue
        body = path.read_bytes()
        record = read_epoch(body, file=str(path))
        if found.setdefault(record.namespace, {}).setdefault(record.epoch, body) != body:
            raise RefusedError(f"{path}: epoch {record.epoch} is another one in another deployment")
    return {name: _import(ledger, name, records) for name, records in sorted(found.items())}


def _import(ledger: Ledger, name: str, records: dict[int, bytes]) -> int:
    if not name.startswith(REHEARSAL):
        raise RefusedError(f"{name} is no rehearsal's namespace")
    if name not in [namespace.name for namespace in ledger.namespaces()]:
        ledger.create(name)
    count = 0
    for epoch, body in sorted(records.items()):
        present = ledger.record(name, epoch)
        if present is None:
            ledger.take(name, body)
            count += 1
        elif present != body:
            raise RefusedError(f"epoch {epoch} of {name} is another one in this log")
    return count
