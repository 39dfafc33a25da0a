"""Words for everything that a report can say: none missing, none too strong, and nothing unknown looks like a match."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path

import pytest

import vaultproof
from generator.rehearsal import FAULTS, RehearsalOptions, rehearse
from tests.cases import harness
from tests.cases.library import procedures, run
from vaultproof.presentation import digest_words, english, view
from vaultproof.presentation.words import Words
from vaultproof.report import Fact, Origin, Outcome, Report, Scope, Status, StepResult, Substep, Value
from vaultproof.verdict import ALWAYS_UNESTABLISHED

CORE = Path(vaultproof.__file__).parent
FORBIDDEN = re.compile(
    r"\b(secure[ds]?|securely|guarantee\w*|trusted|proves?|proven|impossible)\b|\bno one can\b", re.I
)
FAMILIES = ("Malformed", "Mismatch", "Untrusted", "Unsupported", "Unavailable", "bad", "reject")
"""Makers of errors whose first argument is a code; the last two are the DER and the JSON readers'."""

SCANNED = (
    *(CORE / "steps").glob("*.py"),
    *(CORE / "attestation").glob("*.py"),
    *(CORE / "evidence").glob("*.py"),
    *(CORE / "asn1").glob("*.py"),
    *(CORE / "crypto").glob("*.py"),
    *(CORE / "strict" / name for name in ("json.py", "encodings.py", "records.py")),
    CORE / "epoch_check.py",
    CORE / "app_package.py",
)
BEFORE_ANY_REPORT = {"too-many-files", "deployment-too-large", "attestation-too-large"}
"""Refusals of ``check_caps``, for which there is no report; the error's own message is shown."""


def catalogue() -> Iterator[tuple[str, str]]:
    """Every text of the English catalogue, with the name of its table."""
    for name, table in vars(english).items():
        if name.startswith("_"):
            continue
        if isinstance(table, str) and name.isupper():
            yield name, table
        elif isinstance(table, dict):
            yield from ((f"{name}[{key}]", text) for key, text in table.items() if isinstance(text, str))


def has_words(code: str) -> bool:
    return code in english.CODES or any(code.startswith(prefix) for prefix in english.CODE_FAMILIES)


def test_every_oddity_of_a_certificate_has_a_label() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (CORE / "asn1").glob("*.py"))
    codes = set(re.findall(r'\bnote\("([a-z0-9-]+)"', source)) | {"x509-v2"}
    assert len(codes) > 10
    assert codes <= set(english.LABELS)


# --- codes in the source --------------------------------------------------------------------------------------------


def codes_in(path: Path) -> Iterator[tuple[str, ast.expr]]:
    """What is given as a code in one module: the file and line, and the expression."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        given: list[ast.expr] = []
        if isinstance(node, ast.Call):
            given += [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            position = {**dict.fromkeys(FAMILIES, 0), "match": 1, "mismatch": 1, "compare": 1, "add": 2}.get(name)
            if position is not None and len(node.args) > position:
                given.append(node.args[position])
        if isinstance(node, ast.Yield) and isinstance(node.value, ast.Tuple):
            given.append(node.value.elts[0])
        if isinstance(node, ast.Tuple) and len(node.elts) == 2 and ast.unparse(node.elts[1]).startswith("Outcome."):
            given.append(node.elts[0])
        yield from ((f"{path.name}:{node.lineno}", item) for item in given if isinstance(node, ast.expr))


def literals(expression: ast.expr) -> Iterator[str]:
    """The codes that an expression can be; a formatted text gives a pattern in ``<>``."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        yield expression.value
    elif isinstance(expression, ast.IfExp):
        yield from literals(expression.body)
        yield from literals(expression.orelse)
    elif isinstance(expression, ast.JoinedStr):
        parts = [re.escape(str(p.value)) if isinstance(p, ast.Constant) else ".+" for p in expression.values]
        yield "<" + "".join(parts) + ">"


@cache
def source_codes() -> dict[str, str]:
    """Code (or pattern) to the place where it stands."""
    found: dict[str, str] = {}
    for path in SCANNED:
        for place, expression in codes_in(path):
            for code in literals(expression):
                if code.startswith("<") or re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code):
                    found.setdefault(code, place)
    return found


def test_the_scan_sees_codes_of_every_kind() -> None:
    """Otherwise the next test would say nothing."""
    found = source_codes()
    assert {"file-differs", "bad-hex", "json-float", "unrecognised-root", "wrong-role", "package-over-limits"} <= set(
        found
    )
    assert len(found) > 100


def test_every_code_in_the_source_has_words() -> None:
    missing = {
        code: place
        for code, place in source_codes().items()
        if not code.startswith("<") and code not in BEFORE_ANY_REPORT and not has_words(code)
    }
    assert missing == {}


def test_every_made_up_code_in_the_source_has_words_for_some_code() -> None:
    missing = {
        pattern: place
        for pattern, place in source_codes().items()
        if pattern.startswith("<") and not any(re.fullmatch(pattern[1:-1], code) for code in english.CODES)
    }
    assert missing == {}


def compared_codes() -> set[str]:
    found: set[str] = set()
    for path in (CORE / "steps").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "compare":
                found |= {code for code in literals(node.args[1]) if not code.startswith("<")}
    return found


def test_every_comparison_has_words_for_both_endings() -> None:
    assert "manifest-same" in compared_codes()
    assert {code for code in compared_codes() if code not in english.CODES} == set()
    assert {code for code in compared_codes() if f"{code}-differs" not in english.CODES} == set()


# --- codes and labels in reports ------------------------------------------------------------------------------------


@cache
def reports() -> dict[str, Report]:
    """The reports of all cases, and of rehearsals with every fault there is."""
    found: dict[str, Report] = {}
    for name in harness.names():
        case = harness.load(name)
        if case.expected.refused is None:
            found[name] = run(case)
    trust = harness.tree(harness.EVIDENCE / "trust")
    for name, fault in FAULTS.items():
        product_ = "whatsapp" if fault.distribution == "hardcoded" else "messenger"
        files = rehearse(
            RehearsalOptions(seed="words", id="rehearsal-words", product=product_, members=3, sites=1, fault=name)
        )
        case = harness.Case(
            name=name, files=files, trust=trust, clock="2026-11-22T12:00:00Z", evidence_digest=None,
            expected=harness.load("smallest").expected,
        )  # fmt: skip
        found[f"fault {name}"] = run(case)
    return found


def test_every_code_and_label_of_every_report_has_words() -> None:
    codes: dict[str, str] = {}
    labels: dict[str, str] = {}
    for name, report in reports().items():
        for step in report.steps:
            codes.setdefault(step.code, name)
            for substep in step.substeps:
                codes.setdefault(substep.code, name)
                for fact in substep.facts:
                    labels.setdefault(fact.label, name)
    assert {code: name for code, name in codes.items() if not has_words(code)} == {}
    assert {label: name for label, name in labels.items() if label not in {*english.LABELS, *english.CODES}} == {}


def words_for(report: Report) -> Words:
    procedure = procedures()[report.procedure_version]
    return Words(procedure, procedure.plan(report.distribution or "over-the-air"))


def texts_of(report: Report) -> list[str]:
    """Every text that a page shows of a report, but for values from the evidence."""
    words = words_for(report)
    procedure = procedures()[report.procedure_version]
    verdict = view.verdict_view(report, words)
    found = [verdict.label, verdict.sentence, verdict.advice or "", verdict.counts, verdict.parties_sentence]
    found += [*verdict.establishes, *verdict.does_not_establish]
    for step in report.steps:
        shown = view.step_view(procedure.steps[step.id], step, words)
        found += [shown.sentence, shown.status_label, shown.advice or ""]
        for substep in shown.substeps:
            found += [substep.sentence, substep.status_label]
            found += [text for fact in substep.facts for text in (fact.label, fact.origin_label)]
    return found


def test_no_sentence_of_any_report_promises_too_much_or_is_left_open() -> None:
    for name, report in reports().items():
        for text in texts_of(report):
            assert not FORBIDDEN.search(text), (name, text)
            assert "{" not in text, (name, text)
            assert "None" not in text, (name, text)


# --- words ----------------------------------------------------------------------------------------------------------


def test_no_word_of_the_catalogue_promises_too_much() -> None:
    texts = dict(catalogue())
    assert len(texts) > 200
    assert {name: text for name, text in texts.items() if FORBIDDEN.search(text)} == {}


def test_the_rule_sees_a_promise() -> None:
    for text in ("This is secure.", "guaranteed", "a trusted party", "It proves", "impossible", "No one can see it"):
        assert FORBIDDEN.search(text)
    assert not FORBIDDEN.search("Nobody else looked; the proof file is insecure-looking; trust configuration")


def test_every_member_of_every_closed_set_has_words() -> None:
    assert set(english.STATUS) == set(english.COUNTED) == set(english.STATUS_SENTENCES) == set(Status)
    assert set(english.ORIGINS) == set(Origin)
    assert set(english.OUTCOMES) == set(Outcome)
    assert set(english.VERDICTS) == set(product(Outcome, Scope))
    assert set(english.KINDS) == set(product(Scope, ("over-the-air", "hardcoded", None)))
    assert set(english.CLAIMS) >= set(ALWAYS_UNESTABLISHED)


def test_every_text_for_a_code_is_written_like_one() -> None:
    for code, text in {**english.CODES, **english.CODE_FAMILIES}.items():
        assert text[0].isupper() or not text[0].isalpha(), code
        assert "  " not in text, code


UNKNOWN = "a-code-that-nobody-knows"


@pytest.fixture(scope="module")
def words() -> Words:
    return words_for(reports()["over-the-air"])


@pytest.mark.parametrize("status", list(Status))
def test_an_unknown_code_is_shown_as_itself_and_as_its_status(words: Words, status: Status) -> None:
    substep = Substep(id="x", status=status, code=UNKNOWN)
    sentence = words.substep_sentence("files", substep)
    assert UNKNOWN in sentence
    assert sentence == english.STATUS_SENTENCES[status].format(code=UNKNOWN)
    assert words.status(status, UNKNOWN) == english.STATUS[status]
    if status is not Status.MATCH:
        match_words = {english.STATUS[Status.MATCH], english.STATUS_SENTENCES[Status.MATCH].format(code=UNKNOWN)}
        assert sentence not in match_words


def test_no_status_but_a_match_is_ever_labelled_one(words: Words) -> None:
    for status in set(Status) - {Status.MATCH}:
        for code in (*english.CODES, *english.STATUS_BY_CODE, UNKNOWN):
            assert words.status(status, code) != english.STATUS[Status.MATCH]


def test_no_family_of_codes_gives_words_to_a_match(words: Words) -> None:
    """The sentences of families speak of what is wrong: a new code of a match must not borrow them."""
    for prefix, text in english.CODE_FAMILIES.items():
        substep = Substep(id="x", status=Status.MATCH, code=f"{prefix}that-is-new")
        assert text not in words.substep_sentence("attestation", substep)


def test_what_could_not_be_checked_says_that_nothing_was_found_wrong(words: Words) -> None:
    for code in (*english.CODES, UNKNOWN):
        sentence = words.substep_sentence("x", Substep(id="x", status=Status.COULD_NOT_CHECK, code=code))
        assert english.NOTHING_WRONG in sentence or "othing was found wrong" in sentence, code


@pytest.mark.parametrize(
    ("step", "subject", "begins"),
    [("history", "2", "Epoch 2: "), ("audit-log", "10", "Epoch 10: "), ("ceremony", "3", "Entry 3: "),
     ("history", "audit/2.json", "audit/2.json: "), ("files", "2", "2: ")],
)  # fmt: skip
def test_a_bare_number_is_told_with_what_it_counts(words: Words, step: str, subject: str, begins: str) -> None:
    substep = Substep(id="x", status=Status.MISMATCH, code="unannounced-epoch", subject=subject)
    assert words.substep_sentence(step, substep).startswith(begins)


def test_every_step_with_a_bare_number_is_known() -> None:
    """Whatever step names a number as its subject in one of the sample reports has a word for it."""
    for report in reports().values():
        for result in report.steps:
            for substep in result.substeps:
                if substep.subject is not None and substep.subject.isdecimal():
                    assert result.id in english.NUMBERED, (result.id, substep)


def test_what_was_expected_and_found_are_of_one_kind() -> None:
    """A key that nobody attests is not "expected: session, found: its fingerprint"."""
    report = reports()["fault key-not-attested"]
    facts = [
        (fact.expected, fact.found)
        for result in report.steps
        for substep in result.substeps
        if substep.code == "key-not-attested"
        for fact in substep.facts
    ]
    assert facts == [("a member", "none")]


def test_a_key_that_is_not_pinned_is_not_called_invalid(words: Words) -> None:
    sentence = words.substep_sentence("signer", Substep(id="x", status=Status.MISMATCH, code="unrecognised-key"))
    assert "key you do not trust" in sentence
    assert "invalid" not in sentence


def test_a_verdict_about_rehearsal_data_says_so_everywhere() -> None:
    seen = set()
    for name, report in reports().items():
        shown = view.verdict_view(report, words_for(report))
        rehearsal = report.verdict.scope is Scope.REHEARSAL
        seen.add((report.verdict.outcome, rehearsal))
        for text in (shown.label, shown.sentence):
            assert (english.REHEARSAL in text) == rehearsal, (name, text)
        assert (english.REHEARSAL in (shown.advice or "")) == rehearsal, name
    assert seen >= {(outcome, True) for outcome in Outcome}


def test_a_verdict_sentence_names_the_first_trouble_and_counts() -> None:
    for name, report in reports().items():
        sentence = view.verdict_view(report, words_for(report)).sentence
        trouble = report.verdict.first_trouble
        required = sum(step.required for step in report.steps)
        assert str(required) in sentence, name
        if trouble is not None:
            assert words_for(report).step_name(trouble) in sentence, name


def test_a_rehearsal_has_nobody_to_tell(words: Words) -> None:
    (procedure,) = procedures().values()
    rehearsed = Words(procedure, procedure.plan("over-the-air"), rehearsal=True)
    for code in ("file-differs", "no-such-code"):
        advice, instead = words.step_advice(Status.MISMATCH, code), rehearsed.step_advice(Status.MISMATCH, code)
        assert advice is not None
        assert instead is not None
        assert instead.startswith("This is a REHEARSAL: there is nobody to tell. With a real fleet: ")
        assert instead.endswith(advice[1:])
    assert rehearsed.step_advice(Status.COULD_NOT_CHECK, "c") == words.step_advice(Status.COULD_NOT_CHECK, "c")
    assert rehearsed.step_advice(Status.MATCH, "c") is None


def test_what_is_said_in_short_rests_on_steps_that_all_matched(words: Words) -> None:
    (procedure,) = procedures().values()
    for steps, sentence in english.IN_SHORT:
        assert set(steps) <= set(procedure.steps)
        ids = [f"step:{step}" for step in steps]
        assert sentence in words.in_short(ids)
        assert all(sentence not in words.in_short([id for id in ids if id != missing]) for missing in ids)
    assert words.in_short([]) == ()


def test_both_lists_stand_beside_every_verdict() -> None:
    for name, report in reports().items():
        shown = view.verdict_view(report, words_for(report))
        assert len(shown.establishes) == len(report.verdict.establishes)
        assert len(shown.does_not_establish) >= 4
        limits = {english.CLAIMS[id] for id in ALWAYS_UNESTABLISHED}
        assert limits <= set(shown.does_not_establish), name
        assert all(text.endswith(".") for text in (*shown.establishes, *shown.does_not_establish))


def test_a_step_that_did_not_run_does_not_keep_an_old_result() -> None:
    for report in reports().values():
        words, procedure = words_for(report), procedures()[report.procedure_version]
        for step in report.steps:
            shown = view.step_view(procedure.steps[step.id], step, words)
            if step.because is not None:
                assert words.step_name(step.because) in shown.sentence
            assert (shown.sentence == shown.establishes) == (step.status is Status.MATCH)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "nothing"), (True, "yes"), (False, "no"), (0, "0"), ("", ""), ("measured", None), ("x", "x")],
)
def test_values_are_shown_as_text(words: Words, value: Value, text: str | None) -> None:
    assert words.value(value) == (english.VALUES[str(value)] if text is None else text)


@pytest.mark.parametrize(
    ("fact", "differs"),
    [
        (Fact(label="x", found="a", expected="a", origin=Origin.COMPUTED), False),
        (Fact(label="x", found="a", expected="b", origin=Origin.COMPUTED), True),
        (Fact(label="x", found=None, expected="b", origin=Origin.COMPUTED), True),
        (Fact(label="x", found="a", expected=None, origin=Origin.COMPUTED), False),
        (Fact(label="x", found="a", expected="b", origin=Origin.COMPUTED, compared=False), False),
    ],
)
def test_a_fact_differs_when_it_was_compared_and_is_not_equal(words: Words, fact: Fact, differs: bool) -> None:
    step = StepResult(
        id="files", number=1, required=True, status=Status.MATCH, code="match",
        substeps=(Substep(id="x", status=Status.MATCH, code="match", facts=(fact,)),),
    )  # fmt: skip
    shown = view.step_view(procedures()["2026-11"].steps["files"], step, words)
    assert shown.substeps[0].facts[0].differs is differs
    assert view.as_json(shown)["substeps"][0]["facts"][0]["differs"] is differs


def test_a_plan_shows_every_step_as_not_run(words: Words) -> None:
    procedure = procedures()["2026-11"]
    for number, id in enumerate(procedure.plan("over-the-air").order, start=1):
        shown = view.plan_view(procedure.steps[id], number, words, required=True)
        assert (shown.status, shown.status_label) == ("not_evaluated", english.STATUS_BY_CODE["not-run"])
        assert shown.substeps == ()


def test_a_digest_has_one_word_a_byte_and_every_word_stands_once() -> None:
    every = bytes(range(256))
    pairs = digest_words.digest_words("".join(f"{byte:02x}{byte:02x}" for byte in every))
    assert len(pairs) == 512
    assert len({word.lower() for word in pairs}) == 512
    assert pairs[0::2] == tuple(sorted(pairs[0::2], key=str.lower))
    assert digest_words.digest_words("00ff01") == (pairs[0], pairs[511], pairs[2])
