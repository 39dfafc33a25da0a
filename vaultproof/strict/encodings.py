"""Strict text encodings: one spelling per value, so that parse and format are inverse to each other."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime

from vaultproof.errors import Malformed

_HEX = re.compile(r"(?:[0-9a-f]{2})*", re.ASCII)
_TIME = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})Z", re.ASCII)
MAX_MILLISECONDS = 253402300799999
"""31 December 9999 in milliseconds: later instants are no time that anybody meant."""


def parse_hex(text: str, *, length: int | None = None, pointer: str | None = None) -> bytes:
    """Bytes from lower-case hexadecimal of even length; ``length`` in bytes where it is fixed.

    Raises ``Malformed("bad-hex")``.
    """
    if not _HEX.fullmatch(text) or (length is not None and len(text) != 2 * length):
        wanted = "lower-case hexadecimal" + (f" of {length} bytes" if length is not None else "")
        raise Malformed("bad-hex", "not the hexadecimal asked for", pointer=pointer, expected=wanted, found=clip(text))
    return bytes.fromhex(text)


def parse_base64(text: str, *, pointer: str | None = None) -> bytes:
    """Bytes from canonical padded base64 (RFC 4648, 4 with 3.5: unused bits are zero).  Raises ``Malformed``."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError, ValueError):
        data = None
    if data is None or base64.b64encode(data).decode("ascii") != text:
        raise Malformed("bad-base64", "not base64", pointer=pointer, expected="padded base64", found=clip(text))
    return data


def format_base64(data: bytes) -> str:
    """Canonical padded base64."""
    return base64.b64encode(data).decode("ascii")


def parse_decimal(text: str, *, maximum: int, pointer: str | None = None) -> int:
    """A non-negative decimal that re-formats to itself ("007", "+7", "7_0" are refused).  Raises ``Malformed``."""
    if re.fullmatch(r"0|[1-9][0-9]{0,18}", text, re.ASCII) and int(text) <= maximum:
        return int(text)
    raise Malformed(
        "bad-decimal", "not a plain decimal number", pointer=pointer, expected=f"0 to {maximum}", found=clip(text)
    )


def parse_time(text: str, *, pointer: str | None = None) -> datetime:
    """An instant from RFC 3339 in UTC with ``Z`` and whole seconds.  Raises ``Malformed("bad-time")``."""
    matched = _TIME.fullmatch(text)
    try:
        if matched:
            year, month, day, hour, minute, second = (int(part) for part in matched.groups())
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        pass  # a date that does not exist: refused below, with the same words
    raise Malformed(
        "bad-time", "not a time", pointer=pointer, expected="RFC 3339, UTC, like 2026-11-22T12:00:00Z", found=clip(text)
    )


def format_time(moment: datetime) -> str:
    """RFC 3339 in UTC with ``Z`` and whole seconds (fractions are cut off)."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").removesuffix("+00:00") + "Z"


def from_milliseconds(milliseconds: int) -> datetime:
    """The instant that many milliseconds after 1970-01-01 UTC (at most ``MAX_MILLISECONDS``)."""
    whole, rest = divmod(milliseconds, 1000)
    return datetime.fromtimestamp(whole, tz=UTC).replace(microsecond=rest * 1000)


def format_milliseconds(milliseconds: int) -> str:
    """Milliseconds since 1970 as RFC 3339 UTC with three decimals."""
    moment = from_milliseconds(milliseconds)
    return f"{moment.year:04d}-{moment:%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def clip(text: str) -> str:
    """``text`` as a JSON string in ASCII, cut to a length that fits into a one-line message.

    Such texts stand in reports, so they must come out equal in every engine, and nothing in them may act on a terminal.
    """
    return json.dumps(text if len(text) <= 60 else text[:60] + "...")
