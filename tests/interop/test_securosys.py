"""A genuine key attestation of a Securosys Primus HSM (18386101), with what is pinned for production."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interop.attested import codes, judge, production
from tests.interop.damaged import held, still_holding
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import parse_certificate
from vaultproof.attestation.claims import CodeGrade, Grade
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.errors import VaultproofError

pytestmark = pytest.mark.interop

TECHNOLOGY = "securosys-primus"
AT = datetime(2025, 12, 1, tzinfo=UTC)
READ = ("securosys.xml", "securosys.sig", "attestation_key.pem", "device.pem", "root_primus.pem")


@pytest.fixture
def folder(vectors: Path) -> Path:
    return vectors / "attestation" / "securosys-primus"


@pytest.fixture
def files(folder: Path) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in READ}


def test_every_genuine_file_is_used(folder: Path, files: dict[str, bytes]) -> None:
    assert {path.name for path in folder.iterdir()} == {*READ, "securosys.json"}
    request = json.loads((folder / "securosys.json").read_bytes())
    assert base64.b64decode(request["attestationData"]) == files["securosys.xml"]


def test_the_pin_is_the_key_of_the_genuine_root(files: dict[str, bytes]) -> None:
    (block,) = read_pem(files["root_primus.pem"], labels={CERTIFICATE})
    certificate = parse_certificate(block.data)
    (pinned,) = [root for root in production().vendor_roots if root.anchor.technology == TECHNOLOGY]
    assert (pinned.anchor.spki_sha256, pinned.anchor.spki) == (
        certificate.public_key.sha256, certificate.public_key.raw,
    )  # fmt: skip
    assert any(certificate.sha256 in item.source for item in pinned.provenance)


@pytest.mark.parametrize("layout", ["single files", "one chain", "without the root"])
def test_every_signature_holds_under_the_genuine_root(files: dict[str, bytes], layout: str) -> None:
    certificates = READ[2:] if layout == "one chain" else READ[2:4]
    if layout != "single files":
        chain = b"".join(files[name] for name in certificates)
        files = {"key.xml": files["securosys.xml"], "key.sig": files["securosys.sig"], "chain.pem": chain}
    result = judge(TECHNOLOGY, files, AT).chain
    assert result.outcome(AsOf.DEPLOYMENT) is result.outcome(AsOf.NOW) is Outcome.PROVEN
    assert {name: anchor.id for name, anchor in result.anchors.items()} == {"manufacturer": "securosys-primus-root"}
    holding = [item.subject for item in result.findings if item.code in ("signature-holds", "signed-by-pinned-root")]
    root = ["manufacturer/anchor"] if layout == "without the root" else []
    middle = [] if root else ["manufacturer/1"]
    assert holding == [*root, "manufacturer/0", *middle, "attestation"]


def test_the_claims_are_the_genuine_ones(files: dict[str, bytes]) -> None:
    judged = judge(TECHNOLOGY, files, AT)
    claims = judged.attestation.claims
    (key,) = claims.keys
    assert {
        "hwserial": claims.attester.hwserial and claims.attester.hwserial.value,
        "vendor": claims.attester.vendor and claims.attester.vendor.value,
        "identifier": key.identifier and key.identifier.value,
        "purposes": key.purposes and key.purposes.value,
        "flags": [
            flag and (flag.value, flag.grade)
            for flag in (key.local, key.extractable, key.never_extractable, key.sensitive)
        ],
        "iat": claims.evidence.iat and (claims.evidence.iat.value, claims.evidence.iat.grade),
        "spki": key.spki_sha256,
    } == {
        "hwserial": "18386101",
        "vendor": "Securosys",
        "identifier": "rsa_4096_sign",
        "purposes": ("decrypt", "sign"),
        "flags": [(value, Grade.ATTESTED) for value in (True, False, True, True)],
        "iat": (datetime(2025, 10, 18, 20, 19, 33, tzinfo=UTC), Grade.ASSERTED),
        "spki": "c2e7bccec8aee1ed22df6d696dba457f59554b289b650892f99b3e5cc70de06f",
    }
    assert claims.platform.code_grade is CodeGrade.NOT_ATTESTED
    assert (claims.attester.hwmodel, claims.evidence.nonce) == (None, None)


def test_appraisal_proves_the_keys_protection_and_says_what_it_cannot_know(files: dict[str, bytes]) -> None:
    judged = judge(TECHNOLOGY, files, AT)
    assert codes(judged.appraisal.findings, Outcome.FAILED) == set()
    assert codes(judged.appraisal.findings, Outcome.PROVEN) == {
        "key-local-matches", "key-extractable-matches", "key-never-extractable-matches", "key-sensitive-matches",
        "key-purposes-matches",
    }  # fmt: skip
    assert codes(judged.appraisal.findings, Outcome.NOT_EVALUATED) == {"nothing-allowed"}
    assert codes(judged.appraisal.findings, Outcome.ASSERTED_ONLY) == {"listed-in-manifest"}
    assert not judged.appraisal.code_allowed


@pytest.mark.parametrize("name", READ)
def test_a_file_cut_anywhere_does_not_hold(files: dict[str, bytes], name: str) -> None:
    whole = files[name] if name.endswith((".xml", ".sig")) else files[name].rstrip(b"\n")
    for length in range(len(whole)):
        assert held(TECHNOLOGY, {**files, name: files[name][:length]}, AT) is None, f"{length} bytes"


@pytest.mark.slow
@pytest.mark.parametrize("name", READ)
def test_a_changed_byte_never_holds_with_other_claims(files: dict[str, bytes], name: str) -> None:
    still = still_holding(TECHNOLOGY, files, name, AT)
    if name != "root_primus.pem":
        assert still == []
    else:
        assert still, "the root's own certificate may say anything: its key alone counts"


def test_unknown_files_are_only_noted(files: dict[str, bytes]) -> None:
    with pytest.raises(VaultproofError):
        judge(TECHNOLOGY, {**files, "second.xml": files["securosys.xml"]}, AT)
    judged = judge(TECHNOLOGY, {**files, "securosys.json": b"{}"}, AT)
    assert "unread-file" in codes(judged.chain.findings, Outcome.NOTED)
