"""Two answers for one epoch: what accuses, what does not, and the file that shows a fork by itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.signer_log.log_maker import BACKEND, START, digest, expected, made, public, signer
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Mismatch, Untrusted, VaultproofError
from vaultproof.signer_log.findings import LogFinding, Standing
from vaultproof.signer_log.fork import check_fork, make_fork
from vaultproof.signer_log.rivals import compare_rival
from vaultproof.strict.encodings import format_base64

FIRST = made(3)
FORKED = FIRST.but(digest=digest(99))


@dataclass(frozen=True)
class Answer:
    body: bytes
    origin: str = "https://log.example"
    first_seen: int = START
    last_seen: int = START
    fetched: bool = True


def rival(
    other: bytes, first: bytes | None = None, *, brought: bool = False, advertised: tuple[bytes, ...] = ()
) -> LogFinding:
    kept = Answer(FIRST.body() if first is None else first)
    against = replace(expected(1, 2), advertised=advertised)
    return run_to_completion(compare_rival(3, kept, Answer(other, fetched=not brought), against, BACKEND))


def fork_file(*bodies: bytes) -> dict[str, Any]:
    given_ = [Answer(body) for body in bodies or (FIRST.body(), FORKED.body())]
    return run_to_completion(make_fork(3, given_, signer(1, 2), BACKEND))


def checked(value: dict[str, Any]) -> Any:
    return run_to_completion(check_fork(json.dumps(value).encode(), BACKEND))


@pytest.mark.parametrize(
    ("other", "code", "standing"),
    [
        (FORKED.body(), "fork", Standing.CONTRADICTION),
        (FIRST.but(timestamp=START + 1).body(), "fork", Standing.CONTRADICTION),
        (FORKED.but(key=2).body(), "fork", Standing.CONTRADICTION),
        (FIRST.but(ciphersuite=2).body(), "fork", Standing.CONTRADICTION),
        (FORKED.but(spoiled=True).body(), "rival-bad-signature", Standing.CONTRADICTION),
        (FIRST.body(digest=digest(99).hex(), serialized_message=None), "rival-bad-signature", Standing.CONTRADICTION),
        (made(4).body(), "rival-misplaced", Standing.CONTRADICTION),
        (FORKED.but(key=3).body(), "rival-not-checked", Standing.COULD_NOT_CHECK),
        (FORKED.body()[:-9], "rival-not-checked", Standing.COULD_NOT_CHECK),
        (FIRST.body(version=2), "rival-not-checked", Standing.COULD_NOT_CHECK),
        (FIRST.body(version=None), "answer-reworded", Standing.NOTE),
        (FIRST.but(key=2).body(), "answer-reworded", Standing.NOTE),
    ],
)
def test_each_other_answer_is_what_it_is(other: bytes, code: str, standing: Standing) -> None:
    finding = rival(other)
    assert (finding.code, finding.standing, finding.epoch) == (code, standing, 3)
    assert finding.subject is not None


@pytest.mark.parametrize(
    ("other", "code"),
    [
        # A signature that holds speaks for itself.
        (FORKED.body(), "fork"),
        (FIRST.body(version=None), "answer-reworded"),
        # What anybody can make accuses nobody.
        (FORKED.but(spoiled=True).body(), "brought-answer-fails"),
        (FIRST.body(digest=digest(99).hex(), serialized_message=None), "brought-answer-fails"),
        (FIRST.body(digest=digest(99).hex()), "brought-answer-fails"),
        (made(4).body(), "brought-answer-fails"),
        (FORKED.but(key=3).body(), "brought-answer-fails"),
        (FIRST.body(version=2), "rival-not-checked"),
    ],
)
def test_an_answer_that_a_copy_brought_is_what_its_signature_makes_it(other: bytes, code: str) -> None:
    assert rival(other, brought=True).code == code
    brought = {fact.label for fact in rival(other, brought=True).facts}
    assert brought >= {"first-answer-seen", "other-answer-brought"}


def test_a_record_from_before_its_key_is_the_signers_whoever_brings_it() -> None:
    against = replace(expected(), signer=signer(not_before=START * 2))
    kept, other = Answer(FIRST.body()), Answer(FORKED.body(), fetched=False)
    assert run_to_completion(compare_rival(3, kept, other, against, BACKEND)).code == "rival-bad-signature"


def test_a_copys_answer_by_a_key_that_the_signer_advertises_stays_open() -> None:
    by_nobody = FORKED.but(key=3)
    assert rival(by_nobody.body(), brought=True, advertised=(public(3),)).code == "rival-not-checked"
    spoiled = by_nobody.but(spoiled=True).body()
    assert rival(spoiled, brought=True, advertised=(public(3),)).code == "brought-answer-fails"


def test_a_fork_says_what_differs_and_when_each_was_seen() -> None:
    facts = {fact.label: (fact.found, fact.expected) for fact in rival(FORKED.body()).facts}
    assert facts["digest"] == (digest(99).hex(), digest(3).hex())
    assert "signed-at" not in facts
    assert facts["first-answer-seen"] == ("2023-11-14T22:13:20.000Z, https://log.example", None)


def test_beside_a_first_answer_that_does_not_hold_another_is_no_fork() -> None:
    for first in (FIRST.but(spoiled=True).body(), FIRST.body()[:-9], made(4).body()):
        assert rival(FORKED.body(), first).code == "rival-holds"


def test_two_other_answers_are_two_findings() -> None:
    assert rival(FORKED.body()).id != rival(FIRST.but(digest=digest(98)).body()).id


# --- the file -------------------------------------------------------------------------------------------------------


def test_a_fork_is_checked_with_nothing_else_of_ours() -> None:
    fork = checked(fork_file())
    assert (fork.namespace, fork.epoch) == (FIRST.namespace, 3)
    assert [answer.public_key for answer in fork.answers] == [public(1), public(1)]
    assert [answer.record.digest for answer in fork.answers] == [digest(3), digest(99)]


def test_openssl_can_repeat_it(tmp_path_factory: pytest.TempPathFactory) -> None:
    import subprocess

    from vaultproof.crypto.keys import ed25519_spki

    folder = tmp_path_factory.mktemp("fork")
    for number, answer in enumerate(fork_file()["answers"]):
        for name, data in (
            ("key", ed25519_spki(bytes.fromhex(answer["public_key"]))),
            ("message", bytes.fromhex(answer["signed_message"])),
            ("signature", bytes.fromhex(answer["signature"])),
        ):
            (folder / f"{name}{number}").write_bytes(data)
        ran = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", f"key{number}", "-rawin", "-in",
             f"message{number}", "-sigfile", f"signature{number}"],
            cwd=folder, capture_output=True, check=False,
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr


def test_no_fork_is_made_of_answers_that_say_the_same_or_do_not_hold() -> None:
    for other, code in (
        (FIRST.body(version=None), "no-fork"),
        (made(4).body(), "no-fork"),
        (FORKED.but(spoiled=True).body(), "bad-signature"),
    ):
        with pytest.raises(Mismatch) as caught:
            fork_file(FIRST.body(), other)
        assert caught.value.code == code
    with pytest.raises(Untrusted):
        fork_file(FIRST.body(), FORKED.but(key=3).body())


def with_answer(index: int, **changes: object) -> Callable[[dict[str, Any]], object]:
    return lambda value: value["answers"][index].update(changes)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (with_answer(1, answer=format_base64(FORKED.but(spoiled=True).body())), "fork-differs"),
        (with_answer(1, answer=format_base64(FIRST.body(version=None))), "fork-differs"),
        (with_answer(1, public_key=public(2).hex()), "key-id-differs"),
        (with_answer(0, sha256="00" * 32), "fork-differs"),
        (with_answer(0, signed_message="00"), "fork-differs"),
        (with_answer(0, signature="00" * 64), "fork-differs"),
        (with_answer(0, answer="!"), "bad-base64"),
        (with_answer(0, more=1), "unknown-field"),
        (lambda value: value["answers"].pop(), "wrong-value"),
        (lambda value: value["answers"].append(value["answers"][0]), "wrong-value"),
        (lambda value: value["answers"].__setitem__(1, value["answers"][0]), "no-fork"),
        (lambda value: value.update(epoch=4), "fork-differs"),
        (lambda value: value.update(namespace="other"), "fork-differs"),
        (lambda value: value.update(schema="vaultproof/fork@1"), "wrong-value"),
    ],
)
def test_a_file_that_shows_no_fork_is_refused(change: Callable[[dict[str, Any]], object], code: str) -> None:
    value = fork_file()
    change(value)
    with pytest.raises(VaultproofError) as caught:
        checked(value)
    assert caught.value.code == code


def test_a_signature_that_fails_is_no_half_of_a_fork() -> None:
    spoiled = FORKED.but(spoiled=True).body()
    value = fork_file()
    record = json.loads(spoiled)
    value["answers"][1].update(answer=format_base64(spoiled), signature=record["signature"])
    import hashlib

    value["answers"][1]["sha256"] = hashlib.sha256(spoiled).hexdigest()
    with pytest.raises(Mismatch) as caught:
        checked(value)
    assert caught.value.code == "bad-signature"


@given(st.data())
def test_no_changed_character_of_the_file_goes_unseen_where_something_rests_on_it(data: st.DataObject) -> None:
    text = bytearray(json.dumps(fork_file(), separators=(",", ":")).encode())
    place = data.draw(st.integers(0, len(text) - 1))
    text[place] ^= 1 << data.draw(st.integers(0, 6))
    try:
        fork = run_to_completion(check_fork(bytes(text), BACKEND))
    except VaultproofError as error:
        told = error
        assert isinstance(told, VaultproofError)
        return
    assert [answer.record.digest for answer in fork.answers] == [digest(3), digest(99)]
    assert (fork.namespace, fork.epoch) == (FIRST.namespace, 3)


def test_malformed_is_refused_whole() -> None:
    for data in (b"", b"{}", b"[]", b"null"):
        with pytest.raises(Malformed):
            run_to_completion(check_fork(data, BACKEND))
