"""Strict JSON (RFC 8259 as narrowed by RFC 7493, I-JSON) and canonical JSON (RFC 8785).

The standard library's reader takes the last of two equal keys, accepts NaN, and turns 1e400 into infinity; each of
these lets two readers see two documents in the same bytes.  Here they are refused.
"""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

import rfc8785

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import clip

MAX_JSON_BYTES = 1024 * 1024
"""Size cap of one JSON file, before any parsing (evidence format)."""

MAX_DEPTH = 32
"""Nesting cap; no format of ours is deeper than eight."""

MAX_SAFE_INTEGER = 2**53 - 1
"""Largest integer that every JSON reader keeps exactly (RFC 7493, 2.2)."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.?[^"\\]*+)*+"?', re.DOTALL)
"""A string, also one that never ends: possessive, so that hostile bytes cost no more time than others."""

_SURROGATE = re.compile("[\ud800-\udfff]")

_RARE_NUMBER = re.compile(r"[:,\[]-?(?:[0-9]{16,}|[0-9]+[.e][0-9.e+-]+|NaN|Infinity)[,\]}]")
_RARE_CHARACTER = re.compile("[\ud800-\U0010ffff]")
"""What the standard library may write otherwise than RFC 8785: large integers, fractions, NaN and infinities (3.2.2.3);
characters whose UTF-16 sorts otherwise than their code points (3.2.3).  The first may be found inside a string, too:
that only costs time."""


def loads(data: bytes, *, file: str, max_bytes: int = MAX_JSON_BYTES) -> Any:
    """The JSON value in ``data``; ``file`` only names the place in errors.

    Raises ``Malformed`` for anything over ``max_bytes``, not UTF-8, with a byte-order mark, a duplicate key, a float,
    NaN or Infinity, an integer beyond 2^53-1, a lone surrogate, or nesting over ``MAX_DEPTH``.
    """
    if len(data) > max_bytes:
        raise Malformed(
            "json-too-large", "JSON file is too large", file=file, expected=f"<= {max_bytes} B", found=f"{len(data)} B"
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed("json-not-utf8", "not UTF-8", file=file, found=f"bad byte at offset {error.start}") from None
    _check_depth(data, file)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        # What the reader says differs between Pythons, so it may not stand in a fact, which the report digest covers.
        detail = f"{error.msg}, line {error.lineno}, column {error.colno}"
        raise Malformed("json-syntax", f"not JSON ({detail})", file=file, expected="JSON (RFC 8259)") from None
    except Malformed as error:
        raise error.in_file(file) from None
    if "\\u" in text:
        _check_surrogates(value, file)
    return value


def _object(items: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(items)
    if len(result) != len(items):
        twice = next(key for key, _ in items if result.pop(key, items) is items)  # its first one took it out already
        raise Malformed("json-duplicate-key", "an object has the same key twice", found=clip(twice))
    return result


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > MAX_SAFE_INTEGER or digits == "-0":
        raise Malformed("json-integer", "integer is out of range", expected="within 2^53-1", found=clip(digits))
    return int(digits)


def _fraction(digits: str) -> NoReturn:
    raise Malformed("json-float", "fractions are not allowed", found=clip(digits))


def _constant(name: str) -> NoReturn:
    raise Malformed("json-constant", "not a JSON value", found=name)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)
"""One reader for all documents: making one takes longer than reading a record of a log."""


def dumps_canonical(value: Any) -> bytes:
    """``value`` as canonical JSON (RFC 8785), without a newline at the end.

    ``value`` is made of dicts whose keys are texts, lists, tuples, texts, integers, booleans and None.  The standard
    library's writer, which is compiled, spells all but rare values just so; the rest is left to the plain one.  Raises
    ``ValueError`` for a lone surrogate, NaN, an infinity, an integer beyond 2^53-1, and a key that is no text: the
    standard library's writer would make it one, and two values would have one form.
    """
    if isinstance(value, _CONTAINERS):
        _check_keys(value)
    text = _ENCODER.encode([value])
    if _RARE_NUMBER.search(text) or (not text.isascii() and _RARE_CHARACTER.search(text)):
        return rfc8785.dumps(value)
    return text[1:-1].encode("utf-8")


_ENCODER = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_CONTAINERS = (dict, list, tuple)


def _check_keys(value: Any) -> None:
    """Refuse a dict with a key that is no text, however deep; joining the keys looks at each at compiled speed."""
    items = value
    if isinstance(value, dict):
        try:
            "".join(value)
        except TypeError:
            wrong = next(key for key in value if not isinstance(key, str))
            raise ValueError(f"a key of a JSON object must be a text, not {wrong!r}") from None
        items = value.values()
    for item in items:
        if item.__class__ is not str and isinstance(item, _CONTAINERS):  # most are texts
            _check_keys(item)


def _check_depth(data: bytes, file: str) -> None:
    """Refuse deep nesting before the recursive reader sees it: its own limit differs from engine to engine."""
    if data.count(b"{") + data.count(b"[") <= MAX_DEPTH:
        return  # the usual case, without a walk: fewer brackets than levels, wherever they stand
    depth = 0
    for byte in _STRING.sub(b"", data):
        if byte in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed("json-too-deep", "JSON is nested too deeply", file=file, expected=f"<= {MAX_DEPTH}")
        elif byte in b"]}":
            depth -= 1


def _check_surrogates(value: Any, file: str) -> None:
    if isinstance(value, str):
        if _SURROGATE.search(value):
            raise Malformed("json-surrogate", "a string has half of a surrogate pair", file=file)
    elif isinstance(value, dict):
        for key, item in value.items():
            _check_surrogates(key, file)
            _check_surrogates(item, file)
    elif isinstance(value, list):
        for item in value:
            _check_surrogates(item, file)
