"""The table of identifiers names each once and can be written."""

from __future__ import annotations

from vaultproof.asn1 import oids, writer
from vaultproof.asn1.der import parse


def test_every_identifier_is_one() -> None:
    assert [oid for oid in oids.NAMES if parse(writer.oid(oid)).oid() != oid] == []


def test_names_are_looked_up_and_unknown_ones_stay_dotted() -> None:
    assert oids.name_of(oids.SHA256) == "sha-256"
    assert oids.name_of("1.2.3") == "1.2.3"
    assert oids.name_of("1.2.3", {"1.2.3": "ours"}) == "ours"


def test_digests_have_their_length() -> None:
    assert set(oids.DIGEST_BYTES) == set(oids.DIGEST_NAMES.values())
