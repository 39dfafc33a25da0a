"""The signer's record as annotated parts: every byte once, every field with what it is."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from generator.annotated import Part, annotate_rows
from generator.annotated_record import FIELDS, message_parts, record_parts, signature_parts
from tests.unit.generator.planted_log import COPY
from tests.unit.signer_log.log_maker import made
from vaultproof.errors import Malformed, Unsupported
from vaultproof.evidence.epoch import read_epoch

RECORDS = sorted(COPY.glob("namespaces/*/audits/*.json"))


def leaves(parts: Sequence[Part]) -> list[tuple[int, int]]:
    return [(part.start, part.own) for part in parts]


def is_whole(data: bytes, parts: Sequence[Part]) -> bool:
    """Whether the parts' own bytes are the data, in order, each of them once."""
    spans = leaves(parts)
    return [start for start, _ in spans] == [0, *(end for _, end in spans[:-1])] and spans[-1][1] == len(data)


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_the_answer_is_shown_whole_field_by_field(path: Path) -> None:
    data = path.read_bytes()
    parts = record_parts(data)
    assert is_whole(data, parts)
    assert [part.name for part in parts[:-1]] == list(json.loads(data))
    assert {part.meaning for part in parts[:-1]} <= set(FIELDS.values())


@pytest.mark.parametrize(
    "data",
    [
        b'{"epoch":1}',
        b' { "epoch" : 1 ,\n"namespace":"\xc3\xbc.\xe2\x82\xac" , "key_id":null}\n',
        b"{}",
        b'{"_note":{"nested":[1,{"a":"}"}]},"digest":"\\u0041"}',
    ],
)
def test_any_spacing_and_any_text_keep_their_places(data: bytes) -> None:
    parts = record_parts(data)
    assert is_whole(data, parts)
    for part in parts[:-1]:
        assert json.dumps(part.name).encode() in data[part.start : part.end]
    assert annotate_rows(data, parts, (), "b")[-1].length == parts[-1].end - parts[-1].start


@pytest.mark.parametrize("data", [b"", b"[]", b"1", b"{", b'{"a"}', b'{"a":', b"{1:2}", b"\xff", b'{"a":1'])
def test_what_is_no_object_is_refused(data: bytes) -> None:
    with pytest.raises(Malformed):
        record_parts(data)


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("epoch", [1, 127, 128, 2**53 - 1])
def test_the_signed_message_is_shown_whole(suite: int, epoch: int) -> None:
    record = read_epoch(made(epoch).but(ciphersuite=suite, timestamp=1_778_490_000_710).body(), file="x")
    data, parts = record.signed_message(), message_parts(record)
    assert is_whole(data, parts)
    named = {part.name: part for part in parts}
    assert named["namespace"].value == record.namespace
    assert record.namespace.encode() in data[named["namespace"].start : named["namespace"].end]
    assert data[named["digest"].start : named["digest"].end].endswith(record.digest)
    assert named["timestamp"].value == "1778490000710: 11 May 2026, 09:00 UTC"
    assert named["inner" if suite == 1 else "epoch"].value == str(epoch)


def test_a_message_of_an_unknown_suite_is_not_guessed() -> None:
    record = read_epoch(made(1).body(), file="x")
    unknown = replace(record, ciphersuite=3)
    with pytest.raises(Unsupported, match="ciphersuite"):
        message_parts(unknown)


def test_a_signature_has_two_halves() -> None:
    assert leaves(signature_parts(bytes(64))) == [(0, 32), (32, 64)]
