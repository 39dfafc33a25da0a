"""Every case folder, by the library on this computer."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cases import harness
from tests.cases.library import run
from vaultproof.errors import VaultproofError


@pytest.mark.parametrize("name", harness.names())
def test_a_case_comes_out_as_it_must(name: str) -> None:
    case = harness.load(name)
    try:
        report = run(case)
    except VaultproofError as error:
        harness.check_refusal(error.code, case.expected)
    else:
        harness.check_report(report, case.expected)


@pytest.mark.parametrize("name", harness.names())
def test_a_case_says_why(name: str) -> None:
    assert len((harness.CASES / name / "README.md").read_text("utf-8").split()) >= 8


def test_every_kind_of_verdict_has_a_case() -> None:
    expected = [harness.load(name).expected for name in harness.names()]
    assert {(item.outcome, item.scope) for item in expected if item.refused is None} >= {
        ("verified", "rehearsal"),
        ("contradicted", "rehearsal"),
        ("incomplete", "rehearsal"),
        ("contradicted", "production"),
        ("incomplete", "production"),
    }
    assert ("verified", "production") not in {(item.outcome, item.scope) for item in expected}  # nothing real is here


@pytest.mark.parametrize(
    "change",
    [
        {"op": "remove", "path": "nothing.json"},
        {"op": "text", "path": "a.json", "old": "absent", "new": "x"},
        {"op": "text", "path": "a.json", "old": "1", "new": "1"},
        {"op": "set", "path": "a.json", "pointer": "/b/c", "value": 1},
        {"op": "unset", "path": "a.json", "pointer": "/z"},
        {"op": "flip", "path": "a.json", "offset": 999, "bit": 0},
        {"op": "twist", "path": "a.json"},
        {"op": "remove", "path": "a.json", "bit": 1},
        {"path": "a.json"},
    ],
)
def test_a_change_that_changes_nothing_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"changes nothing|cannot be made|no such change"):
        harness.changed({"a.json": b'{"a": 1}\n'}, [change])


def test_changes_do_what_they_say() -> None:
    files = {"a.json": b'{"a": [1], "b/": {"c": true}}', "d/e": b"\x00", "d/f": b"x"}
    changes: list[dict[str, Any]] = [
        {"op": "set", "path": "a.json", "pointer": "/a/-", "value": 2},
        {"op": "unset", "path": "a.json", "pointer": "/b~1/c"},
        {"op": "flip", "path": "d/e", "offset": 0, "bit": 7},
        {"op": "move", "path": "d/e", "to": "g"},
        {"op": "remove", "path": "d/"},
        {"op": "write", "path": "h", "text": "ü"},
        {"op": "text", "path": "h*", "old": "ü", "new": "ö"},
    ]
    result = harness.changed(files, changes)
    assert json.loads(result.pop("a.json")) == {"a": [1, 2], "b/": {}}
    assert result == {"g": b"\x80", "h": "ö".encode()}
    assert sorted(files) == ["a.json", "d/e", "d/f"]
