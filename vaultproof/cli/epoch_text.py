"""Answers about records of a signer's log, as text and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vaultproof.cli.epoch_answers import Answer, GivenKey, PinnedKeys
from vaultproof.cli.voice import Tone, painted, printable, say
from vaultproof.report import Scope, Status
from vaultproof.strict.encodings import format_milliseconds

SCHEMA = "vaultproof/epoch-check@1"


def print_answers(answers: Sequence[Answer], keys: PinnedKeys | GivenKey) -> None:
    """Print each answer, then what all of them do and do not establish."""
    for answer in answers:
        _print_answer(answer)
    if len(answers) > 1:
        verified = sum(answer.status is Status.MATCH for answer in answers)
        say(f"{verified} of {len(answers)} records verified")
        say()
    if isinstance(keys, GivenKey):
        say(f"Checked against the key you gave, {keys.public_key.hex()}: it says nothing about pinned keys.")
    say("It does not establish that these records are in the public log, or what the digests stand for.")


def as_json(answers: Sequence[Answer], keys: PinnedKeys | GivenKey) -> dict[str, Any]:
    """The answers as JSON values."""
    return {
        "schema": SCHEMA,
        "against": "given-key" if isinstance(keys, GivenKey) else "pinned-keys",
        "records": [_answer_json(answer) for answer in answers],
    }


def _print_answer(answer: Answer) -> None:
    record = answer.record
    if record is None:
        name = f"record {answer.place}" if answer.place else "record"
    else:
        name = f"{record.namespace} epoch {record.epoch}"
    mark = painted("REHEARSAL  ", Tone.REHEARSAL, bold=True) if answer.scope is Scope.REHEARSAL else ""
    say(f"{mark}{printable(name)}: {painted(_state(answer), _tone(answer), bold=True)}")
    if answer.error is not None:
        say(f"  {printable(str(answer.error))}")
        if answer.error.hint:
            say(f"  {answer.error.hint}")
    if answer.own_key is not None:
        say(f"  {answer.own_key.value} under its own key, which is not pinned")
    if record is not None:
        say(f"  digest     {record.digest.hex()}")
        say(f"  signed at  {format_milliseconds(record.timestamp)} by the signer's clock")
    if answer.key is not None:
        say(f"  key        {answer.key.hex()} ({_whose(answer)})")
    if answer.scope is not None and answer.status is Status.MATCH:
        pinned = "pinned too, and fits" if answer.namespace_pinned else "not pinned: nothing here says whose it is"
        say(f"  namespace  {pinned}")
    say()


def _state(answer: Answer) -> str:
    if answer.status is Status.MATCH:
        under = "the key you gave" if answer.scope is None else "a pinned key"
        return f"the signature holds under {under}"
    if answer.status is Status.MISMATCH:
        return "NOT verified"
    return "could not be checked; nothing was found wrong"


def _whose(answer: Answer) -> str:
    if answer.scope is None:
        return "given, not pinned"
    return f"{answer.signer}, pinned" + (" for rehearsals only" if answer.scope is Scope.REHEARSAL else "")


def _tone(answer: Answer) -> Tone:
    return {Status.MATCH: Tone.GOOD, Status.MISMATCH: Tone.BAD}.get(answer.status, Tone.UNSURE)


def _answer_json(answer: Answer) -> dict[str, Any]:
    record, error = answer.record, answer.error
    return {
        "place": answer.place,
        "status": answer.status.value,
        "code": "match" if error is None else error.code,
        "expected": None if error is None else error.expected,
        "found": None if error is None else error.found,
        "namespace": None if record is None else record.namespace,
        "epoch": None if record is None else record.epoch,
        "timestamp": None if record is None else record.timestamp,
        "digest": None if record is None else record.digest.hex(),
        "ciphersuite": None if record is None else record.ciphersuite,
        "key_id": None if record is None else record.key_id,
        "key": None if answer.key is None else answer.key.hex(),
        "signer": answer.signer,
        "scope": None if answer.scope is None else answer.scope.value,
        "namespace_pinned": answer.namespace_pinned,
        "own_key": None if answer.own_key is None else answer.own_key.value,
    }
