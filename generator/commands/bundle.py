"""Blocks for the steps ``digest``, ``signer`` and ``counter-signature``: the bundle that clients get."""

from __future__ import annotations

from collections.abc import Iterator

from generator.commands.block import (
    CommandBlock,
    chain,
    field,
    quoted,
    readable_fields,
    scratch,
    sha256_of,
    verified_text,
    verify_line,
    write_key,
)
from vaultproof.crypto.port import Algorithm
from vaultproof.evidence.epoch import EpochRecord, Proof
from vaultproof.evidence.files import FLEET_KEYS, PROOF, Files
from vaultproof.trust.configuration import Namespace, PinnedKey, SignerKey

SIGNED_FIELDS = ("namespace", "timestamp", "epoch", "digest", "signature")
HEX_OF_MESSAGE = """\"$(od -An -v -tx1 "$t/message" | tr -d ' \\n')\""""
"""A substitution that gives the rebuilt message as hexadecimal, as records carry it."""


def digest_block(files: Files) -> Iterator[CommandBlock]:
    """The key file's SHA-256 against the digest in the proof."""
    if not readable_fields(files[PROOF], "digest"):
        return
    said = "the key file has the signed digest"
    yield CommandBlock(
        id="digest",
        title="Is the key file the one that was signed?",
        step_id="digest",
        about="The SHA-256 of the key file is the digest in the signer's record.",
        lines=chain(f"[ {sha256_of(FLEET_KEYS)} = {field('digest', PROOF)} ]", f"echo '{said}'"),
        expect=said,
    )


def signer_block(
    files: Files, record: EpochRecord, namespace: Namespace, epoch: int, key: SignerKey
) -> Iterator[CommandBlock]:
    """The signed message built anew from what was asked for (``epoch`` is the announced one), and its signature."""
    names = (*SIGNED_FIELDS, *(("serialized_message",) if record.serialized_message is not None else ()))
    if not readable_fields(files[PROOF], *names):
        return
    asked = f'"{field("namespace", PROOF)[1:-1]} {field("epoch", PROOF)[1:-1]}"'
    commands = [
        write_key(key.spki, "signer.pem"),
        f"[ {asked} = \\\n  {quoted(f'{namespace.name} {epoch}')} ]",
        f"[ {field('timestamp', PROOF)} -ge {key.not_before} ]",
        (
            f"message {quoted(namespace.name)} {field('timestamp', PROOF)} {epoch} \\\n"
            f"  {sha256_of(FLEET_KEYS)} > {scratch('message')}"
        ),
        f"unhex {field('signature', PROOF)} > {scratch('signature')}",
    ]
    if record.serialized_message is not None:
        commands.append(f"[ {field('serialized_message', PROOF)} = {HEX_OF_MESSAGE} ]")
    commands.append(
        verify_line(
            Algorithm.ED25519, key=scratch("signer.pem"), message=scratch("message"), signature=scratch("signature")
        )
    )
    yield CommandBlock(
        id="signer",
        title="Did an independent party sign it?",
        step_id="signer",
        about="Builds the signed message anew: the pinned namespace, the time in the record (not before the key"
        " became valid), the announced epoch, and the SHA-256 of the key file that you have; then checks the signer's"
        " Ed25519 signature over it.",
        lines=chain(*commands),
        expect=verified_text(Algorithm.ED25519),
    )


def counter_signature_block(files: Files, proof: Proof, key: PinnedKey) -> Iterator[CommandBlock]:
    """The operator's signature over the signer's 64 signature bytes."""
    name = "counter_signature" if readable_fields(files[PROOF], "counter_signature") else "meta_signature"
    if proof.counter_signature is None or not readable_fields(files[PROOF], "signature", name):
        return
    yield CommandBlock(
        id="counter-signature",
        title="Did the operator confirm it?",
        step_id="counter-signature",
        about=f"Checks the operator's signature ({key.algorithm.value}) over the 64 bytes of the signer's signature.",
        lines=chain(
            write_key(key.spki, "operator.pem"),
            f"unhex {field('signature', PROOF)} > {scratch('signature')}",
            f"unhex {field(name, PROOF)} > {scratch('counter')}",
            verify_line(
                key.algorithm, key=scratch("operator.pem"), message=scratch("signature"), signature=scratch("counter")
            ),
        ),
        expect=verified_text(key.algorithm),
    )
