"""Step ``history``: has anything been added unannounced?"""

from __future__ import annotations

from vaultproof.errors import Mismatch, VaultproofError
from vaultproof.evidence.audit import artifact_epochs, artifact_path
from vaultproof.evidence.epoch import EpochRecord
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, required, sha256_hex
from vaultproof.evidence.fleet_keys import FleetKey, FleetKeys, by_raw, read_fleet_keys
from vaultproof.frozen import frozen
from vaultproof.report import Fact, Origin
from vaultproof.steps.audit_log import LoggedEpochs
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown


@frozen
class KeyHistory:
    """The keys of every epoch, from the first, by their raw bytes: a file may publish one key in either shape."""

    epochs: tuple[tuple[int, dict[bytes, FleetKey]], ...]


async def history(context: Context) -> Finding:
    """Read the artifact of every epoch, list what changed, and match epochs with announced deployments both ways."""
    substeps = Substeps()
    logged = context.relying_on(LoggedEpochs).records
    epochs: list[tuple[int, dict[bytes, FleetKey]]] = []
    for record in logged:
        try:
            keys = by_raw(_artifact(context, record))
        except VaultproofError as error:
            substeps.trouble("artifact", error, subject=str(record.epoch))
            continue
        _changes(substeps, context, record, epochs[-1][1] if epochs else {}, keys)
        epochs.append((record.epoch, keys))
    if len(epochs) == len(logged):
        _came_and_went(substeps, context, epochs)
    _announced(substeps, context, logged)
    return substeps.finding(KeyHistory(epochs=tuple(epochs)))


def _artifact(context: Context, record: EpochRecord) -> FleetKeys:
    """The keys logged at an epoch.

    Raises ``Unavailable("not-published")`` without the artifact, ``Mismatch`` when it is another one than was logged,
    ``Malformed`` when it cannot be read.
    """
    path = FLEET_KEYS if record.epoch == context.deployment.epoch else artifact_path(record.epoch)
    data = required(context.files, path)
    if sha256_hex(data) != record.digest.hex():
        raise Mismatch(
            "artifact-differs", "the published artifact is not the one that was logged", file=path,
            expected=record.digest.hex(), found=sha256_hex(data),
        )  # fmt: skip
    return read_fleet_keys(data, file=path)


def _changes(
    substeps: Substeps, context: Context, record: EpochRecord, before: dict[bytes, FleetKey], now: dict[bytes, FleetKey]
) -> None:
    """What an epoch added, removed or gave another role.

    An announcement explains keys that come and go with a fleet; a key that stays but gets another role is a change of
    what clients do with a key they already know, and no announcement of a *new* fleet explains it.
    """
    file = record.file
    facts: list[Fact] = [
        shown("keys-added", sum(1 for key in now if key not in before), Origin.INDEPENDENT_SIGNER, file=file),
        shown("keys-removed", sum(1 for key in before if key not in now), Origin.INDEPENDENT_SIGNER, file=file),
    ]
    deployment = next((e.deployment for e in context.deployment.history if e.epoch == record.epoch), None)
    changed = [
        compared("role", now[raw].role, key.role, Origin.INDEPENDENT_SIGNER, file=file)
        for raw, key in before.items()
        if raw in now and now[raw].role != key.role
    ]
    subject = str(record.epoch)
    if changed:
        substeps.mismatch("change", "role-changed", *changed, *facts, subject=subject)
    elif deployment is None:
        added = [
            shown("fingerprint", key.fingerprint, Origin.INDEPENDENT_SIGNER)
            for raw, key in now.items()
            if raw not in before
        ]
        substeps.mismatch("change", "unannounced-epoch", *facts, *added[:20], subject=subject)
    else:
        named = shown("deployment", deployment, Origin.OPERATOR_STATEMENT)
        substeps.match("change", "announced-change", named, *facts, subject=subject)


def _came_and_went(substeps: Substeps, context: Context, epochs: list[tuple[int, dict[bytes, FleetKey]]]) -> None:
    """A key that a deployment's own epoch adds and its last one no longer lists was never attested by anybody."""
    owner = {entry.epoch: entry.deployment for entry in context.deployment.history}
    last = {owner[epoch]: keys for epoch, keys in epochs if epoch in owner}
    before: dict[bytes, FleetKey] = {}
    gone: list[tuple[int, FleetKey]] = []
    for epoch, keys in epochs:
        if epoch in owner:
            gone += [(epoch, keys[raw]) for raw in keys if raw not in before and raw not in last[owner[epoch]]]
        before = keys
    for epoch, key in gone:
        fact = shown("fingerprint", key.fingerprint, Origin.INDEPENDENT_SIGNER)
        substeps.mismatch("change", "key-came-and-went", fact, subject=str(epoch))


def _announced(substeps: Substeps, context: Context, logged: tuple[EpochRecord, ...]) -> None:
    """Every announced deployment has an epoch in the log, and this one's is this epoch."""
    numbers = {record.epoch for record in logged}
    seen: set[int] = set()
    for entry in context.deployment.history:
        fact = shown("deployment", entry.deployment, Origin.OPERATOR_STATEMENT)
        if entry.epoch not in numbers:
            substeps.mismatch("announcement", "announced-not-logged", fact, subject=str(entry.epoch))
        elif entry.epoch in seen:
            substeps.mismatch("announcement", "epoch-announced-twice", fact, subject=str(entry.epoch))
        seen.add(entry.epoch)
    for epoch in sorted(artifact_epochs(context.files) - numbers):
        substeps.mismatch("artifact", "artifact-without-epoch", subject=str(epoch))
    _superseded(substeps, context)
    own = next((e.deployment for e in context.deployment.history if e.epoch == context.deployment.epoch), None)
    substeps.compare(
        "own-epoch", "own-epoch-announced",
        compared("deployment", own, context.deployment.id, Origin.OPERATOR_STATEMENT),
    )  # fmt: skip


def _superseded(substeps: Substeps, context: Context) -> None:
    """The deployment that is said to be superseded is the one that the log has before this one."""
    deployment = context.deployment
    earlier = [entry.deployment for entry in sorted(deployment.history, key=lambda entry: entry.epoch)]
    others = earlier[: earlier.index(deployment.id)] if deployment.id in earlier else earlier
    expected = others[-1] if others else None
    facts = (
        shown("supersedes", deployment.supersedes, Origin.OPERATOR_STATEMENT, file=DEPLOYMENT),
        shown("deployment-before", expected, Origin.OPERATOR_STATEMENT, file=DEPLOYMENT),
    )
    if deployment.supersedes == expected:
        substeps.match("superseded", "superseded-same", *facts)
    else:
        substeps.mismatch("superseded", "superseded-differs", *facts)
