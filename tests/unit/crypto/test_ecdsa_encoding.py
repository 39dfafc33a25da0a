from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.asn1 import der
from vaultproof.crypto.curves import PARAMETERS, Curve
from vaultproof.crypto.ecdsa_encoding import decode_der, decode_raw, encode_der, encode_raw
from vaultproof.errors import Malformed

NUMBERS = {curve: st.integers(0, parameters.order - 1) for curve, parameters in PARAMETERS.items()}
PAIRS = st.sampled_from(list(Curve)).flatmap(lambda curve: st.tuples(st.just(curve), NUMBERS[curve], NUMBERS[curve]))


@given(PAIRS)
def test_der_and_raw_round_trip_and_agree_with_the_engine(pair: tuple[Curve, int, int]) -> None:
    curve, r, s = pair
    assert encode_der(r, s) == encode_dss_signature(r, s)
    assert decode_der(encode_der(r, s), curve) == (r, s)
    assert decode_raw(encode_raw(r, s, curve), curve) == (r, s)


@given(PAIRS, st.data())
def test_one_changed_byte_never_reads_as_the_same_numbers(pair: tuple[Curve, int, int], data: st.DataObject) -> None:
    curve, r, s = pair
    encoded = bytearray(encode_der(r, s))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        numbers = decode_der(bytes(encoded), curve)
    except Malformed:
        return
    assert numbers != (r, s)
    assert encode_der(*numbers) == bytes(encoded)


@given(st.sampled_from(list(Curve)), st.binary(max_size=112))
def test_it_reads_what_the_general_reader_reads(curve: Curve, tail: bytes) -> None:
    _compare_with_the_general_reader(curve, tail)
    _compare_with_the_general_reader(curve, b"\x30" + bytes((len(tail),)) + tail)


@given(st.sampled_from(list(Curve)), st.binary(max_size=52), st.binary(max_size=52))
def test_it_reads_two_framed_integers_as_the_general_reader(curve: Curve, left: bytes, right: bytes) -> None:
    body = b"\x02" + bytes((len(left),)) + left + b"\x02" + bytes((len(right),)) + right
    _compare_with_the_general_reader(curve, b"\x30" + bytes((len(body),)) + body)


def _compare_with_the_general_reader(curve: Curve, encoded: bytes) -> None:
    try:
        numbers: tuple[int, int] | None = decode_der(encoded, curve)
    except Malformed:
        numbers = None
    # The general reader also takes numbers that are too large for the curve: the length cap and the range check here.
    assert numbers == _general(encoded) or (numbers is None and len(encoded) > 2 * PARAMETERS[curve].size + 8)


def _general(encoded: bytes) -> tuple[int, int] | None:
    try:
        fields = der.parse(encoded).sequence("ECDSA signature")
        r, s = fields.integer("r"), fields.integer("s")
        fields.finish()
    except Malformed:
        return None
    return (r, s) if r >= 0 and s >= 0 else None


@pytest.mark.parametrize(
    "encoded",
    [
        "",
        "30",
        "3000",
        "3003020101",
        "30060201010201",
        "300602010102010100",
        "30070201010201010000",
        "3007020101020101",
        "308106020101020101",
        "3080020101020101" + "0000",
        "300702020001020101",
        "300702010102020001",
        "300602018002017f",
        "30060201ff020101",
        "310602010102010100",
        "3006030101020101",
        "3006020101030101",
        "300902010102010102" + "0101",
        "3005020002020101",
    ],
)
def test_what_is_not_strict_der_is_refused(encoded: str) -> None:
    data = bytes.fromhex(encoded)
    assert _general(data) is None
    with pytest.raises(Malformed) as caught:
        decode_der(data, Curve.P256)
    assert caught.value.code == "signature-encoding"


def test_the_engine_reads_the_same_numbers() -> None:
    assert decode_dss_signature(encode_der(1, 2**255)) == (1, 2**255)


@pytest.mark.parametrize("curve", list(Curve))
@pytest.mark.parametrize("change", [-64, -2, -1, 1, 2])
def test_a_raw_signature_has_one_length(curve: Curve, change: int) -> None:
    with pytest.raises(Malformed) as caught:
        decode_raw(b"\x01" * (2 * PARAMETERS[curve].size + change), curve)
    assert caught.value.code == "signature-length"
