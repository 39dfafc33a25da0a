"""Adapters are found by technology; an unknown one says nothing against evidence."""

from __future__ import annotations

import re

import pytest

from vaultproof.attestation.registry import ADAPTERS, adapter_for
from vaultproof.errors import Unsupported


def test_every_adapter_is_found_by_its_id() -> None:
    ids = [adapter.technology for adapter in ADAPTERS]
    assert len(set(ids)) == len(ids)
    assert [adapter_for(id) for id in ids] == list(ADAPTERS)
    assert [id for id in ids if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id)] == []
    assert [adapter.technology for adapter in ADAPTERS if not adapter.version] == []


def test_an_unknown_technology_is_unsupported() -> None:
    with pytest.raises(Unsupported) as caught:
        adapter_for("abacus")
    assert caught.value.code == "unknown-technology"
