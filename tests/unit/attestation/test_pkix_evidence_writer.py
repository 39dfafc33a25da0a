"""What we author is read back as it was said, for any values; what cannot be said is refused by the writer."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.attestation.makers import Device, read, spki
from vaultproof.attestation.claims import Claim, DebugState, Measurement
from vaultproof.attestation.pkix_evidence_claims import model_octets, model_text
from vaultproof.attestation.pkix_evidence_profile import PURPOSE_OIDS
from vaultproof.attestation.pkix_evidence_writer import KeyValues, PlatformValues, Signer, encode_evidence
from vaultproof.crypto.port import Algorithm
from vaultproof.strict.text import is_plain

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=20).filter(is_plain)
NUMBERS = st.integers(0, 2**53 - 1)
FLAGS = st.none() | st.booleans()
KNOWN_STATES = [state for state in DebugState if state is not DebugState.UNKNOWN]
DIGESTS = st.one_of(
    st.tuples(st.just("sha-256"), st.binary(min_size=32, max_size=32)),
    st.tuples(st.just("sha-384"), st.binary(min_size=48, max_size=48)),
)
MEASUREMENTS = st.lists(st.tuples(DIGESTS, TEXTS), max_size=4, unique_by=lambda item: item[1]).map(
    lambda items: tuple(
        Measurement(algorithm=name, digest=digest.hex(), component=text) for (name, digest), text in items
    )
)
PLATFORMS = st.builds(
    PlatformValues,
    vendor=TEXTS,
    oemid=st.none() | st.binary(min_size=1, max_size=16),
    hwmodel=st.none() | st.binary(min_size=1, max_size=16).map(model_text),
    hwversion=st.none() | TEXTS,
    hwserial=st.none() | TEXTS,
    swname=st.none() | TEXTS,
    swversion=st.none() | TEXTS,
    dbgstat=st.none() | st.sampled_from(KNOWN_STATES),
    uptime=st.none() | NUMBERS,
    bootcount=st.none() | NUMBERS,
    fipsboot=FLAGS,
    fipsver=st.none() | TEXTS,
    fipslevel=st.none() | st.integers(1, 4),
    fipsmodule=st.none() | TEXTS,
    measurements=MEASUREMENTS,
)
KEYS = st.lists(
    st.builds(
        KeyValues,
        identifier=TEXTS,
        spki=st.none() | TEXTS.map(spki),
        role=st.none() | TEXTS,
        local=FLAGS,
        extractable=FLAGS,
        never_extractable=FLAGS,
        sensitive=FLAGS,
        purposes=st.lists(st.sampled_from([*PURPOSE_OIDS, "1.2.3"]), unique=True, max_size=3).map(tuple),
        expiry=st.none() | st.just(datetime(2040, 1, 2, 3, 4, 5, tzinfo=UTC)),
    ),
    max_size=4,
    unique_by=(lambda key: key.identifier, lambda key: key.spki or key.identifier),
)


def said(claim: Claim[object] | None) -> object:
    return None if claim is None else claim.value


@settings(max_examples=60)
@given(PLATFORMS, KEYS, st.binary(min_size=1, max_size=64))
def test_what_is_written_is_read(platform: PlatformValues, keys: list[KeyValues], nonce: bytes) -> None:
    device = replace(Device(), platform=platform, keys=tuple(keys), nonce=nonce)
    claims = read(device.files()).claims
    attester, state = claims.attester, claims.platform
    assert said(claims.evidence.nonce) == nonce
    assert [said(item) for item in (attester.vendor, attester.hwmodel, attester.hwversion, attester.hwserial)] == [
        platform.vendor, platform.hwmodel, platform.hwversion, platform.hwserial,
    ]  # fmt: skip
    assert said(attester.oemid) == (None if platform.oemid is None else platform.oemid.hex())
    for name in (
        "swname", "swversion", "dbgstat", "uptime", "bootcount", "fipsboot", "fipsver", "fipslevel", "fipsmodule",
    ):  # fmt: skip
        assert said(getattr(state, name)) == getattr(platform, name)
    assert (said(state.measurements) or ()) == platform.measurements
    for key, wanted in zip(claims.keys, keys, strict=True):
        for name in (
            "identifier", "spki", "role", "local", "extractable", "never_extractable", "sensitive", "expiry",
        ):  # fmt: skip
            assert said(getattr(key, name)) == getattr(wanted, name)
        assert (said(key.purposes) or ()) == wanted.purposes


@given(st.binary(max_size=12))
def test_a_model_has_one_spelling(octets: bytes) -> None:
    assert model_octets(model_text(octets)) == octets


@pytest.mark.parametrize("text", ["hex:41", "hex:4A", "é", "hex:4", "two\nlines"])
def test_a_model_that_is_spelt_otherwise_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        model_octets(text)


def test_a_signer_must_be_named_and_its_algorithm_known() -> None:
    device = Device()
    with pytest.raises(ValueError, match="named"):
        encode_evidence(device.tbs(), Signer(), Algorithm.ED25519, b"s")
    with pytest.raises(ValueError, match="named"):
        encode_evidence(device.tbs(), Signer(key_id=b"k"), Algorithm.RSA_PSS_SHA256, b"s")
