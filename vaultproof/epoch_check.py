"""Checking one record of the signer's log: used by the steps ``signer``, ``audit-log`` and by ``vaultproof epoch``."""

from __future__ import annotations

from vaultproof.crypto.keys import ed25519_spki
from vaultproof.crypto.port import Algorithm, Backend, SignatureCheck
from vaultproof.errors import Mismatch, Untrusted, VaultproofError
from vaultproof.evidence.epoch import EpochRecord
from vaultproof.strict.encodings import format_milliseconds
from vaultproof.trust.configuration import Signer, SignerKey


async def check_epoch(record: EpochRecord, signer: Signer, backend: Backend) -> SignerKey:
    """The pinned key under which the record's signature holds.

    Raises ``Mismatch`` (``serialized-message`` when the record's own serialisation is not the rebuilt one;
    ``bad-signature``; ``key-not-yet-valid``), ``Untrusted("unrecognised-key")`` when the record names a key that is
    not pinned, ``Unsupported`` for an unknown ciphersuite, and whatever the backend raises.
    """
    message = _message(record)
    keys = signer.keys_named(record.key_id)
    for key in keys:
        try:
            await backend.verify(signature_check(record, message, key.spki))
        except VaultproofError as error:
            if isinstance(error, Mismatch) and key is not keys[-1]:
                continue  # two keys may share an id (it is one byte), and older records name none: the last one decides
            raise error.in_file(record.file) from None
        if record.timestamp < key.not_before:
            raise Mismatch(
                "key-not-yet-valid", "the record is older than the key that signed it", file=record.file,
                pointer="/timestamp", expected=f">= {format_milliseconds(key.not_before)}",
                found=format_milliseconds(record.timestamp),
            )  # fmt: skip
        return key
    raise unrecognised(record, signer)


async def check_own_key(record: EpochRecord, public_key: bytes, backend: Backend) -> None:
    """Check the record under a given Ed25519 public key (32 bytes), pinned or not.

    A record that holds only under a key nobody pinned shows nothing but itself.  Raises as ``check_epoch`` does, but
    ``Mismatch("key-id-differs")`` when the record names another key.
    """
    message = _message(record)
    if record.key_id not in (None, public_key[-1]):
        raise Mismatch(
            "key-id-differs", "the record names another key than the one given", file=record.file, pointer="/key_id",
            expected=str(public_key[-1]), found=str(record.key_id),
        )  # fmt: skip
    try:
        await backend.verify(signature_check(record, message, ed25519_spki(public_key)))
    except VaultproofError as error:
        raise error.in_file(record.file) from None


def unrecognised(record: EpochRecord, signer: Signer) -> Untrusted:
    """The error for a record by a key that is not pinned."""
    return Untrusted(
        "unrecognised-key", "the record names a key that is not pinned", file=record.file, pointer="/key_id",
        expected="one of " + ", ".join(str(key.key_id) for key in signer.keys), found=str(record.key_id),
        hint="valid or not, it is by a key you do not trust",
    )  # fmt: skip


def signature_check(record: EpochRecord, message: bytes, spki: bytes) -> SignatureCheck:
    """The check of a record's signature over ``message`` under the key in ``spki``."""
    return SignatureCheck(algorithm=Algorithm.ED25519, public_key=spki, message=message, signature=record.signature)


def _message(record: EpochRecord) -> bytes:
    """The signed message built anew; where the record carries its own, that must be the same."""
    message = record.signed_message()
    if record.serialized_message is not None and record.serialized_message != message:
        raise Mismatch(
            "serialized-message", "the record's own serialised message is not what its fields give", file=record.file,
            pointer="/serialized_message", expected=message.hex(), found=record.serialized_message.hex(),
        )  # fmt: skip
    return message
