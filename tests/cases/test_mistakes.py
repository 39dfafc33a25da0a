"""The list of known mistakes is complete, and everything that it names exists and is run."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.cases import harness

ROOT = harness.CASES.parents[1]
NUMBERS = [f"M{number}" for number in range(1, 21)]
ENTRY = re.compile(r"- (case|test) `([^`]+)`")


@cache
def mapping() -> dict[str, list[tuple[str, str]]]:
    """The mistakes in the list's order, each with the kind and name of everything that holds it."""
    found: dict[str, list[tuple[str, str]]] = {}
    _, *sections = (harness.CASES / "MISTAKES.md").read_text("utf-8").split("\n## ")
    for section in sections:
        heading, *lines = section.splitlines()
        number, what = heading.split(": ", 1)
        assert number not in found
        assert len(what.split()) >= 3
        entries = [ENTRY.fullmatch(line) for line in lines if line]
        assert all(entries), section
        found[number] = [(entry[1], entry[2]) for entry in entries if entry]
    return found


@cache
def functions(path: Path) -> frozenset[str]:
    return frozenset(node.name for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef))


def test_every_mistake_is_listed_once_in_order() -> None:
    assert list(mapping()) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_a_mistake_is_held_by_what_exists(number: str) -> None:
    entries = mapping()[number]
    assert len(set(entries)) == len(entries) > 0
    for kind, name in entries:
        if kind == "case":
            assert name in harness.names()
        else:
            file, function = name.split("::")
            assert function in functions(ROOT / file), name


@pytest.mark.parametrize("number", NUMBERS)
def test_a_mistake_has_a_case_that_must_not_verify(number: str) -> None:
    """A case that verifies may stand beside it, for those who would refuse too much."""
    failing = [name for kind, name in mapping()[number] if kind == "case" and name.endswith(harness.FAIL)]
    assert failing


@pytest.mark.parametrize("name", [name for name in harness.names() if name.startswith("mistake-")])
def test_a_case_of_a_mistake_is_listed_under_it_and_says_so(name: str) -> None:
    number = f"M{int(name.split('-')[1])}"
    assert ("case", name) in mapping()[number]
    assert (harness.CASES / name / "README.md").read_text("utf-8").startswith(f"{number}: ")
