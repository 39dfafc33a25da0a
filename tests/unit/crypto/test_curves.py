from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.crypto.signing import ec_key
from vaultproof.crypto.curves import PARAMETERS, Curve, check_point
from vaultproof.errors import Malformed

CURVES = list(Curve)


def _point(curve: Curve, form: PublicFormat = PublicFormat.UncompressedPoint) -> bytes:
    return ec_key(curve).public_key().public_bytes(Encoding.X962, form)


def _flip(data: bytes, index: int) -> bytes:
    return data[:index] + bytes((data[index] ^ 1,)) + data[index + 1 :]


@pytest.mark.parametrize("curve", CURVES)
def test_a_point_of_the_curve_passes(curve: Curve) -> None:
    point = _point(curve)
    assert len(point) == 1 + 2 * PARAMETERS[curve].size
    check_point(curve, point)


@pytest.mark.parametrize("curve", CURVES)
@pytest.mark.parametrize(
    "spoil",
    [
        lambda point, size: b"",
        lambda point, size: b"\x00",
        lambda point, size: b"\x00" + point[1:],
        lambda point, size: bytes((2 + point[-1] % 2,)) + point[1 : 1 + size],
        lambda point, size: bytes((6 + point[-1] % 2,)) + point[1:],
        lambda point, size: point[:-1],
        lambda point, size: point + b"\x00",
        _flip,
        lambda point, size: _flip(point, 2 * size),
        lambda point, size: b"\x04" + bytes(2 * size),
    ],
    ids=["empty", "infinity", "form-00", "compressed", "hybrid", "short", "long", "other-x", "other-y", "zeros"],
)
def test_anything_else_is_refused(curve: Curve, spoil: object) -> None:
    assert callable(spoil)
    with pytest.raises(Malformed) as caught:
        check_point(curve, spoil(_point(curve), PARAMETERS[curve].size))
    assert caught.value.code == "key-point"


@pytest.mark.parametrize("curve", CURVES)
def test_the_engine_s_compressed_form_is_refused(curve: Curve) -> None:
    with pytest.raises(Malformed):
        check_point(curve, _point(curve, PublicFormat.CompressedPoint))


def test_a_point_of_the_other_curve_is_refused() -> None:
    with pytest.raises(Malformed):
        check_point(Curve.P384, _point(Curve.P256))


def test_a_coordinate_is_below_the_prime() -> None:
    parameters = PARAMETERS[Curve.P256]
    # x = 0 has a point on P-256: its y is a square root of b.  The same x written as p must not be read as it.
    y = pow(parameters.b, (parameters.prime + 1) // 4, parameters.prime)
    encoded_y = y.to_bytes(32, "big")
    check_point(Curve.P256, b"\x04" + bytes(32) + encoded_y)
    with pytest.raises(Malformed):
        check_point(Curve.P256, b"\x04" + parameters.prime.to_bytes(32, "big") + encoded_y)


@pytest.mark.parametrize("curve", CURVES)
def test_the_parameters_are_the_engine_s(curve: Curve) -> None:
    # The engine refuses points that are not on its curve, so that a wrong prime or b would show in the tests above;
    # the order shows here: a private key of order - 1 is the negative of the base point.
    engine = {Curve.P256: ec.SECP256R1(), Curve.P384: ec.SECP384R1()}[curve]
    parameters = PARAMETERS[curve]
    one = ec.derive_private_key(1, engine).public_key().public_numbers()
    last = ec.derive_private_key(parameters.order - 1, engine).public_key().public_numbers()
    assert (last.x, last.y) == (one.x, parameters.prime - one.y)
    assert parameters.size == engine.key_size // 8
