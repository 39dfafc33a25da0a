"""Anchors are pins of keys; their JSON form is strict."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest

from tests.unit.attestation.makers import anchor, spki
from vaultproof.attestation.anchors import TrustAnchor, anchors_for
from vaultproof.errors import Malformed
from vaultproof.strict.records import Reader

KEY = spki("root")
GOOD: dict[str, Any] = {
    "id": "acme-root-1", "technology": "pkix-evidence", "name": "Acme Root 1", "spki_sha256": sha256(KEY).hexdigest(),
}  # fmt: skip


def from_json(value: dict[str, Any]) -> TrustAnchor:
    reader = Reader(value, file="trust.json", pointer="/vendor_roots/0")
    made = TrustAnchor.from_json(reader)
    reader.done()
    return made


def test_a_pin_alone_is_enough_and_nothing_lenient_is_assumed() -> None:
    made = from_json(GOOD)
    assert (made.spki, made.public_key, made.purpose) == (None, None, "manufacturer")
    assert (made.minimum_rsa_bits, made.judge_dates, made.not_before, made.not_after) == (3072, False, None, None)
    assert made.rsa_exponent == 65537


def test_all_fields_are_read() -> None:
    more = {
        "spki": base64.b64encode(KEY).decode(), "purpose": "owner", "minimum_rsa_bits": 2048, "rsa_exponent": 3,
        "judge_dates": True, "not_before": "2024-01-01T00:00:00Z", "not_after": "2049-01-01T00:00:00Z",
    }  # fmt: skip
    made = from_json({**GOOD, **more})
    assert made.public_key is not None
    assert made.public_key.raw == made.spki == KEY
    assert (made.purpose, made.minimum_rsa_bits, made.judge_dates, made.rsa_exponent) == ("owner", 2048, True, 3)
    assert made.not_before is not None
    assert made.not_after is not None
    assert (made.not_before.year, made.not_after.year) == (2024, 2049)


@pytest.mark.parametrize(
    "change",
    [
        {"spki": base64.b64encode(spki("other")).decode()},
        {"spki": base64.b64encode(KEY + b"\x00").decode()},
        {"spki": "not base64"},
        {"spki_sha256": "00"},
        {"spki_sha256": None},
        {"purpose": "anything"},
        {"minimum_rsa_bits": 1024},
        {"rsa_exponent": 1},
        {"rsa_exponent": 65539},
        {"judge_dates": "yes"},
        {"not_after": "2049"},
        {"subject": "CN=Acme"},
        {"id": ""},
    ],
)
def test_anything_else_is_refused_with_its_place(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed) as caught:
        from_json({**GOOD, **change})
    assert caught.value.file == "trust.json"


def test_only_anchors_of_the_technology_and_purpose_are_asked() -> None:
    ours, owner, foreign = anchor(), anchor(purpose="owner"), anchor(technology="yubico")
    assert anchors_for((ours, owner, foreign), "pkix-evidence", "manufacturer") == (ours,)
    with pytest.raises(Malformed):
        anchors_for((ours, anchor(id="again")), "pkix-evidence", "manufacturer")
