"""A fork as a file that stands by itself: two answers for one epoch, both signed, that say different things.

Whoever holds the file needs nothing else of ours: both answers verbatim, the bytes that each signature covers, the
signatures and the public keys.  ``openssl pkeyutl -verify`` repeats it.  Whose keys they are is for the reader to look
up: anybody can make such a file with keys of their own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

from vaultproof.crypto.port import Backend
from vaultproof.epoch_check import check_epoch, check_own_key
from vaultproof.errors import Mismatch
from vaultproof.evidence.epoch import EpochRecord, read_epoch
from vaultproof.frozen import frozen
from vaultproof.signer_log.rivals import Kept, says
from vaultproof.strict.encodings import format_base64, format_milliseconds
from vaultproof.strict.json import loads
from vaultproof.strict.records import Reader
from vaultproof.trust.configuration import Signer

FORK_SCHEMA = "vaultproof/fork-proof@1"


@frozen
class SignedAnswer:
    """One of the two: the record, and the key (32 bytes) that it holds under."""

    record: EpochRecord
    public_key: bytes


@frozen
class Fork:
    """A fork that was checked: both answers hold under the keys in the file, and say different things of one epoch."""

    namespace: str
    epoch: int
    answers: tuple[SignedAnswer, SignedAnswer]


async def make_fork(epoch: int, answers: Sequence[Kept], signer: Signer, backend: Backend) -> dict[str, Any]:
    """The file for two answers, as JSON values (``fork-proof.schema.json``).

    Raises as ``check_epoch`` when one of them does not hold, and ``Mismatch("no-fork")`` when they say the same.
    """
    items, records = [], []
    for kept in answers:
        record = read_epoch(kept.body, file="audits")
        key = await check_epoch(record, signer, backend)
        records.append(record)
        items.append(
            {
                "answer": format_base64(kept.body),
                "sha256": hashlib.sha256(kept.body).hexdigest(),
                "signed_message": record.signed_message().hex(),
                "signature": record.signature.hex(),
                "public_key": key.public_key.hex(),
                "origin": kept.origin,
                "first_seen": format_milliseconds(kept.first_seen),
                "last_seen": format_milliseconds(kept.last_seen),
            }
        )
    _check_differ(records, file="fork")
    return {
        "schema": FORK_SCHEMA,
        "namespace": records[0].namespace,
        "epoch": epoch,
        "signer": signer.name,
        "answers": items,
    }


async def check_fork(data: bytes, backend: Backend, *, file: str = "fork") -> Fork:
    """Check such a file by itself.

    Raises ``Malformed`` or ``Unsupported`` when it is none, ``Mismatch`` when an answer does not hold under the key
    beside it (``bad-signature``, ``key-id-differs``), when what stands beside an answer is not what the answer gives
    (``fork-differs``), or when both say the same (``no-fork``).
    """
    reader = Reader(loads(data, file=file), file=file)
    reader.schema("fork-proof")
    namespace, epoch = reader.text("namespace", maximum=200), reader.integer("epoch", minimum=1)
    reader.text("signer")
    items = reader.objects("answers", maximum=2)
    if len(items) != 2:
        raise reader.wrong("answers", "two answers", f"{len(items)}")
    reader.done()
    first, other = [await _check_answer(item, namespace, epoch, backend) for item in items]
    _check_differ([first.record, other.record], file=file)
    return Fork(namespace=namespace, epoch=epoch, answers=(first, other))


async def _check_answer(reader: Reader, namespace: str, epoch: int, backend: Backend) -> SignedAnswer:
    body, public_key = reader.base64("answer"), reader.hex("public_key", length=32)
    record = read_epoch(body, file=reader.file + reader.at("answer"))
    for key, expected in (
        ("sha256", hashlib.sha256(body).digest()),
        ("signed_message", record.signed_message()),
        ("signature", record.signature),
    ):
        if reader.hex(key) != expected:
            raise _differs(reader, key, expected.hex(), reader.hex(key).hex())
    for key, wanted, found in (("namespace", namespace, record.namespace), ("epoch", str(epoch), str(record.epoch))):
        if wanted != found:
            raise _differs(reader, key, wanted, found)
    for key in ("origin", "first_seen", "last_seen"):
        reader.text(key)  # told by whoever made the file; nothing rests on them
    reader.done()
    await check_own_key(record, public_key, backend)
    return SignedAnswer(record=record, public_key=public_key)


def _check_differ(records: list[EpochRecord], *, file: str) -> None:
    first, other = records
    if (first.namespace, first.epoch) != (other.namespace, other.epoch) or says(first) == says(other):
        raise Mismatch(
            "no-fork", "this is no fork: the two answers are about different epochs, or say the same", file=file,
            expected="two answers for one epoch that differ in what was signed",
        )  # fmt: skip


def _differs(reader: Reader, key: str, expected: str, found: str) -> Mismatch:
    return Mismatch(
        "fork-differs", "what stands beside an answer is not what the answer gives", file=reader.file,
        pointer=reader.at(key), expected=expected, found=found,
    )  # fmt: skip
