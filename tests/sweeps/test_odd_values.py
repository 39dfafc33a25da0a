"""Odd values in every field of every JSON file: answered or refused with a code, and never stop the verifier.

The manifest is made anew after each change, so that the steps behind the first one see the odd value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.sweeps.sweeping import remembering, smallest, with_manifest
from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import MANIFEST
from vaultproof.report import Outcome

pytestmark = pytest.mark.slow

ODD: tuple[Any, ...] = (None, True, -1, 2**53 - 1, "", "\x00", "../../x", "0" * 64, [], [None], {}, {"a": []})
ABSENT = object()
JSON_FILES = tuple(path for path in smallest() if path.endswith(".json"))


def places(value: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value; of a list's items the first two, because the others are read alike."""
    yield way
    if isinstance(value, dict):
        for key, item in value.items():
            yield from places(item, (*way, key))
    elif isinstance(value, list):
        for index, item in enumerate(value[:2]):
            yield from places(item, (*way, index))


def replaced(value: Any, way: tuple[str | int, ...], odd: Any) -> Any:
    if not way:
        return odd
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    if len(way) == 1 and odd is ABSENT:
        del copy[way[0]]
    else:
        copy[way[0]] = replaced(copy[way[0]], way[1:], odd)
    return copy


def changes(path: str) -> Iterator[tuple[str, str, bytes]]:
    """The place and the odd value, in words, and the file with it."""
    value = json.loads(smallest()[path])
    for way in places(value):
        for odd in (*ODD, ABSENT) if way else ODD:
            changed = replaced(value, way, odd)
            if changed != value:
                pointer = "".join(f"/{part}" for part in way)
                yield pointer, "absent" if odd is ABSENT else repr(odd), json.dumps(changed).encode()


HARMLESS = {
    r"deployment\.json": r"/title|/sites/[0-9]+/name",
    r"audit/fetched\.json": "/source",
    r"audit/namespace\.json": "/(?!name$|root$).*",
    r"audit/info\.json": ".*",
}
"""Texts for people and answers of the signer that no step compares with anything, and so may say anything."""

OPTIONAL = {
    r"deployment\.json": "/promises(/0)?",
    r"audit/[0-9]+\.json": "/version|/ciphersuite|/serialized_message",
    r"audit/1\.json": "/key_id",
    r"audit/namespace\.json": "/root",
    r"bundle/proof\.json": "/ciphersuite|/counter_key_id",
}
"""What may be left out: promises of optional steps, and what older answers of the signer lack."""


def may_verify(path: str, pointer: str, odd: str) -> bool:
    listed = [HARMLESS, OPTIONAL] if odd in ("absent", "None", "[]") else [HARMLESS]
    return any(
        re.fullmatch(file, path) and re.fullmatch(place, pointer) for table in listed for file, place in table.items()
    )


@pytest.mark.parametrize("path", JSON_FILES)
def test_an_odd_value_is_answered_or_refused(path: str) -> None:
    verified = []
    with remembering() as run:
        for pointer, odd, data in changes(path):
            files = {**smallest(), path: data}
            try:
                report = run(files if path == MANIFEST else with_manifest(files))
            except VaultproofError:
                continue
            assert report.to_bytes().endswith(b"\n")
            if report.verdict.outcome is Outcome.VERIFIED and not may_verify(path, pointer, odd):
                verified.append((pointer, odd))
    assert verified == []
