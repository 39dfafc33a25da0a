"""Is my app using this fleet?  Four answers, and a question read in every form that an app may show."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest

from tests import served
from vaultproof.evidence.fleet_keys import raw_public_key
from vaultproof.presentation.digest_words import digest_words
from verifier_web.service.catalogue import Published, read_published
from verifier_web.service.configuration import Configuration
from verifier_web.service.lookup import LONGEST, Answer, look_up

CURRENT, RETIRED = "rehearsal-messenger-2026", "rehearsal-messenger-2025"


@pytest.fixture(scope="module")
def published(site: Path) -> dict[str, Published]:
    return dict(read_published(site))


def test_all_published_deployments_are_found(published: dict[str, Published]) -> None:
    assert list(published) == served.DEPLOYMENTS
    assert published[RETIRED].superseded_by == CURRENT
    assert published[CURRENT].superseded_by is None


def pem(text: str) -> str:
    return f"-----BEGIN PUBLIC KEY-----\n{text.strip()}\n-----END PUBLIC KEY-----\n"


def forms(key: bytes) -> dict[str, str]:
    """Every way in which a key may be shown."""
    digest = hashlib.sha256(key).hexdigest()
    return {
        "digits": digest,
        "upper case": digest.upper(),
        "groups": " ".join(digest[place : place + 4] for place in range(0, 64, 4)),
        "colons": ":".join(digest[place : place + 2] for place in range(0, 64, 2)).upper(),
        "words": " ".join(digest_words(digest)),
        "words in lower case": "\n".join(digest_words(digest)).lower(),
        "key in base64": base64.b64encode(key).decode(),
        "key in base64url": base64.urlsafe_b64encode(key).decode(),
        "key in hexadecimal": key.hex(),
        "key over lines": base64.encodebytes(key).decode(),
        "key in base64 without padding": base64.urlsafe_b64encode(key).decode().rstrip("="),
        "key whose plus signs an address made blank": base64.b64encode(key).decode().replace("+", " "),
        "key as a PEM file": pem(base64.encodebytes(key).decode()),
        "PEM on one line": pem(base64.b64encode(key).decode()).replace("\n", " "),
    }


def test_a_key_is_found_in_every_form(published: dict[str, Published]) -> None:
    only_current = {key.key for key in published[CURRENT].keys} - {key.key for key in published[RETIRED].keys}
    assert only_current
    for key in only_current:
        for name, text in forms(key).items():
            found = look_up(text, published.values())
            assert (found.answer, name) == (Answer.THIS_FLEET, name)
            assert [match["deployment"] for match in found.matches] == [CURRENT]
            assert found.matches[0]["rehearsal"] is True
            assert found.sentence.startswith("REHEARSAL")


def test_a_raw_key_finds_the_key_it_is_published_in(published: dict[str, Published]) -> None:
    key = published[CURRENT].keys[0].key
    raw = raw_public_key(key) if key[:1] == b"0" else key
    assert look_up(raw.hex(), published.values()).answer is Answer.THIS_FLEET
    assert look_up(hashlib.sha256(raw).hexdigest(), published.values()).answer is Answer.THIS_FLEET


def test_a_key_of_a_replaced_fleet_is_retired(published: dict[str, Published]) -> None:
    only_old = {key.key for key in published[RETIRED].keys} - {key.key for key in published[CURRENT].keys}
    assert only_old
    found = look_up(hashlib.sha256(only_old.pop()).hexdigest(), published.values())
    assert found.answer is Answer.RETIRED
    assert found.matches[0]["superseded_by"] == CURRENT


@pytest.mark.parametrize("text", ["00" * 32, base64.b64encode(b"k" * 91).decode(), "aardvark adroitness " * 16])
def test_what_is_readable_and_nowhere_is_not_an_accusation(text: str, published: dict[str, Published]) -> None:
    found = look_up(text, published.values())
    assert found.answer is Answer.NONE_PUBLISHED
    assert found.matches == ()
    assert "shows nothing wrong" in found.sentence


@pytest.mark.parametrize(
    "text",
    ["", "hello", "00" * 31, "0" * 63, "aardvark " * 32, "\u0660" * 64, "00" * 3000, "A" * (LONGEST + 1), "AAAA"],
)
def test_what_is_not_readable_is_said_to_be_so(text: str, published: dict[str, Published]) -> None:
    assert look_up(text, published.values()).answer is Answer.NOT_READABLE


PRIVATE = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----"


@pytest.mark.parametrize("label", ["BEGIN PRIVATE KEY", "BEGIN EC PRIVATE KEY", "BEGINPRIVATE KEY"])
def test_who_pastes_a_private_key_is_told_what_that_means(label: str, published: dict[str, Published]) -> None:
    found = look_up(PRIVATE.replace("BEGIN PRIVATE KEY", label), published.values())
    assert found.answer is Answer.NOT_READABLE
    assert "private key" in found.sentence


def test_a_certificate_is_not_taken_for_a_key(published: dict[str, Published]) -> None:
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(bytes(91)).decode()}\n-----END CERTIFICATE-----"
    assert look_up(text, published.values()).answer is Answer.NOT_READABLE


def test_every_word_of_every_place_is_read() -> None:
    for value in range(256):
        digest = bytes([value] * 32).hex()
        assert look_up(" ".join(digest_words(digest)), ()).answer is Answer.NONE_PUBLISHED


def test_the_interface_gives_the_same_answer(site: Path, published: dict[str, Published]) -> None:
    client = served.application(Configuration(site=site)).test_client()
    key = published[CURRENT].keys[0]
    answer = client.get("/api/v1/fleet-keys", query_string={"key": key.fingerprint})
    assert answer.get_json() == look_up(key.fingerprint, published.values()).to_json()
    assert client.get("/api/v1/fleet-keys").get_json()["code"] == "key"
