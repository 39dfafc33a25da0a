"""What changed since the superseded fleet."""

from __future__ import annotations

from dataclasses import replace

import pytest

from generator.changes import Changes, changes_since
from generator.checking import Checked
from generator.pages.deployment import published_keys
from vaultproof.evidence.deployment import Deployment
from vaultproof.evidence.fleet_keys import FleetKey

BEFORE, AFTER = "rehearsal-messenger-2025", "rehearsal-messenger-2026"


@pytest.fixture
def announced(checked: dict[str, Checked]) -> Deployment:
    return checked[BEFORE].source.announcement


@pytest.fixture
def keys(checked: dict[str, Checked]) -> tuple[FleetKey, ...]:
    return published_keys(checked[BEFORE].source.files)


def sets(changes: Changes) -> dict[str, tuple[int, int, int, int]]:
    return {
        item.subject: (len(item.added), len(item.removed), len(item.altered), len(item.kept)) for item in changes.sets
    }


def test_nothing_changes_against_itself(announced: Deployment, keys: tuple[FleetKey, ...]) -> None:
    changes = changes_since(announced, keys, announced, keys)
    assert not any(value.changed for value in changes.values)
    assert sets(changes) == {"Sites": (0, 0, 0, 5), "HSMs": (0, 0, 0, 7), "Keys": (0, 0, 0, 7)}


def test_a_new_fleet_has_new_devices_and_new_keys(checked: dict[str, Checked]) -> None:
    before, after = checked[BEFORE].source, checked[AFTER].source
    changes = changes_since(
        before.announcement, published_keys(before.files), after.announcement, published_keys(after.files)
    )
    assert (changes.previous_id, sets(changes)["HSMs"], sets(changes)["Keys"]) == (BEFORE, (7, 7, 0, 0), (7, 7, 0, 0))
    assert [value.subject for value in changes.values if value.changed] == ["Date of the deployment"]


def test_a_device_that_moved_is_the_same_device(announced: Deployment, keys: tuple[FleetKey, ...]) -> None:
    first, *others = announced.members
    moved = replace(first, site=next(site.id for site in announced.sites if site.id != first.site), name="renamed")
    changes = changes_since(announced, keys, replace(announced, members=(moved, *others)), keys)
    assert sets(changes)["HSMs"] == (0, 0, 1, 6)


def test_a_key_with_another_role_is_the_same_key(announced: Deployment, keys: tuple[FleetKey, ...]) -> None:
    changes = changes_since(announced, keys, announced, (replace(keys[0], role="other"), *keys[1:]))
    assert sets(changes)["Keys"] == (0, 0, 1, 6)
    (altered,) = changes.sets[2].altered
    assert altered == (f"{keys[0].fingerprint} (session)", f"{keys[0].fingerprint} (other)")


def test_values_are_compared(announced: Deployment, keys: tuple[FleetKey, ...]) -> None:
    changes = changes_since(announced, keys, replace(announced, threshold=5, members=announced.members[:6]), keys)
    assert {value.subject: value.after for value in changes.values if value.changed} == {
        "Number of HSMs": "6",
        "HSMs that must agree": "5",
    }
