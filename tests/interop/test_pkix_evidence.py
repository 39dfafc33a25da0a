"""The published samples of PKIX Evidence (draft-07; synthetic, made by its authors), with their own chain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from vaultproof.asn1 import writer
from vaultproof.asn1.der import parse
from vaultproof.asn1.pem import read_pem
from vaultproof.asn1.x509 import parse_certificate
from vaultproof.attestation.adapter import Attestation, Role
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import CodeGrade
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.pkix_evidence_profile import ATTESTATION_KEY_PURPOSE, TECHNOLOGY
from vaultproof.attestation.registry import adapter_for
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Mismatch, VaultproofError

pytestmark = pytest.mark.interop

AT = datetime(2026, 8, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, tzinfo=UTC)
AFTER = datetime(2037, 1, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def samples(vectors: Path) -> dict[str, bytes]:
    folder = vectors / "attestation" / "pkix-evidence"
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def files1(samples: dict[str, bytes]) -> dict[str, bytes]:
    """The first sample names its signer by a key identifier only: the chain must come beside it."""
    chain = samples["ak.crt"] + samples["int.crt"] + samples["ca.crt"]
    return {"evidence.pem": samples["evidence1.pem"], "chain.pem": chain}


@pytest.fixture(scope="module")
def files2(samples: dict[str, bytes]) -> dict[str, bytes]:
    """The second sample carries its own certificates, without the root."""
    return {"evidence.pem": samples["evidence2.pem"]}


@pytest.fixture(scope="module")
def root(samples: dict[str, bytes]) -> TrustAnchor:
    (block,) = read_pem(samples["ca.crt"], labels={"CERTIFICATE"})
    key = parse_certificate(block.data).public_key
    return TrustAnchor(
        id="draft-sample-root", technology=TECHNOLOGY, name="RootCA of the draft's samples",
        spki_sha256=key.sha256, spki=key.raw,
    )  # fmt: skip


def read(files: Mapping[str, bytes]) -> Attestation:
    return adapter_for(TECHNOLOGY).read(files)


def walk(attestation: Attestation, *anchors: TrustAnchor, now: datetime = NOW) -> ChainResult:
    return run_to_completion(verify_chain(attestation, anchors, OpenSslBackend(), AT, now))


def test_the_first_sample_holds(files1: dict[str, bytes], root: TrustAnchor) -> None:
    attestation = read(files1)
    result = walk(attestation, root)
    assert result.outcome(AsOf.DEPLOYMENT) is result.outcome(AsOf.NOW) is Outcome.PROVEN
    assert [link.role for link in attestation.chains[0].links] == [
        Role.ATTESTATION_KEY, Role.MANUFACTURER, Role.ROOT,
    ]  # fmt: skip
    claims = attestation.claims
    assert claims.attester.vendor is not None
    assert claims.attester.hwmodel is not None
    assert claims.evidence.nonce is not None
    assert claims.evidence.iat is not None
    assert (claims.attester.vendor.value, claims.attester.hwmodel.value) == ("Acme Corp", "HSM-9000")
    assert claims.evidence.nonce.value.hex() == "deadbeefcafebabe"
    assert claims.evidence.iat.value == datetime(2026, 7, 21, 11, 13, 38, tzinfo=UTC)
    assert (claims.attester.hwserial, claims.keys, claims.unknown) == (None, (), ())
    assert claims.platform.code_grade is CodeGrade.NOT_ATTESTED
    certificate = attestation.chains[0].links[0].certificate
    assert certificate is not None
    assert certificate.extended_key_usage == (ATTESTATION_KEY_PURPOSE,)


def test_the_second_sample_holds_with_what_it_carries(files2: dict[str, bytes], root: TrustAnchor) -> None:
    attestation = read(files2)
    result = walk(attestation, root)
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert [finding.code for finding in result.findings if finding.subject == "manufacturer/anchor"] == [
        "signed-by-pinned-root"
    ]
    one, two = attestation.claims.keys
    assert one.identifier is not None
    assert one.identifier.value == "9a25f603-a2c4-4dad-9ee0-a1b4e771f2c3"
    assert one.purposes is not None
    assert one.purposes.value == ("sign",)
    assert [claim and claim.value for claim in (one.extractable, one.never_extractable, one.sensitive, one.local)] == [
        False, True, True, True,
    ]  # fmt: skip
    assert two.extractable is not None
    assert two.extractable.value is True
    assert (two.local, two.never_extractable, two.purposes) == (None, None, None)


def test_the_printed_values_stand_where_we_say(samples: dict[str, bytes], files1: dict[str, bytes]) -> None:
    """The sample's own pretty print and our places agree with the bytes."""
    printed = samples["evidence1.pp"].decode()
    (block,) = read_pem(samples["evidence1.pem"], labels={"EVIDENCE"})
    claims = read(files1).claims
    for claim, text in (
        (claims.attester.vendor, "Acme Corp"), (claims.attester.hwversion, "2.1.0"), (claims.platform.uptime, "86400"),
    ):  # fmt: skip
        assert claim is not None
        assert str(claim.value) == text
        assert text in printed
        place = claim.source
        assert (place.file, place.block) == ("evidence.pem", 0)
        element = parse(block.data[place.offset : place.offset + place.length])
        value = element.integer() if element.tag == 0x02 else element.utf8()
        assert value == claim.value


def test_dates_of_the_sample_give_two_answers(files1: dict[str, bytes], root: TrustAnchor) -> None:
    result = walk(read(files1), root, now=AFTER)
    assert (result.outcome(AsOf.DEPLOYMENT), result.outcome(AsOf.NOW)) == (Outcome.PROVEN, Outcome.FAILED)


def test_another_root_is_not_recognised(files1: dict[str, bytes], root: TrustAnchor) -> None:
    result = walk(read(files1), replace(root, spki_sha256="0" * 64, spki=None))
    failed = [finding.code for finding in result.findings if finding.outcome is Outcome.FAILED]
    assert failed == ["unrecognised-root"]


def test_a_sample_with_two_platform_elements_is_malformed(samples: dict[str, bytes]) -> None:
    """The draft's third sample has two, which its own section 5.1 forbids; here made from the first one."""
    (block,) = read_pem(samples["evidence1.pem"], labels={"EVIDENCE"})
    tbs, blocks = parse(block.data).children()
    version, listed = tbs.children()
    transaction, platform = listed.children()
    twice = writer.sequence(transaction.raw, platform.raw, platform.raw)
    evidence = writer.sequence(writer.sequence(version.raw, twice), blocks.raw)
    with pytest.raises(Malformed) as caught:
        read({"evidence.der": evidence, "chain.pem": samples["ak.crt"]})
    assert caught.value.code == "platform-count"


def test_the_chain_of_another_signer_is_refused(samples: dict[str, bytes]) -> None:
    with pytest.raises(Mismatch) as caught:
        read({"evidence.pem": samples["evidence1.pem"], "chain.pem": samples["int.crt"] + samples["ca.crt"]})
    assert caught.value.code == "signer-differs"


@pytest.mark.parametrize("number", ["1", "2"])
def test_every_truncation_is_refused(samples: dict[str, bytes], files1: dict[str, bytes], number: str) -> None:
    (block,) = read_pem(samples[f"evidence{number}.pem"], labels={"EVIDENCE"})
    for end in range(len(block.data)):
        with pytest.raises(Malformed):
            read({"evidence.der": block.data[:end], "chain.pem": files1["chain.pem"]})


@pytest.mark.parametrize("number", ["1", "2"])
def test_no_flipped_byte_holds(
    samples: dict[str, bytes], files1: dict[str, bytes], root: TrustAnchor, number: str
) -> None:
    (block,) = read_pem(samples[f"evidence{number}.pem"], labels={"EVIDENCE"})
    beside = {"chain.pem": files1["chain.pem"]} if number == "1" else {}
    held = [
        (position, bit)
        for position in range(len(block.data))
        for bit in (0x01, 0x80)
        if _holds({"evidence.der": _flipped(block.data, position, bit), **beside}, root)
    ]
    assert held == []


def _flipped(data: bytes, position: int, bit: int) -> bytes:
    return data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :]


def _holds(files: Mapping[str, bytes], root: TrustAnchor) -> bool:
    try:
        attestation = read(files)
    except VaultproofError:
        return False
    return walk(attestation, root).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
