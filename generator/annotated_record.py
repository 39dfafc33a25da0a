"""The signer's record of an epoch as annotated parts: the JSON of the answer, and the message that was signed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from generator.annotated import Part, shown
from generator.formatting import count_text, time_text
from vaultproof.errors import Malformed
from vaultproof.evidence.epoch import BINCODE_ED25519, EpochRecord
from vaultproof.strict.encodings import MAX_MILLISECONDS, from_milliseconds

FIELDS: Mapping[str, str] = {
    "version": "Ciphersuite, by its older name",
    "ciphersuite": "Ciphersuite: how the message is built and signed",
    "namespace": "Namespace: whose log this is",
    "timestamp": "When it was signed",
    "epoch": "Epoch: its number in this log",
    "digest": "SHA-256 of the logged key file",
    "signature": "Ed25519 signature over the message below",
    "key_id": "Last byte of the key that signed",
    "serialized_message": "The message as the signer says it signed it",
    "_note": "A remark by whoever kept this copy; not read",
    "verifying_key": "A key that came with it; not used",
    "signing_key": "A key that came with it; not used",
}
"""What each field of an answer is (cloudflare/plexi, ``SignatureResponse``)."""

SUITES: Mapping[int, str] = {1: "Ed25519 over Protocol Buffers", 2: "Ed25519 over bincode"}
_SPACE = " \t\r\n"
_VARINT_MORE = 0x80


def record_parts(data: bytes) -> tuple[Part, ...]:
    """The fields of an answer, in its order, each with its name and the sign before it, and what ends the answer.

    Raises ``Malformed`` unless ``data`` is a JSON object, as ``read_epoch`` has made sure of a record.
    """
    try:
        text = data.decode("utf-8")
        return tuple(_members(text))
    except (UnicodeDecodeError, ValueError, IndexError) as error:
        raise Malformed("not-json", "this is not one JSON object", found=type(error).__name__) from error


def _members(text: str) -> Iterator[Part]:
    decoder = json.JSONDecoder()
    position = _skipped(text, 0)
    if text[position] != "{":
        raise ValueError("not an object")
    start = 0
    position = _skipped(text, position + 1)
    while text[position] != "}":
        name, position = decoder.raw_decode(text, position)
        position = _skipped(text, position)
        if not isinstance(name, str) or text[position] != ":":
            raise ValueError("not a member")
        value, position = decoder.raw_decode(text, _skipped(text, position + 1))
        end = len(text[:position].encode("utf-8"))
        yield Part(
            depth=0, start=start, end=end, own=end, form=_form(value), value=_value(name, value),
            meaning=FIELDS.get(name, "A field without a known meaning"), name=shown(name),
        )  # fmt: skip
        position = _skipped(text, position)
        start = end
        if text[position] == ",":
            position = _skipped(text, position + 1)
    size = len(text.encode("utf-8"))
    yield Part(depth=0, start=start, end=size, own=size, form="end", meaning="The answer ends")


def _skipped(text: str, position: int) -> int:
    while text[position] in _SPACE:
        position += 1
    return position


def _form(value: object) -> str:
    return {str: "text", int: "number", type(None): "null"}.get(type(value), "value")


def _value(name: str, value: object) -> str:
    if name == "timestamp" and isinstance(value, int) and 0 <= value <= MAX_MILLISECONDS:
        return f"{value}: {time_text(from_milliseconds(value))}"
    if name in ("ciphersuite", "version") and isinstance(value, int):
        return f"{value}: {SUITES.get(value, 'not known here')}"
    return shown(str(value)) if isinstance(value, str | int) else json.dumps(value)


def message_parts(record: EpochRecord) -> tuple[Part, ...]:
    """The fields of the signed message, which has no names in it: a number of the field and its value, in order.

    Raises ``Unsupported`` for a ciphersuite whose message is not known.
    """
    data = record.signed_message()
    return tuple(_bincode(record, data) if record.ciphersuite == BINCODE_ED25519 else _protobuf(record, data))


def _words(record: EpochRecord) -> tuple[tuple[str, str, str], ...]:
    """Name, meaning and value of the five fields, in the order in which both forms have them."""
    return (
        ("ciphersuite", "Ciphersuite", f"{record.ciphersuite}: {SUITES[record.ciphersuite]}"),
        ("namespace", "Namespace", shown(record.namespace)),
        ("timestamp", "When it was signed, in milliseconds since 1970",
         f"{record.timestamp}: {time_text(from_milliseconds(record.timestamp))}"),
        ("epoch", "Epoch", str(record.epoch)),
        ("digest", "SHA-256 of the logged key file", record.digest.hex()),
    )  # fmt: skip


def _protobuf(record: EpochRecord, data: bytes) -> Iterator[Part]:
    """Each field: one byte for its number and kind, a length where the kind has one, the value."""
    words = _words(record)
    position = 0
    while position < len(data):
        tag, start = data[position], position
        name, meaning, value = words[(tag >> 3) - 1]
        position += 1
        size, inside = _varint(data, position)
        if tag & 7 == 0:
            yield _part(0, start, inside, inside, f"field {tag >> 3}, number", value, meaning, name)
            position = inside
            continue
        position = inside + size
        form = f"field {tag >> 3}, {count_text(size, 'byte')}"
        if name == "epoch":
            yield _part(0, start, position, inside, form, "a message of its own", "Holds the epoch", name)
            yield _part(1, inside, position, position, "field 1, number", value, meaning, "inner")
        else:
            yield _part(0, start, position, position, form, value, meaning, name)


def _bincode(record: EpochRecord, data: bytes) -> Iterator[Part]:
    """Fixed widths, little endian; texts and bytes after their length in eight bytes."""
    sizes = (4, 8 + len(record.namespace.encode("utf-8")), 8, 8, 8 + len(record.digest))
    position = 0
    for size, (name, meaning, value) in zip(sizes, _words(record), strict=True):
        yield _part(0, position, position + size, position + size, count_text(size, "byte"), value, meaning, name)
        position += size
    if position != len(data):
        raise ValueError("the parts are not the message")


def _part(depth: int, start: int, end: int, own: int, form: str, value: str, meaning: str, name: str) -> Part:
    return Part(depth=depth, start=start, end=end, own=own, form=form, value=value, meaning=meaning, name=name)


def _varint(data: bytes, position: int) -> tuple[int, int]:
    """A base-128 number and where it ends."""
    value = shift = 0
    while True:
        byte = data[position]
        position += 1
        value |= (byte & ~_VARINT_MORE) << shift
        if not byte & _VARINT_MORE:
            return value, position
        shift += 7


def signature_parts(signature: bytes) -> tuple[Part, ...]:
    """The halves of an Ed25519 signature (RFC 8032, 5.1.6)."""
    half = len(signature) // 2
    return (
        _part(0, 0, half, half, "point", count_text(half, "byte"), "R: a point made for this one signature", "R"),
        _part(0, half, len(signature), len(signature), "number", count_text(half, "byte"),
              "S: a number that only the private key's holder can give for R and the message", "S"),
    )  # fmt: skip
