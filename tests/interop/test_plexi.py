"""The signer's genuine records, its own test vectors, and its documentation's sample, which must not verify."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.cases.harness import EVIDENCE, tree
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.epoch_check import check_epoch, check_own_key
from vaultproof.errors import Malformed, Mismatch, Unsupported, Untrusted, VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch, read_epoch_value
from vaultproof.strict.encodings import parse_hex
from vaultproof.strict.json import loads
from vaultproof.trust.configuration import Signer, SignerKey, read_trust_set

pytestmark = pytest.mark.interop

BACKEND = OpenSslBackend()
ANNOTATIONS = ("_note", "signing_key")
"""Fields of the stored copies that the signer did not sign and that say nothing of the record."""


@pytest.fixture(scope="module")
def plexi(vectors: Path) -> Path:
    return vectors / "cloudflare-plexi"


@pytest.fixture(scope="module")
def cloudflare() -> Signer:
    signer = read_trust_set(tree(EVIDENCE / "trust")).production.signer("cloudflare")
    assert signer is not None
    return signer


@pytest.fixture(scope="module")
def genuine(plexi: Path) -> bytes:
    return (plexi / "whatsapp_v1_epoch489193.json").read_bytes()


@pytest.fixture(scope="module")
def own(plexi: Path) -> list[dict[str, Any]]:
    """The two test vectors of plexi_core, one for each ciphersuite."""
    values: list[dict[str, Any]] = json.loads((plexi / "plexi_core_test_vectors.json").read_bytes())
    assert [value["ciphersuite"] for value in values] == [1, 2]
    return values


def check(record: EpochRecord, signer: Signer) -> SignerKey:
    return run_to_completion(check_epoch(record, signer, BACKEND))


def check_own(value: dict[str, Any]) -> None:
    """Check a vector under the key that it carries itself."""
    record = read_epoch_value(value, file="vector")
    run_to_completion(check_own_key(record, parse_hex(value["verifying_key"], length=32), BACKEND))


# --- what verifies ----------------------------------------------------------------------------------------------------


def test_the_genuine_epoch_holds_under_the_first_pinned_key(genuine: bytes, cloudflare: Signer) -> None:
    record = read_epoch(genuine, file="epoch")
    assert check(record, cloudflare) == cloudflare.keys[0]
    assert (record.namespace, record.epoch, record.key_id) == ("whatsapp.key-transparency.v1", 489193, 212)
    assert record.signed_message() == record.serialized_message
    assert record.annotations == ("_note",)


def test_both_vectors_hold_under_their_own_key_and_no_other(own: list[dict[str, Any]], cloudflare: Signer) -> None:
    for value in own:
        check_own(value)
        with pytest.raises(Untrusted, match="unrecognised-key"):
            check(read_epoch_value(value, file="vector"), cloudflare)


def test_a_record_that_names_no_key_is_tried_with_each(genuine: bytes, cloudflare: Signer) -> None:
    """Older answers name none: whichever pinned key it is, in whatever order they are pinned."""
    record = replace(read_epoch(genuine, file="epoch"), key_id=None)
    assert check(record, cloudflare) == cloudflare.keys[0]
    assert check(record, replace(cloudflare, keys=cloudflare.keys[::-1])) == cloudflare.keys[0]
    with pytest.raises(Mismatch, match="bad-signature"):
        check(record, replace(cloudflare, keys=cloudflare.keys[1:]))


def test_an_older_answer_without_ciphersuite_means_the_first_one(genuine: bytes, cloudflare: Signer) -> None:
    value = json.loads(genuine)
    for absent in ("version", "ciphersuite", "serialized_message", "_note"):
        del value[absent]
    assert check(read_epoch_value(value, file="epoch"), cloudflare) == cloudflare.keys[0]


@dataclass(frozen=True)
class Field:
    """One field of a Protocol Buffers message: its number, and a number or bytes."""

    number: int
    value: int | bytes


def protobuf(*fields: Field) -> bytes:
    """An independent encoder of Protocol Buffers (encoding guide: tag = number << 3 | type; 0 varint, 2 length)."""
    out = b""
    for field in fields:
        if isinstance(field.value, int):
            out += varint(field.number << 3) + varint(field.value)
        else:
            out += varint(field.number << 3 | 2) + varint(len(field.value)) + field.value
    return out


def varint(number: int) -> bytes:
    """Groups of seven bits, the lowest first, all but the last with the high bit set; made from a text of bits."""
    bits = f"{number:b}"
    groups = [bits[max(0, end - 7) : end].zfill(7) for end in range(len(bits), 0, -7)]
    return bytes(int(("1" if index < len(groups) - 1 else "0") + group, 2) for index, group in enumerate(groups))


def bincode(record: EpochRecord) -> bytes:
    """Legacy bincode of (u32, str, u64, u64, bytes): fixed width, little endian, lengths as u64."""
    import struct

    name = record.namespace.encode()
    return struct.pack(
        f"<IQ{len(name)}sQQQ{len(record.digest)}s",
        record.ciphersuite, len(name), name, record.timestamp, record.epoch, len(record.digest), record.digest,
    )  # fmt: skip


def test_signed_messages_are_what_an_independent_encoder_makes(genuine: bytes, own: list[dict[str, Any]]) -> None:
    first = read_epoch(genuine, file="epoch")
    large = replace(first, epoch=2**53 - 1, timestamp=253402300799999, namespace="ü" * 200)
    for record in (
        first,
        read_epoch_value(own[0], file="v"),
        large,
        replace(first, epoch=127),
        replace(first, epoch=128),
    ):
        assert record.signed_message() == protobuf(
            Field(1, record.ciphersuite),
            Field(2, record.namespace.encode()),
            Field(3, record.timestamp),
            Field(4, protobuf(Field(1, record.epoch))),
            Field(5, record.digest),
        )
    for record in (read_epoch_value(own[1], file="v"), replace(large, ciphersuite=2)):
        assert record.signed_message() == bincode(record)


# --- what does not ----------------------------------------------------------------------------------------------------


def test_the_sample_of_the_documentation_does_not_verify(
    plexi: Path, cloudflare: Signer, own: list[dict[str, Any]]
) -> None:
    record = read_epoch((plexi / "docs_epoch_sample_NOT_VERIFIABLE.json").read_bytes(), file="sample")
    with pytest.raises(Untrusted, match="unrecognised-key"):
        check(record, cloudflare)
    for key in cloudflare.keys:
        with pytest.raises(Mismatch, match="bad-signature"):
            check(replace(record, key_id=None), replace(cloudflare, keys=(key,)))
    with pytest.raises(Mismatch, match="key-id-differs"):
        run_to_completion(check_own_key(record, bytes.fromhex(own[0]["verifying_key"]), BACKEND))


def spans_of_annotations(data: bytes) -> list[tuple[int, int]]:
    """Where the values of annotations stand in a JSON text."""
    text = data.decode()
    spans = []
    for name in ANNOTATIONS:
        start = text.find(f'"{name}":')
        while start >= 0:
            value = start + len(name) + 3
            skipped = len(text[value:]) - len(text[value:].lstrip())
            _, end = json.JSONDecoder().raw_decode(text, value + skipped)
            spans.append((value + skipped, end))
            start = text.find(f'"{name}":', end)
    return spans


def flipped(data: bytes) -> list[tuple[int, int, bytes]]:
    """Every copy of the record with one bit changed, but for the values of annotations."""
    skipped = spans_of_annotations(data)
    return [
        (offset, bit, data[:offset] + bytes((data[offset] ^ 1 << bit,)) + data[offset + 1 :])
        for offset in range(len(data))
        if not any(start <= offset < end for start, end in skipped)
        for bit in range(8)
    ]


def test_the_genuine_epoch_with_any_one_bit_changed_does_not_verify(genuine: bytes, cloudflare: Signer) -> None:
    copies = flipped(genuine)
    assert len(copies) > 500 * 8
    verified = []
    for offset, bit, data in copies:
        try:
            check(read_epoch(data, file="epoch"), cloudflare)
        except VaultproofError:
            continue
        verified.append((offset, bit, genuine[max(0, offset - 10) : offset + 10]))
    assert verified == []


def test_a_vector_with_any_one_bit_changed_does_not_verify_under_its_own_key(own: list[dict[str, Any]]) -> None:
    for value in own:
        data = json.dumps(value).encode()
        verified = []
        for offset, bit, changed in flipped(data):
            try:
                check_own(loads(changed, file="vector"))
            except VaultproofError:
                continue
            verified.append((offset, bit, data[max(0, offset - 10) : offset + 10]))
        assert verified == []


@pytest.mark.parametrize(
    ("change", "family", "code"),
    [
        pytest.param({"epoch": 489194}, Mismatch, "serialized-message", id="another epoch"),
        pytest.param({"serialized_message": "0801"}, Mismatch, "serialized-message", id="another message"),
        pytest.param({"version": 2}, Mismatch, "suite-conflict", id="two ciphersuites"),
        pytest.param({"version": 2, "ciphersuite": 2}, Mismatch, "serialized-message", id="the other ciphersuite"),
        pytest.param({"version": 3, "ciphersuite": 3}, Unsupported, "ciphersuite", id="an unknown ciphersuite"),
        pytest.param({"key_id": 187}, Mismatch, "bad-signature", id="the other pinned key"),
        pytest.param({"key_id": 5}, Untrusted, "unrecognised-key", id="a key that is not pinned"),
        pytest.param({"key_id": 256}, Malformed, "wrong-value", id="a key id of more than a byte"),
        pytest.param({"signature": "00" * 64}, VaultproofError, None, id="no signature at all"),
        pytest.param({"signature": "00" * 63}, Malformed, "bad-hex", id="a short signature"),
        pytest.param({"digest": "00" * 31}, Malformed, "bad-hex", id="a short digest"),
        pytest.param({"timestamp": 1727110425630.0}, Malformed, "wrong-value", id="a time with a fraction"),
        pytest.param({"epoch": 0}, Malformed, "wrong-value", id="epoch nought"),
        pytest.param({"epoch": "489193"}, Malformed, "wrong-value", id="an epoch in quotes"),
        pytest.param({"namespace": ""}, Malformed, "wrong-value", id="no namespace"),
        pytest.param({"_other": 1}, Unsupported, "unknown-record-field", id="another annotation"),
        pytest.param({"Digest": "00"}, Unsupported, "unknown-record-field", id="a field in another case"),
    ],
)
def test_each_change_has_its_code(
    genuine: bytes, cloudflare: Signer, change: dict[str, Any], family: type[VaultproofError], code: str | None
) -> None:
    with pytest.raises(family) as caught:
        check(read_epoch_value({**json.loads(genuine), **change}, file="epoch"), cloudflare)
    assert caught.value.file == "epoch"
    assert code is None or caught.value.code == code


def test_a_record_from_before_the_key_does_not_verify(genuine: bytes, cloudflare: Signer) -> None:
    record = read_epoch(genuine, file="epoch")
    key = cloudflare.keys[0]
    at_once = replace(key, not_before=record.timestamp)
    assert check(record, replace(cloudflare, keys=(at_once,))) == at_once
    with pytest.raises(Mismatch, match="key-not-yet-valid"):
        check(record, replace(cloudflare, keys=(replace(key, not_before=record.timestamp + 1),)))


# --- what is pinned ---------------------------------------------------------------------------------------------------


def test_the_pinned_keys_are_the_ones_of_the_live_answer(plexi: Path, cloudflare: Signer) -> None:
    info = json.loads((plexi / "plexi_info_2026-10-08.json").read_bytes())
    assert [(key.public_key.hex(), key.not_before) for key in cloudflare.keys] == [
        (key["public_key"], key["not_before"]) for key in info["keys"]
    ]


def test_the_pinned_namespace_is_the_one_of_the_live_answer(plexi: Path) -> None:
    production = read_trust_set(tree(EVIDENCE / "trust")).production
    listed = json.loads((plexi / "plexi_namespaces_2026-10-08_subset.json").read_bytes())["namespaces"]
    (answer,) = (item for item in listed if item["name"] == "meta.encrypted_backups.fleet_keys.v1")
    (pinned,) = production.namespaces
    assert answer["root"] == f"{pinned.root_epoch}/{pinned.root_digest}"
    assert (answer["name"], answer["ciphersuite"]) == (pinned.name, pinned.ciphersuite)
    assert all(datetime.fromisoformat(source.captured) for source in pinned.provenance)
