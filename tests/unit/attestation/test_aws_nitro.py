"""Nitro documents, made by ourselves: each case breaks one rule, and M-numbers are mistakes that verifiers make.

No pinned root (M1), a pin by name (M2), dates at the wrong instant (M3), the document's own time believed (M4), no
nonce (M5), a signature taken for an appraisal (M6), a device counted twice (M8), lenient parsing (M11), bombs (M13).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from tests.unit.attestation.makers import AT, NOW, authority
from tests.unit.attestation.nitro import (
    ENCLAVE,
    GOOD,
    HOST,
    INSTANCE,
    LINKS,
    MODULE,
    REGION,
    REGIONAL,
    ROOT,
    SIGNED_AT,
    ZONE,
    Certified,
    Made,
    anchor,
    pcrs,
    read,
    spki,
    with_fields,
)
from vaultproof.asn1 import writer
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.appraisal import Appraisal, appraise
from vaultproof.attestation.aws_nitro import AwsNitroAdapter
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.claims import CodeGrade, DebugState, Grade, Measurement, SiteSource
from vaultproof.attestation.findings import AsOf, Outcome
from vaultproof.attestation.fleet import AnnouncedMember, Fleet, FleetRecord, appraise_fleet
from vaultproof.attestation.reference import ReferenceValues
from vaultproof.cbor import Encodable, encode
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError

NONCE = bytes(range(32))
CODE = [{"algorithm": "sha-384", "digest": f"1{index}" * 48, "component": f"pcr{index}"} for index in range(3)]
FLEET_RULE = {"minimum_members": 1, "code": "measured", "same_code": "equal", "keys": "one-holder"}


def values(**policy: object) -> ReferenceValues:
    entry = {
        "technology": "aws-nitro", "allowed": [{"id": "image", "measurements": CODE}], "denied": [], "keys": {},
        "freshness": "nonce", "debug": "disabled", **policy,
    }  # fmt: skip
    return ReferenceValues.from_json(
        {"schema": "vaultproof/reference-values@1", "technologies": [entry], "fleet": FLEET_RULE}
    )


def verify(
    attestation: Attestation, *, pinned: TrustAnchor | None = None, at: datetime = AT, now: datetime = NOW
) -> ChainResult:
    return run_to_completion(verify_chain(attestation, (pinned or anchor(),), OpenSslBackend(), at, now))


def judged(attestation: Attestation, **policy: object) -> Appraisal:
    return appraise(attestation, values(**policy), AT, NOW, NONCE)


def failures(result: ChainResult | Appraisal) -> set[str]:
    return {finding.code for finding in result.findings if finding.outcome is Outcome.FAILED}


def short_of_proof(result: ChainResult | Appraisal) -> set[str]:
    """Codes of everything that was asked for and is neither proven nor failed."""
    weak = (Outcome.ASSERTED_ONLY, Outcome.NOT_EVALUATED, Outcome.COULD_NOT_CHECK)
    return {finding.code for finding in result.findings if finding.outcome in weak and finding.required}


def with_links(*changed: Certified) -> Made:
    """The good document with some certificates replaced, by the label of their key."""
    by_label = {link.label: link for link in changed}
    return replace(GOOD, links=tuple(by_label.get(link.label, link) for link in LINKS))


# --- what is read ---------------------------------------------------------------------------------------------------


def test_a_document_is_read_into_claims() -> None:
    attestation = read(with_fields(nonce=NONCE, public_key=spki("fleet-a")))
    attester, platform = attestation.claims.attester, attestation.claims.platform
    assert attester.hwserial is not None
    assert (attester.hwserial.value, attester.hwserial.grade) == (INSTANCE, Grade.ATTESTED)
    assert attester.instance_id is not None
    assert attester.instance_id.value == MODULE
    assert attester.device_identity is not None
    assert attestation.claims.evidence.iat is not None
    assert attestation.claims.evidence.iat.value == SIGNED_AT == attestation.signed_at
    assert platform.measurements is not None
    assert platform.measurements.value == tuple(
        Measurement(algorithm="sha-384", digest=f"1{index}" * 48, component=f"pcr{index}") for index in range(3)
    )
    assert platform.code_grade is CodeGrade.MEASURED
    assert platform.dbgstat is not None
    assert (platform.dbgstat.value, platform.dbgstat.grade) == (DebugState.DISABLED, Grade.IMPLIED)
    assert attestation.claims.site is not None
    assert (attestation.claims.site.value.value, attestation.claims.site.source) == (REGION, SiteSource.VENDOR_CHAIN)
    (key,) = attestation.claims.keys
    assert key.spki is not None
    assert key.spki.value == spki("fleet-a")
    assert (key.local, key.extractable, key.never_extractable) == (None, None, None), "the document says nothing of it"


def test_claims_name_the_bytes_that_they_were_read_from() -> None:
    made = with_fields(nonce=NONCE, public_key=spki("fleet-a"))
    data, claims = made.encode(), read(made).claims
    module, nonce, iat = claims.attester.instance_id, claims.evidence.nonce, claims.evidence.iat
    assert module is not None
    assert nonce is not None
    assert iat is not None
    for claim, value in (
        (module, encode(MODULE)),
        (nonce, encode(NONCE)),
        (iat, encode(int(SIGNED_AT.timestamp() * 1000))),
        (claims.keys[0].spki, encode(spki("fleet-a"))),
    ):
        assert claim is not None
        assert data[claim.source.offset : claim.source.offset + claim.source.length] == value
    identity = claims.attester.device_identity
    assert identity is not None
    assert data[identity.source.offset : identity.source.offset + identity.source.length] == spki("instance")


@pytest.mark.parametrize("tag", [b"", b"\xd2"])
def test_a_good_document_holds_but_for_its_own_time(tag: bytes) -> None:
    result = verify(read(replace(GOOD, tag=tag)))
    assert (failures(result), short_of_proof(result)) == (set(), {"own-time-at-signing"})
    assert {finding.code for finding in result.findings} >= {"pinned-root", "valid-at-signing", "region-same"}
    appraisal = judged(read(with_fields(nonce=NONCE, public_key=spki("fleet-a"))))
    assert appraisal.code_allowed
    assert (failures(appraisal), short_of_proof(appraisal)) == (set(), set())


def test_absent_and_null_are_one() -> None:
    without = replace(GOOD, left_out=frozenset({"public_key", "user_data", "nonce"}))
    for made in (GOOD, without):
        claims = read(made).claims
        assert (claims.evidence.nonce, claims.keys, claims.unknown) == (None, (), ())


def test_an_empty_nonce_is_one_that_fits_nothing() -> None:
    assert "nonce-differs" in failures(judged(read(with_fields(nonce=b""))))


def test_what_only_the_application_understands_is_shown_as_it_is() -> None:
    attestation = read(with_fields(user_data=b"\x01\x02", public_key=b"no DER", extra=7))
    assert attestation.claims.keys == ()
    found = [(claim.place, claim.type, claim.raw) for claim in attestation.claims.unknown]
    assert found == [
        ("keys/0", "public_key", encode(b"no DER")),
        ("evidence", "user_data", encode(b"\x01\x02")),
        ("evidence", "extra", encode(7)),
    ]


def test_registers_that_measure_no_code_are_no_measurements() -> None:
    attestation = read(with_fields(pcrs=pcrs(0x10, 0x11, 0x12, 0x13, 0x14, 0, 0, 0, 0x18)))
    assert attestation.claims.platform.measurements is not None
    components = [item.component for item in attestation.claims.platform.measurements.value]
    assert components == ["pcr0", "pcr1", "pcr2", "pcr8"]
    shown = {finding.subject: finding.found for finding in attestation.findings if finding.code == "other-register"}
    assert shown == {"platform/pcr3": "13" * 48, "platform/pcr4": "14" * 48}


# --- forms that are refused -----------------------------------------------------------------------------------------

GOOD_BODY = GOOD.body()
BODY_BYTES = encode(GOOD_BODY)[1:]
"""The payload without its head, which says that nine entries follow."""


def _payload(*, extra: bytes = b"", **fields: Encodable) -> Made:
    changed: dict[int | str, Encodable] = {name: fields.get(str(name), value) for name, value in GOOD_BODY.items()}
    return replace(GOOD, payload=encode(changed) + extra)


@pytest.mark.parametrize(
    ("made", "error", "code"),
    [
        (replace(GOOD, protected=encode({1: -7})), Unsupported, "cose-algorithm"),
        (replace(GOOD, protected=encode({1: -36})), Unsupported, "cose-algorithm"),
        (replace(GOOD, protected=encode({1: 5})), Unsupported, "cose-algorithm"),
        (replace(GOOD, protected=b""), Malformed, "cbor-range"),
        (replace(GOOD, protected=encode({})), Malformed, "cose-header"),
        (replace(GOOD, protected=encode({1: -35, 4: b"kid"})), Malformed, "cose-header"),
        (replace(GOOD, protected=encode({1: "ES384"})), Malformed, "cbor-unexpected"),
        (replace(GOOD, unprotected={4: b"kid"}), Malformed, "cose-header"),
        (replace(GOOD, unprotected=None), Malformed, "cbor-unexpected"),
        (replace(GOOD, signature=b"\x01" * 95), Malformed, "cbor-range"),
        (replace(GOOD, signature=b"\x01" * 97), Malformed, "cbor-range"),
        (replace(GOOD, payload=b""), Malformed, "cbor-range"),
        (replace(GOOD, payload=encode([1])), Malformed, "cbor-unexpected"),
        (replace(GOOD, left_out=frozenset({"pcrs"})), Malformed, "missing-claim"),
        (replace(GOOD, left_out=frozenset({"cabundle", "timestamp"})), Malformed, "missing-claim"),
        (_payload(module_id=""), Malformed, "cbor-range"),
        (_payload(module_id=7), Malformed, "cbor-unexpected"),
        (_payload(module_id="i-0123456789abcdef0"), Unsupported, "module-id"),
        (_payload(module_id=f"{MODULE}.evil"), Unsupported, "module-id"),
        (_payload(digest="SHA256"), Unsupported, "digest-algorithm"),
        (_payload(timestamp=0), Malformed, "cbor-range"),
        (_payload(timestamp=-5), Malformed, "cbor-range"),
        (_payload(timestamp=2**63), Malformed, "cbor-range"),
        (_payload(pcrs={}), Malformed, "cbor-range"),
        (_payload(pcrs={32: b"\x01" * 48}), Malformed, "claim-value"),
        (_payload(pcrs={-1: b"\x01" * 48}), Malformed, "claim-value"),
        (_payload(pcrs={"0": b"\x01" * 48}), Malformed, "claim-value"),
        (_payload(pcrs={0: b"\x01" * 32}), Malformed, "cbor-range"),
        (_payload(pcrs={0: b"\x01" * 64}), Malformed, "cbor-range"),
        (_payload(pcrs={0: b"\x01" * 47}), Malformed, "cbor-range"),
        (_payload(certificate=b""), Malformed, "cbor-range"),
        (_payload(certificate=b"\x30" * 1025), Malformed, "cbor-range"),
        (_payload(certificate=b"\x30\x00"), Malformed, "der-missing"),
        (_payload(cabundle=()), Malformed, "cbor-range"),
        (_payload(cabundle=(b"\x30" * 1025,)), Malformed, "cbor-range"),
        (_payload(public_key=b""), Malformed, "cbor-range"),
        (_payload(public_key=b"\x00" * 1025), Malformed, "cbor-range"),
        (_payload(user_data=b"\x00" * 513), Malformed, "cbor-range"),
        (_payload(nonce=b"\x00" * 513), Malformed, "cbor-range"),
        (_payload(nonce="text"), Malformed, "cbor-unexpected"),
        # M11: bytes after the payload, a key twice, a longer head than needed, an indefinite map.
        (_payload(extra=b"\x00"), Malformed, "cbor-trailing-bytes"),
        (replace(GOOD, payload=b"\xaa" + BODY_BYTES + encode("nonce") + b"\xf6"), Malformed, "cbor-duplicate-key"),
        (replace(GOOD, payload=b"\xb8\x09" + BODY_BYTES), Malformed, "cbor-minimal"),
        (replace(GOOD, payload=b"\xbf" + BODY_BYTES + b"\xff"), Malformed, "cbor-indefinite"),
        (replace(GOOD, links=LINKS[1:]), Unsupported, "chain-length"),
        (replace(GOOD, links=(*LINKS, ROOT)), Unsupported, "chain-length"),
    ],
)  # fmt: skip
def test_documents_that_are_refused(made: Made, error: type[VaultproofError], code: str) -> None:
    with pytest.raises(error) as caught:
        read(made)
    assert (caught.value.code, caught.value.file) == (code, "attestation.cbor")


@pytest.mark.parametrize(
    ("files", "error", "code"),
    [
        ({}, Unavailable, "no-evidence"),
        ({"document.cbor": GOOD.encode()}, Unavailable, "no-evidence"),
        ({"attestation.cbor": GOOD.encode(), "attestation.bin": GOOD.encode()}, Malformed, "two-evidence-files"),
        ({"attestation.bin": GOOD.encode() + b"\x00"}, Malformed, "cbor-trailing-bytes"),
        ({"attestation.bin": b"\xd2" + b"\xd2" + GOOD.encode()}, Malformed, "cbor-type"),
        ({"attestation.bin": encode([1, 2, 3])}, Malformed, "cbor-range"),
    ],
)
def test_files_that_are_refused(files: Mapping[str, bytes], error: type[VaultproofError], code: str) -> None:
    with pytest.raises(error) as caught:
        AwsNitroAdapter().read(files)
    assert caught.value.code == code


def test_a_file_that_nobody_reads_is_told() -> None:
    found = AwsNitroAdapter().read({"attestation.bin": GOOD.encode(), "notes": b""}).findings
    assert [finding.subject for finding in found if finding.code == "unread-file"] == ["notes"]


# --- mistakes of others ---------------------------------------------------------------------------------------------


def test_m1_and_m2_a_root_is_its_key() -> None:
    stranger = with_links(replace(ROOT, label="nitro-root"))
    foreign = replace(stranger, links=(*LINKS[:-1], replace(ROOT, label="other-root")))
    assert failures(verify(read(foreign))) == {"unrecognised-root"}
    reissued = with_links(replace(ROOT, hours=(1, 2)))
    assert failures(verify(read(reissued))) == set()


def test_m3_short_lived_certificates_are_judged_at_signing_and_never_now() -> None:
    result = verify(read(GOOD), now=SIGNED_AT + timedelta(days=9000))
    assert failures(result) == set()
    for link in (ENCLAVE, HOST, ZONE, REGIONAL):
        for hours, code in (((3, -1), "expired-at-signing"), ((-1, 3), "not-yet-valid-at-signing")):
            assert failures(verify(read(with_links(replace(link, hours=hours))))) == {code}


def test_m4_the_documents_own_time_is_only_its_word() -> None:
    attestation = read(GOOD)
    assert attestation.claims.evidence.iat is not None
    assert attestation.claims.evidence.iat.grade is Grade.ASSERTED
    result = verify(attestation)
    assert result.outcome(AsOf.DEPLOYMENT) is Outcome.ASSERTED_ONLY
    assert result.outcome(AsOf.NOW) is Outcome.ASSERTED_ONLY
    assert [item.outcome for item in judged(attestation).findings if item.code == "own-time"] == [Outcome.NOTED]


def test_m5_a_document_without_the_deployments_nonce_is_no_evidence_for_it() -> None:
    assert "claim-absent" in short_of_proof(judged(read(GOOD)))
    for foreign in (bytes(32), NONCE + b"\x00", NONCE[:-1]):
        assert failures(judged(read(with_fields(nonce=foreign)))) == {"nonce-differs"}


@pytest.mark.parametrize("zero", [(0,), (1,), (2,), (0, 1, 2)])
def test_m6_debug_mode_is_refused_by_appraisal_and_not_by_signature(zero: tuple[int, ...]) -> None:
    registers = pcrs(*(0 if index in zero else 0x10 + index for index in range(3)))
    attestation = read(with_fields(pcrs=registers, nonce=NONCE))
    assert failures(verify(attestation)) == set()
    assert "debug-differs" in failures(judged(attestation))
    assert not judged(attestation).code_allowed
    if len(zero) == 3:
        assert attestation.claims.platform.code_grade is CodeGrade.NOT_ATTESTED, "zeros measure nothing"


def test_a_document_that_leaves_registers_out_does_not_say_whether_it_is_debugged() -> None:
    attestation = read(with_fields(pcrs={0: b"\x10" * 48, 1: b"\x11" * 48}))
    assert attestation.claims.platform.dbgstat is None
    assert "claim-absent" in short_of_proof(judged(attestation))


def test_other_code_is_refused() -> None:
    for changed in (pcrs(0x10, 0x11, 0x13), pcrs(0x10, 0x11, 0x12, 0, 0, 0, 0, 0, 0x18), pcrs(0x11, 0x10, 0x12)):
        assert "measurements-differs" in failures(judged(read(with_fields(pcrs=changed))))


def test_nothing_is_allowed_that_nobody_listed() -> None:
    result = judged(read(GOOD), allowed=[])
    assert "nothing-allowed" in short_of_proof(result)
    assert not result.code_allowed


def test_m8_two_enclaves_of_one_instance_are_one_device() -> None:
    def devices(*attestations: Attestation) -> set[str]:
        names = [f"hsm-{index}" for index, _ in enumerate(attestations)]
        records = tuple(
            FleetRecord(member=member, claims=item.claims, code_allowed=True)
            for member, item in zip(names, attestations, strict=True)
        )
        members = tuple(AnnouncedMember(name=member) for member in names)
        fleet = Fleet(members=members, records=records, published=(), threshold=2)
        return {finding.code for finding in appraise_fleet(fleet, values().fleet).devices}

    second = MODULE.replace("-enc0", "-enc1")
    neighbour = replace(with_links(replace(ENCLAVE, common=f"{second}.{REGION}.aws")), fields={"module_id": second})
    assert {"serial-shared", "device-shared"} <= devices(read(GOOD), read(neighbour))
    elsewhere = MODULE.replace("i-0", "i-1")
    host = elsewhere.partition("-enc")[0]
    other = replace(
        GOOD,
        links=(
            replace(ENCLAVE, common=f"{elsewhere}.{REGION}.aws"),
            replace(HOST, label="instance-2", common=f"{host}.{REGION}.aws.nitro-enclaves"),
            *LINKS[2:],
        ),
        fields={"module_id": elsewhere},
    )
    assert "devices-distinct" in devices(read(GOOD), read(other))


def test_the_document_and_its_certificates_must_name_one_module() -> None:
    other = MODULE.replace("-enc0", "-enc1")
    assert failures(verify(read(with_fields(module_id=other)))) == {"serial-differs"}
    host = with_links(replace(HOST, common=f"i-99999999.{REGION}.aws.nitro-enclaves"))
    assert failures(verify(read(host))) == {"serial-differs"}
    longer = with_links(replace(ENCLAVE, common=f"{MODULE}0.{REGION}.aws"))
    assert failures(verify(read(longer))) == {"serial-differs"}


@pytest.mark.parametrize("link", [ENCLAVE, HOST, ZONE, REGIONAL])
def test_certificates_of_two_regions_give_no_site(link: Certified) -> None:
    attestation = read(with_links(replace(link, common=link.common.replace(REGION, "us-east-1"))))
    assert attestation.claims.site is None
    assert failures(verify(attestation)) == {"region-differs"}


@pytest.mark.parametrize("common", ["region", "x..aws", "x.EU-west-1.aws", "x.nowhere.aws", f"x.{REGION}.aws.evil"])
def test_a_name_without_a_region_gives_no_site(common: str) -> None:
    attestation = read(with_links(replace(REGIONAL, common=common)))
    assert attestation.claims.site is None
    assert failures(verify(attestation)) == {"region-differs"}


def test_a_document_signed_by_another_key_does_not_hold() -> None:
    assert failures(verify(read(replace(GOOD, signer="instance")))) == {"bad-signature"}
    assert failures(verify(read(replace(GOOD, signature=b"\x00" * 96)))) == {"signature-range"}


def test_an_authority_does_not_sign_documents_and_the_enclave_no_certificates() -> None:
    issuing = with_links(replace(ENCLAVE, extensions=HOST.extensions))
    assert "wrong-role" in failures(verify(read(issuing)))
    both = authority(usage=writer.bit_string(b"\x84", 2))  # digitalSignature and keyCertSign
    assert failures(verify(read(with_links(replace(ENCLAVE, extensions=both))))) == {"wrong-role"}
    powerless = with_links(replace(HOST, extensions=ENCLAVE.extensions))
    assert "wrong-role" in failures(verify(read(powerless)))


def _with_x(value: Encodable) -> dict[int | str, Encodable]:
    return {**GOOD_BODY, "x": value}


def test_m13_bombs_are_refused_early() -> None:
    deep = replace(GOOD, payload=b"\x81" * 60_000 + b"\x00")
    many = replace(GOOD, payload=encode(_with_x(tuple([0] * 50_000))))
    large = replace(GOOD, payload=encode(_with_x(bytes(70_000))))
    for made, code in ((deep, "cbor-depth"), (many, "cbor-count"), (large, "cbor-size")):
        began = time.monotonic()
        with pytest.raises(Malformed) as caught:
            read(made)
        assert caught.value.code == code
        assert time.monotonic() - began < 2


def test_m13_nested_der_in_a_certificate_is_refused_early() -> None:
    deep = writer.null()
    for _ in range(200):
        deep = writer.sequence(deep)
    with pytest.raises(Malformed) as caught:
        read(_payload(certificate=deep))
    assert caught.value.code == "der-depth"
