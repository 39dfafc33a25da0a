from __future__ import annotations

import hashlib
import hmac

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from generator.rehearsal.derive import _CURVE_ORDERS, Seed


def _rfc5869(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    """HKDF as the RFC writes it, from HMAC alone: a second opinion on what the library does."""
    key = hmac.digest(salt, secret, hashlib.sha256)
    block, out = b"", b""
    for number in range(1, -(-length // 32) + 1):
        block = hmac.digest(key, block + info + bytes([number]), hashlib.sha256)
        out += block
    return out[:length]


@pytest.mark.parametrize("length", [1, 32, 33, 64])
def test_octets_are_hkdf(length: int) -> None:
    seed = Seed(text="a seed with an ö")
    assert seed.octets("label", length) == _rfc5869(
        "a seed with an ö".encode(), b"vaultproof/rehearsal@1", b"label", length
    )


def test_labels_and_seeds_tell_values_apart() -> None:
    values = {Seed(text=text).octets(label, 16) for text in ("a", "b") for label in ("x", "y", "x/y")}
    assert len(values) == 6


def test_the_same_label_gives_the_same_keys() -> None:
    first, second = Seed(text="s"), Seed(text="s")
    assert first.ed25519("k").private_bytes_raw() == second.ed25519("k").private_bytes_raw()
    assert first.x25519("k").private_bytes_raw() == second.x25519("k").private_bytes_raw()
    assert first.ec("k", ec.SECP256R1()).private_numbers() == second.ec("k", ec.SECP256R1()).private_numbers()


@pytest.mark.parametrize("curve", [ec.SECP256R1(), ec.SECP384R1()])
def test_the_order_is_the_curves_order(curve: ec.EllipticCurve) -> None:
    """Order minus one is the largest private key: its public key mirrors the generator.  The order itself is none."""
    order = _CURVE_ORDERS[curve.name]
    one = ec.derive_private_key(1, curve).public_key().public_numbers()
    largest = ec.derive_private_key(order - 1, curve).public_key().public_numbers()
    assert largest.x == one.x
    assert largest.y != one.y
    with pytest.raises(ValueError, match=r"."):
        ec.derive_private_key(order, curve)


def test_serial_numbers_are_positive_and_fit() -> None:
    serial = Seed(text="s").serial("certificate")
    assert 0 < serial.bit_length() <= 127


def test_numbers_stay_below_their_bound() -> None:
    assert {Seed(text="s").number(str(label), 3) for label in range(50)} == {0, 1, 2}
