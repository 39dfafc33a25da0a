"""Which algorithm a signature means: only what the port checks, with parameters that mean one thing."""

from __future__ import annotations

import hashlib

import pytest

from tests.unit.asn1.certificates import P256_SPKI
from vaultproof.asn1 import oids, writer
from vaultproof.asn1.der import parse
from vaultproof.asn1.keyinfo import PublicKeyInfo, parse_public_key, read_algorithm, signature_algorithm
from vaultproof.crypto.port import Algorithm
from vaultproof.errors import Malformed, Unsupported, VaultproofError


def spki(*algorithm: bytes) -> bytes:
    return writer.sequence(writer.sequence(*algorithm), writer.bit_string(b"key"))


P256 = parse_public_key(P256_SPKI)
P384 = parse_public_key(spki(writer.oid(oids.EC_PUBLIC_KEY), writer.oid(oids.SECP384R1)))
K256 = parse_public_key(spki(writer.oid(oids.EC_PUBLIC_KEY), writer.oid(oids.SECP256K1)))
RSA = parse_public_key(spki(writer.oid(oids.RSA_ENCRYPTION), writer.null()))
EDWARDS = parse_public_key(spki(writer.oid(oids.ED25519)))


def pss(digest: str, mask: str, salt: int, *trailer: bytes) -> bytes:
    return writer.sequence(
        writer.explicit(0, writer.sequence(writer.oid(digest), writer.null())),
        writer.explicit(1, writer.sequence(writer.oid(oids.MGF1), writer.sequence(writer.oid(mask), writer.null()))),
        writer.explicit(2, writer.integer(salt)),
        *trailer,
    )


def algorithm(oid: str, key: PublicKeyInfo, *parameters: bytes) -> Algorithm:
    return signature_algorithm(read_algorithm(parse(writer.sequence(writer.oid(oid), *parameters))), key)


@pytest.mark.parametrize(
    ("oid", "key", "parameters", "meant"),
    [
        (oids.ED25519, EDWARDS, (), Algorithm.ED25519),
        (oids.ECDSA_WITH_SHA256, P256, (), Algorithm.ECDSA_P256_SHA256),
        (oids.ECDSA_WITH_SHA384, P256, (), Algorithm.ECDSA_P256_SHA384),
        (oids.ECDSA_WITH_SHA256, P384, (), Algorithm.ECDSA_P384_SHA256),
        (oids.ECDSA_WITH_SHA384, P384, (writer.null(),), Algorithm.ECDSA_P384_SHA384),
        (oids.SHA256_WITH_RSA, RSA, (writer.null(),), Algorithm.RSA_PKCS1_SHA256),
        (oids.SHA384_WITH_RSA, RSA, (), Algorithm.RSA_PKCS1_SHA384),
        (oids.SHA512_WITH_RSA, RSA, (writer.null(),), Algorithm.RSA_PKCS1_SHA512),
        (oids.RSASSA_PSS, RSA, (pss(oids.SHA256, oids.SHA256, 32),), Algorithm.RSA_PSS_SHA256),
        (oids.RSASSA_PSS, RSA, (pss(oids.SHA512, oids.SHA512, 64),), Algorithm.RSA_PSS_SHA512),
        (
            oids.RSASSA_PSS,
            RSA,
            (pss(oids.SHA384, oids.SHA384, 48, writer.explicit(3, writer.integer(1))),),
            Algorithm.RSA_PSS_SHA384,
        ),
    ],
)
def test_known_algorithms(oid: str, key: PublicKeyInfo, parameters: tuple[bytes, ...], meant: Algorithm) -> None:
    assert algorithm(oid, key, *parameters) is meant


@pytest.mark.parametrize(
    ("oid", "key", "parameters", "error", "code"),
    [
        (oids.SHA1_WITH_RSA, RSA, (writer.null(),), Unsupported, "signature-algorithm"),
        (oids.ECDSA_WITH_SHA1, P256, (), Unsupported, "signature-algorithm"),
        (oids.ECDSA_WITH_SHA512, P256, (), Unsupported, "signature-algorithm"),
        (oids.ECDSA_WITH_SHA256, K256, (), Unsupported, "signature-algorithm"),
        ("1.2.3", P256, (), Unsupported, "signature-algorithm"),
        (oids.RSASSA_PSS, RSA, (), Unsupported, "signature-algorithm"),
        (oids.RSASSA_PSS, RSA, (writer.sequence(),), Unsupported, "signature-algorithm"),
        (oids.RSASSA_PSS, RSA, (pss(oids.SHA1, oids.SHA1, 20),), Unsupported, "signature-algorithm"),
        (oids.RSASSA_PSS, RSA, (pss(oids.SHA256, oids.SHA1, 32),), Unsupported, "signature-algorithm"),
        (oids.RSASSA_PSS, RSA, (pss(oids.SHA256, oids.SHA256, 20),), Unsupported, "signature-algorithm"),
        (oids.RSASSA_PSS, RSA, (writer.null(),), Malformed, "der-unexpected"),
        (oids.ECDSA_WITH_SHA256, P256, (writer.integer(1),), Malformed, "algorithm-parameters"),
        (oids.ECDSA_WITH_SHA256, RSA, (), Malformed, "signature-key"),
        (oids.SHA256_WITH_RSA, P256, (writer.null(),), Malformed, "signature-key"),
        (oids.ED25519, P256, (), Malformed, "signature-key"),
    ],
)
def test_other_algorithms_are_refused(
    oid: str, key: PublicKeyInfo, parameters: tuple[bytes, ...], error: type[VaultproofError], code: str
) -> None:
    with pytest.raises(error) as caught:
        algorithm(oid, key, *parameters)
    assert caught.value.code == code


def test_a_key_knows_its_digests_and_its_kind() -> None:
    assert P256.sha256 == hashlib.sha256(P256_SPKI).hexdigest()
    assert P256.sha1_of_bits == hashlib.sha1(P256.key.octets).digest()  # noqa: S324 (RFC 5280 names keys by it)
    assert [key.kind for key in (P256, K256, RSA, EDWARDS)] == [
        "secp256r1 (P-256)", "secp256k1", "rsaEncryption", "Ed25519",
    ]  # fmt: skip


def test_a_key_is_nothing_more() -> None:
    with pytest.raises(Malformed):
        parse_public_key(P256_SPKI + b"\x00")
    with pytest.raises(Malformed):
        parse_public_key(writer.sequence(writer.sequence(writer.oid("1.2.3")), writer.bit_string(b"k"), writer.null()))
