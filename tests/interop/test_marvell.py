"""A genuine key attestation of Google Cloud HSM (card 5.3G1953-ICM001225), with what is pinned for production."""

from __future__ import annotations

import gzip
import hashlib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interop.attested import codes, judge, production
from tests.interop.damaged import still_holding
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.attestation.claims import CodeGrade, Grade
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.registry import adapter_for
from vaultproof.errors import VaultproofError

pytestmark = pytest.mark.interop

TECHNOLOGY = "marvell-liquidsecurity"
AT = datetime(2025, 12, 1, tzinfo=UTC)
"""A deployment after the maker's root certificate of 2015 had expired."""

ROOTS = {
    "marvell_root_2015.pem": ("marvell-liquidsecurity-root", "manufacturer"),
    "marvell_ls2_root.pem": ("marvell-liquidsecurity-2-root", "manufacturer"),
    "google_hawksbill_root.pem": ("google-hawksbill-root-v1", "owner"),
}


@pytest.fixture
def folder(vectors: Path) -> Path:
    return vectors / "attestation" / "marvell-gcp"


def files(folder: Path) -> dict[str, bytes]:
    return {
        "attestation.dat.gz": (folder / "gcp_ec_attestation.dat.gz").read_bytes(),
        "chain.pem": (folder / "gcp_ec_chain.pem").read_bytes(),
    }


def certificate_of(path: Path) -> Certificate:
    (block,) = read_pem(path.read_bytes(), labels={CERTIFICATE})
    return parse_certificate(block.data)


def test_every_genuine_file_is_used(folder: Path) -> None:
    found = {path.name for path in folder.iterdir()}
    assert found == {"gcp_ec_attestation.dat.gz", "gcp_ec_chain.pem", *ROOTS}


def test_the_pins_are_the_keys_of_the_genuine_roots(folder: Path) -> None:
    pinned = {root.anchor.id: root for root in production().vendor_roots if root.anchor.technology == TECHNOLOGY}
    assert set(pinned) == {id for id, _ in ROOTS.values()}
    for name, (id, purpose) in ROOTS.items():
        certificate, root = certificate_of(folder / name), pinned[id]
        assert (root.anchor.spki_sha256, root.anchor.spki) == (
            certificate.public_key.sha256, certificate.public_key.raw,
        )  # fmt: skip
        assert (root.anchor.purpose, root.anchor.minimum_rsa_bits, root.anchor.rsa_exponent) == (purpose, 2048, 65537)
        assert any(certificate.sha256 in item.source for item in root.provenance)


def test_every_signature_holds_under_the_genuine_roots(folder: Path) -> None:
    judged = judge(TECHNOLOGY, files(folder), AT)
    result = judged.chain
    assert result.outcome(AsOf.DEPLOYMENT) is result.outcome(AsOf.NOW) is Outcome.PROVEN
    assert {name: anchor.id for name, anchor in result.anchors.items()} == {
        "manufacturer": "marvell-liquidsecurity-root",
        "owner": "google-hawksbill-root-v1",
        "owner-card": "google-hawksbill-root-v1",
    }
    held = [item.subject for item in result.findings if item.code in ("signature-holds", "signed-by-pinned-root")]
    assert held == [
        "manufacturer/anchor", "manufacturer/0", "owner/anchor", "owner-card/anchor",
        "attestation/manufacturer", "attestation/owner",
    ]  # fmt: skip
    assert codes(result.findings, Outcome.NOTED) == {"x509-v1"}


def test_m2_the_expired_root_certificate_itself_changes_nothing(folder: Path) -> None:
    held = files(folder)
    for name in ("marvell_root_2015.pem", "google_hawksbill_root.pem"):
        held["chain.pem"] += (folder / name).read_bytes()
    result = judge(TECHNOLOGY, held, AT).chain
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert [item.code for item in result.findings if item.subject.endswith("/anchor")] == ["pinned-root"] * 3
    assert "dates-not-judged" in codes(result.findings, Outcome.NOTED)
    held["chain.pem"] += (folder / "marvell_ls2_root.pem").read_bytes()
    with pytest.raises(VaultproofError) as caught:
        judge(TECHNOLOGY, held, AT)
    assert caught.value.code == "ambiguous-chain"


def test_m3_certificates_are_judged_as_of_the_deployment(folder: Path) -> None:
    early = judge(TECHNOLOGY, files(folder), datetime(2024, 4, 1, tzinfo=UTC)).chain
    assert codes(early.findings, Outcome.FAILED) == {"not-yet-valid-at-deployment"}
    late = judge(TECHNOLOGY, files(folder), datetime(2030, 2, 1, tzinfo=UTC)).chain
    assert codes(late.findings, Outcome.FAILED) == {"expired-at-deployment"}


def test_the_claims_are_the_genuine_ones(folder: Path) -> None:
    judged = judge(TECHNOLOGY, files(folder), AT)
    claims = judged.attestation.claims
    (key,) = claims.keys
    assert {
        "hwserial": claims.attester.hwserial and claims.attester.hwserial.value,
        "instance": claims.attester.instance_id and claims.attester.instance_id.value,
        "vendor": claims.attester.vendor and claims.attester.vendor.value,
        "identifier": key.identifier and key.identifier.value[:16],
        "purposes": key.purposes and key.purposes.value,
        "flags": [
            flag and (flag.value, flag.grade)
            for flag in (key.local, key.extractable, key.never_extractable, key.sensitive)
        ],
        "spki": key.spki_sha256,
    } == {
        "hwserial": "5.3G1953-ICM001225",
        "instance": "partition 1",
        "vendor": "Cavium",
        "identifier": "d06cc801f7dffdbd",
        "purposes": ("decrypt", "unwrap", "sign"),
        "flags": [(value, Grade.ATTESTED) for value in (True, False, True, True)],
        "spki": "4075a3e5a13e33095430962abcbacbef32d7737234868785d2420893293fc86a",
    }
    assert claims.platform.code_grade is CodeGrade.NOT_ATTESTED
    assert (claims.attester.hwmodel, claims.evidence.nonce, claims.evidence.iat, claims.unknown) == (None,) * 3 + ((),)


def test_appraisal_proves_the_keys_protection_and_says_what_it_cannot_know(folder: Path) -> None:
    judged = judge(TECHNOLOGY, files(folder), AT)
    assert codes(judged.appraisal.findings, Outcome.FAILED) == set()
    assert codes(judged.appraisal.findings, Outcome.PROVEN) == {
        "key-local-matches", "key-extractable-matches", "key-never-extractable-matches", "key-sensitive-matches",
        "key-purposes-matches",
    }  # fmt: skip
    assert codes(judged.appraisal.findings, Outcome.NOT_EVALUATED) == {"nothing-allowed"}
    assert codes(judged.appraisal.findings, Outcome.ASSERTED_ONLY) == {"listed-in-manifest"}
    assert not judged.appraisal.code_allowed


def unpacked(folder: Path) -> dict[str, bytes]:
    held = files(folder)
    return {"attestation.dat": gzip.decompress(held["attestation.dat.gz"]), "chain.pem": held["chain.pem"]}


@pytest.mark.parametrize("name", ["attestation.dat", "attestation.dat.gz", "chain.pem"])
def test_a_file_cut_anywhere_is_refused(folder: Path, name: str) -> None:
    held = unpacked(folder) if name == "attestation.dat" else files(folder)
    # Without the newline at its very end, a PEM file still holds all of its last block.
    whole = held[name].rstrip(b"\n")
    for length in range(len(whole)):
        with pytest.raises(VaultproofError):
            adapter_for(TECHNOLOGY).read({**held, name: held[name][:length]})


@pytest.mark.slow
@pytest.mark.parametrize("name", ["attestation.dat", "attestation.dat.gz", "chain.pem"])
def test_a_changed_byte_never_holds_with_other_claims(folder: Path, name: str) -> None:
    held = unpacked(folder) if name == "attestation.dat" else files(folder)
    still = still_holding(TECHNOLOGY, held, name, AT)
    # In gzip's header only time, flags for text and kind of system may change; PEM and the blob hold no idle byte.
    assert [offset for offset in still if name != "attestation.dat.gz" or offset not in range(3, 10)] == []


def test_the_digest_is_of_the_blob_whatever_packs_it(folder: Path) -> None:
    packed, plain = (judge(TECHNOLOGY, held, AT).attestation.claims for held in (files(folder), unpacked(folder)))
    assert packed.evidence.digest == plain.evidence.digest
    assert plain.evidence.digest == hashlib.sha256(unpacked(folder)["attestation.dat"]).hexdigest()
