"""Typed reading of JSON objects: each field is asked for once, by type; what nobody asked for is refused or kept."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any, TypeGuard

from vaultproof.errors import Malformed, Unsupported
from vaultproof.strict.encodings import clip, parse_base64, parse_hex, parse_time
from vaultproof.strict.json import MAX_SAFE_INTEGER

MAX_TEXT = 2000
"""Length cap of one text field, in characters."""

_NOT_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
"""Controls of terminals, and those that make a reader see characters in another order than a program does."""

_MISSING = object()


class Reader:
    """Reads one JSON object field by field, with a JSON pointer (RFC 6901) for every complaint.

    Call ``done`` when all fields were asked for: it refuses keys that nobody asked for.  For records that others make,
    ``rest`` gives those keys instead, to be kept and reported.  All methods raise ``Malformed``.
    """

    def __init__(self, value: Any, *, file: str, pointer: str = "") -> None:
        self.file = file
        self.pointer = pointer
        if not isinstance(value, dict):
            raise self._wrong("", "an object", value)
        self._value: dict[str, Any] = value
        self._asked: set[str] = set()

    def at(self, key: str) -> str:
        """The JSON pointer of the field ``key``."""
        return f"{self.pointer}/{key.replace('~', '~0').replace('/', '~1')}"

    def has(self, key: str) -> bool:
        """Whether the field is there and not null."""
        return self._value.get(key) is not None

    def is_empty_text(self, key: str) -> bool:
        """Whether the field is the empty string, as some makers write what is absent; it then counts as asked for."""
        if self._value.get(key) != "":
            return False
        self._asked.add(key)
        return True

    def schema(self, name: str, major: int = 1) -> None:
        """Require ``"schema": "vaultproof/<name>@<major>"``; a newer major is ``Unsupported``, never invalid."""
        found = self.text("schema")
        if found == f"vaultproof/{name}@{major}":
            return
        matched = re.fullmatch(rf"vaultproof/{re.escape(name)}@([1-9][0-9]{{0,3}})", found)
        if matched and int(matched[1]) > major:
            raise Unsupported(
                "too-new", "this file is too new for this verifier", file=self.file, pointer=self.at("schema"),
                expected=f"vaultproof/{name}@{major}", found=found, hint="update the verifier",
            )  # fmt: skip
        raise self._wrong("schema", f"vaultproof/{name}@{major}", found)

    def text(self, key: str, *, maximum: int = MAX_TEXT, pattern: str | None = None) -> str:
        """A non-empty string without controls, at most ``maximum`` characters, matching ``pattern``."""
        value = self._get(key)
        if not _is_text(value, maximum):
            raise self._wrong(key, f"a text of 1 to {maximum} characters", value)
        if pattern is not None and not re.fullmatch(pattern, value, re.ASCII):
            raise self._wrong(key, f"a text like {pattern}", value)
        return value

    def optional_text(self, key: str, *, maximum: int = MAX_TEXT, pattern: str | None = None) -> str | None:
        """As ``text``; None when absent or null."""
        return self.text(key, maximum=maximum, pattern=pattern) if self._present(key) else None

    def choice(self, key: str, allowed: tuple[str, ...]) -> str:
        """One of the texts in ``allowed``."""
        value = self._get(key)
        if not isinstance(value, str) or value not in allowed:
            raise self._wrong(key, "one of " + ", ".join(allowed), value)
        return value

    def integer(self, key: str, *, minimum: int = 0, maximum: int = MAX_SAFE_INTEGER) -> int:
        """An integer within the bounds, both included."""
        value = self._get(key)
        if not isinstance(value, int) or isinstance(value, bool) or not minimum <= value <= maximum:
            raise self._wrong(key, f"an integer from {minimum} to {maximum}", value)
        return value

    def optional_integer(self, key: str, *, minimum: int = 0, maximum: int = MAX_SAFE_INTEGER) -> int | None:
        """As ``integer``; None when absent or null."""
        return self.integer(key, minimum=minimum, maximum=maximum) if self._present(key) else None

    def boolean(self, key: str) -> bool:
        """``true`` or ``false``."""
        value = self._get(key)
        if not isinstance(value, bool):
            raise self._wrong(key, "true or false", value)
        return value

    def hex(self, key: str, *, length: int | None = None) -> bytes:
        """Bytes written as lower-case hexadecimal."""
        return self._located(parse_hex, key, length=length)

    def optional_hex(self, key: str, *, length: int | None = None) -> bytes | None:
        """As ``hex``; None when absent or null."""
        return self.hex(key, length=length) if self._present(key) else None

    def base64(self, key: str) -> bytes:
        """Bytes written as canonical base64."""
        return self._located(parse_base64, key)

    def time(self, key: str) -> datetime:
        """An instant, RFC 3339 UTC."""
        value = self.text(key, maximum=40)
        try:
            return parse_time(value, pointer=self.at(key))
        except Malformed as error:
            raise error.in_file(self.file) from None

    def optional_time(self, key: str) -> datetime | None:
        """As ``time``; None when absent or null."""
        return self.time(key) if self._present(key) else None

    def value(self, key: str) -> Any:
        """A value of any kind, null too, for callers that look at it themselves; only a missing field is refused."""
        return self._get(key)

    def list(self, key: str, *, maximum: int = 10_000) -> list[Any]:
        """A list of at most ``maximum`` values of any kind."""
        value = self._get(key)
        if not isinstance(value, list) or len(value) > maximum:
            raise self._wrong(key, f"a list of at most {maximum}", value)
        return value

    def texts(self, key: str, *, maximum: int = 1000) -> tuple[str, ...]:
        """A list of texts as ``text`` reads them; absent means none."""
        if not self._present(key):
            return ()
        values = self.list(key, maximum=maximum)
        for index, value in enumerate(values):
            if not _is_text(value, MAX_TEXT):
                raise self._wrong(f"{key}/{index}", f"a text of 1 to {MAX_TEXT} characters", value)
        return tuple(values)

    def object(self, key: str) -> Reader:
        """A reader of the object in the field."""
        return Reader(self._get(key), file=self.file, pointer=self.at(key))

    def optional_object(self, key: str) -> Reader | None:
        """As ``object``; None when absent or null."""
        return self.object(key) if self._present(key) else None

    def objects(self, key: str, *, maximum: int = 10_000) -> tuple[Reader, ...]:
        """Readers of the objects in a list; absent means none."""
        if not self._present(key):
            return ()
        values = self.list(key, maximum=maximum)
        return tuple(
            Reader(value, file=self.file, pointer=f"{self.at(key)}/{index}") for index, value in enumerate(values)
        )

    def rest(self) -> dict[str, Any]:
        """The fields that nobody asked for."""
        return {key: value for key, value in self._value.items() if key not in self._asked}

    def done(self) -> None:
        """Refuse fields that nobody asked for."""
        unknown = sorted(self.rest())
        if unknown:
            raise Malformed(
                "unknown-field", "a field that this format does not have", file=self.file,
                pointer=self.at(unknown[0]), found=clip(unknown[0]), hint="remove it, or update the verifier",
            )  # fmt: skip

    def wrong(self, key: str, expected: str, found: Any) -> Malformed:
        """The error for a field whose value is not what it should be, for checks that callers add."""
        return self._wrong(key, expected, found)

    def _present(self, key: str) -> bool:
        self._asked.add(key)
        return self._value.get(key) is not None

    def _get(self, key: str) -> Any:
        self._asked.add(key)
        value = self._value.get(key, _MISSING)
        if value is _MISSING:
            raise Malformed(
                "missing-field", "a field is missing", file=self.file, pointer=self.at(key), expected=clip(key)
            )
        return value

    def _located(self, parse: Any, key: str, **options: Any) -> bytes:
        value = self._get(key)
        if not isinstance(value, str):
            raise self._wrong(key, "a text", value)
        try:
            result: bytes = parse(value, **options)
        except Malformed as error:
            raise error.in_file(self.file, self.at(key)) from None
        return result

    def _wrong(self, key: str, expected: str, found: Any) -> Malformed:
        pointer = (self.at(key) if "/" not in key else f"{self.pointer}/{key}") if key else self.pointer
        return Malformed(
            "wrong-value", "a field has a value that is not allowed", file=self.file, pointer=pointer,
            expected=expected, found=_shown(found),
        )  # fmt: skip


def _is_text(value: Any, maximum: int) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= maximum and not _NOT_TEXT.search(value)


def _shown(found: Any) -> str:
    """A value as JSON, cut to a length that fits into a one-line message, equal in every engine."""
    if isinstance(found, str):
        return clip(found)
    text = json.dumps(found, default=str)  # a TOML date is no JSON value
    return text if len(text) <= 60 else text[:60] + "..."
