"""The earlier deployment that a rehearsal goes on from, read from its published files with the strict readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from generator.rehearsal.authorities import signer_keys
from generator.rehearsal.options import RehearsalError
from generator.rehearsal.plan import EpochPlan, KeyPlan
from generator.rehearsal.signer import NAMESPACE
from vaultproof.errors import VaultproofError
from vaultproof.evidence.audit import artifact_path, record_paths
from vaultproof.evidence.deployment import HistoryEntry, read_deployment
from vaultproof.evidence.epoch import read_epoch
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, required
from vaultproof.evidence.fleet_keys import read_fleet_keys


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """What goes on: the deployment's id and date, its keys, its log with every artifact, and whose each epoch was."""

    id: str
    deployed_at: datetime
    keys: tuple[KeyPlan, ...]
    epochs: tuple[EpochPlan, ...]
    history: tuple[HistoryEntry, ...]


def read_earlier(files: Mapping[str, bytes]) -> Earlier:
    """The earlier rehearsal in these files.  Raises ``RehearsalError`` when they cannot be gone on from."""
    try:
        deployment = read_deployment(required(files, DEPLOYMENT))
        if not deployment.rehearsal or deployment.namespace not in (None, NAMESPACE):
            raise RehearsalError("the previous deployment is no rehearsal of this kind")
        keys = read_fleet_keys(required(files, FLEET_KEYS)).keys
        epochs = tuple(
            _epoch(files, number, path, own=deployment.epoch) for number, path in record_paths(files).items()
        )
    except VaultproofError as error:
        raise RehearsalError(f"the previous deployment cannot be read: {error}") from error
    if [epoch.number for epoch in epochs] != list(range(1, (deployment.epoch or 0) + 1)):
        raise RehearsalError("the previous deployment's log has a gap")
    return Earlier(
        id=deployment.id,
        deployed_at=deployment.deployed_at,
        keys=tuple(KeyPlan(public=key.key, role=key.role) for key in keys),
        epochs=epochs,
        history=deployment.history,
    )


def _epoch(files: Mapping[str, bytes], number: int, path: str, *, own: int | None) -> EpochPlan:
    record = read_epoch(files[path], file=path)
    return EpochPlan(
        number=number,
        artifact=required(files, FLEET_KEYS if number == own else artifact_path(number)),
        timestamp=record.timestamp,
        namespace=record.namespace,
        key=signer_keys()[0],
        record=files[path],
    )
