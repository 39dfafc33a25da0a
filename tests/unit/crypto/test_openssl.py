"""The CPython backend: good signatures hold, and nothing near them does."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from unittest.mock import Mock

import pytest
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from tests.unit.crypto.signing import (
    HASHES,
    MESSAGE,
    Refusal,
    key_for,
    refusal,
    rsa_key,
    rsa_private_operation,
    signed,
    spki,
)
from vaultproof.crypto import Algorithm, SignatureCheck, SignatureEncoding, openssl, run_to_completion, strictness
from vaultproof.crypto.algorithms import SCHEMES, Kind
from vaultproof.crypto.keys import PublicKey, read_public_key
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.errors import Malformed, Unavailable, Unsupported

BACKEND = OpenSslBackend()
BAD_SIGNATURE = Refusal(family="Mismatch", code="bad-signature")
ECDSA = [algorithm for algorithm, scheme in SCHEMES.items() if scheme.kind is Kind.ECDSA]
PSS = [algorithm for algorithm, scheme in SCHEMES.items() if scheme.kind is Kind.RSA_PSS]
ALL = list(Algorithm)


def _flips(data: bytes, step: int) -> list[bytes]:
    """``data`` with one bit flipped, for every ``step``-th bit and the last."""
    flipped = []
    for index in {*range(0, 8 * len(data), step), 8 * len(data) - 1}:
        changed = bytearray(data)
        changed[index // 8] ^= 0x80 >> index % 8
        flipped.append(bytes(changed))
    return flipped


@pytest.mark.parametrize("algorithm", ALL)
def test_a_good_signature_holds(algorithm: Algorithm) -> None:
    assert refusal(BACKEND, signed(algorithm)) is None


@pytest.mark.parametrize("algorithm", ECDSA)
def test_a_raw_signature_holds(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    raw = replace(request, signature=strictness.check(request).raw, encoding=SignatureEncoding.RAW)
    assert refusal(BACKEND, raw) is None
    assert refusal(BACKEND, replace(raw, message=b"another")) == BAD_SIGNATURE


@pytest.mark.parametrize("algorithm", ALL)
def test_another_message_does_not_hold(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    for message in (b"", MESSAGE + b"\x00", MESSAGE[:-1], *_flips(MESSAGE, 7)):
        assert refusal(BACKEND, replace(request, message=message)) == BAD_SIGNATURE


@pytest.mark.parametrize("algorithm", ALL)
def test_a_signature_with_one_bit_flipped_does_not_hold(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    step = 1 if len(request.signature) <= 72 else 13
    for signature in _flips(request.signature, step):
        refused = refusal(BACKEND, replace(request, signature=signature))
        assert refused is not None
        assert refused.family in ("Mismatch", "Malformed")


@pytest.mark.parametrize("algorithm", ALL)
def test_a_key_with_one_bit_flipped_does_not_hold(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    step = 1 if len(request.public_key) <= 91 else 13
    for public_key in _flips(request.public_key, step):
        refused = refusal(BACKEND, replace(request, public_key=public_key))
        assert refused is not None
        assert refused.family in ("Mismatch", "Malformed", "Untrusted", "Unsupported")


@pytest.mark.parametrize("algorithm", ALL)
def test_no_signature_holds_under_another_algorithm(algorithm: Algorithm) -> None:
    request = signed(algorithm)
    for other in ALL:
        expected = None if other is algorithm else "Mismatch"
        refused = refusal(BACKEND, replace(request, algorithm=other))
        assert (refused and refused.family) == expected


# --- RSA encodings that lenient engines have let pass ----------------------------------------------------------------

SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
SHA256_INFO_WITHOUT_NULL = bytes.fromhex("302f300b06096086480165030402010420")


def _pkcs1(info: bytes, *, filler: bytes = b"\xff", first: bytes = b"\x00\x01", after: bytes = b"") -> SignatureCheck:
    key = rsa_key()
    tail = b"\x00" + info + hashlib.sha256(MESSAGE).digest() + after
    encoded = first + filler * (384 - len(first) - len(tail)) + tail
    return SignatureCheck(
        algorithm=Algorithm.RSA_PKCS1_SHA256,
        public_key=spki(key),
        message=MESSAGE,
        signature=rsa_private_operation(key, encoded),
    )


def test_a_pkcs1_signature_of_our_own_making_holds() -> None:
    assert refusal(BACKEND, _pkcs1(SHA256_INFO)) is None


@pytest.mark.parametrize(
    ("info", "changes"),
    [
        (SHA256_INFO_WITHOUT_NULL, {}),
        (b"", {}),
        (SHA256_INFO, {"filler": b"\x00"}),
        (SHA256_INFO, {"first": b"\x00\x02"}),
        (SHA256_INFO, {"first": b"\x00\x00"}),
        (SHA256_INFO, {"first": b"\x00\x01\xff\xfe"}),
        (SHA256_INFO, {"after": b"\x00"}),
        (SHA256_INFO, {"after": bytes(300)}),
        (bytes.fromhex("3031300d060960864801650304020205000420"), {}),
        (bytes.fromhex("308131300d060960864801650304020105000420"), {}),
    ],
    ids=["no-null", "bare-hash", "zeros", "type-2", "type-0", "filler", "after", "short-filler", "oid", "long-length"],
)
def test_any_other_pkcs1_encoding_does_not_hold(info: bytes, changes: dict[str, bytes]) -> None:
    assert refusal(BACKEND, _pkcs1(info, **changes)) == BAD_SIGNATURE


@pytest.mark.parametrize("algorithm", PSS)
def test_a_pss_salt_is_as_long_as_the_hash(algorithm: Algorithm) -> None:
    scheme, key = SCHEMES[algorithm], rsa_key()
    digest = HASHES[scheme.hash_bits]
    for salt_length in (
        0,
        20,
        scheme.hash_bytes - 1,
        scheme.hash_bytes,
        scheme.hash_bytes + 1,
        384 - scheme.hash_bytes - 2,
    ):
        signature = key.sign(MESSAGE, padding.PSS(mgf=padding.MGF1(digest), salt_length=salt_length), digest)
        expected = None if salt_length == scheme.hash_bytes else BAD_SIGNATURE
        assert refusal(BACKEND, replace(signed(algorithm), signature=signature)) == expected


@pytest.mark.parametrize("algorithm", PSS)
def test_a_pss_mask_is_made_with_the_same_hash(algorithm: Algorithm) -> None:
    scheme, key = SCHEMES[algorithm], rsa_key()
    digest = HASHES[scheme.hash_bits]
    others = [hashes.SHA3_256(), *(other for bits, other in HASHES.items() if bits != scheme.hash_bits)]
    for other in others:
        pss = padding.PSS(mgf=padding.MGF1(other), salt_length=scheme.hash_bytes)
        request = replace(signed(algorithm), signature=key.sign(MESSAGE, pss, digest))
        assert refusal(BACKEND, request) == BAD_SIGNATURE


# --- the engine and its memory ---------------------------------------------------------------------------------------


def test_a_remembered_key_is_still_checked() -> None:
    backend = OpenSslBackend()
    weak = replace(signed(Algorithm.RSA_PKCS1_SHA256, rsa_key(2048)), minimum_rsa_bits=2048)
    assert refusal(backend, weak) is None
    assert refusal(backend, replace(weak, minimum_rsa_bits=3072)) == Refusal(family="Untrusted", code="weak-key")
    assert refusal(backend, weak) is None


def test_a_key_is_read_and_loaded_once_and_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def counted(data: bytes) -> PublicKey:
        read.append(data)
        return read_public_key(data)

    monkeypatch.setattr("vaultproof.crypto.openssl.read_public_key", counted)
    backend = OpenSslBackend()
    for algorithm in (Algorithm.ED25519, Algorithm.ECDSA_P256_SHA256, Algorithm.ED25519):
        assert refusal(backend, signed(algorithm)) is None
    assert read == [spki(key_for(Algorithm.ED25519)), spki(key_for(Algorithm.ECDSA_P256_SHA256))]
    assert openssl.REMEMBERED_KEYS < 1000


def test_a_refused_key_is_refused_again() -> None:
    backend = OpenSslBackend()
    broken = replace(signed(Algorithm.ED25519), public_key=b"\x30\x00")
    for _ in range(2):
        with pytest.raises(Malformed):
            run_to_completion(backend.verify(broken))


def test_an_unknown_kind_of_key_says_nothing_against_the_signature() -> None:
    other = replace(signed(Algorithm.ED25519), public_key=bytes.fromhex("300a300506032b6571030100"))
    with pytest.raises(Unsupported):
        run_to_completion(BACKEND.verify(other))


def _cannot_load(*_: object) -> object:
    raise UnsupportedAlgorithm("this build has no such curve")


def _cannot_read(*_: object) -> object:
    raise ValueError("this build allows no such key")


@pytest.mark.parametrize("fault", [_cannot_load, _cannot_read])
@pytest.mark.parametrize("algorithm", [Algorithm.ED25519, Algorithm.ECDSA_P256_SHA256, Algorithm.RSA_PSS_SHA256])
def test_an_engine_that_cannot_load_a_key_says_so(
    monkeypatch: pytest.MonkeyPatch, fault: object, algorithm: Algorithm
) -> None:
    monkeypatch.setattr("vaultproof.crypto.openssl.ed25519.Ed25519PublicKey", Mock(from_public_bytes=fault))
    monkeypatch.setattr("vaultproof.crypto.openssl.ec.EllipticCurvePublicKey", Mock(from_encoded_point=fault))
    monkeypatch.setattr("vaultproof.crypto.openssl.rsa.RSAPublicNumbers", fault)
    with pytest.raises(Unavailable) as caught:
        run_to_completion(OpenSslBackend().verify(signed(algorithm)))
    assert caught.value.code == "engine-cannot"
    assert "says nothing about the signature" in str(caught.value.hint)


def test_an_engine_that_cannot_verify_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openssl, "_load_key", lambda key: _cannot_load)
    with pytest.raises(Unavailable) as caught:
        run_to_completion(OpenSslBackend().verify(signed(Algorithm.ED25519)))
    assert caught.value.code == "engine-cannot"
