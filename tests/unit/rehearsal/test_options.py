from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from generator.rehearsal import RehearsalError, rehearse
from generator.rehearsal.planning import FOUNDING
from tests.unit.rehearsal.made import HARDCODED, OVER_THE_AIR, made

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no seed": ({"seed": ""}, "seed"),
    "an id that is no rehearsal's": ({"id": "messenger-2026"}, "rehearsal-"),
    "an id in capitals": ({"id": "rehearsal-Messenger"}, "lower-case"),
    "an id of path parts": ({"id": "rehearsal-../x"}, "lower-case"),
    "a long id": ({"id": "rehearsal-" + "x" * 60}, "at most 60"),
    "another product": ({"product": "signal"}, "no such product"),
    "another distribution": ({"distribution": "by-post"}, "no such distribution"),
    "whatsapp over the air": (
        {"product": "whatsapp", "distribution": "over-the-air"},
        "carries its fleet keys in the app",
    ),
    "two members": ({"members": 2}, "3 to 99"),
    "too many members": ({"members": 100}, "3 to 99"),
    "no site": ({"sites": 0}, "sites"),
    "more sites than members": ({"members": 3, "sites": 4}, "sites"),
    "more sites than cities": ({"members": 20, "sites": 10}, "sites"),
    "a date without zone": ({"deployed_at": datetime(2026, 5, 1)}, "time zone"),  # noqa: DTZ001 (the point of the case)
    "a date with fractions": ({"deployed_at": datetime(2026, 5, 1, 1, 1, 1, 5, tzinfo=UTC)}, "whole seconds"),
    "a date before the trust": ({"deployed_at": datetime(2024, 5, 1, tzinfo=UTC)}, "2025-03-01"),
    "a date too late": ({"deployed_at": datetime(2041, 5, 1, tzinfo=UTC)}, "2040-01-01"),
    "a date before the log's end": ({"deployed_at": datetime(2025, 3, 20, tzinfo=UTC)}, "no time"),
    "fewer epochs than there are": ({"epochs": 1}, "1 epochs already"),
    "too many epochs": ({"epochs": 1001}, "1 to 1000"),
    "no such fault": ({"fault": "sabotage"}, "no such fault"),
    "a fault of the other kind": ({"fault": "app-key-absent"}, "hardcoded"),
    "a fault of one layer": ({"fault": "attestation-chain-cut", "two_layers": True}, "two layers"),
    "no rehearsal before": ({"previous": {}}, "cannot be read"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_rehearsed_is_refused(case: str) -> None:
    changes, words = REFUSED[case]
    with pytest.raises(RehearsalError, match=words):
        rehearse(replace(OVER_THE_AIR, **changes))


def test_a_hardcoded_fleet_has_no_epochs() -> None:
    with pytest.raises(RehearsalError, match="over-the-air"):
        rehearse(replace(HARDCODED, epochs=2))


def test_the_founding_deployment_stays_as_it_is_pinned() -> None:
    with pytest.raises(RehearsalError, match="pinned as it is"):
        rehearse(replace(FOUNDING, members=5))


def test_a_real_deployment_cannot_be_gone_on_from() -> None:
    files = made("over-the-air")
    files["deployment.json"] = files["deployment.json"].replace(b'"rehearsal": true', b'"rehearsal": false')
    with pytest.raises(RehearsalError, match="no rehearsal"):
        rehearse(replace(OVER_THE_AIR, id="rehearsal-next", previous=files))


def test_a_log_with_a_gap_cannot_be_gone_on_from() -> None:
    files = made("over-the-air")
    del files["audit/2.json"]
    with pytest.raises(RehearsalError, match="gap"):
        rehearse(replace(OVER_THE_AIR, id="rehearsal-next", previous=files))


@pytest.mark.parametrize("fault", ["log-digest-reused", "log-time-goes-back", "history-role-changed"])
def test_a_fault_in_an_epoch_between_needs_one(fault: str) -> None:
    with pytest.raises(RehearsalError, match="needs an epoch between"):
        rehearse(replace(OVER_THE_AIR, epochs=2, fault=fault))
