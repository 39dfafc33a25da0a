"""Words for everything that can be found about a log: none missing, none too strong."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

import vaultproof
from tests.unit.presentation.test_words import FORBIDDEN, codes_in, has_words, literals
from vaultproof.presentation import english, log_english
from vaultproof.presentation.log_words import conclusion_sentence, fact_label, finding_words
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.findings import STANDINGS, Conclusion, LogFinding, Standing

CORE = Path(vaultproof.__file__).parent
MIRROR = ("auditing.py", "beside.py", "across.py")
SCANNED = (*(CORE / "signer_log").glob("*.py"), *(CORE / "mirror" / name for name in MIRROR))
OF_PROGRAMS = {
    "bad-namespace", "bad-epoch", "unknown-answer-field", "namespace-status", "suite-conflict", "fork-differs",
    "no-fork", "same-deployment-twice",
}  # fmt: skip
"""Codes of errors that are told with their own message, as the reason of a finding or by the command itself."""


def texts() -> dict[str, str]:
    found: dict[str, str] = {}
    for name, table in vars(log_english).items():
        if isinstance(table, str) and name.isupper():
            found[name] = table
        elif isinstance(table, dict) and name.isupper():
            found |= {f"{name}[{key}]": text for key, text in table.items()}
        elif isinstance(table, tuple) and name.isupper():
            found |= {f"{name}[{number}]": text for number, text in enumerate(table)}
    return found


def test_every_finding_has_a_sentence_and_no_sentence_is_left_over() -> None:
    assert set(log_english.CODES) == set(STANDINGS)
    assert {*log_english.ADVICE_BY_CODE, *log_english.SUBJECTS, *log_english.ASKED} <= set(STANDINGS)
    assert {STANDINGS[code] for code in log_english.ASKED} == {Standing.COULD_NOT_CHECK}
    assert set(log_english.STANDINGS) == set(Standing)
    assert set(log_english.CONCLUSIONS) == set(log_english.TITLES) == set(Conclusion)


def test_no_word_promises_too_much() -> None:
    assert len(texts()) > 100
    assert {name: text for name, text in texts().items() if FORBIDDEN.search(text)} == {}


@pytest.mark.parametrize("code", sorted(STANDINGS))
def test_each_finding_reads_well(code: str) -> None:
    words = finding_words(LogFinding(code=code, namespace="a.b", epoch=7, subject="aa"))
    assert words.title.startswith("Epoch 7: ")
    assert words.sentence.endswith(".")
    assert "  " not in words.sentence
    assert "{" not in words.title + (words.advice or "")
    standing = STANDINGS[code]
    open_ = log_english.NOTHING_WRONG in words.sentence or log_english.OPEN_QUESTION in words.sentence
    assert open_ == (standing is Standing.COULD_NOT_CHECK)
    assert (words.advice is None) <= (standing is Standing.NOTE)


def test_no_standing_borrows_the_label_of_another() -> None:
    assert len(set(log_english.STANDINGS.values())) == len(Standing)
    assert log_english.STANDINGS[Standing.NOTE] not in english.STATUS.values()


def test_a_key_that_is_not_pinned_is_not_called_invalid() -> None:
    words = finding_words(LogFinding(code="record-key-not-pinned", namespace="a.b", epoch=7))
    assert "key you do not trust" in words.sentence
    assert "invalid" not in words.sentence


def test_facts_are_told_with_what_was_expected() -> None:
    facts = (
        Fact(label="digest", found="00", expected="11", origin=Origin.INDEPENDENT_SIGNER),
        Fact(label="epoch", found=None, expected=7, origin=Origin.COMPUTED),
        Fact(label="since-epoch", found=None, origin=Origin.COMPUTED, compared=False),
        Fact(label="role", found=True, expected=True, origin=Origin.COMPUTED),
    )
    words = finding_words(LogFinding(code="fork", namespace="a.b", facts=facts))
    assert words.about == "The log"
    assert words.facts == (
        ("Digest", "00; the first answer says 11"), ("Epoch", "nothing; the first answer says 7"), ("Role", "yes"),
    )  # fmt: skip
    words = finding_words(LogFinding(code="record-misplaced", namespace="a.b", facts=facts))
    assert words.facts[0] == ("Digest", "00; expected 11")


def test_how_much_was_looked_at_is_told_where_all_of_it_holds() -> None:
    told = {count: conclusion_sentence(Conclusion.HOLDS, first=3, last=1_202, count=count) for count in (0, 1, 1_200)}
    assert told[0] == log_english.CONCLUSIONS[Conclusion.HOLDS]
    assert told[1] == "Everything that was looked at holds: epoch 3 and its signature."
    assert told[1_200] == "Everything that was looked at holds: 1,200 epochs, 3 to 1202, and the signature of each."
    for conclusion in (Conclusion.CONTRADICTED, Conclusion.COULD_NOT_CHECK):
        assert conclusion_sentence(conclusion, first=1, last=2, count=2) == log_english.CONCLUSIONS[conclusion]


def labels_in(path: Path) -> set[str]:
    """The labels of facts that a module makes."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if name in ("shown", "compared", "_signed", "_unsigned", "_stated") and node.args:
                found |= set(literals(node.args[0]))
    return found


def test_every_label_has_words() -> None:
    labels = {label for path in SCANNED for label in labels_in(path)}
    assert {"reason", "since-epoch", "denied-at", "due"} <= labels
    missing = {label for label in labels if label not in {*log_english.LABELS, *english.LABELS}}
    assert missing == set()
    assert all(fact_label(label)[0].isupper() for label in labels)


def test_every_code_in_the_source_is_a_finding_or_has_words() -> None:
    codes: dict[str, str] = {}
    for path in SCANNED:
        for place, expression in codes_in(path):
            codes |= {code: place for code in literals(expression) if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)}
    assert {"answer-cut-short", "no-fork", "bad-namespace"} <= set(codes)
    assert {
        code: place for code, place in codes.items()
        if code not in STANDINGS and code not in OF_PROGRAMS and not has_words(code)
    } == {}  # fmt: skip


def test_the_published_schema_knows_every_finding() -> None:
    schema = json.loads((CORE / "schema" / "log-finding.schema.json").read_bytes())["properties"]
    assert schema["code"]["enum"] == sorted(STANDINGS)
    assert schema["status"]["enum"] == [standing.value for standing in Standing]
    facts = schema["facts"]["items"]["properties"]
    assert facts["origin"]["enum"] == [origin.value for origin in Origin]
