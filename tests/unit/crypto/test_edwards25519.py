from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.crypto.ed25519_python import BASE, IDENTITY, Point, add, double, encode_point, extended
from vaultproof.crypto.edwards25519 import ORDER, PRIME, SMALL_ORDER_ENCODINGS, D, decode_point
from vaultproof.errors import Malformed


def _multiply(scalar: int, point: Point) -> Point:
    total = IDENTITY
    for bit in bin(scalar)[2:]:
        total = double(total)
        if bit == "1":
            total = add(total, point)
    return total


def _torsion_points() -> set[bytes]:
    """The points of order 1, 2, 4 and 8, found without the constants under test: L times points of the whole group."""
    found: set[bytes] = set()
    for y in range(2, 60):
        try:
            x, _ = decode_point(y.to_bytes(32, "little"))
        except Malformed:
            continue
        found.add(encode_point(_multiply(ORDER, extended(x, y))))
    return found


def _decodes_leniently(encoded: bytes, point: bytes) -> bool:
    """Whether a decoder without rules (y taken modulo p, the sign of x = 0 ignored) reads ``encoded`` as ``point``."""
    number = int.from_bytes(encoded, "little")
    y, sign = (number & 2**255 - 1) % PRIME, number >> 255
    x_squared = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    right = int.from_bytes(point, "little")
    return right & 2**255 - 1 == y and (x_squared == 0 or right >> 255 == sign)


def test_the_base_point_has_the_order() -> None:
    assert encode_point(_multiply(ORDER, BASE)) == encode_point(IDENTITY)
    assert encode_point(BASE) == bytes.fromhex("58" + "66" * 31)


def test_the_small_order_encodings_are_all_that_there_are() -> None:
    torsion = _torsion_points()
    assert len(torsion) == 8
    assert len(SMALL_ORDER_ENCODINGS) == 14
    assert torsion <= SMALL_ORDER_ENCODINGS
    for encoded in SMALL_ORDER_ENCODINGS:
        assert any(_decodes_leniently(encoded, point) for point in torsion)
    for point in torsion:
        y = int.from_bytes(point, "little") & 2**255 - 1
        spellings = {
            (spelt | sign << 255).to_bytes(32, "little")
            for spelt in (y, y + PRIME)
            if spelt < 2**255
            for sign in (0, 1)
        }
        assert {spelling for spelling in spellings if _decodes_leniently(spelling, point)} <= SMALL_ORDER_ENCODINGS


@pytest.mark.parametrize("y", range(PRIME, 2**255))
@pytest.mark.parametrize("sign", [0, 1])
def test_no_y_from_the_prime_on_is_read(y: int, sign: int) -> None:
    with pytest.raises(Malformed):
        decode_point((y | sign << 255).to_bytes(32, "little"))


@pytest.mark.parametrize("y", [1, PRIME - 1])
def test_no_sign_is_read_where_x_is_zero(y: int) -> None:
    assert decode_point(y.to_bytes(32, "little")) == (0, y)
    with pytest.raises(Malformed):
        decode_point((y | 1 << 255).to_bytes(32, "little"))


def test_a_y_without_a_point_is_refused() -> None:
    with pytest.raises(Malformed) as caught:
        decode_point((2).to_bytes(32, "little"))
    assert caught.value.code == "key-point"


@pytest.mark.parametrize("length", [0, 31, 33])
def test_another_length_is_refused(length: int) -> None:
    with pytest.raises(Malformed):
        decode_point(bytes(length))


@given(st.binary(min_size=32, max_size=32))
def test_what_decodes_encodes_to_the_same_bytes(encoded: bytes) -> None:
    try:
        x, y = decode_point(encoded)
    except Malformed:
        return
    assert encode_point(extended(x, y)) == encoded


@given(st.binary(min_size=32, max_size=32))
def test_every_key_of_the_engine_decodes(seed: bytes) -> None:
    raw = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    x, y = decode_point(raw)
    assert (-x * x + y * y - 1 - D * x * x * y * y) % PRIME == 0
    assert encode_point(double(extended(x, y))) == encode_point(add(extended(x, y), extended(x, y)))
