"""Trust: what is pinned is read strictly, and production and rehearsal never mix."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.cases.harness import EVIDENCE, tree
from vaultproof.attestation.reference import ReferenceValues
from vaultproof.crypto.keys import ed25519_spki
from vaultproof.errors import Malformed, Unsupported
from vaultproof.report import Scope
from vaultproof.strict.encodings import format_base64
from vaultproof.trust.configuration import TrustConfiguration, TrustSet, read_trust, read_trust_set

TRUST = {path: data for path, data in tree(EVIDENCE / "trust").items() if path != "logs.json"}
"""What is taken on trust; addresses of logs are not (test_logs.py)."""
P256 = json.loads(TRUST["rehearsal/trust.json"])["operators"][0]["keys"][0]["public_key"]
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def committed() -> TrustSet:
    return read_trust_set(TRUST)


def rehearsal_with(change: Change) -> TrustConfiguration:
    value = json.loads(TRUST["rehearsal/trust.json"])
    change(value)
    data = json.dumps(value).encode()
    return read_trust(data, TRUST["rehearsal/reference-values.json"], Scope.REHEARSAL, "rehearsal/")


# --- the committed configurations -----------------------------------------------------------------------------------


def test_the_committed_configurations_share_nothing(committed: TrustSet) -> None:
    def pins(configuration: TrustConfiguration) -> set[object]:
        return {
            *(item.id for item in configuration.signers),
            *(key.public_key for item in configuration.signers for key in item.keys),
            *(item.name for item in configuration.namespaces),
            *(item.id for item in (*configuration.operators, *configuration.witnesses)),
            *(key.spki for item in (*configuration.operators, *configuration.witnesses) for key in item.keys),
            *(anchor.spki_sha256 for anchor in configuration.anchors),
        }

    assert not pins(committed.production) & pins(committed.rehearsal)
    assert committed.production.kind is Scope.PRODUCTION
    assert committed.rehearsal.kind is Scope.REHEARSAL


def test_every_production_pin_says_where_it_was_read(committed: TrustSet) -> None:
    production = committed.production
    sources = [
        *(key.provenance for signer in production.signers for key in signer.keys),
        *(namespace.provenance for namespace in production.namespaces),
        *(key.provenance for party in (*production.operators, *production.witnesses) for key in party.keys),
        *(root.provenance for root in production.vendor_roots),
    ]
    assert sources
    assert all(listed for listed in sources)
    assert all(len(key.provenance) >= 2 for signer in production.signers for key in signer.keys)


def test_an_operator_without_a_key_says_so(committed: TrustSet) -> None:
    for party in committed.production.operators:
        assert party.keys or party.note


def test_every_rehearsal_pin_says_rehearsal() -> None:
    value = json.loads(TRUST["rehearsal/trust.json"])
    names = [item["name"] for kind in ("signers", "operators", "witnesses", "vendor_roots") for item in value[kind]]
    assert names
    assert all("REHEARSAL" in name for name in names)
    assert all("rehearsal" in item["name"] for item in value["namespaces"])


def test_a_deployment_is_judged_by_the_configuration_of_its_kind(committed: TrustSet) -> None:
    assert committed.select(rehearsal=True) is committed.rehearsal
    assert committed.select(rehearsal=False) is committed.production


def test_lookups_find_by_exact_name(committed: TrustSet) -> None:
    production = committed.production
    (namespace,) = production.namespaces
    assert production.namespace(namespace.name) is namespace
    assert production.namespace(namespace.name.upper()) is None
    assert production.signer(namespace.signer) is production.signers[0]
    assert production.signer("") is None
    assert production.operator("meta") is production.operators[0]
    assert production.witness("meta") is None
    signer = production.signers[0]
    assert [key.key_id for key in signer.keys] == [key.public_key[31] for key in signer.keys]
    assert signer.keys_named(None) == signer.keys
    assert signer.keys_named(signer.keys[1].key_id) == signer.keys[1:2]
    assert signer.keys_named(1) == ()


# --- mixing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"), [("production", "production"), ("rehearsal", "rehearsal"), ("rehearsal", "production")]
)
def test_a_configuration_in_the_place_of_the_other_is_refused(committed: TrustSet, one: str, other: str) -> None:
    with pytest.raises(ValueError, match="wrong kind"):
        TrustSet(production=getattr(committed, one), rehearsal=getattr(committed, other))


@pytest.mark.parametrize(
    ("target", "source"), [("trust.json", "rehearsal/trust.json"), ("rehearsal/trust.json", "trust.json")]
)
def test_a_file_in_the_place_of_the_other_is_refused(target: str, source: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_trust_set({**TRUST, target: TRUST[source]})
    assert (caught.value.code, caught.value.file, caught.value.pointer) == ("wrong-value", target, "/kind")


@pytest.mark.parametrize("path", sorted(TRUST))
def test_a_missing_file_is_named(path: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_trust_set({name: data for name, data in TRUST.items() if name != path})
    assert (caught.value.code, caught.value.file) == ("no-trust", path)


@pytest.mark.parametrize("path", sorted(TRUST))
def test_one_changed_byte_is_another_configuration(path: str, committed: TrustSet) -> None:
    changed = read_trust_set({**TRUST, path: TRUST[path] + b" "})
    digests = {changed.production.digest, changed.rehearsal.digest}
    assert len(digests & {committed.production.digest, committed.rehearsal.digest}) == 1


def test_files_beside_are_not_read(committed: TrustSet) -> None:
    assert read_trust_set({**TRUST, "README.md": b"\xff"}) == committed


# --- strict reading -------------------------------------------------------------------------------------------------


def put(value: dict[str, Any], pointer: str, item: object) -> None:
    parent: Any = value
    *way, last = pointer.split("/")[1:]
    for part in way:
        parent = parent[int(part) if isinstance(parent, list) else part]
    if isinstance(parent, list) and last == "-":
        parent.append(item)
    else:
        parent[int(last) if isinstance(parent, list) else last] = item


NOT_A_POINT = "02" + "00" * 31
WRONG: list[tuple[str, Any, str, str]] = [
    ("/signers/0/keys/0/public_key", "00" * 31, "bad-hex", "/signers/0/keys/0/public_key"),
    ("/signers/0/keys/0/public_key", NOT_A_POINT, "wrong-value", "/signers/0/keys/0/public_key"),
    ("/signers/0/keys/0/not_before", -1, "wrong-value", "/signers/0/keys/0/not_before"),
    ("/signers/0/keys/0/not_before", 10**15, "wrong-value", "/signers/0/keys/0/not_before"),
    ("/signers/0/keys/0/provenance", [], "wrong-value", "/signers/0/keys/0/provenance"),
    ("/signers/0/keys/0/note", "x", "unknown-field", "/signers/0/keys/0/note"),
    ("/signers/0/id", "", "wrong-value", "/signers/0/id"),
    ("/namespaces/0/ciphersuite", 3, "wrong-value", "/namespaces/0/ciphersuite"),
    ("/namespaces/0/root_epoch", 0, "wrong-value", "/namespaces/0/root_epoch"),
    ("/namespaces/0/root_digest", "AB" * 32, "bad-hex", "/namespaces/0/root_digest"),
    ("/namespaces/0/signer", "nobody", "wrong-value", "/namespaces/0/signer"),
    ("/operators/0/keys/0/algorithm", "ecdsa", "wrong-value", "/operators/0/keys/0/algorithm"),
    ("/operators/0/keys/0/algorithm", "ed25519", "wrong-value", "/operators/0/keys/0/public_key"),
    ("/operators/0/keys/0/algorithm", "ecdsa-p384-sha384", "wrong-value", "/operators/0/keys/0/public_key"),
    ("/operators/0/keys/0/algorithm", "rsa-pss-sha256", "wrong-value", "/operators/0/keys/0/public_key"),
    ("/operators/0/keys/0/public_key", "AAAA", "wrong-value", "/operators/0/keys/0/public_key"),
    ("/operators/0/keys/0/public_key", P256[:-4], "wrong-value", "/operators/0/keys/0/public_key"),
    ("/operators/0/keys/0/not_before", "2025-01-15", "bad-time", "/operators/0/keys/0/not_before"),
    ("/witnesses/0/keys/0/algorithm", "ecdsa-p256-sha256", "wrong-value", "/witnesses/0/keys/0/public_key"),
    ("/extra", [], "unknown-field", "/extra"),
    ("/kind", "staging", "wrong-value", "/kind"),
]


@pytest.mark.parametrize(("pointer", "value", "code", "place"), WRONG)
def test_a_wrong_pin_is_refused_where_it_stands(pointer: str, value: Any, code: str, place: str) -> None:
    with pytest.raises(Malformed) as caught:
        rehearsal_with(lambda trust: put(trust, pointer, value))
    assert (caught.value.code, caught.value.file, caught.value.pointer) == (code, "rehearsal/trust.json", place)


@pytest.mark.parametrize("field", ["signers", "namespaces", "operators", "witnesses"])
def test_a_name_that_stands_twice_is_refused(field: str) -> None:
    """Else the first would silently win, and a reader who looks at the second would be wrong."""
    with pytest.raises(Malformed) as caught:
        rehearsal_with(lambda trust: put(trust, f"/{field}/-", trust[field][0]))
    assert (caught.value.code, caught.value.pointer) == ("wrong-value", f"/{field}")


def test_a_newer_schema_is_too_new() -> None:
    with pytest.raises(Unsupported, match="too-new"):
        rehearsal_with(lambda trust: put(trust, "/schema", "vaultproof/trust@2"))


def test_an_ed25519_key_may_be_pinned_for_an_operator() -> None:
    raw = json.loads(TRUST["rehearsal/trust.json"])["signers"][0]["keys"][0]["public_key"]

    def change(trust: dict[str, Any]) -> None:
        key = trust["operators"][0]["keys"][0]
        key["algorithm"], key["public_key"] = "ed25519", format_base64(ed25519_spki(bytes.fromhex(raw)))

    (key,) = rehearsal_with(change).operators[0].keys
    assert key.spki.endswith(bytes.fromhex(raw))


def test_reference_values_are_read_with_the_roots(committed: TrustSet) -> None:
    assert isinstance(committed.production.reference_values, ReferenceValues)
    with pytest.raises(Malformed) as caught:
        read_trust_set({**TRUST, "reference-values.json": b"{}"})
    assert caught.value.file == "reference-values.json"
