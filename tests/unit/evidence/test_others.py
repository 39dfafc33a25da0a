"""The other records: key file, the log's answers, ceremony, and what is peculiar to the signer's records."""

from __future__ import annotations

import base64
import json
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import harness
from vaultproof.crypto.keys import ed25519_spki, x25519_spki
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported
from vaultproof.evidence.audit import artifact_epochs, artifact_path, read_fetched, read_namespace, record_paths
from vaultproof.evidence.ceremony import FIRST_PREVIOUS, entry_hash, read_ceremony, witness_message
from vaultproof.evidence.epoch import EpochRecord, read_epoch, read_proof
from vaultproof.evidence.files import CEREMONY, FETCHED, NAMESPACE, PROOF, sha256_hex
from vaultproof.evidence.fleet_keys import by_raw, raw_public_key, read_fleet_keys

DEPLOYMENT = harness.tree(harness.EVIDENCE / "deployments" / "rehearsal-messenger-2026")


def data(value: Any) -> bytes:
    return json.dumps(value).encode()


# --- key file -------------------------------------------------------------------------------------------------------

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(range(1, 33))).decode()


@pytest.mark.parametrize("order", [1, -1])
def test_a_key_in_both_shapes_keeps_both_roles_in_either_order(order: int) -> None:
    raw = bytes(range(32))
    shapes = [(raw, "session"), (x25519_spki(raw), "backup")][::order]
    listed = [{"key": base64.b64encode(key).decode(), "role": role} for key, role in shapes]
    found = by_raw(read_fleet_keys(data({"keys": [*listed, {"key": OTHER, "role": "b"}]})))
    assert {key: item.role for key, item in found.items()} == {raw: "backup, session", base64.b64decode(OTHER): "b"}


def test_keys_are_read_in_order_with_their_roles() -> None:
    read = read_fleet_keys(data({"keys": [{"key": KEY, "role": "a"}, {"key": OTHER, "role": "b"}]}))
    assert [(key.key[0], key.role) for key in read.keys] == [(0, "a"), (1, "b")]
    assert read.keys[0].fingerprint == sha256_hex(bytes(range(32)))
    assert read.unknown == ()


def test_fields_by_others_are_kept_and_reported() -> None:
    read = read_fleet_keys(data({"v": 2, "keys": [{"key": KEY, "role": "a", "x/y": 1}]}))
    assert read.unknown == ("/v", "/keys/0/x~1y")


@pytest.mark.parametrize(
    ("value", "code", "pointer"),
    [
        ({"keys": []}, "wrong-value", "/keys"),
        ({}, "wrong-value", "/keys"),
        ({"keys": [{"key": KEY, "role": "a"}, {"key": KEY, "role": "b"}]}, "wrong-value", "/keys/1/key"),
        ({"keys": [{"key": KEY.rstrip("="), "role": "a"}]}, "bad-base64", "/keys/0/key"),
        ({"keys": [{"key": "AAAA", "role": "a"}]}, "wrong-value", "/keys/0/key"),
        ({"keys": [{"key": base64.b64encode(bytes(2049)).decode(), "role": "a"}]}, "wrong-value", "/keys/0/key"),
        ({"keys": [{"key": KEY, "role": ""}]}, "wrong-value", "/keys/0/role"),
        ({"keys": [{"key": KEY}]}, "missing-field", "/keys/0/role"),
        ({"keys": [KEY]}, "wrong-value", "/keys/0"),
        ([], "wrong-value", ""),
    ],
)
def test_what_is_no_key_file_is_refused(value: Any, code: str, pointer: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_fleet_keys(data(value), file="audit/artifacts/1.json")
    assert (caught.value.code, caught.value.file, caught.value.pointer) == (code, "audit/artifacts/1.json", pointer)


@given(st.binary(min_size=32, max_size=32))
def test_a_key_is_recognised_in_either_shape(raw: bytes) -> None:
    spki = x25519_spki(raw)
    assert raw_public_key(spki) == raw
    bare, whole = (
        read_fleet_keys(data({"keys": [{"key": base64.b64encode(shape).decode(), "role": "r"}]})).keys[0]
        for shape in (raw, spki)
    )
    assert bare.raw == whole.raw == raw
    assert bare.fingerprint != whole.fingerprint
    other = bytes(byte ^ 1 for byte in raw)
    for key in (bare, whole):
        assert key.is_key_of(spki)
        assert not key.is_key_of(x25519_spki(other))
    assert not whole.is_key_of(ed25519_spki(raw)), "a whole SubjectPublicKeyInfo names its algorithm"


@given(st.binary(max_size=60))
def test_what_is_no_public_key_info_is_refused(spki: bytes) -> None:
    with pytest.raises(Malformed):
        raw_public_key(spki)


# --- the log --------------------------------------------------------------------------------------------------------


def test_records_are_found_by_number_and_nothing_else_is() -> None:
    files = {f"audit/{name}.json": b"" for name in ("10", "9", "01", "0", "info", "namespace", "1e3", "-1", "9" * 17)}
    files |= {"audit/artifacts/3.json": b"", "xaudit/2.json": b"", "audit/2.json.bak": b"", "audit/2xjson": b""}
    assert list(record_paths(files).items()) == [(9, "audit/9.json"), (10, "audit/10.json")]
    assert artifact_epochs(files) == {3}
    assert artifact_path(3) == "audit/artifacts/3.json"


def test_the_namespace_answer_may_have_no_root_yet() -> None:
    answer = read_namespace({NAMESPACE: data({"name": "n", "root": None, "status": "Initialization"})})
    assert (answer.name, answer.root_epoch, answer.root_digest) == ("n", None, None)
    answer = read_namespace({NAMESPACE: data({"name": "n", "root": "89527/" + "ab" * 32})})
    assert (answer.root_epoch, answer.root_digest) == (89527, "ab" * 32)


@pytest.mark.parametrize(
    ("root", "code"),
    [
        ("01/" + "ab" * 32, "bad-decimal"),
        ("9" * 17 + "/" + "ab" * 32, "bad-decimal"),
        ("1/" + "AB" * 32, "wrong-value"),
        ("1/" + "ab" * 31, "wrong-value"),
        ("/" + "ab" * 32, "wrong-value"),
        ("-1/" + "ab" * 32, "wrong-value"),
        (5, "wrong-value"),
    ],
)
def test_a_lax_root_is_refused(root: Any, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_namespace({NAMESPACE: data({"name": "n", "root": root})})
    assert (caught.value.code, caught.value.file, caught.value.pointer) == (code, NAMESPACE, "/root")


def test_a_copy_says_when_and_where() -> None:
    fetched = read_fetched(DEPLOYMENT)
    assert fetched.at.tzinfo is not None
    assert fetched.source
    with pytest.raises(Unavailable, match="not-published"):
        read_fetched({})
    with pytest.raises(Malformed, match="unknown-field"):
        read_fetched({FETCHED: data({**json.loads(DEPLOYMENT[FETCHED]), "by": "x"})})
    with pytest.raises(Unsupported, match="too-new"):
        read_fetched({FETCHED: data({**json.loads(DEPLOYMENT[FETCHED]), "schema": "vaultproof/fetched@2"})})


# --- the signer's record --------------------------------------------------------------------------------------------

RECORD = {"namespace": "n", "timestamp": 1, "epoch": 1, "digest": "00" * 32, "signature": "11" * 64}


def test_an_older_record_means_ciphersuite_one_and_names_no_key() -> None:
    record = read_epoch(data(RECORD), file="f")
    assert (record.ciphersuite, record.key_id, record.serialized_message, record.annotations) == (1, None, None, ())
    assert read_epoch(data({**RECORD, "version": 2}), file="f").ciphersuite == 2
    assert read_epoch(data({**RECORD, "ciphersuite": 2, "version": None}), file="f").ciphersuite == 2


def test_every_field_of_a_record_is_read() -> None:
    value = {**RECORD, "version": 1, "ciphersuite": 1, "key_id": 7, "serialized_message": "22", "_note": "x"}
    record = read_epoch(data(value), file="f")
    assert {field.name for field in fields(EpochRecord)} == {
        "file", "ciphersuite", "namespace", "timestamp", "epoch", "digest", "signature", "key_id",
        "serialized_message", "annotations",
    }  # fmt: skip
    assert (record.key_id, record.serialized_message, record.annotations) == (7, b"\x22", ("_note",))


def test_a_record_that_names_two_ciphersuites_contradicts_itself() -> None:
    with pytest.raises(Mismatch) as caught:
        read_epoch(data({**RECORD, "version": 1, "ciphersuite": 2}), file="f")
    assert (caught.value.code, caught.value.pointer) == ("suite-conflict", "/version")
    assert (caught.value.expected, caught.value.found) == ("2", "1")


@pytest.mark.parametrize("name", ["Namespace", "key-id", "_notes", "", "a/b"])
def test_an_unknown_field_is_never_passed_over(name: str) -> None:
    with pytest.raises(Unsupported) as caught:
        read_epoch(data({**RECORD, name: 1}), file="f")
    assert caught.value.code == "unknown-record-field"
    assert caught.value.pointer == "/" + name.replace("/", "~1")


def test_an_unknown_ciphersuite_cannot_be_rebuilt() -> None:
    for suite in (0, 3, 2**32 - 1):
        with pytest.raises(Unsupported, match="ciphersuite"):
            read_epoch(data({**RECORD, "ciphersuite": suite}), file="f").signed_message()


@given(
    st.fixed_dictionaries(
        {"namespace": st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=30),
         "timestamp": st.integers(0, 253402300799999), "epoch": st.integers(1, 2**53 - 1),
         "digest": st.binary(min_size=32, max_size=32).map(bytes.hex), "ciphersuite": st.sampled_from([1, 2])}
    ),
    st.data(),
)  # fmt: skip
def test_no_two_records_have_one_signed_message(value: dict[str, Any], draw: st.DataObject) -> None:
    """The message is injective: whatever differs in what was signed differs in the bytes."""
    record = read_epoch(data({**RECORD, **value}), file="f")
    field = draw.draw(st.sampled_from(sorted(value)))
    other = {
        "namespace": value["namespace"] + "x", "timestamp": (value["timestamp"] + 1) % 253402300800000,
        "epoch": value["epoch"] % (2**53 - 1) + 1,
        "digest": bytes(byte ^ 1 for byte in bytes.fromhex(value["digest"])).hex(),
        "ciphersuite": 3 - value["ciphersuite"],
    }  # fmt: skip
    changed = read_epoch(data({**RECORD, **value, field: other[field]}), file="f")
    assert (changed.signed_message() == record.signed_message()) == (value[field] == other[field])


def test_a_proof_has_one_counter_signature_under_either_name() -> None:
    plain = read_proof(data(RECORD), file=PROOF)
    assert (plain.counter_signature, plain.counter_key_id) == (None, None)
    ours = read_proof(data({**RECORD, "counter_signature": "aa", "counter_key_id": "bb" * 32}), file=PROOF)
    theirs = read_proof(data({**RECORD, "meta_signature": "aa", "counter_key_id": "bb" * 32}), file=PROOF)
    assert ours == theirs
    assert (ours.counter_signature, ours.counter_key_id) == (b"\xaa", "bb" * 32)
    with pytest.raises(Malformed) as caught:
        read_proof(data({**RECORD, "counter_signature": "aa", "meta_signature": "aa"}), file=PROOF)
    assert caught.value.pointer == "/meta_signature"


@pytest.mark.parametrize("field", ["counter_signature", "counter_key_id", "meta_signature"])
def test_a_log_record_has_no_counter_signature(field: str) -> None:
    with pytest.raises(Unsupported, match="unknown-record-field"):
        read_epoch(data({**RECORD, field: "aa" * 32}), file="audit/1.json")


# --- ceremony -------------------------------------------------------------------------------------------------------


def chained(*actions: str) -> list[dict[str, Any]]:
    entries, previous = [], FIRST_PREVIOUS
    for number, action in enumerate(actions, start=1):
        entry = {
            "number": number, "at": "2026-01-01T00:00:00Z", "script_step": "1", "action": action, "previous": previous,
        }  # fmt: skip
        previous = entry_hash(entry)
        entries.append({**entry, "hash": previous})
    return entries


CEREMONY_RECORD = {
    "schema": "vaultproof/ceremony@1", "deployment": "d", "witnesses": ["w"], "entries": chained("a", "b"),
    "materials": [{"path": "bundle/fleet-keys.json", "sha256": "00" * 32}],
}  # fmt: skip


def test_a_ceremony_is_read_with_hashes_computed_and_stated() -> None:
    record = read_ceremony(data(CEREMONY_RECORD))
    assert [entry.computed_hash == entry.stated_hash for entry in record.entries] == [True, True]
    assert record.entries[1].previous == record.entries[0].stated_hash
    changed = read_ceremony(data({**CEREMONY_RECORD, "entries": [{**chained("a")[0], "action": "x"}]}))
    assert changed.entries[0].computed_hash != changed.entries[0].stated_hash


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"entries": []}, "wrong-value", "/entries"),
        ({"entries": None}, "wrong-value", "/entries"),
        ({"entries": [{**chained("a")[0], "extra": 1}]}, "unknown-field", "/entries/0/extra"),
        ({"entries": [{**chained("a")[0], "at": "yesterday"}]}, "bad-time", "/entries/0/at"),
        ({"entries": [{**chained("a")[0], "previous": "00"}]}, "bad-hex", "/entries/0/previous"),
        ({"entries": [{**chained("a")[0], "number": 0}]}, "wrong-value", "/entries/0/number"),
        ({"entries": [[]]}, "wrong-value", "/entries/0"),
        ({"witnesses": ["w", "w"]}, "wrong-value", "/witnesses"),
        ({"witnesses": "w"}, "wrong-value", "/witnesses"),
        ({"place": "x"}, "unknown-field", "/place"),
        ({"materials": [{"path": "a"}]}, "missing-field", "/materials/0/sha256"),
        ({"materials": [{"path": "a", "sha256": "00"}]}, "bad-hex", "/materials/0/sha256"),
        ({"materials": [{"path": name, "sha256": "00" * 32} for name in "ba"]}, "wrong-value", "/materials"),
        ({"materials": [{"path": name, "sha256": "00" * 32} for name in "aa"]}, "wrong-value", "/materials"),
    ],
)
def test_what_is_no_ceremony_is_refused(change: dict[str, Any], code: str, pointer: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_ceremony(data({**CEREMONY_RECORD, **change}))
    assert (caught.value.code, caught.value.file, caught.value.pointer) == (code, CEREMONY, pointer)


def test_a_ceremony_without_entries_is_refused_and_stops_nothing() -> None:
    with pytest.raises(Malformed, match="wrong-value"):
        read_ceremony(data({key: item for key, item in CEREMONY_RECORD.items() if key != "entries"}))


def test_a_witness_signs_the_digest_of_the_exact_bytes() -> None:
    assert witness_message(b"x") == b"vaultproof/ceremony-witness@1\n" + sha256_hex(b"x").encode() + b"\n"
    assert witness_message(b"x ") != witness_message(b"x")
