"""Our view of X.509 against two others, over every genuine certificate: it must read all of them, and read the same."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import x509 as asn1crypto_x509
from cryptography import x509 as cryptography_x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.interop.certificates import genuine_certificates
from vaultproof.asn1.extensions import KEY_USAGES
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.errors import Malformed

pytestmark = pytest.mark.interop

GENUINE = 100
"""At least so many certificates are in the vectors; fewer found means that the search is broken, not the reader."""

ODDITIES = {
    "marvell-gcp/gcp_ec_chain.pem#1": {"x509-v1"},
    "marvell-gcp/marvell_root_2015.pem#0": {"x509-v1"},
    "marvell-gcp/marvell_ls2_root.pem#0": {"serial-zero"},
}


@pytest.fixture(scope="module")
def certificates(vectors: Path) -> dict[str, bytes]:
    return genuine_certificates(vectors)


def test_all_genuine_certificates_are_read(certificates: dict[str, bytes]) -> None:
    assert len(certificates) >= GENUINE
    for data in certificates.values():
        assert parse_certificate(data).raw == data


def test_genuine_oddities_are_recorded(certificates: dict[str, bytes]) -> None:
    found = {
        place.removeprefix("attestation/"): {finding.code for finding in parse_certificate(data).findings}
        for place, data in certificates.items()
    }
    for place, codes in ODDITIES.items():
        assert found[place] == codes
    luna = set[str]().union(*(codes for place, codes in found.items() if "rsa-pkc.p7b" in place))
    assert "explicit-default" in luna


def test_asn1crypto_reads_the_same(certificates: dict[str, bytes]) -> None:
    for place, data in certificates.items():
        ours, theirs = _summary(parse_certificate(data)), _asn1crypto_summary(asn1crypto_x509.Certificate.load(data))
        assert {key: ours[key] for key in theirs} == theirs, place


def _summary(read: Certificate) -> dict[str, Any]:
    constraints = read.basic_constraints
    return {
        "version": read.version,
        "serial": read.serial,
        "issuer": read.issuer.raw,
        "subject": read.subject.raw,
        "dates": (read.not_before, read.not_after),
        "key": (read.public_key.raw, read.public_key.sha256),
        "tbs": read.tbs.raw,
        "signature": (read.signature_algorithm.oid, read.signature),
        "extensions": [(item.oid, item.critical, item.value.content) for item in read.extensions.values()],
        "extension list": [(item.oid, item.critical) for item in read.extensions.values()],
        "constraints": None if constraints is None else (constraints.authority, constraints.path_length),
        "usage": read.key_usage,
        "purposes": read.extended_key_usage,
        "key ids": (read.subject_key_id, read.authority_key_id),
    }


def _asn1crypto_summary(read: Any) -> dict[str, Any]:
    tbs = read["tbs_certificate"]
    constraints, usage, purposes = (
        read.basic_constraints_value, read.key_usage_value, read.extended_key_usage_value,
    )  # fmt: skip
    names = dict(zip(_USAGES, KEY_USAGES, strict=True))
    return {
        "version": int(tbs["version"]) + 1,
        "serial": read.serial_number,
        "issuer": read.issuer.dump(),
        "subject": read.subject.dump(),
        "dates": (read.not_valid_before, read.not_valid_after),
        "key": (read.public_key.dump(), sha256(read.public_key.dump()).hexdigest()),
        "tbs": tbs.dump(),
        "signature": (read["signature_algorithm"]["algorithm"].dotted, read["signature_value"].native),
        "extensions": [
            (item["extn_id"].dotted, item["critical"].native, item["extn_value"].contents)
            for item in ([] if tbs["extensions"].native is None else tbs["extensions"])
        ],
        "constraints": None if constraints is None else tuple(constraints.native.values()),
        "usage": None if usage is None else frozenset(names[name] for name in usage.native),
        "purposes": None if purposes is None else tuple(item.dotted for item in purposes),
        "key ids": (read.key_identifier, read.authority_key_identifier),
    }


_USAGES = (
    "digital_signature", "non_repudiation", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign",
    "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_cryptography_reads_the_same_where_it_reads(certificates: dict[str, bytes]) -> None:
    """It warns of serial number 0 and the like, which our view records itself."""
    refused = set()
    for place, data in certificates.items():
        try:
            theirs = _cryptography_summary(cryptography_x509.load_der_x509_certificate(data))
        except ValueError:
            refused.add(place.split("#")[0])
            continue
        ours = _summary(parse_certificate(data))
        assert {key: ours[key] for key in theirs} == theirs, place
    assert refused == {"attestation/thales-luna/rsa-pkc.p7b"}, "what it refuses is why we read ourselves"


def _cryptography_summary(read: cryptography_x509.Certificate) -> dict[str, Any]:
    key = read.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return {
        "serial": read.serial_number,
        "issuer": read.issuer.public_bytes(),
        "subject": read.subject.public_bytes(),
        "dates": (read.not_valid_before_utc, read.not_valid_after_utc),
        "key": (key, sha256(key).hexdigest()),
        "tbs": read.tbs_certificate_bytes,
        "signature": (read.signature_algorithm_oid.dotted_string, read.signature),
        "usage": _cryptography_usage(read),
        "extension list": [(item.oid.dotted_string, item.critical) for item in read.extensions],
    }


def _cryptography_usage(read: cryptography_x509.Certificate) -> frozenset[str] | None:
    try:
        usage = read.extensions.get_extension_for_class(cryptography_x509.KeyUsage).value
    except cryptography_x509.ExtensionNotFound:
        return None
    flags = [
        usage.digital_signature, usage.content_commitment, usage.key_encipherment, usage.data_encipherment,
        usage.key_agreement, usage.key_cert_sign, usage.crl_sign,
        usage.key_agreement and usage.encipher_only, usage.key_agreement and usage.decipher_only,
    ]  # fmt: skip
    return frozenset(name for name, flag in zip(KEY_USAGES, flags, strict=True) if flag)


def test_truncations_and_flips_are_read_or_refused(certificates: dict[str, bytes]) -> None:
    kinds = {len(data): data for data in certificates.values()}
    for data in list(kinds.values())[::6]:
        for position in range(0, len(data), 3):
            _read_or_refused(data[:position])
            _read_or_refused(data[:position] + bytes([data[position] ^ 0x80]) + data[position + 1 :])


def _read_or_refused(data: bytes) -> None:
    try:
        read = parse_certificate(data)
    except Malformed:
        return
    assert read.raw == data
