"""Reference values are read strictly, with the pointer of what is wrong; versions are compared as numbers."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.unit.attestation.makers import FIRMWARE, LOADER
from tests.unit.attestation.references import GOOD, changed, values
from vaultproof.attestation.claims import CodeGrade, DebugState, SiteSource
from vaultproof.attestation.reference import Freshness, KeyHolding, SameCode, is_below
from vaultproof.errors import Malformed, Unsupported


def test_all_values_are_read() -> None:
    read = values()
    policy = read.policy("pkix-evidence")
    assert policy is not None
    assert policy.allowed[0].measurements == {FIRMWARE, LOADER}
    assert (policy.allowed[1].swversion, policy.allowed[1].measurements) == ("2.4.2", frozenset())
    (denied,) = policy.denied
    assert (denied.below, denied.versions, denied.advisory.id) == ("2.4.0", frozenset({"2.4.1-rc1"}), "TSA-2024-03")
    assert [denied.published_by(date(2024, 9, day)) for day in (2, 3)] == [False, True]
    assert (policy.keys.local, policy.keys.extractable, policy.keys.exportable_path) == (True, False, None)
    assert (policy.freshness, policy.debug) == (Freshness.NONCE, DebugState.DISABLED_PERMANENTLY)
    fleet = read.fleet
    assert (fleet.code, fleet.same_code, fleet.keys) == (CodeGrade.MEASURED, SameCode.EQUAL, KeyHolding.ONE_HOLDER)
    assert (fleet.distinct_sites, fleet.site_source) == (2, SiteSource.OPERATOR)
    assert read.policy("yubico") is None


def test_what_is_left_out_is_not_asked_for() -> None:
    policy = values(changed("technologies/0/keys", {})).policy("pkix-evidence")
    assert policy is not None
    assert (policy.keys.local, policy.keys.purposes) == (None, None)
    strict = values(changed("fleet/site_source", ...)).fleet
    assert strict.site_source is SiteSource.VENDOR_CHAIN, "without a word, only the vendor's chain counts"


FIRST = "/technologies/0"


@pytest.mark.parametrize(
    ("path", "value", "pointer"),
    [
        ("extra", 1, "/extra"),
        (f"{FIRST}/extra", 1, f"{FIRST}/extra"),
        (f"{FIRST}/allowed/0/version", "1", f"{FIRST}/allowed/0/version"),
        (f"{FIRST}/allowed/1", {"id": "x"}, f"{FIRST}/allowed/1/id"),
        (f"{FIRST}/allowed/0/measurements/0/digest", "11", f"{FIRST}/allowed/0/measurements/0/digest"),
        (f"{FIRST}/allowed/0/measurements/0/algorithm", "sha-1", f"{FIRST}/allowed/0/measurements/0/algorithm"),
        (f"{FIRST}/denied/0/below", "2.x", f"{FIRST}/denied/0/below"),
        (f"{FIRST}/denied/0/advisory/published", "2024-02-30", f"{FIRST}/denied/0/advisory/published"),
        (f"{FIRST}/denied/0/advisory", ..., f"{FIRST}/denied/0/advisory"),
        (f"{FIRST}/keys/local", "yes", f"{FIRST}/keys/local"),
        (f"{FIRST}/keys/exportable_path", "anyhow", f"{FIRST}/keys/exportable_path"),
        (f"{FIRST}/freshness", "hope", f"{FIRST}/freshness"),
        (f"{FIRST}/debug", "enabled", f"{FIRST}/debug"),
        (f"{FIRST}/debug", "unknown", f"{FIRST}/debug"),
        ("fleet/code", "good", "/fleet/code"),
        ("fleet/minimum_members", 0, "/fleet/minimum_members"),
        ("fleet/distinct_sites", True, "/fleet/distinct_sites"),
        ("fleet", ..., "/fleet"),
        ("technologies", [GOOD["technologies"][0]] * 2, "/technologies/1/technology"),
    ],
)
def test_anything_else_is_refused_with_its_pointer(path: str, value: Any, pointer: str) -> None:
    with pytest.raises(Malformed) as caught:
        values(changed(path, value))
    assert (caught.value.file, caught.value.pointer) == ("reference-values.json", pointer)


def test_a_denial_denies_something() -> None:
    made = changed(f"{FIRST}/denied/0/versions", [])
    del made["technologies"][0]["denied"][0]["below"]
    with pytest.raises(Malformed):
        values(made)


def test_a_newer_schema_is_too_new() -> None:
    with pytest.raises(Unsupported):
        values(changed("schema", "vaultproof/reference-values@2"))


@pytest.mark.parametrize(
    ("version", "bound", "below"),
    [
        ("2.3.9", "2.4.0", True),
        ("2.4.0", "2.4.0", False),
        ("2.4", "2.4.0", False),
        ("2.10.0", "2.4.0", False),
        ("10", "9.9", False),
        ("2.4.0-rc1", "2.4.0", None),
        ("", "2.4.0", None),
        ("2..4", "2.4.0", None),
        ("٢.٣", "2.4.0", None),
    ],
)
def test_versions_are_compared_as_numbers_or_not_at_all(version: str, bound: str, below: bool | None) -> None:
    assert is_below(version, bound) is below
