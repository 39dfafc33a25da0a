"""Errors say where, what was expected and what was found, in one line."""

from __future__ import annotations

import pytest

from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, Untrusted, VaultproofError
from vaultproof.report import Status
from vaultproof.steps.base import error_facts, status_of


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ({}, "the message [the-code]"),
        ({"file": "a.json"}, "a.json: the message [the-code]"),
        ({"file": "a.json", "pointer": "/b/0"}, "a.json at /b/0: the message [the-code]"),
        ({"file": "a.json", "pointer": ""}, "a.json: the message [the-code]"),
        ({"pointer": "/b"}, "at /b: the message [the-code]"),
        ({"expected": "x"}, "the message; expected x [the-code]"),
        ({"found": "y"}, "the message; found y [the-code]"),
        ({"expected": "x", "found": "y", "hint": "z"}, "the message; expected x; found y [the-code]"),
    ],
)
def test_an_error_in_one_line(place: dict[str, str], text: str) -> None:
    assert str(Malformed("the-code", "the message", **place)) == text


def test_a_file_is_named_once() -> None:
    error = Mismatch("c", "m")
    assert error.in_file("a").in_file("b").file == "a"
    assert error.in_file("a") is error


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Malformed("c", "m"), Status.MISMATCH),
        (Mismatch("c", "m"), Status.MISMATCH),
        (Untrusted("c", "m"), Status.MISMATCH),
        (Unsupported("c", "m"), Status.COULD_NOT_CHECK),
        (Unavailable("c", "m"), Status.COULD_NOT_CHECK),
        (Unavailable("not-published", "m"), Status.NOT_PUBLISHED),
        (Unsupported("not-published", "m"), Status.COULD_NOT_CHECK),
    ],
)
def test_whose_fault_it_is_decides_the_status(error: VaultproofError, status: Status) -> None:
    assert status_of(error) is status


def test_an_error_of_no_family_has_no_status() -> None:
    with pytest.raises(TypeError):
        status_of(VaultproofError("c", "m"))


def test_facts_of_an_error_are_place_expected_and_found() -> None:
    facts = error_facts(Malformed("c", "m", file="a.json", pointer="/b", expected="x", found="y"))
    assert [(fact.label, fact.found, fact.expected) for fact in facts] == [
        ("place", "a.json /b", None),
        ("content", "y", "x"),
    ]
    assert error_facts(Malformed("c", "m")) == ()
