"""The key history: from the log's real first epoch, with every hole told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import pytest

from tests.unit.signer_log.log_maker import BACKEND, Made, expected, made
from vaultproof.crypto.keys import x25519_spki
from vaultproof.crypto.port import run_to_completion
from vaultproof.signer_log.findings import LogFinding, Standing
from vaultproof.signer_log.key_history import KeyChange, KeyHistory, RoleChange
from vaultproof.strict.encodings import format_base64

Keys = Mapping[str, str]


def artifact(keys: Keys) -> bytes:
    listed = [{"key": format_base64(name.encode() * 16), "role": role} for name, role in keys.items()]
    return json.dumps({"keys": listed}).encode()


def fingerprint(name: str) -> str:
    return hashlib.sha256(name.encode() * 16).hexdigest()


def logged(epoch: int, data: bytes) -> Made:
    return made(epoch).but(digest=hashlib.sha256(data).digest())


def read(
    epochs: Mapping[int, Keys | bytes | None], *, start: int = 1, last: int | None = None, records: Sequence[Made] = ()
) -> tuple[list[KeyChange], list[LogFinding]]:
    """The history of a log whose epochs list these keys; None has no file, bytes are the file as it is."""
    changes: list[KeyChange] = []
    history = KeyHistory(expected(root=False), BACKEND, start=start, changes=changes)
    spoiled = {record.epoch: record for record in records}
    for epoch, keys in epochs.items():
        data = keys if isinstance(keys, bytes) else artifact(keys or {})
        record = spoiled.get(epoch, logged(epoch, data))
        run_to_completion(history.see(epoch, record.body(), [] if keys is None else [b"another source's", data]))
    findings = history.end(last or max(epochs, default=start))
    return changes, list(findings.items)


def told(findings: list[LogFinding]) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.epoch) for finding in findings]


def test_added_removed_and_changed_keys_are_told_from_the_first_epoch() -> None:
    changes, findings = read(
        {1: {"a": "session", "b": "session"}, 2: {"a": "session", "b": "backup", "c": "session"}, 3: {"b": "backup"}}
    )
    first, second, third = changes
    assert (first.since, first.from_start, first.total) == (None, True, 2)
    assert first.added == {fingerprint("a"): "session", fingerprint("b"): "session"}
    assert second.added == {fingerprint("c"): "session"}
    assert second.changed == (RoleChange(fingerprint=fingerprint("b"), before="session", after="backup"),)
    assert (third.since, third.removed) == (2, {fingerprint("a"): "session", fingerprint("c"): "session"})
    assert told(findings) == [("keys-changed", 2), ("role-changed-in-log", 2), ("keys-changed", 3)]
    (role,) = [item for item in findings if item.code == "role-changed-in-log"]
    assert (role.subject, role.standing) == (fingerprint("b"), Standing.CONTRADICTION)
    assert [(fact.found, fact.expected) for fact in role.facts if fact.label == "role"] == [("backup", "session")]


def test_the_same_keys_again_are_no_change() -> None:
    changes, findings = read({1: {"a": "x"}, 2: {"a": "x"}})
    assert findings == []
    assert (changes[1].added, changes[1].removed, changes[1].changed) == ({}, {}, ())


def test_an_added_key_is_named() -> None:
    _, findings = read({1: {"a": "x"}, 2: {"a": "x", "planted": "x"}})
    (finding,) = findings
    assert finding.standing is Standing.NOTE
    assert [fact.found for fact in finding.facts if fact.label == "key-added"] == [fingerprint("planted")]


def test_a_missing_file_is_a_hole_and_the_next_change_says_since_when() -> None:
    changes, findings = read({1: {"a": "x"}, 2: None, 3: {"a": "x", "b": "x"}})
    assert [(change.epoch, change.since) for change in changes] == [(1, None), (3, 1)]
    assert told(findings) == [("artifact-missing", 2), ("keys-changed", 3)]
    assert findings[0].standing is Standing.COULD_NOT_CHECK


def test_holes_are_told_as_runs_and_to_the_end() -> None:
    _, findings = read({3: {"a": "x"}, 7: {"a": "x"}}, last=9)
    assert told(findings) == [
        ("artifact-missing", 1),
        ("changes-unknown", 3),
        ("artifact-missing", 4),
        ("artifact-missing", 8),
    ]
    assert [fact.found for item in findings for fact in item.facts if fact.label == "epochs"] == ["1-2", "4-6", "8-9"]


def test_a_history_that_begins_late_adds_nothing_from_nowhere() -> None:
    """A batch's first epoch is not the log's: its keys may have been there all along."""
    changes, findings = read({2: {"a": "x", "b": "x"}})
    assert told(findings) == [("artifact-missing", 1), ("changes-unknown", 2)]
    assert (changes[0].added, changes[0].from_start, changes[0].total) == ({}, False, 2)


def test_no_files_at_all_is_one_finding() -> None:
    assert told(read({}, last=500)[1]) == [("artifact-missing", 1)]


@pytest.mark.parametrize(
    ("data", "record", "code"),
    [
        (artifact({"a": "x"}), made(1), "artifact-not-logged"),
        (b"not a key file", None, "artifact-unreadable"),
        (b'{"keys": []}', None, "artifact-unreadable"),
        (artifact({"a": "x"}), logged(1, artifact({"a": "x"})).but(spoiled=True), "changes-unknown"),
        (artifact({"a": "x"}), logged(2, artifact({"a": "x"})), "changes-unknown"),
    ],
)
def test_what_is_not_the_logged_file_tells_no_keys(data: bytes, record: Made | None, code: str) -> None:
    changes: list[KeyChange] = []
    history = KeyHistory(expected(root=False), BACKEND, start=1, changes=changes)
    run_to_completion(history.see(1, (record or logged(1, data)).body(), [data]))
    findings = history.end(1)
    assert told(list(findings.items)) == [(code, 1)]
    assert findings.items[0].standing is Standing.COULD_NOT_CHECK
    assert changes == []


def test_epochs_that_do_not_rise_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="after epoch"):
        read({2: {"a": "x"}, 1: {"a": "x"}})


# --- one key in two shapes --------------------------------------------------------------------------------------------


RAW = b"k" * 32
WHOLE = x25519_spki(RAW)


def listing(*keys: tuple[bytes, str]) -> bytes:
    return json.dumps({"keys": [{"key": format_base64(key), "role": role} for key, role in keys]}).encode()


def test_another_shape_hides_no_other_role() -> None:
    changes, findings = read({1: listing((RAW, "session")), 2: listing((WHOLE, "backup"))})
    assert told(findings) == [("role-changed-in-log", 2)]
    assert (changes[1].added, changes[1].removed) == ({}, {})


def test_another_shape_alone_changes_nothing() -> None:
    changes, findings = read({1: listing((RAW, "session")), 2: listing((WHOLE, "session"))})
    assert told(findings) == []
    assert changes[1].total == 1


@pytest.mark.parametrize("order", [1, -1])
def test_a_second_role_in_another_shape_is_not_lost(order: int) -> None:
    both = listing(*[(RAW, "session"), (WHOLE, "backup")][::order])
    changes, findings = read({1: listing((RAW, "session")), 2: both})
    assert told(findings) == [("role-changed-in-log", 2)]
    assert changes[1].changed[0].after == "backup, session"


def test_an_added_key_has_its_identity_in_either_shape() -> None:
    changes, _ = read({1: listing((b"o" * 32, "session")), 2: listing((b"o" * 32, "session"), (WHOLE, "session"))})
    assert changes[1].identities == {hashlib.sha256(WHOLE).hexdigest(): hashlib.sha256(RAW).hexdigest()}
