"""The signer's log in a rehearsal: how it begins, goes on from an earlier deployment, and grows."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from generator.rehearsal import RehearsalError, rehearse
from generator.rehearsal.planning import founding_artifact
from tests.unit.rehearsal.made import OVER_THE_AIR, made
from vaultproof.evidence.audit import read_fetched, read_namespace, record_paths
from vaultproof.evidence.deployment import Deployment, read_deployment
from vaultproof.evidence.epoch import read_epoch, read_proof
from vaultproof.evidence.fleet_keys import FleetKeys, read_fleet_keys


def _deployment(files: dict[str, bytes]) -> Deployment:
    return read_deployment(files["deployment.json"])


def _keys(files: dict[str, bytes]) -> FleetKeys:
    return read_fleet_keys(files["bundle/fleet-keys.json"])


def test_the_founding_log_begins_with_the_pinned_root() -> None:
    files = made("founding")
    assert files["bundle/fleet-keys.json"] == founding_artifact()
    assert read_namespace(files).root_digest == hashlib.sha256(founding_artifact()).hexdigest()
    assert list(record_paths(files)) == [1]


def test_an_over_the_air_rehearsal_goes_on_from_the_founding_one() -> None:
    files, founding = made("over-the-air"), made("founding")
    deployment = _deployment(files)
    assert deployment.supersedes == "rehearsal-messenger-2025"
    assert files["audit/1.json"] == founding["audit/1.json"]
    assert files["audit/artifacts/1.json"] == founding["bundle/fleet-keys.json"]
    assert [(entry.epoch, entry.deployment) for entry in deployment.history] == [
        (1, "rehearsal-messenger-2025"),
        (2, deployment.id),
        (3, deployment.id),
    ]
    both = {key.key for key in read_fleet_keys(files["audit/artifacts/2.json"]).keys}
    assert both == {key.key for made_ in (files, founding) for key in _keys(made_).keys}


def test_a_rehearsal_goes_on_from_the_one_it_is_given() -> None:
    before = made("over-the-air")
    after = rehearse(replace(OVER_THE_AIR, id="rehearsal-third", previous=before))
    deployment = _deployment(after)
    assert (deployment.supersedes, deployment.epoch, len(deployment.history)) == ("rehearsal-messenger-test", 5, 5)
    assert deployment.deployed_at > _deployment(before).deployed_at
    assert {path: after[path] for path in ("audit/1.json", "audit/2.json", "audit/3.json")} == {
        path: before[path] for path in ("audit/1.json", "audit/2.json", "audit/3.json")
    }
    assert after["audit/artifacts/3.json"] == before["bundle/fleet-keys.json"]


def test_a_hardcoded_fleet_before_leaves_only_its_name() -> None:
    files = rehearse(replace(OVER_THE_AIR, id="rehearsal-after", previous=made("hardcoded")))
    assert _deployment(files).supersedes == "rehearsal-whatsapp-test"
    assert files["audit/1.json"] == made("founding")["audit/1.json"]


def test_a_long_log_has_no_digest_twice() -> None:
    files = rehearse(replace(OVER_THE_AIR, epochs=60))
    records = [read_epoch(files[path], file=path) for path in record_paths(files).values()]
    assert [record.epoch for record in records] == list(range(1, 61))
    assert len({record.digest for record in records}) == 60
    assert all(left.timestamp < right.timestamp for left, right in pairwise(records))


def test_a_log_without_room_is_refused() -> None:
    close = datetime(2025, 4, 2, 9, 20, tzinfo=UTC)  # twenty minutes after the founding deployment
    with pytest.raises(RehearsalError, match="no time"):
        rehearse(replace(OVER_THE_AIR, deployed_at=close, epochs=900))


def test_the_copy_is_younger_than_what_it_holds() -> None:
    files = made("over-the-air")
    proof = read_proof(files["bundle/proof.json"], file="bundle/proof.json")
    assert read_fetched(files).at.timestamp() * 1000 > proof.record.timestamp
