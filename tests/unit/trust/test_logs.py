"""Where logs are read: addresses with their provenance, read strictly, and no part of what is taken on trust."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cases.harness import EVIDENCE, tree
from vaultproof.cli.sources import load_logs
from vaultproof.errors import Malformed, Unavailable, Unsupported
from vaultproof.trust.configuration import read_trust_set
from vaultproof.trust.logs import read_logs

COMMITTED = (EVIDENCE / "trust" / "logs.json").read_bytes()


def changed(change: Callable[[dict[str, Any]], object]) -> bytes:
    value = json.loads(COMMITTED)
    change(value)
    return json.dumps(value).encode()


def test_the_pinned_signers_log_has_an_address_with_its_provenance() -> None:
    logs = read_logs(COMMITTED)
    address = logs.address("cloudflare")
    assert address is not None
    assert address.url == "https://plexi.key-transparency.cloudflare.com"
    assert len(address.provenance) >= 2
    assert logs.grace == timedelta(days=31)
    assert logs.address("somebody-else") is None


def test_an_address_is_no_part_of_the_trust_digest() -> None:
    files = tree(EVIDENCE / "trust")
    without = {path: data for path, data in files.items() if path != "logs.json"}
    assert files != without
    assert read_trust_set(files).production.digest == read_trust_set(without).production.digest


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v["logs"][0].update(url="http://plexi.example"),
        lambda v: v["logs"][0].update(url="https://plexi.example/"),
        lambda v: v["logs"][0].update(url="https://user@plexi.example"),
        lambda v: v["logs"][0].update(url="https://plexi.example/a?b"),
        lambda v: v["logs"][0].update(provenance=[]),
        lambda v: v["logs"].append(v["logs"][0]),
        lambda v: v["logs"][0].pop("signer"),
        lambda v: v.update(grace_days=-1),
        lambda v: v.update(grace_days=400),
        lambda v: v.pop("grace_days"),
        lambda v: v.update(schema="vaultproof/trust@1"),
        lambda v: v.update(more=1),
    ],
)
def test_what_is_not_such_a_file_is_refused(change: Callable[[dict[str, Any]], object]) -> None:
    with pytest.raises(Malformed):
        read_logs(changed(change))


def test_a_newer_file_is_too_new() -> None:
    with pytest.raises(Unsupported):
        read_logs(changed(lambda v: v.update(schema="vaultproof/logs@2")))


def test_a_folder_may_bring_its_own_and_need_not(tmp_path: Path) -> None:
    assert load_logs(tmp_path) == load_logs(None) == read_logs(COMMITTED)
    (tmp_path / "logs.json").write_bytes(changed(lambda v: v.update(grace_days=3)))
    assert load_logs(tmp_path).grace == timedelta(days=3)
    (tmp_path / "logs.json").write_bytes(b"{}")
    with pytest.raises(Unavailable) as caught:
        load_logs(tmp_path)
    assert caught.value.code == "logs-unusable"
