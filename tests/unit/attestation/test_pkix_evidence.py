"""Reading PKIX Evidence: the profile's narrowness, case by case; each case breaks only the rule under test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from tests.unit.attestation.makers import AT, FIRMWARE, LOADER, NONCE, Device, chain, pem, read, spki
from vaultproof.asn1 import writer
from vaultproof.asn1.der import Element, parse
from vaultproof.asn1.pem import write_pem
from vaultproof.attestation.claims import CodeGrade, DebugState, Grade, SerialSource
from vaultproof.attestation.findings import Outcome
from vaultproof.attestation.pkix_evidence_format import MAX_CLAIMS, MAX_ELEMENTS, MAX_KEYS
from vaultproof.attestation.pkix_evidence_profile import (
    CLAIM_OIDS,
    CLAIM_TYPES,
    ELEMENT_OIDS,
    MEASUREMENT_CLAIM,
    OID_NAMES,
    ElementType,
)
from vaultproof.attestation.pkix_evidence_writer import KeyValues, PlatformValues
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, VaultproofError

DEVICE = Device()
TRUE = writer.boolean(True)
TRANSACTION, PLATFORM, KEY = (
    member.raw for member in tuple(tuple(parse(DEVICE.tbs()).children())[1].children())
)  # the three elements of a good Evidence


def claim(element: ElementType, name: str, *value: bytes) -> bytes:
    return writer.sequence(writer.oid(CLAIM_OIDS[element, name]), *value)


def element(kind: ElementType, *claims: bytes) -> bytes:
    return writer.sequence(writer.oid(ELEMENT_OIDS[kind]), writer.sequence(*claims))


def tbs(*elements: bytes, version: int = 1) -> bytes:
    return writer.sequence(writer.integer(version), writer.sequence(*elements))


def with_platform(*claims: bytes) -> bytes:
    return tbs(TRANSACTION, element(ElementType.PLATFORM, *claims), KEY)


def with_key(*claims: bytes) -> bytes:
    identifier = claim(ElementType.KEY, "identifier", writer.utf8_string("k"))
    return tbs(TRANSACTION, PLATFORM, element(ElementType.KEY, identifier, *claims))


def refuse(signed: bytes, code: str, error: type[VaultproofError] = Malformed) -> VaultproofError:
    """Evidence over ``signed``, rightly signed, is refused."""
    files = {**DEVICE.files(), "evidence.der": DEVICE.evidence(signed)}
    with pytest.raises(error) as caught:
        read(files)
    assert caught.value.code == code
    assert caught.value.file == "evidence.der"
    return caught.value


def test_a_whole_device_is_read_into_claims() -> None:
    attestation = read(DEVICE.files())
    claims = attestation.claims
    assert attestation.technology == claims.attester.technology == "pkix-evidence"
    assert attestation.profile == claims.evidence.profile == "draft-07"
    assert claims.attester.hwmodel is not None
    assert (claims.attester.hwmodel.value, claims.attester.hwmodel.grade) == ("HSM-9000", Grade.ATTESTED)
    assert claims.attester.hwserial_source is SerialSource.EVIDENCE_CLAIM
    assert claims.evidence.nonce is not None
    assert claims.evidence.nonce.value == NONCE
    assert claims.evidence.iat is not None
    assert claims.evidence.iat.grade is Grade.ASSERTED, "a device's own clock shows nothing"
    assert claims.platform.measurements is not None
    assert claims.platform.measurements.value == (FIRMWARE, LOADER)
    assert claims.platform.code_grade is CodeGrade.MEASURED
    (key,) = claims.keys
    assert key.role is not None
    assert (key.role.value, key.spki_sha256) == ("store", sha256(spki("fleet-a")).hexdigest())
    assert claims.unknown == ()
    assert [finding.outcome for finding in attestation.findings] == [Outcome.PROVEN]


def test_every_value_knows_where_it_was_read() -> None:
    files = DEVICE.files()
    serial = read(files).claims.attester.hwserial
    assert serial is not None
    place = serial.source
    assert (place.file, place.block) == ("evidence.der", None)
    assert files[place.file][place.offset : place.offset + place.length] == writer.utf8_string("SN-a")


def test_pem_is_the_same_evidence() -> None:
    files = DEVICE.files()
    armoured = {"evidence.pem": write_pem("EVIDENCE", files["evidence.der"]), "chain.pem": files["chain.pem"]}
    one, other = read(files).claims, read(armoured).claims
    assert one.evidence.digest == other.evidence.digest
    assert one.keys[0].spki_sha256 == other.keys[0].spki_sha256
    assert other.evidence.nonce is not None
    assert (other.evidence.nonce.source.file, other.evidence.nonce.source.block) == ("evidence.pem", 0)


def test_what_is_not_said_is_none() -> None:
    bare = replace(DEVICE, platform=PlatformValues(vendor="x"), keys=(KeyValues(identifier="k"),))
    claims = read({**bare.files(), "chain.pem": pem(*chain(*bare.links()))}).claims
    assert claims.attester.hwserial is None
    assert claims.attester.hwserial_source is None
    assert claims.platform.code_grade is CodeGrade.NOT_ATTESTED
    assert (claims.keys[0].local, claims.keys[0].extractable, claims.keys[0].spki_sha256) == (None, None, None)
    assert claims.keys[0].purposes is None


@pytest.mark.parametrize(
    ("code", "elements"),
    [
        ("platform-count", (TRANSACTION, PLATFORM, PLATFORM, KEY)),
        ("platform-count", (TRANSACTION, KEY)),
        ("transaction-count", (PLATFORM, KEY)),
        ("transaction-count", (TRANSACTION, TRANSACTION, PLATFORM, KEY)),
        ("same-key-twice", (TRANSACTION, PLATFORM, KEY, KEY)),
        ("element-count", ()),
    ],
)
def test_elements_are_counted(code: str, elements: tuple[bytes, ...]) -> None:
    refuse(tbs(*elements), code)


def test_two_elements_for_one_key_are_found_by_the_key_too() -> None:
    (one,) = DEVICE.keys
    twins = replace(DEVICE, keys=(one, replace(one, identifier="another name")))
    refuse(twins.tbs(), "same-key-twice")


def test_many_keys_are_read_and_more_are_refused() -> None:
    keys = tuple(KeyValues(identifier=f"key {number}") for number in range(MAX_KEYS + 1))
    full = replace(DEVICE, keys=keys[:MAX_KEYS])
    assert len(read(full.files()).claims.keys) == MAX_KEYS
    refuse(replace(DEVICE, keys=keys).tbs(), "element-count")


def test_a_million_keys_are_refused_by_size() -> None:
    one = element(ElementType.KEY, claim(ElementType.KEY, "identifier", writer.utf8_string("k")))
    refuse(tbs(TRANSACTION, PLATFORM, one * 1_000_000), "der-size")


def test_limits_on_elements_and_claims() -> None:
    foreign = writer.sequence(writer.oid("1.2.3"), writer.sequence())
    refuse(tbs(TRANSACTION, PLATFORM, *[foreign] * MAX_ELEMENTS), "element-count")
    unknown = [writer.sequence(writer.oid(f"1.2.{number}"), writer.null()) for number in range(MAX_CLAIMS + 1)]
    refuse(with_platform(*unknown), "claim-count")
    refuse(with_platform(), "claim-count")


def test_no_known_claim_stands_twice() -> None:
    text = claim(ElementType.PLATFORM, "vendor", writer.utf8_string("x"))
    refuse(with_platform(text, text), "repeated-claim")
    flag = claim(ElementType.KEY, "local", TRUE)
    refuse(with_key(flag, flag), "repeated-claim")


def test_a_claim_stands_in_its_own_element() -> None:
    refuse(with_platform(claim(ElementType.KEY, "local", TRUE)), "misplaced-claim")
    refuse(with_key(claim(ElementType.PLATFORM, "hwserial", writer.utf8_string("x"))), "misplaced-claim")


def test_a_known_claim_has_a_value() -> None:
    refuse(with_key(claim(ElementType.KEY, "local")), "claim-without-value")


@pytest.mark.parametrize(
    ("code", "name", "value"),
    [
        ("der-unexpected", "vendor", writer.octet_string(b"x")),
        ("der-unexpected", "hwmodel", writer.utf8_string("x")),
        ("der-unexpected", "fipsboot", writer.integer(1)),
        ("claim-value", "vendor", writer.utf8_string("")),
        ("claim-value", "vendor", writer.utf8_string("x" * 257)),
        ("claim-value", "vendor", writer.utf8_string("turned \u202e round")),
        ("claim-value", "vendor", writer.utf8_string("two\nlines")),
        ("claim-value", "oemid", writer.octet_string(b"")),
        ("claim-value", "uptime", writer.integer(-1)),
        ("claim-value", "bootcount", writer.integer(2**63)),
        ("claim-value", "fipslevel", writer.integer(5)),
        ("claim-value", "dbgstat", writer.integer(-1)),
        ("claim-value", "measurement", writer.sequence()),
    ],
)
def test_platform_values_are_bounded(code: str, name: str, value: bytes) -> None:
    refuse(with_platform(claim(ElementType.PLATFORM, name, value)), code)


def measurement(oid: str, digest: bytes, component: str) -> bytes:
    return writer.sequence(writer.oid(oid), writer.octet_string(digest), writer.utf8_string(component))


SHA256 = "2.16.840.1.101.3.4.2.1"


@pytest.mark.parametrize(
    ("code", "error", "items"),
    [
        ("claim-value", Malformed, (measurement(SHA256, bytes(31), "x"),)),
        ("claim-value", Malformed, (measurement(SHA256, bytes(32), ""),)),
        ("claim-value", Malformed, (measurement(SHA256, bytes(32), "x"), measurement(SHA256, bytes(32), "x"))),
        ("claim-value", Malformed, tuple(measurement(SHA256, bytes(32), f"x{number}") for number in range(65))),
        ("digest-algorithm", Unsupported, (measurement("1.3.14.3.2.26", bytes(20), "x"),)),
        ("der-missing", Malformed, (writer.sequence(writer.oid(SHA256)),)),
    ],
)
def test_measurements_are_exact(code: str, error: type[VaultproofError], items: tuple[bytes, ...]) -> None:
    value = claim(ElementType.PLATFORM, "measurement", writer.sequence(*items))
    refuse(with_platform(value), code, error)


@pytest.mark.parametrize(
    ("code", "claims"),
    [
        ("missing-claim", ()),
        ("der-truncated", (("spki", writer.octet_string(b"\x30")),)),
        ("der-unexpected", (("spki", writer.octet_string(writer.integer(1))),)),
        (
            "der-unexpected",
            (
                (
                    "expiry",
                    writer.utc_time(AT),
                ),
            ),
        ),
        ("claim-value", (("purpose", writer.sequence(writer.oid("1.2.3"), writer.oid("1.2.3"))),)),
    ],
)
def test_key_values_are_exact(code: str, claims: tuple[tuple[str, bytes], ...]) -> None:
    if not claims:
        refuse(tbs(TRANSACTION, PLATFORM, element(ElementType.KEY, claim(ElementType.KEY, "local", TRUE))), code)
    else:
        refuse(with_key(*(claim(ElementType.KEY, name, value) for name, value in claims)), code)


@pytest.mark.parametrize("name", ["nonce", "timestamp", "ak-spki"])
def test_the_transaction_is_complete(name: str) -> None:
    members = {
        "nonce": writer.octet_string(NONCE),
        "timestamp": writer.generalized_time(AT),
        "ak-spki": writer.octet_string(spki("ak-a")),
    }
    kept = [claim(ElementType.TRANSACTION, item, value) for item, value in members.items() if item != name]
    refuse(tbs(element(ElementType.TRANSACTION, *kept), PLATFORM, KEY), "missing-claim")


def test_another_version_is_too_new_not_wrong() -> None:
    refuse(tbs(TRANSACTION, PLATFORM, KEY, version=2), "evidence-version", Unsupported)


def test_unknown_claims_and_elements_are_kept_and_of_no_effect() -> None:
    foreign = writer.sequence(writer.oid("1.2.3.4"), writer.sequence(writer.null()))
    extra = writer.sequence(writer.oid("1.2.3.5"), writer.null())
    platform = writer.sequence(writer.oid(ELEMENT_OIDS[ElementType.PLATFORM]), writer.sequence(extra, extra))
    signed = tbs(TRANSACTION, platform, KEY, foreign)
    attestation = read({**DEVICE.files(), "evidence.der": DEVICE.evidence(signed)})
    kept = [(item.place, item.type, item.raw) for item in attestation.claims.unknown]
    assert kept == [("platform", "1.2.3.5", extra)] * 2 + [("1.2.3.4", "1.2.3.4", foreign)]


def test_an_undefined_debug_state_is_unknown() -> None:
    signed = with_platform(claim(ElementType.PLATFORM, "dbgstat", writer.integer(9)))
    state = read({**DEVICE.files(), "evidence.der": DEVICE.evidence(signed)}).claims.platform.dbgstat
    assert state is not None
    assert state.value is DebugState.UNKNOWN


def blocks(change: Callable[[Element], bytes]) -> bytes:
    """The good Evidence with its list of signature blocks replaced."""
    signed, listed = parse(DEVICE.evidence()).children()
    return writer.sequence(signed.raw, change(listed))


@pytest.mark.parametrize(
    ("code", "change"),
    [
        ("signature-count", lambda listed: writer.sequence()),
        ("signature-count", lambda listed: writer.sequence(listed.content, listed.content)),
        (
            "signer-unnamed",
            lambda listed: writer.sequence(
                writer.sequence(writer.sequence(), *[p.raw for p in list(next(listed.children()).children())[1:]])
            ),
        ),
    ],
)
def test_there_is_one_signature_by_a_named_signer(code: str, change: Callable[[Element], bytes]) -> None:
    with pytest.raises(Malformed) as caught:
        read({**DEVICE.files(), "evidence.der": blocks(change)})
    assert caught.value.code == code


def test_the_signer_is_the_key_that_the_signed_part_names() -> None:
    other = replace(DEVICE, label="b")
    files = {"evidence.der": other.evidence(DEVICE.tbs()), "chain.pem": pem(*chain(*other.links()))}
    with pytest.raises(Mismatch) as caught:
        read(files)
    assert caught.value.code == "ak-spki-differs"


def test_files_of_a_member() -> None:
    good = DEVICE.files()
    with pytest.raises(Unavailable) as missing:
        read({"chain.pem": good["chain.pem"]})
    assert missing.value.code == "no-evidence"
    with pytest.raises(Malformed) as twice:
        read({**good, "evidence.pem": write_pem("EVIDENCE", good["evidence.der"])})
    assert twice.value.code == "two-evidence-files"
    with pytest.raises(Malformed) as wrong:
        read({"evidence.pem": write_pem("CERTIFICATE", good["evidence.der"])})
    assert (wrong.value.code, wrong.value.file) == ("pem-label", "evidence.pem")
    with pytest.raises(Malformed) as chain_error:
        read({**good, "chain.pem": b"nothing"})
    assert chain_error.value.file == "chain.pem"
    noted = read({**good, "readme.txt": b"?"}).findings[-1]
    assert (noted.code, noted.subject, noted.outcome) == ("unread-file", "readme.txt", Outcome.NOTED)


def test_every_truncation_and_flip_is_read_or_refused() -> None:
    files = DEVICE.files()
    data = files["evidence.der"]
    survivors = 0
    for position in range(len(data)):
        for changed in (data[:position], data[:position] + bytes([data[position] ^ 0x01]) + data[position + 1 :]):
            try:
                read({**files, "evidence.der": changed})
            except VaultproofError:
                continue
            survivors += 1
    assert 0 < survivors < len(data), "flips inside values are read (their signature fails), truncations never"


def test_every_claim_of_the_table_has_a_name_and_is_ours_only_where_it_must_be() -> None:
    assert len(OID_NAMES) == 1 + len(ELEMENT_OIDS) + len(CLAIM_TYPES) + 9
    private = {item.name for item in CLAIM_TYPES if item.oid.startswith("2.25.")}
    assert private == {"measurement", "role"}
    assert writer.oid(MEASUREMENT_CLAIM)
