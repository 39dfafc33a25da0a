"""One record of the signer's log (Cloudflare's Plexi): the answer of ``GET /namespaces/{ns}/audits/{epoch}``.

What was signed is not the JSON but a message made of five of its fields; ``EpochRecord.signed_message`` makes it
anew.  Rules from the signer's own code (cloudflare/plexi, ``plexi_core``): ``version`` mirrors ``ciphersuite`` and
either may be missing; both missing is an older answer and means ciphersuite 1; ``key_id`` is the last byte of the
Ed25519 public key.  ``_note`` is an annotation by whoever kept the copy, and the signer's own test vectors carry their
keys: these few fields are kept and not read, and every other unknown field is refused.
"""

from __future__ import annotations

import re
from typing import Any

from vaultproof.errors import Mismatch, Unsupported
from vaultproof.evidence.epoch_message import bincode, protobuf
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import MAX_MILLISECONDS, clip
from vaultproof.strict.json import loads
from vaultproof.strict.records import Reader

PROTOBUF_ED25519 = 1
BINCODE_ED25519 = 2
DIGEST_BYTES = 32
SIGNATURE_BYTES = 64

_ANNOTATIONS = ("_note", "verifying_key", "signing_key")

_AS_SERVED = re.compile(
    r'\{"version":([1-9][0-9]{0,8}),"ciphersuite":\1,"namespace":"([ !#-\[\]-~]{1,200})"'
    r',"timestamp":(0|[1-9][0-9]{0,13}),"epoch":([1-9][0-9]{0,14})'
    r',"digest":"([0-9a-f]{64})","signature":"([0-9a-f]{128})"'
    r',"key_id":([0-9]|[1-9][0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5]),"serialized_message":"([0-9a-f]{2,1000})"\}\n?'
)
"""A whole record in the spelling of the signer's server: serde's order of fields, no white space, no escapes.

It takes nothing that the general reader would not take, and gives the same values; a test holds the two together.
"""


@frozen
class EpochRecord:
    """A signer's record as given.

    ``timestamp`` is in milliseconds since 1970; ``key_id`` None means that the record names no key;
    ``serialized_message`` is what the signer says it signed (never used in place of our own); ``annotations`` are the
    names of fields that were kept and not read.
    """

    file: str
    ciphersuite: int
    namespace: str
    timestamp: int
    epoch: int
    digest: bytes
    signature: bytes
    key_id: int | None
    serialized_message: bytes | None
    annotations: tuple[str, ...]

    def signed_message(self) -> bytes:
        """The bytes that the signature covers.  Raises ``Unsupported`` for a ciphersuite other than 1 and 2."""
        if self.ciphersuite == PROTOBUF_ED25519:
            return protobuf(self.ciphersuite, self.namespace, self.timestamp, self.epoch, self.digest)
        if self.ciphersuite == BINCODE_ED25519:
            return bincode(self.ciphersuite, self.namespace, self.timestamp, self.epoch, self.digest)
        raise Unsupported(
            "ciphersuite", "the record uses a ciphersuite this verifier does not know", file=self.file,
            pointer="/ciphersuite", expected="1 or 2", found=str(self.ciphersuite), hint="update the verifier",
        )  # fmt: skip


@frozen
class Proof:
    """``bundle/proof.json``: the signer's record and the operator's signature over its 64 signature bytes.

    ``counter_signature`` is None when the operator has not (yet) confirmed; ``counter_key_id`` is the SHA-256 of the
    operator key's SubjectPublicKeyInfo in hex, None when the file names no key.
    """

    record: EpochRecord
    counter_signature: bytes | None
    counter_key_id: str | None


def read_epoch(data: bytes, *, file: str) -> EpochRecord:
    """A typed record from the bytes of one API answer.  Raises ``Malformed``, ``Unsupported`` or ``Mismatch``."""
    # An audit reads a million of these, all spelled alike: one pattern takes a sixth of the general reader's time.
    served = _AS_SERVED.fullmatch(data.decode("latin-1"))
    if served is not None and len(served[8]) % 2 == 0:
        return _as_served(served, file)
    return read_epoch_value(loads(data, file=file), file=file)


def read_epoch_value(value: Any, *, file: str, pointer: str = "") -> EpochRecord:
    """As ``read_epoch``, from an already parsed JSON value (one of a list, say)."""
    reader = Reader(value, file=file, pointer=pointer)
    record = _read(reader)
    _refuse_unknown(reader)
    return record


def read_proof(data: bytes, *, file: str) -> Proof:
    """A typed proof from the bytes of ``bundle/proof.json``; ``meta_signature`` is read as ``counter_signature``."""
    reader = Reader(loads(data, file=file), file=file)
    record = _read(reader)
    name = "counter_signature"
    if reader.has("meta_signature"):
        if reader.has(name):
            raise reader.wrong("meta_signature", "one counter-signature, not two", "both fields")
        name = "meta_signature"
    counter_signature = reader.optional_hex(name)
    key_id = reader.optional_hex("counter_key_id", length=32)
    _refuse_unknown(reader)
    return Proof(
        record=record, counter_signature=counter_signature, counter_key_id=key_id.hex() if key_id is not None else None
    )


def _as_served(record: re.Match[str], file: str) -> EpochRecord:
    suite, namespace, timestamp, epoch, digest, signature, key_id, message = record.groups()
    return EpochRecord(
        file=file,
        ciphersuite=int(suite),
        namespace=namespace,
        timestamp=int(timestamp),
        epoch=int(epoch),
        digest=bytes.fromhex(digest),
        signature=bytes.fromhex(signature),
        key_id=int(key_id),
        serialized_message=bytes.fromhex(message),
        annotations=(),
    )


def _read(reader: Reader) -> EpochRecord:
    return EpochRecord(
        file=reader.file,
        ciphersuite=_ciphersuite(reader),
        namespace=reader.text("namespace", maximum=200),
        timestamp=reader.integer("timestamp", maximum=MAX_MILLISECONDS),
        epoch=reader.integer("epoch", minimum=1),
        digest=reader.hex("digest", length=DIGEST_BYTES),
        signature=reader.hex("signature", length=SIGNATURE_BYTES),
        key_id=reader.optional_integer("key_id", maximum=255),
        serialized_message=reader.optional_hex("serialized_message"),
        annotations=tuple(sorted(name for name in reader.rest() if name in _ANNOTATIONS)),
    )


def _ciphersuite(reader: Reader) -> int:
    suite = reader.optional_integer("ciphersuite", maximum=2**32 - 1)
    version = reader.optional_integer("version", maximum=2**32 - 1)
    if suite is not None and version is not None and suite != version:
        raise Mismatch(
            "suite-conflict", "version and ciphersuite differ", file=reader.file, pointer=reader.at("version"),
            expected=str(suite), found=str(version),
        )  # fmt: skip
    return next((value for value in (suite, version) if value is not None), PROTOBUF_ED25519)


def _refuse_unknown(reader: Reader) -> None:
    """An unknown field may be a known one that was renamed to hide it: say that we cannot tell, not that it is fine."""
    unknown = sorted(name for name in reader.rest() if name not in _ANNOTATIONS)
    if unknown:
        raise Unsupported(
            "unknown-record-field", "the record has a field this verifier does not know", file=reader.file,
            pointer=reader.at(unknown[0]), found=clip(unknown[0]), hint="compare it with the signer's own answer",
        )  # fmt: skip
