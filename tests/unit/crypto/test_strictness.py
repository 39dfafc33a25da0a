"""The rules before every engine: for each, the case that must fail it, and that an engine would have let it pass."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.crypto.signing import ec_key, ed25519_key, key_for, rsa_key, sign, signed, spki
from vaultproof.crypto import Algorithm, SignatureCheck, SignatureEncoding, ed25519_spki, read_public_key
from vaultproof.crypto.algorithms import SCHEMES, Kind
from vaultproof.crypto.curves import PARAMETERS, Curve
from vaultproof.crypto.ecdsa_encoding import encode_der, encode_raw
from vaultproof.crypto.edwards25519 import ORDER, PRIME, SMALL_ORDER_ENCODINGS
from vaultproof.crypto.keys import PublicKey
from vaultproof.crypto.strictness import check
from vaultproof.errors import Malformed, Mismatch, Unsupported, Untrusted, VaultproofError

ECDSA = [algorithm for algorithm, scheme in SCHEMES.items() if scheme.kind is Kind.ECDSA]
RSA = [algorithm for algorithm, scheme in SCHEMES.items() if scheme.kind in (Kind.RSA_PSS, Kind.RSA_PKCS1)]


def _refused(family: type[VaultproofError], code: str, request: SignatureCheck) -> VaultproofError:
    with pytest.raises(VaultproofError) as caught:
        check(request)
    assert (type(caught.value), caught.value.code) == (family, code)
    return caught.value


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_good_check_passes_with_what_it_was_made_of(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    prepared = check(request)
    assert prepared.scheme is SCHEMES[algorithm]
    assert prepared.key == read_public_key(request.public_key)
    assert prepared.der == request.signature
    assert (prepared.raw == request.signature) == (algorithm not in ECDSA)


def test_a_backend_may_remember_keys() -> None:
    request = signed(Algorithm.ED25519)
    asked: list[bytes] = []

    def remembered(data: bytes) -> PublicKey:
        asked.append(data)
        return read_public_key(data)

    check(request, read_key=remembered)
    assert asked == [request.public_key]


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_a_key_of_another_kind_or_curve_is_refused(algorithm: Algorithm) -> None:
    kind = SCHEMES[algorithm].kind
    for other in Algorithm:
        is_same = SCHEMES[other].kind is kind and SCHEMES[other].curve is SCHEMES[algorithm].curve
        if is_same or {kind, SCHEMES[other].kind} == {Kind.RSA_PSS, Kind.RSA_PKCS1}:
            continue
        request = replace(signed(algorithm), public_key=spki(key_for(other)))
        _refused(Mismatch, "key-algorithm-mismatch", request)


# --- Ed25519 --------------------------------------------------------------------------------------------------------

ED25519 = signed(Algorithm.ED25519)


@pytest.mark.parametrize("length", [0, 32, 63, 65, 128])
def test_an_ed25519_signature_has_64_bytes(length: int) -> None:
    _refused(Malformed, "signature-length", replace(ED25519, signature=(ED25519.signature * 2)[:length]))


@pytest.mark.parametrize("times", range(1, 15))
def test_s_is_below_the_order(times: int) -> None:
    scalar = int.from_bytes(ED25519.signature[32:], "little") + times * ORDER
    signature = ED25519.signature[:32] + scalar.to_bytes(32, "little")
    _refused(Malformed, "signature-range", replace(ED25519, signature=signature))


def test_s_is_below_the_order_at_its_edge() -> None:
    commitment = ED25519.signature[:32]
    _refused(Malformed, "signature-range", replace(ED25519, signature=commitment + ORDER.to_bytes(32, "little")))
    check(replace(ED25519, signature=commitment + (ORDER - 1).to_bytes(32, "little")))


@pytest.mark.parametrize("encoded", sorted(SMALL_ORDER_ENCODINGS), ids=bytes.hex)
def test_no_key_of_small_order_is_taken(encoded: bytes) -> None:
    with pytest.raises((Malformed, Untrusted)) as caught:
        check(replace(ED25519, public_key=ed25519_spki(encoded)))
    assert caught.value.code in ("key-point", "weak-key")


def test_a_right_encoding_of_small_order_is_a_weak_key() -> None:
    for encoded in (b"\x01" + bytes(31), bytes(32), (PRIME - 1).to_bytes(32, "little")):
        _refused(Untrusted, "weak-key", replace(ED25519, public_key=ed25519_spki(encoded)))


@pytest.mark.parametrize("encoded", sorted(SMALL_ORDER_ENCODINGS), ids=bytes.hex)
def test_no_commitment_of_small_order_is_taken(encoded: bytes) -> None:
    with pytest.raises((Malformed, Mismatch)) as caught:
        check(replace(ED25519, signature=encoded + ED25519.signature[32:]))
    assert caught.value.code in ("signature-point", "bad-signature")


@pytest.mark.parametrize("y", range(PRIME, 2**255))
@pytest.mark.parametrize("sign_bit", [0, 1])
def test_no_y_from_the_prime_on_is_taken(y: int, sign_bit: int) -> None:
    encoded = (y | sign_bit << 255).to_bytes(32, "little")
    _refused(Malformed, "signature-point", replace(ED25519, signature=encoded + ED25519.signature[32:]))
    _refused(Malformed, "key-point", replace(ED25519, public_key=ed25519_spki(encoded)))


# --- ECDSA ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ECDSA)
def test_both_encodings_yield_both(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    curve = SCHEMES[algorithm].curve
    assert curve is not None
    raw = encode_raw(*decode_dss_signature(request.signature), curve)
    from_der = check(request)
    from_raw = check(replace(request, signature=raw, encoding=SignatureEncoding.RAW))
    assert (from_der.raw, from_der.der) == (from_raw.raw, from_raw.der) == (raw, request.signature)


@pytest.mark.parametrize("curve", list(Curve))
@pytest.mark.parametrize("encoding", list(SignatureEncoding))
def test_r_and_s_are_in_their_range(curve: Curve, encoding: SignatureEncoding) -> None:
    algorithm = Algorithm.ECDSA_P256_SHA256 if curve is Curve.P256 else Algorithm.ECDSA_P384_SHA384
    order = PARAMETERS[curve].order

    def request(r: int, s: int) -> SignatureCheck:
        signature = encode_der(r, s) if encoding is SignatureEncoding.DER else encode_raw(r, s, curve)
        return replace(signed(algorithm), signature=signature, encoding=encoding)

    for out_of_range in (0, order, order + 1, 2 ** (8 * PARAMETERS[curve].size) - 1):
        _refused(Malformed, "signature-range", request(out_of_range, 1))
        _refused(Malformed, "signature-range", request(1, out_of_range))
    for in_range in (1, order - 1):
        check(request(in_range, 1))
        check(request(1, in_range))


@pytest.mark.parametrize("algorithm", ECDSA)
def test_an_ecdsa_signature_has_no_other_encoding(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    raw = check(request).raw
    _refused(Malformed, "signature-encoding", replace(request, signature=request.signature + b"\x00"))
    _refused(Malformed, "signature-encoding", replace(request, signature=request.signature[:-1]))
    _refused(Malformed, "signature-encoding", replace(request, signature=b""))
    _refused(Malformed, "signature-encoding", replace(request, signature=raw))
    for wrong in (b"", raw + b"\x00", b"\x00" + raw, raw[:-1], raw[1:], raw * 2, request.signature):
        _refused(Malformed, "signature-length", replace(request, signature=wrong, encoding=SignatureEncoding.RAW))


# --- RSA ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", RSA)
def test_an_rsa_signature_is_as_long_as_its_modulus(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    for wrong in (b"", request.signature[:-1], request.signature[1:], request.signature + b"\x00"):
        _refused(Malformed, "signature-length", replace(request, signature=wrong))
    _refused(Malformed, "signature-length", replace(request, signature=b"\x00" + request.signature))


@pytest.mark.parametrize("algorithm", RSA)
def test_an_rsa_signature_is_below_its_modulus(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    modulus = rsa_key().public_key().public_numbers().n
    _refused(Malformed, "signature-range", replace(request, signature=modulus.to_bytes(384, "big")))
    _refused(Malformed, "signature-range", replace(request, signature=b"\xff" * 384))
    check(replace(request, signature=(modulus - 1).to_bytes(384, "big")))


@pytest.mark.parametrize("algorithm", RSA)
def test_the_floor_is_3072_bits_unless_told(algorithm: Algorithm) -> None:
    weak = signed(algorithm, rsa_key(2048))
    assert "3072" in str(_refused(Untrusted, "weak-key", weak))
    check(replace(weak, minimum_rsa_bits=2048))
    _refused(Untrusted, "weak-key", replace(weak, minimum_rsa_bits=2049))


def test_no_profile_sets_the_floor_under_2048_bits() -> None:
    weaker = rsa_key(1024)
    request = replace(signed(Algorithm.RSA_PKCS1_SHA256, weaker), minimum_rsa_bits=512)
    assert "2048" in str(_refused(Untrusted, "weak-key", request))


def _rsa_spki(modulus: int, exponent: int) -> bytes:
    key = rsa.RSAPublicNumbers(exponent, modulus).public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def test_a_key_that_is_too_long_is_not_called_wrong() -> None:
    request = signed(Algorithm.RSA_PKCS1_SHA256)
    _refused(Unsupported, "key-size", replace(request, public_key=_rsa_spki(2**8192 + 1, 65537)))
    check(replace(request, public_key=_rsa_spki(2**8191 + 1, 65537), signature=bytes(1024)))


def test_a_long_exponent_is_told_by_its_length() -> None:
    request = replace(signed(Algorithm.RSA_PKCS1_SHA256), public_key=_rsa_spki(2**3071 + 1, 2**200 + 1))
    assert _refused(Untrusted, "key-exponent", request).found == "201 bits"


def test_the_exponent_is_65537_unless_told() -> None:
    request = signed(Algorithm.RSA_PKCS1_SHA256, rsa_key(3072, 3))
    refused = _refused(Untrusted, "key-exponent", request)
    assert (refused.expected, refused.found) == ("65537", "3")
    check(replace(request, rsa_exponents=(3, 65537)))
    _refused(Untrusted, "key-exponent", replace(signed(Algorithm.RSA_PKCS1_SHA256), rsa_exponents=(3,)))


def test_weakness_is_told_before_the_signature_is_looked_at() -> None:
    _refused(Untrusted, "weak-key", replace(signed(Algorithm.RSA_PSS_SHA256, rsa_key(2048)), signature=b""))
    small = ed25519_spki(b"\x01" + bytes(31))
    _refused(Untrusted, "weak-key", replace(ED25519, public_key=small, signature=b""))


def test_the_keys_of_these_tests_sign_what_they_say() -> None:
    assert sign(Algorithm.ED25519, ed25519_key()) == ED25519.signature
    assert spki(ec_key(Curve.P256)) != spki(ec_key(Curve.P384))
