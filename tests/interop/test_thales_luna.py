"""A genuine public key confirmation of a Thales Luna HSM (521174), with what is pinned for production."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interop.attested import codes, judge, production
from tests.interop.damaged import still_holding
from vaultproof.asn1.der import parse
from vaultproof.asn1.keyinfo import read_public_key
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.attestation.claims import CodeGrade, Grade
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.registry import adapter_for
from vaultproof.errors import VaultproofError

pytestmark = pytest.mark.interop

TECHNOLOGY = "thales-luna"
AT = datetime(2025, 12, 1, tzinfo=UTC)
FILES = {"luna-rsa-root-alt-2002-10.pem", "luna-rsa-root-certificate.pem", "rsa-pkc.p7b", "rsa-test.csr"}


@pytest.fixture
def folder(vectors: Path) -> Path:
    return vectors / "attestation" / "thales-luna"


@pytest.fixture
def files(folder: Path) -> dict[str, bytes]:
    return {"pkc.p7b": (folder / "rsa-pkc.p7b").read_bytes()}


def unarmoured(path: Path) -> bytes:
    """The bytes in a PEM file; Thales's has spaces after its boundaries, which the strict reader refuses."""
    return base64.b64decode("".join(line for line in path.read_text().splitlines() if "-----" not in line))


def certificate_of(path: Path) -> Certificate:
    return parse_certificate(unarmoured(path))


def test_every_genuine_file_is_used(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == FILES


def test_m2_the_pin_is_the_one_key_of_both_root_certificates(folder: Path) -> None:
    roots = [certificate_of(folder / name) for name in sorted(FILES) if "root" in name]
    assert len({root.sha256 for root in roots}) == 2
    (pinned,) = [root for root in production().vendor_roots if root.anchor.technology == TECHNOLOGY]
    assert {root.public_key.raw for root in roots} == {pinned.anchor.spki}
    assert {root.public_key.sha256 for root in roots} == {pinned.anchor.spki_sha256}
    assert (pinned.anchor.rsa_exponent, pinned.anchor.minimum_rsa_bits) == (3, 3072)
    for root in roots:
        assert any(root.sha256 in item.source for item in pinned.provenance)


def test_every_signature_holds_under_the_genuine_root(files: dict[str, bytes]) -> None:
    result = judge(TECHNOLOGY, files, AT).chain
    assert result.outcome(AsOf.DEPLOYMENT) is result.outcome(AsOf.NOW) is Outcome.PROVEN
    assert {name: anchor.id for name, anchor in result.anchors.items()} == {"manufacturer": "thales-luna-root"}
    held = [item.subject for item in result.findings if item.code == "signature-holds"]
    assert held == ["manufacturer/0", "manufacturer/1", "manufacturer/2", "keys/0"]
    assert codes(result.findings, Outcome.NOTED) == {
        "explicit-default", "rsa-exponent", "sha1-self-signature", "dates-not-judged",
    }  # fmt: skip


def test_the_claims_are_the_genuine_ones(files: dict[str, bytes], folder: Path) -> None:
    judged = judge(TECHNOLOGY, files, AT)
    claims = judged.attestation.claims
    (key,) = claims.keys
    attester, version = claims.attester, claims.platform.swversion
    assert {
        "hwserial": attester.hwserial and (attester.hwserial.value, attester.hwserial.grade),
        "hwmodel": attester.hwmodel and (attester.hwmodel.value, attester.hwmodel.grade),
        "vendor": attester.vendor and (attester.vendor.value, attester.vendor.grade),
        "swversion": version and (version.value, version.grade),
        "identifier": key.identifier and key.identifier.value,
        "flags": [flag and (flag.value, flag.grade) for flag in (key.local, key.extractable, key.never_extractable)],
        "unknown": [claim.type for claim in claims.unknown],
    } == {
        "hwserial": ("521174", Grade.ATTESTED),
        "hwmodel": ("Luna K7", Grade.ATTESTED),
        "vendor": ("Thales", Grade.IMPLIED),
        "swversion": ("7.84", Grade.ATTESTED),
        "identifier": "41000000ae000002d6f30700",
        "flags": [(True, Grade.IMPLIED), (False, Grade.IMPLIED), (True, Grade.IMPLIED)],
        "unknown": ["1.3.6.1.4.1.12383.2.4", "1.3.6.1.4.1.12383.2.5"],
    }
    assert claims.platform.code_grade is CodeGrade.VERSION_ASSERTED
    request = tuple(next(iter(parse(unarmoured(folder / "rsa-test.csr")).children())).children())
    assert key.spki is not None
    assert key.spki.value == read_public_key(request[2]).raw, "the key is the one of the genuine request"


def test_appraisal_proves_the_keys_protection_and_says_what_it_cannot_know(files: dict[str, bytes]) -> None:
    judged = judge(TECHNOLOGY, files, AT)
    assert codes(judged.appraisal.findings, Outcome.FAILED) == set()
    assert codes(judged.appraisal.findings, Outcome.PROVEN) == {
        "key-local-matches", "key-extractable-matches", "key-never-extractable-matches",
    }  # fmt: skip
    assert codes(judged.appraisal.findings, Outcome.NOT_EVALUATED) == {"nothing-allowed"}
    assert codes(judged.appraisal.findings, Outcome.ASSERTED_ONLY) == {"listed-in-manifest"}
    assert not judged.appraisal.code_allowed


def test_a_file_cut_anywhere_is_refused(files: dict[str, bytes]) -> None:
    data = files["pkc.p7b"]
    for length in range(len(data)):
        with pytest.raises(VaultproofError):
            adapter_for(TECHNOLOGY).read({"pkc.p7b": data[:length]})


@pytest.mark.slow
def test_a_changed_byte_never_holds_with_other_claims(files: dict[str, bytes]) -> None:
    attestation = adapter_for(TECHNOLOGY).read(files)
    root = attestation.chains[0].links[-1].certificate
    assert root is not None
    key = root.public_key.element
    still = still_holding(TECHNOLOGY, files, "pkc.p7b", AT)
    assert still, "the root's own certificate may say anything"
    assert [offset for offset in still if not root.element.offset <= offset < root.element.end] == []
    assert [offset for offset in still if key.offset <= offset < key.end] == [], "but its key counts"
