"""Adapters are found by technology; an unknown one says nothing against evidence."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from vaultproof.attestation.registry import ADAPTERS, adapter_for, adapters
from vaultproof.errors import Unsupported, VaultproofError


def test_every_adapter_is_found_by_its_id() -> None:
    assert [adapter.technology for adapter in adapters()] == list(ADAPTERS)
    assert [adapter_for(id) for id in ADAPTERS] == list(adapters())
    assert [id for id in ADAPTERS if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", id)] == []


@pytest.mark.parametrize("technology", ADAPTERS)
def test_every_line_names_an_adapter(technology: str) -> None:
    adapter = adapter_for(technology)
    assert isinstance(adapter.version, str)
    assert adapter.version
    assert all(isinstance(text, str) for item in adapter.oid_names.items() for text in item)
    with pytest.raises(VaultproofError):
        adapter.read({})


def test_an_adapter_that_nobody_asks_for_is_not_imported() -> None:
    code = """
import sys
from vaultproof.attestation.registry import ADAPTERS, adapter_for
adapter_for("pkix-evidence")
print([place for place in ADAPTERS.values() if "vaultproof.attestation." + place.split(".")[0] in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['pkix_evidence.PkixEvidenceAdapter']"


def test_an_unknown_technology_is_unsupported() -> None:
    with pytest.raises(Unsupported) as caught:
        adapter_for("abacus")
    assert caught.value.code == "unknown-technology"
