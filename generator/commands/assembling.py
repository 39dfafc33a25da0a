"""Which blocks a deployment's page prints.

A block is printed only where its lines can be right for these files; what is wrong with evidence is never said here,
but by the steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from generator.commands.app import app_block
from generator.commands.block import CommandBlock
from generator.commands.bundle import counter_signature_block, digest_block, signer_block
from generator.commands.devices import device_blocks
from generator.commands.files import file_blocks
from generator.commands.log import log_blocks
from generator.commands.prepare import prepare
from generator.commands.witnesses import witness_block
from vaultproof.errors import VaultproofError
from vaultproof.evidence.audit import record_paths
from vaultproof.evidence.ceremony import read_ceremony
from vaultproof.evidence.deployment import Deployment
from vaultproof.evidence.epoch import Proof, read_proof
from vaultproof.evidence.files import CEREMONY, FLEET_KEYS, PROOF, Files
from vaultproof.evidence.fleet_keys import FleetKeys, read_fleet_keys
from vaultproof.trust.configuration import Namespace, TrustConfiguration

T = TypeVar("T")


def commands_for(files: Files, deployment: Deployment, trust: TrustConfiguration) -> tuple[CommandBlock, ...]:
    """The blocks for these files, in the order of the steps; the first one prepares, all others need it."""
    namespace = trust.namespace(deployment.namespace or "")
    keys = _readable(files, FLEET_KEYS, read_fleet_keys)
    proof = _readable(files, PROOF, lambda data: read_proof(data, file=PROOF)) if keys is not None else None
    found = [prepare(namespace.ciphersuite if namespace and proof else None), *file_blocks(files)]
    if proof is not None and namespace is not None:
        found += _bundle(files, deployment, trust, proof, namespace)
    found += _devices_and_people(files, deployment, trust, keys)
    return tuple(found)


def steps_without_commands(steps: Iterable[str], blocks: Iterable[CommandBlock]) -> tuple[str, ...]:
    """The steps that no block repeats, in their order."""
    repeated = {block.step_id for block in blocks}
    return tuple(step for step in steps if step not in repeated)


def _readable(files: Files, path: str, read: Callable[[bytes], T]) -> T | None:
    """A file's value, or None where there is no such file or it cannot be read (a step has said so already)."""
    try:
        return read(files[path]) if path in files else None
    except VaultproofError:
        return None


def _bundle(
    files: Files, deployment: Deployment, trust: TrustConfiguration, proof: Proof, namespace: Namespace
) -> Iterator[CommandBlock]:
    """Blocks under pinned keys; a record that names another key gets the first pinned one, and does not hold."""
    yield from digest_block(files)
    signer, record, epoch = trust.signer(namespace.signer), proof.record, deployment.epoch
    if signer is None or epoch is None or record.ciphersuite != namespace.ciphersuite:
        return
    named = signer.keys_named(record.key_id) or signer.keys[:1]
    if len(named) == 1:
        yield from signer_block(files, record, namespace, epoch, named[0])
    operator = trust.operator(deployment.operator)
    keys = operator.keys if operator is not None else ()
    confirming = [key for key in keys if key.key_id == proof.counter_key_id] or keys[:1]
    for key in confirming:
        yield from counter_signature_block(files, proof, key)
    yield from log_blocks(files, record_paths(files), namespace, epoch, signer)


def _devices_and_people(
    files: Files, deployment: Deployment, trust: TrustConfiguration, keys: FleetKeys | None
) -> Iterator[CommandBlock]:
    if keys is not None:
        if deployment.app is not None:
            yield from app_block(files, deployment.app, keys.keys)
        yield from device_blocks(files, deployment, trust)
    ceremony = _readable(files, CEREMONY, read_ceremony)
    if ceremony is not None:
        yield from witness_block(files, ceremony, trust)
