"""The certificate view: what is broken is refused, what is only odd is read and recorded."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

import pytest

from tests.unit.asn1.certificates import (
    ECDSA_SHA256,
    FROM,
    P256_SPKI,
    UNTIL,
    VERSION_3,
    certificate,
    extension,
    name,
)
from vaultproof.asn1 import oids, writer
from vaultproof.asn1.der import parse, parse_window
from vaultproof.asn1.x509 import Certificate, device_serials, parse_certificate, read_certificate, serial_text
from vaultproof.crypto.port import Algorithm
from vaultproof.errors import Malformed

TRUE, FALSE = writer.boolean(True), writer.boolean(False)
CA = extension(oids.BASIC_CONSTRAINTS, writer.sequence(TRUE, writer.integer(1)), TRUE)


def codes(data: bytes) -> list[str]:
    return [finding.code for finding in parse_certificate(data).findings]


def refuse(code: str, data: bytes) -> None:
    with pytest.raises(Malformed) as caught:
        parse_certificate(data)
    assert caught.value.code == code


def test_a_plain_certificate_is_read_without_findings() -> None:
    usage = extension(oids.KEY_USAGE, writer.bit_string(b"\x86", 1), TRUE)
    purposes = extension(oids.EXTENDED_KEY_USAGE, writer.sequence(writer.oid("1.3.6.1.5.5.7.3.3")))
    ski = extension(oids.SUBJECT_KEY_IDENTIFIER, writer.octet_string(b"ski"))
    aki = extension(oids.AUTHORITY_KEY_IDENTIFIER, writer.sequence(writer.implicit(0, b"aki")))
    data = certificate(CA, usage, purposes, ski, aki)
    read = parse_certificate(data)
    assert read.findings == ()
    assert (read.version, read.serial, read.not_before, read.not_after) == (3, 7, FROM, UNTIL)
    assert (read.raw, read.sha256) == (data, hashlib.sha256(data).hexdigest())
    assert read.public_key.sha256 == hashlib.sha256(P256_SPKI).hexdigest()
    assert read.basic_constraints is not None
    assert (read.is_authority, read.basic_constraints.path_length) == (True, 1)
    assert read.key_usage == frozenset({"digitalSignature", "keyCertSign", "cRLSign"})
    assert read.extended_key_usage == ("1.3.6.1.5.5.7.3.3",)
    assert (read.subject_key_id, read.authority_key_id) == (b"ski", b"aki")
    assert read.unknown_extensions == ()
    assert read.self_issued


def test_what_is_absent_is_none_and_not_empty() -> None:
    read = parse_certificate(certificate())
    assert read.key_usage is None
    assert read.extended_key_usage is None
    assert read.basic_constraints is None
    assert not read.is_authority
    assert (read.subject_key_id, read.authority_key_id) == (None, None)


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("x509-v1", certificate(version=b"")),
        ("explicit-default", certificate(version=writer.explicit(0, writer.integer(0)))),
        ("x509-v2", certificate(version=writer.explicit(0, writer.integer(1)))),
        ("serial-zero", certificate(serial=writer.integer(0))),
        ("serial-negative", certificate(serial=writer.integer(-5))),
        ("serial-long", certificate(serial=writer.integer(1 << 160))),
        ("null-parameters", certificate(algorithm=writer.sequence(writer.oid(oids.ECDSA_WITH_SHA256), writer.null()))),
        ("absent-parameters", certificate(algorithm=writer.sequence(writer.oid(oids.SHA256_WITH_RSA)))),
        ("explicit-default", certificate(extension("1.2.3", b"x", FALSE))),
        ("explicit-default", certificate(extension(oids.BASIC_CONSTRAINTS, writer.sequence(FALSE)))),
        (
            "path-length-without-authority",
            certificate(extension(oids.BASIC_CONSTRAINTS, writer.sequence(writer.integer(0)))),
        ),
        ("padded-named-bits", certificate(extension(oids.KEY_USAGE, writer.bit_string(b"\x80", 0)))),
        ("unique-identifier", certificate(unique=writer.implicit(1, b"\x00\xff"))),
        ("validity-reversed", certificate(validity=writer.sequence(writer.utc_time(UNTIL), writer.utc_time(FROM)))),
    ],
)
def test_genuine_oddities_are_read_and_recorded(code: str, data: bytes) -> None:
    assert code in codes(data)


def test_an_unsorted_name_part_is_recorded() -> None:
    pair = [writer.sequence(writer.oid(oid), writer.utf8_string("x")) for oid in ("2.5.4.10", "2.5.4.3")]
    unsorted = writer.sequence(writer.encode(0x31, b"".join(pair)))
    assert codes(certificate(subject=unsorted)) == ["unsorted-set"]
    assert codes(certificate(subject=writer.sequence(writer.set_of(*pair)))) == []


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("x509-version", certificate(version=writer.explicit(0, writer.integer(3)))),
        ("x509-version", certificate(version=writer.explicit(0, writer.integer(-1)))),
        ("x509-version", certificate(CA, version=b"")),
        ("x509-algorithm", certificate(outer=writer.sequence(writer.oid(oids.ECDSA_WITH_SHA384)))),
        ("x509-algorithm", certificate(outer=writer.sequence(writer.oid(oids.ECDSA_WITH_SHA256), writer.null()))),
        ("x509-signature", certificate(signature=writer.bit_string(b"\x80", 1))),
        ("x509-extension", certificate(CA, CA)),
        ("x509-extension", certificate(*(extension(f"1.2.{number}", b"") for number in range(65)))),
        ("x509-path-length", certificate(extension(oids.BASIC_CONSTRAINTS, writer.sequence(TRUE, writer.integer(-1))))),
        ("x509-key-usage", certificate(extension(oids.KEY_USAGE, writer.bit_string(b"\x00\x40", 6)))),
        ("x509-extended-key-usage", certificate(extension(oids.EXTENDED_KEY_USAGE, writer.sequence()))),
        ("x509-name", certificate(subject=writer.sequence(writer.set_of()))),
        ("der-unexpected", certificate(extension(oids.BASIC_CONSTRAINTS, writer.integer(1)))),
        ("der-trailing-bytes", certificate(extension(oids.BASIC_CONSTRAINTS, writer.sequence() + b"\x00"))),
        ("der-unexpected", certificate(extension(oids.AUTHORITY_KEY_IDENTIFIER, writer.sequence(writer.integer(1))))),
        ("der-bit-string", certificate(unique=writer.implicit(1, b"\x09"))),
        ("der-unexpected", certificate(serial=writer.octet_string(b"7"))),
        ("der-unexpected", certificate(unique=writer.integer(1))),
        ("der-unexpected", certificate(validity=writer.sequence(writer.integer(1), writer.integer(2)))),
        ("spki-bits", certificate(spki=writer.sequence(ECDSA_SHA256, writer.bit_string(b"\x80", 1)))),
    ],
)
def test_broken_certificates_are_refused(code: str, data: bytes) -> None:
    refuse(code, data)


def test_an_empty_list_of_extensions_is_refused() -> None:
    tbs = certificate(unique=writer.explicit(3, writer.sequence()))
    refuse("x509-extension", tbs)


def test_unknown_extensions_are_kept_with_place_and_criticality() -> None:
    data = certificate(CA, extension("1.3.6.1.4.1.41482.3.7", b"\x02\x01\x05", TRUE))
    (kept,) = parse_certificate(data).unknown_extensions
    assert (kept.oid, kept.name, kept.critical) == ("1.3.6.1.4.1.41482.3.7", "1.3.6.1.4.1.41482.3.7", True)
    assert data[kept.value.content_offset : kept.value.end] == b"\x02\x01\x05"


def test_validity_includes_both_ends() -> None:
    read = parse_certificate(certificate())
    second = timedelta(seconds=1)
    covered = [read.covers(moment) for moment in (FROM - second, FROM, UNTIL, UNTIL + second)]
    assert covered == [False, True, True, False]


def test_dates_may_be_of_either_kind() -> None:
    far = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    data = certificate(validity=writer.sequence(writer.utc_time(FROM), writer.generalized_time(far)))
    assert parse_certificate(data).not_after == far


def test_a_certificate_inside_another_file_keeps_its_offsets() -> None:
    inner = certificate()
    data = b"head" + inner
    read = read_certificate(parse_window(data, 4, len(data)))
    assert (read.element.offset, read.raw) == (4, inner)
    assert data[read.public_key.element.offset :].startswith(P256_SPKI)


def test_the_check_of_its_signature_is_over_the_signed_part() -> None:
    read = parse_certificate(certificate())
    check = read.check_by(read.public_key, minimum_rsa_bits=2048)
    assert check.algorithm is Algorithm.ECDSA_P256_SHA256
    assert (check.message, check.signature, check.minimum_rsa_bits) == (read.tbs.raw, b"signature", 2048)
    assert certificate()[3:].startswith(check.message)


def test_serial_numbers_of_certificate_and_device() -> None:
    subject = name((oids.SERIAL_NUMBER, "31650425"), (oids.COMMON_NAME, "device"))
    read = parse_certificate(certificate(serial=writer.integer(-255), subject=subject))
    assert serial_text(read) == "-ff"
    assert device_serials(read) == ("31650425",)
    assert not read.self_issued


def test_every_truncation_and_flip_is_read_or_refused() -> None:
    data = certificate(CA)
    for position in range(len(data)):
        refuse_or_read(data[:position])
        for bit in (0x01, 0x80):
            refuse_or_read(data[:position] + bytes([data[position] ^ bit]) + data[position + 1 :])


def refuse_or_read(data: bytes) -> Certificate | None:
    try:
        read = parse_certificate(data)
    except Malformed:
        return None
    assert read.raw == data
    assert parse(data).raw == data
    return read


def test_the_version_is_explicit() -> None:
    assert VERSION_3 in certificate()
