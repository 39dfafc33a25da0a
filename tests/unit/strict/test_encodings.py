"""One spelling per value: lax hexadecimal, base64, decimals and times are refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import (
    MAX_MILLISECONDS,
    clip,
    format_base64,
    format_milliseconds,
    format_time,
    from_milliseconds,
    parse_base64,
    parse_decimal,
    parse_hex,
    parse_time,
)


def refusal(parse: Callable[..., Any], text: str, **options: Any) -> Malformed:
    with pytest.raises(Malformed) as caught:
        parse(text, pointer="/at/0", **options)
    assert caught.value.pointer == "/at/0"
    assert caught.value.found == clip(text)
    return caught.value


@pytest.mark.parametrize(
    "text", ["A0", "0", "0x00", " 00", "00 ", "0\n", "00\n", "g0", "\u0660\u0660", "0_0", "00" * 100 + "0"]
)
def test_lax_hexadecimal_is_refused(text: str) -> None:
    error = refusal(parse_hex, text)
    assert (error.code, error.expected) == ("bad-hex", "lower-case hexadecimal")


@pytest.mark.parametrize("text", ["", "00", "00" * 31, "00" * 33])
def test_hexadecimal_of_another_length_is_refused(text: str) -> None:
    error = refusal(parse_hex, text, length=32)
    assert (error.code, error.expected) == ("bad-hex", "lower-case hexadecimal of 32 bytes")


@pytest.mark.parametrize(
    "text",
    [
        "AA",
        "AA=",
        "AA== ",
        " AA==",
        "AA==\n",
        "AB==",
        "AAB=",
        "AA===",
        "A",
        "AA==AA==",
        "-_-_",
        "AAAA=",
        "=",
        "\uff21\uff21==",
        "A\nAA",
        "AAA\ud800",
    ],
)
def test_lax_base64_is_refused(text: str) -> None:
    error = refusal(parse_base64, text)
    assert (error.code, error.expected) == ("bad-base64", "padded base64")


@pytest.mark.parametrize(
    "text", ["", "-1", "+1", "01", "00", " 1", "1 ", "1\n", "1_0", "1.0", "1e2", "\u0663", "11", "9" * 19, "9" * 5000]
)
def test_lax_decimals_are_refused(text: str) -> None:
    error = refusal(parse_decimal, text, maximum=10)
    assert (error.code, error.expected) == ("bad-decimal", "0 to 10")


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22",
        "2026-11-22T12:00:00",
        "2026-11-22t12:00:00Z",
        "2026-11-22T12:00:00z",
        "2026-11-22T12:00:00.0Z",
        "2026-11-22T12:00:00+00:00",
        "2026-11-22 12:00:00Z",
        "2026-02-29T12:00:00Z",
        "2026-13-01T12:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T23:59:60Z",
        "0000-01-01T00:00:00Z",
        "26-11-22T12:00:00Z",
        "",
        "2026-11-22T12:00:00Z\n",
        " 2026-11-22T12:00:00Z",
        "\u0662026-11-22T12:00:00Z",
        "12026-11-22T12:00:00Z",
    ],
)
def test_lax_times_are_refused(text: str) -> None:
    error = refusal(parse_time, text)
    assert error.code == "bad-time"
    assert error.expected is not None
    assert error.expected.startswith("RFC 3339, UTC")


@given(st.binary(max_size=80))
def test_hexadecimal_and_base64_come_back_as_they_were(data: bytes) -> None:
    assert parse_hex(data.hex()) == data
    assert parse_hex(data.hex(), length=len(data)) == data
    assert parse_base64(format_base64(data)) == data


@given(st.text("ABab01+/=-_ \n", max_size=12))
def test_whatever_base64_is_read_is_its_one_spelling(text: str) -> None:
    try:
        data = parse_base64(text)
    except Malformed:
        return
    assert format_base64(data) == text


@given(st.integers(0, 10**18))
def test_decimals_come_back_as_they_were(number: int) -> None:
    assert parse_decimal(str(number), maximum=10**18) == number


@given(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59)))  # noqa: DTZ001  (made aware below)
def test_times_come_back_as_they_were(moment: datetime) -> None:
    whole = moment.replace(microsecond=0, tzinfo=UTC)
    assert parse_time(format_time(whole)) == whole
    assert len(format_time(whole)) == 20


def test_times_of_another_zone_are_written_in_utc() -> None:
    there = timezone(timedelta(hours=5, minutes=30))
    assert format_time(datetime(2026, 1, 1, 0, 0, 0, 999_999, tzinfo=there)) == "2025-12-31T18:30:00Z"


@given(st.integers(0, MAX_MILLISECONDS))
def test_milliseconds_keep_every_digit(milliseconds: int) -> None:
    moment = from_milliseconds(milliseconds)
    assert (moment - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(milliseconds=1) == milliseconds
    assert format_milliseconds(milliseconds) == moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def test_a_clipped_text_is_short_ascii_and_harmless() -> None:
    assert clip("plain") == '"plain"'
    assert clip("\x1b[31m\u202e\ud800'\"") == '"\\u001b[31m\\u202e\\ud800\'\\""'
    assert clip("a" * 61) == '"' + "a" * 60 + '..."'
    assert clip("é" * 60).isascii()
