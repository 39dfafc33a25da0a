from __future__ import annotations

import pytest
from asn1crypto import core, keys
from cryptography.hazmat.primitives.asymmetric import ec, ed448, x25519
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.crypto.signing import ec_key, ed25519_key, rsa_key, spki
from vaultproof.crypto import (
    EcKey,
    Ed25519Key,
    RsaKey,
    ed25519_spki,
    p256_spki,
    read_public_key,
    x25519_spki,
)
from vaultproof.crypto.curves import Curve
from vaultproof.errors import Malformed, Unsupported, VaultproofError

ED25519 = spki(ed25519_key())
P256 = spki(ec_key(Curve.P256))
P384 = spki(ec_key(Curve.P384))
RSA = spki(rsa_key())
GENUINE = [ED25519, P256, P384, RSA]
IDS = ["ed25519", "p256", "p384", "rsa"]


def _tlv(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def _oid(dotted: str) -> bytes:
    return bytes(core.ObjectIdentifier(dotted).dump())


def _spki(*algorithm: bytes, key: bytes, unused: int = 0, after: bytes = b"") -> bytes:
    return _tlv(0x30, _tlv(0x30, b"".join(algorithm)) + _tlv(0x03, bytes((unused,)) + key) + after)


def _integer(value: int) -> bytes:
    return bytes(core.Integer(value).dump())


def _rsa(modulus: int, exponent: int, parameters: bytes = b"\x05\x00") -> bytes:
    return _spki(_oid("1.2.840.113549.1.1.1"), parameters, key=_tlv(0x30, _integer(modulus) + _integer(exponent)))


def _code(data: bytes) -> str:
    with pytest.raises(VaultproofError) as caught:
        read_public_key(data)
    assert isinstance(caught.value, (Malformed, Unsupported))
    assert isinstance(caught.value, Unsupported) == (caught.value.code in ("key-algorithm", "key-curve"))
    return caught.value.code


def test_an_ed25519_key_is_read() -> None:
    assert read_public_key(ED25519) == Ed25519Key(raw=ed25519_key().public_key().public_bytes_raw())


@pytest.mark.parametrize("curve", list(Curve))
def test_an_ec_key_is_read(curve: Curve) -> None:
    point = ec_key(curve).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert read_public_key(spki(ec_key(curve))) == EcKey(curve=curve, point=point)


def test_an_rsa_key_is_read() -> None:
    numbers = rsa_key().public_key().public_numbers()
    key = read_public_key(RSA)
    assert key == RsaKey(modulus=numbers.n, exponent=numbers.e)
    assert isinstance(key, RsaKey)
    assert key.size == 384


def test_our_hand_made_keys_are_right() -> None:
    point = P256[-65:]
    assert _spki(_oid("1.2.840.10045.2.1"), _oid("1.2.840.10045.3.1.7"), key=point) == P256
    assert _spki(_oid("1.3.101.112"), key=ED25519[-32:]) == ED25519
    numbers = rsa_key().public_key().public_numbers()
    assert _rsa(numbers.n, numbers.e) == RSA


# --- writing --------------------------------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32))
def test_written_25519_keys_are_the_engine_s(raw: bytes) -> None:
    x25519_key = x25519.X25519PublicKey.from_public_bytes(raw)
    assert x25519_spki(raw) == x25519_key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert keys.PublicKeyInfo.load(ed25519_spki(raw), strict=True)["public_key"].native == raw


def test_written_keys_read_back() -> None:
    assert ed25519_spki(ED25519[-32:]) == ED25519
    assert p256_spki(P256[-65:]) == P256


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_25519_key_of_another_length_is_not_written(length: int) -> None:
    for write in (ed25519_spki, x25519_spki):
        with pytest.raises(Malformed) as caught:
            write(bytes(length))
        assert caught.value.code == "key-encoding"


def test_no_point_beside_the_curve_is_written() -> None:
    with pytest.raises(Malformed) as caught:
        p256_spki(P256[-65:-1] + bytes((P256[-1] ^ 1,)))
    assert caught.value.code == "key-point"


# --- refusing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", GENUINE, ids=IDS)
def test_no_bytes_may_follow_or_miss(data: bytes) -> None:
    assert _code(data + b"\x00") == "der-trailing-bytes"
    for length in range(len(data)):
        assert _code(data[:length]).startswith("der-")


@pytest.mark.parametrize("data", GENUINE, ids=IDS)
def test_every_bit_matters(data: bytes) -> None:
    right = read_public_key(data)
    for index in range(8 * len(data)):
        changed = bytearray(data)
        changed[index // 8] ^= 0x80 >> index % 8
        try:
            other = read_public_key(bytes(changed))
        except (Malformed, Unsupported):
            continue
        assert other != right


@given(st.binary(max_size=120))
def test_any_bytes_are_read_or_refused_in_our_own_words(data: bytes) -> None:
    for candidate in (data, _spki(data, key=data), _spki(_oid("1.2.840.113549.1.1.1"), b"\x05\x00", key=data)):
        try:
            read_public_key(candidate)
        except (Malformed, Unsupported):
            continue


def test_parameters_are_what_their_standard_says() -> None:
    raw, point = ED25519[-32:], P256[-65:]
    assert _code(_spki(_oid("1.3.101.112"), b"\x05\x00", key=raw)) == "der-unexpected"
    assert _code(_spki(_oid("1.2.840.10045.2.1"), b"\x05\x00", key=point)) == "der-unexpected"
    assert _code(_spki(_oid("1.2.840.10045.2.1"), key=point)) == "der-missing"
    assert (
        _code(_spki(_oid("1.2.840.10045.2.1"), _oid("1.2.840.10045.3.1.7"), b"\x05\x00", key=point)) == "der-unexpected"
    )
    assert _code(_rsa(3 * 5, 3, parameters=b"")) == "der-missing"
    assert _code(_rsa(3 * 5, 3, parameters=b"\x30\x00")) == "der-unexpected"
    assert _code(_rsa(3 * 5, 3, parameters=b"\x05\x00\x05\x00")) == "der-unexpected"


def test_explicit_curve_parameters_are_refused() -> None:
    explicit = _tlv(0x30, _integer(1))
    assert _code(_spki(_oid("1.2.840.10045.2.1"), explicit, key=P256[-65:])) == "der-unexpected"


def test_members_that_nobody_asked_for_are_refused() -> None:
    assert _code(_spki(_oid("1.3.101.112"), key=ED25519[-32:], after=b"\x05\x00")) == "der-unexpected"


def test_unused_bits_are_refused() -> None:
    assert _code(_spki(_oid("1.3.101.112"), key=ED25519[-32:-1] + b"\x00", unused=1)) == "key-encoding"


def test_other_kinds_of_keys_are_too_new_and_not_wrong() -> None:
    other = ed448.Ed448PrivateKey.generate().public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert _code(other) == "key-algorithm"
    assert _code(x25519_spki(bytes(32))) == "key-algorithm"
    assert _code(_spki(_oid("1.2.840.113549.1.1.10"), key=b"")) == "key-algorithm"


@pytest.mark.parametrize("curve", [ec.SECP521R1(), ec.SECP256K1(), ec.BrainpoolP256R1()], ids=lambda curve: curve.name)
def test_other_curves_are_too_new_and_not_wrong(curve: ec.EllipticCurve) -> None:
    assert _code(spki(ec.generate_private_key(curve))) == "key-curve"


def test_a_key_named_for_the_other_curve_is_refused() -> None:
    assert _code(_spki(_oid("1.2.840.10045.2.1"), _oid("1.3.132.0.34"), key=P256[-65:])) == "key-point"


def test_a_compressed_point_is_refused() -> None:
    compressed = ec_key(Curve.P256).public_key().public_bytes(Encoding.X962, PublicFormat.CompressedPoint)
    data = _spki(_oid("1.2.840.10045.2.1"), _oid("1.2.840.10045.3.1.7"), key=compressed)
    load_der_public_key(data)  # the engine would take it: the rule is ours
    assert _code(data) == "key-point"


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_an_ed25519_key_has_32_bytes(length: int) -> None:
    assert _code(_spki(_oid("1.3.101.112"), key=bytes(length))) == "key-encoding"


def test_an_ed25519_key_encodes_a_point() -> None:
    assert _code(ed25519_spki((2).to_bytes(32, "little"))) == "key-point"
    assert _code(ed25519_spki(b"\xff" * 32)) == "key-point"


@pytest.mark.parametrize(
    ("modulus", "exponent"),
    [(0, 3), (-15, 3), (16, 3), (15, 0), (15, 1), (15, -3), (15, 4), (15, 15), (15, 17)],
)
def test_rsa_numbers_are_in_their_range(modulus: int, exponent: int) -> None:
    assert _code(_rsa(modulus, exponent)) == "key-encoding"


def test_an_rsa_key_without_its_sign_octet_is_negative_and_refused() -> None:
    numbers = rsa_key().public_key().public_numbers()
    unsigned = _tlv(0x02, numbers.n.to_bytes(384, "big"))
    data = _spki(_oid("1.2.840.113549.1.1.1"), b"\x05\x00", key=_tlv(0x30, unsigned + _integer(numbers.e)))
    assert _code(data) == "key-encoding"


def test_an_rsa_key_is_der_inside_too() -> None:
    inner = _tlv(0x30, _integer(15) + _integer(3))
    oid, null = _oid("1.2.840.113549.1.1.1"), b"\x05\x00"
    assert read_public_key(_spki(oid, null, key=inner)) == RsaKey(modulus=15, exponent=3)
    assert _code(_spki(oid, null, key=inner + b"\x00")) == "der-trailing-bytes"
    assert _code(_spki(oid, null, key=_tlv(0x30, _integer(15) + _integer(3) + _integer(3)))) == "der-unexpected"
    assert _code(_spki(oid, null, key=_tlv(0x30, b"\x02\x02\x00\x0f" + _integer(3)))) == "der-integer"


def test_the_engine_reads_the_same_rsa_numbers() -> None:
    key = read_public_key(RSA)
    assert isinstance(key, RsaKey)
    assert load_der_public_key(RSA) == RSAPublicNumbers(key.exponent, key.modulus).public_key()
