"""Which of a party's keys signed: any of them may, and what an engine cannot tell is never a contradiction."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from vaultproof.crypto.port import Algorithm, SignatureCheck, run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, VaultproofError
from vaultproof.steps.pinned_keys import verifying_key
from vaultproof.trust.configuration import PinnedKey


def key(name: str) -> PinnedKey:
    return PinnedKey(algorithm=Algorithm.ED25519, spki=name.encode(), not_before=None, provenance=())


class Answers:
    """A backend that answers by key."""

    name = "answers"

    def __init__(self, answers: Mapping[str, VaultproofError | None]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    async def verify(self, check: SignatureCheck) -> None:
        name = check.public_key.decode()
        self.asked.append(name)
        assert (check.message, check.signature) == (b"message", b"signature")
        error = self.answers[name]
        if error is not None:
            raise error


def chosen(answers: Mapping[str, VaultproofError | None]) -> str:
    keys = [key(name) for name in answers]
    return run_to_completion(verifying_key(Answers(answers), keys, b"message", b"signature")).spki.decode()


BAD = Mismatch("bad-signature", "does not hold")
UNKNOWN = Unsupported("key-algorithm", "not known here")
AWAY = Unavailable("engine-cannot", "not here")


def test_the_first_key_that_holds_is_the_one() -> None:
    assert chosen({"a": None, "b": None}) == "a"
    assert chosen({"a": BAD, "b": None}) == "b"
    assert chosen({"a": UNKNOWN, "b": BAD, "c": None}) == "c"


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({"a": BAD}, "bad-signature"),
        ({"a": BAD, "b": Malformed("signature-length", "short")}, "signature-length"),
        ({"a": UNKNOWN, "b": BAD}, "key-algorithm"),
        ({"a": BAD, "b": AWAY}, "engine-cannot"),
        ({}, "bad-signature"),
    ],
)
def test_what_could_not_be_told_counts_more_than_a_refusal(
    answers: Mapping[str, VaultproofError | None], code: str
) -> None:
    with pytest.raises(VaultproofError) as caught:
        chosen(answers)
    assert caught.value.code == code


def test_a_programming_error_is_not_swallowed() -> None:
    with pytest.raises(KeyError):
        run_to_completion(verifying_key(Answers({}), [key("a")], b"message", b"signature"))
