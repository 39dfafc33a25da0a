"""Genuine documents of AWS Nitro Enclaves, with what is pinned for production."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interop.attested import STEP, check_cuts, check_flips, codes, judge, production
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import parse_certificate
from vaultproof.attestation.claims import CodeGrade, DebugState, SiteSource
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.cbor import decode

pytestmark = pytest.mark.interop

TECHNOLOGY = "aws-nitro"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a genuine document says, and whether it is of a debug-mode enclave."""

    at: datetime
    module: str
    region: str
    registers: dict[str, str]
    debug: bool = False
    nonce: int | None = None
    keys: int = 0
    unknown: tuple[str, ...] = ()


EXPECTED = {
    "anjuna_prod.bin": Expected(
        at=datetime(2021, 3, 17, 22, 1, 55, 685000, tzinfo=UTC),
        module="i-078824548edcf6519-enc01784234ec227b58",
        region="us-east-2",
        registers={"pcr0": "2d151586", "pcr1": "72d70b1f", "pcr2": "49553850"},
    ),
    "anjuna_prod_pub.bin": Expected(
        at=datetime(2021, 3, 24, 16, 10, 41, 734000, tzinfo=UTC),
        module="i-0a6d65e7122308898-enc017846bcd2f820da",
        region="us-east-2",
        registers={"pcr0": "672cd3c9", "pcr1": "c41252be", "pcr2": "43386b9d"},
        keys=1,
    ),
    "ev_valid.bin": Expected(
        at=datetime(2022, 10, 13, 8, 58, 2, 136000, tzinfo=UTC),
        module="i-020b6af9246d90e92-enc0183d09086c24190",
        region="us-east-1",
        registers={"pcr0": "f4d48b81", "pcr1": "bcdf05fe", "pcr2": "d8f114da", "pcr8": "8790eb3c"},
        nonce=256,
    ),
    "ppmag_debug.bin": Expected(
        at=datetime(2021, 3, 5, 17, 1, 49, 526000, tzinfo=UTC),
        module="i-026ae32a18c80f866-enc01780356441553dc",
        region="us-east-1",
        registers={},
        debug=True,
    ),
    "veracruz.cbor": Expected(
        at=datetime(2022, 11, 9, 22, 52, 0, 696000, tzinfo=UTC),
        module="i-04fd167167daacf3b-enc01845e97d0b3eb4e",
        region="eu-west-1",
        registers={"pcr0": "22f9e1c9", "pcr1": "bcdf05fe", "pcr2": "00943ea8"},
        nonce=32,
        unknown=("user_data",),
    ),
}
"""Every genuine document."""


@pytest.fixture
def folder(vectors: Path) -> Path:
    return vectors / "attestation" / "aws-nitro"


def files(folder: Path, name: str) -> dict[str, bytes]:
    return {"attestation.bin": (folder / name).read_bytes()}


def test_every_document_is_expected(folder: Path) -> None:
    found = {path.name for path in folder.iterdir() if path.suffix in (".bin", ".cbor")}
    assert found == set(EXPECTED)


def test_the_pin_is_the_key_of_the_published_root(folder: Path) -> None:
    (block,) = read_pem((folder / "aws_nitro_root.pem").read_bytes(), labels={CERTIFICATE})
    certificate = parse_certificate(block.data)
    (root,) = [root for root in production().vendor_roots if root.anchor.technology == TECHNOLOGY]
    assert root.anchor.spki_sha256 == certificate.public_key.sha256
    assert root.anchor.spki == certificate.public_key.raw
    assert any(certificate.sha256 in item.source for item in root.provenance)
    for name in EXPECTED:
        assert certificate.raw in (folder / name).read_bytes(), "the documents carry the same root"


@pytest.mark.parametrize("name", EXPECTED)
def test_signature_and_chain_hold_also_in_debug_mode(folder: Path, name: str) -> None:
    expected = EXPECTED[name]
    judged = judge(TECHNOLOGY, files(folder, name), expected.at)
    assert codes(judged.chain.findings, Outcome.FAILED) == set()
    assert codes(judged.chain.findings, Outcome.COULD_NOT_CHECK) == set()
    assert codes(judged.chain.findings, Outcome.NOT_EVALUATED) == set()
    assert codes(judged.chain.findings, Outcome.ASSERTED_ONLY) == {"own-time-at-signing"}
    holding = [finding for finding in judged.chain.findings if finding.code == "signature-holds"]
    assert [finding.subject for finding in holding] == [*(f"manufacturer/{index}" for index in range(4)), "document"]
    assert judged.chain.anchors["manufacturer"].id == "aws-nitro-root-g1"


@pytest.mark.parametrize("name", EXPECTED)
def test_claims_are_the_genuine_ones(folder: Path, name: str) -> None:
    expected = EXPECTED[name]
    claims = judge(TECHNOLOGY, files(folder, name), expected.at).attestation.claims
    assert claims.attester.instance_id is not None
    assert claims.attester.instance_id.value == expected.module
    assert claims.attester.hwserial is not None
    assert expected.module.startswith(claims.attester.hwserial.value + "-enc")
    assert claims.evidence.iat is not None
    assert claims.evidence.iat.value == expected.at
    assert claims.site is not None
    assert (claims.site.value.value, claims.site.source) == (expected.region, SiteSource.VENDOR_CHAIN)
    measured = claims.platform.measurements
    assert ({} if measured is None else {item.component: item.digest[:8] for item in measured.value}) == (
        expected.registers
    )
    nonce = claims.evidence.nonce
    assert (None if nonce is None else len(nonce.value)) == expected.nonce
    assert len(claims.keys) == expected.keys
    assert tuple(claim.type for claim in claims.unknown) == expected.unknown


@pytest.mark.parametrize("name", EXPECTED)
def test_debug_mode_is_refused_by_appraisal_alone(folder: Path, name: str) -> None:
    expected = EXPECTED[name]
    judged = judge(TECHNOLOGY, files(folder, name), expected.at, nonce=None)
    platform = judged.attestation.claims.platform
    assert platform.dbgstat is not None
    assert platform.dbgstat.value is (DebugState.ENABLED if expected.debug else DebugState.DISABLED)
    assert codes(judged.appraisal.findings, Outcome.FAILED) == ({"debug-differs"} if expected.debug else set())
    assert platform.code_grade is (CodeGrade.NOT_ATTESTED if expected.debug else CodeGrade.MEASURED)
    assert not judged.appraisal.code_allowed, "nobody knows these images: none is allowed"


def test_m5_no_genuine_nonce_is_ours(folder: Path) -> None:
    for name, expected in EXPECTED.items():
        judged = judge(TECHNOLOGY, files(folder, name), expected.at, nonce=bytes(32))
        failed = "nonce-differs" in codes(judged.appraisal.findings, Outcome.FAILED)
        assert failed is (expected.nonce is not None)
        assert judged.appraisal.outcome(AsOf.DEPLOYMENT) is not Outcome.PROVEN


def test_m3_the_certificates_are_expired_long_since_and_were_valid_then(folder: Path) -> None:
    for name, expected in EXPECTED.items():
        for at in (expected.at, datetime(2026, 11, 1, tzinfo=UTC)):
            found = [item.code for item in judge(TECHNOLOGY, files(folder, name), at).chain.findings]
            assert found.count("valid-at-signing") == 4
            assert not [code for code in found if code.startswith(("expired", "not-yet-valid"))]


def test_the_heads_of_genuine_documents_are_what_the_strict_decoder_reads(folder: Path) -> None:
    for name in EXPECTED:
        data = (folder / name).read_bytes()
        item = decode(data)
        assert (item.tag, item.end, len(item.array("COSE_Sign1"))) == (None, len(data), 4)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_document_cut_anywhere_is_refused(folder: Path, name: str) -> None:
    check_cuts(TECHNOLOGY, "attestation.bin", files(folder, name), EXPECTED[name].at)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXPECTED)
def test_a_document_changed_anywhere_holds_no_longer(folder: Path, name: str) -> None:
    data = files(folder, name)
    readable = check_flips(TECHNOLOGY, "attestation.bin", data, EXPECTED[name].at)
    assert readable > len(data["attestation.bin"]) // (3 * STEP), "much damage can be read, and must fail later"
