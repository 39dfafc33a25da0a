"""Genuine answers of the signer's log are read, and what they say is what is pinned."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vaultproof.cli.sources import load_trust
from vaultproof.signer_log.answers import NamespaceStatus, read_info, read_namespace_entry, read_namespaces
from vaultproof.signer_log.paths import check_namespace

pytestmark = pytest.mark.interop


@pytest.fixture(scope="module")
def plexi(vectors: Path) -> Path:
    return vectors / "cloudflare-plexi"


@pytest.fixture(scope="module")
def listed(plexi: Path) -> bytes:
    return (plexi / "plexi_namespaces_2026-10-08_subset.json").read_bytes()


def test_the_genuine_keys_are_the_pinned_ones(plexi: Path) -> None:
    info = read_info((plexi / "plexi_info_2026-10-08.json").read_bytes())
    signer = load_trust(None).production.signer("cloudflare")
    assert signer is not None
    assert [(key.public_key, key.not_before) for key in info.keys] == [
        (key.public_key, key.not_before) for key in signer.keys
    ]
    assert len(info.logs) == 1


def test_the_genuine_list_is_read_whole(listed: bytes) -> None:
    entries = {entry.name: entry for entry in read_namespaces(listed)}
    assert len(entries) == 12
    for name in entries:
        check_namespace(name)
    assert {entry.status for entry in entries.values()} == set(NamespaceStatus)
    assert entries["cagi.tee_gateway"].root is None
    assert entries["prod.cf-kt-msgr.key-transparency.v3"].log_directory == "d11sgn8g8q6g5n.cloudfront.net"
    short = entries["test.n1.cloudflare.plexi.example.com"].root
    assert short is not None
    assert short.digest == "1871211391010000"


def test_the_genuine_root_is_the_pinned_one(listed: bytes) -> None:
    (pinned,) = load_trust(None).production.namespaces
    entry = next(entry for entry in read_namespaces(listed) if entry.name == pinned.name)
    assert entry.root is not None
    assert (entry.root.epoch, entry.root.digest) == (pinned.root_epoch, pinned.root_digest)
    assert entry.ciphersuite == pinned.ciphersuite


def test_every_genuine_entry_is_read_by_itself_too(listed: bytes) -> None:
    values: list[dict[str, Any]] = json.loads(listed)["namespaces"]
    assert [read_namespace_entry(json.dumps(value).encode()) for value in values] == list(read_namespaces(listed))
