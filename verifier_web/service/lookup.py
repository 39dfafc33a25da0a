"""Is my app using this fleet?  A fleet key or its fingerprint, as an app shows it, among the deployments published."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import sha256_hex
from vaultproof.evidence.fleet_keys import MAX_KEY_BYTES, raw_public_key
from vaultproof.presentation.digest_words import digest_words
from verifier_web.service.catalogue import Published

LONGEST = 4 * MAX_KEY_BYTES
"""Characters of a question; a key in hexadecimal with its separators is shorter."""

_SEPARATORS = re.compile(r"[\s:,.\-]+")
_HEX = re.compile(r"[0-9a-f]+")
_LINE_ENDS = re.compile(r"[\r\n]+")
_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----(.*)-----END PUBLIC KEY-----", re.DOTALL)  # RFC 7468, 13
_URL_DIGITS = str.maketrans("-_", "+/")
_RAW_LENGTHS = frozenset({32, 33, 49, 56, 57, 65, 67, 97, 133})  # RFC 7748, RFC 8032; SEC 1, 2.3.3
_LEAST_KEY_BYTES = 32
_DIGEST_BYTES = 32


class Answer(StrEnum):
    """The four answers."""

    THIS_FLEET = "this-fleet"
    RETIRED = "retired"
    NONE_PUBLISHED = "none-published"
    NOT_READABLE = "not-readable"


SENTENCES = {
    Answer.THIS_FLEET: "This key is published here for a fleet in use: {titles}. If your app showed it to you, your app"
    " names that fleet.",
    Answer.RETIRED: "This key is published here, for a fleet that a newer one has replaced: {titles}. An app that still"
    " shows it may need an update.",
    Answer.NONE_PUBLISHED: "No deployment that is published here has this key. That alone shows nothing wrong: compare"
    " every digit, and ask the operator for the evidence of the fleet that your app uses.",
    Answer.NOT_READABLE: "This is neither a fingerprint (64 digits of 0-9 and a-f, or 32 words) nor a public key (in"
    " base64 or hexadecimal, or a PEM file).",
}
PRIVATE_KEY = (
    "This is a private key, or a part of one, and no app should show you that. Nothing here keeps it, but whoever could"
    " read it on its way now has it: use another one from now on."
)
REHEARSAL = "REHEARSAL, with made-up keys: "


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An answer, with where the key is published."""

    answer: Answer
    sentence: str
    read_as: str | None
    matches: tuple[dict[str, Any], ...]

    def to_json(self) -> dict[str, Any]:
        """The answer as JSON values."""
        return {
            "answer": self.answer.value,
            "sentence": self.sentence,
            "read_as": self.read_as,
            "matches": list(self.matches),
        }


def look_up(text: str, published: Iterable[Published]) -> Found:
    """Which of the published deployments have the key that ``text`` names."""
    read_as, asked = _read(text)
    if not asked:
        sentence = PRIVATE_KEY if "PRIVATE KEY" in text else SENTENCES[Answer.NOT_READABLE]
        return Found(answer=Answer.NOT_READABLE, sentence=sentence, read_as=None, matches=())
    hits = [
        (item, key)
        for item in published
        for key, known in zip(item.keys, item.fingerprints, strict=True)
        if not known.isdisjoint(asked)
    ]
    current = [hit for hit in hits if hit[0].superseded_by is None]
    answer = Answer.THIS_FLEET if current else Answer.RETIRED if hits else Answer.NONE_PUBLISHED
    titles = "; ".join(dict.fromkeys(item.announced.title for item, _ in current or hits))
    rehearsal = bool(hits) and all(item.announced.rehearsal for item, _ in current or hits)
    return Found(
        answer=answer,
        sentence=(REHEARSAL if rehearsal else "") + SENTENCES[answer].format(titles=titles),
        read_as=read_as,
        matches=tuple(
            {
                "deployment": item.id,
                "title": item.announced.title,
                "rehearsal": item.announced.rehearsal,
                "superseded_by": item.superseded_by,
                "build_outcome": item.outcome,
                "role": key.role,
                "fingerprint": key.fingerprint,
            }
            for item, key in hits
        ),
    )


def _read(text: str) -> tuple[str | None, frozenset[str]]:
    """What was given, and the fingerprints that it may stand for; none when it cannot be read."""
    if len(text) > LONGEST:
        return None, frozenset()
    digits = _SEPARATORS.sub("", text).lower()
    if _HEX.fullmatch(digits):
        return _from_hex(digits)
    words = _from_words(text)
    if words is not None:
        return "words", frozenset({words})
    found = _from_pem(text) if "-----" in text else _from_base64(text)
    return ("key", found) if found else (None, frozenset())


def _from_hex(digits: str) -> tuple[str | None, frozenset[str]]:
    """A fingerprint or a key; with a digit too few or too many it is neither, whatever else it could be read as."""
    if len(digits) % 2:
        return None, frozenset()
    data = bytes.fromhex(digits)
    if len(data) == _DIGEST_BYTES:
        return "fingerprint-or-key", frozenset({digits, sha256_hex(data)})
    found = _key(data)
    return ("key", found) if found else (None, frozenset())


def _from_pem(text: str) -> frozenset[str]:
    armoured = _PEM.fullmatch(text.strip())
    return _from_base64(armoured[1]) if armoured else frozenset()


def _from_base64(text: str) -> frozenset[str]:
    """What base64 or base64url stands for, with or without padding.

    An address in which ``+`` was not written as ``%2B`` arrives with a blank in its place; what that gives is believed
    only where it is plainly a key, because words make base64 of a sort, too.
    """
    digits = _LINE_ENDS.sub("", text.strip())
    with_plus = digits.replace(" ", "+").rstrip("=").translate(_URL_DIGITS)
    try:
        data = base64.b64decode(with_plus + "=" * (-len(with_plus) % 4), validate=True)
    except (binascii.Error, ValueError):
        return frozenset()
    return _key(data) if " " not in digits or _is_plainly_key(data) else frozenset()


def _is_plainly_key(data: bytes) -> bool:
    """Whether this has the length of a raw key on a curve in use, or is a whole SubjectPublicKeyInfo."""
    if len(data) in _RAW_LENGTHS:
        return True
    try:
        raw_public_key(data)
    except VaultproofError:
        return False
    return True


def _key(data: bytes) -> frozenset[str]:
    """A key's own fingerprint, and that of the raw key in it; none for what is no key by its length."""
    if not _LEAST_KEY_BYTES <= len(data) <= MAX_KEY_BYTES:
        return frozenset()
    found = {sha256_hex(data)}
    with suppress(VaultproofError):  # no SubjectPublicKeyInfo: the bytes are the key
        found.add(sha256_hex(raw_public_key(data)))
    return frozenset(found)


def _from_words(text: str) -> str | None:
    """The digest that 32 words tell; None when they are no such words."""
    words = text.lower().split()
    if len(words) != _DIGEST_BYTES:
        return None
    try:
        return bytes(_PLACES[index % 2][word] for index, word in enumerate(words)).hex()
    except KeyError:
        return None


def _places() -> tuple[dict[str, int], dict[str, int]]:
    """Word to byte, for even and for odd places, from the very words that are shown."""
    pairs = [[word.lower() for word in digest_words(bytes([value, value]).hex())] for value in range(256)]
    return {first: value for value, (first, _) in enumerate(pairs)}, {
        second: value for value, (_, second) in enumerate(pairs)
    }


_PLACES = _places()
