"""The answer about one attestation as text: what it is, what it claims, what holds, what does not, what is open."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vaultproof.attestation.claim_rows import ClaimRow, claim_rows
from vaultproof.attestation.claims import Grade, Source
from vaultproof.attestation.findings import AsOf, Finding, Outcome
from vaultproof.attestation.given import Given
from vaultproof.attestation.single import Answer, SingleCheck
from vaultproof.cli.voice import Tone, painted, printable, say
from vaultproof.presentation import english
from vaultproof.report import Scope
from vaultproof.strict.encodings import format_time

LONGEST_VALUE = 96
"""Longer values (keys in hex) are cut in the text; JSON has all of them."""

_ANSWERS = {
    Answer.HOLDS: ("HOLDS: everything that this attestation can be asked by itself holds", Tone.GOOD),
    Answer.CONTRADICTED: ("CONTRADICTED: something that this attestation was asked does not hold", Tone.BAD),
    Answer.COULD_NOT_CHECK: ("NOT COMPLETE: nothing was found wrong, and not everything could be checked", Tone.UNSURE),
}
_GRADES = {
    Grade.ATTESTED: "attested",
    Grade.BY_KEY: "attested by a key that the maker attested",
    Grade.IMPLIED: "implied by the maker's profile",
    Grade.ASSERTED: "only said",
}
_AS_OF = {AsOf.ALWAYS: "", AsOf.DEPLOYMENT: " as of the time asked for", AsOf.NOW: " as of now"}
_WORDS = {
    # The catalogue speaks of a whole deployment; here there is one attestation and one time that was asked for.
    "signature-holds": "The signature holds",
    "valid-at-deployment": "Valid",
    "valid-now": "Valid",
    "expired-at-deployment": "Expired",
    "expired-now": "Expired",
    "not-yet-valid-at-deployment": "Not yet valid",
    "not-yet-valid-now": "Not yet valid",
    "nonce-not-asked": "The nonce it carries; none was given to compare",
    "nonce-matches": "It carries the nonce that was given",
    "nonce-differs": "It carries another nonce than the one given",
}
_SECTIONS = (
    ("What holds:", (Outcome.PROVEN,)),
    ("What does not hold:", (Outcome.FAILED,)),
    ("What could not be checked:", (Outcome.COULD_NOT_CHECK, Outcome.NOT_EVALUATED, Outcome.ASSERTED_ONLY)),
)
_LIMITS = (
    "that the key belongs to a fleet, or to whom: 'verify' checks a deployment",
    "that the maker or its firmware has no fault",
    "what is signed but named 'implied' or 'only said' beyond what these words mean",
)
_NO_NONCE = "when it was made: no nonce was given to compare (--nonce)"


def print_check(check: SingleCheck) -> None:
    """Print the whole answer."""
    _print_what(check)
    if check.error is not None:
        _print_error(check)
    if check.attestation is not None and check.arrangement is not None:
        _print_claims(claim_rows(check.attestation.claims), check)
    findings = [(id, finding) for id, items in check.checks.items() for finding in items]
    decided = [(id, item) for id, item in findings if item.required and item.outcome is not Outcome.NOTED]
    for title, outcomes in _SECTIONS:
        _print_findings(title, [(id, item) for id, item in decided if item.outcome in outcomes], check)
    _print_findings("Beside:", [pair for pair in findings if pair not in decided], check)
    _print_answer(check)


def _print_what(check: SingleCheck) -> None:
    for number, given in enumerate(_all_files(check), 1):
        roles = () if check.arrangement is None else check.arrangement.read_as(given.name)
        read = f", read as {', '.join(roles)}" if roles else ""
        say(f"{f'File {number}':<10}  {printable(given.name)} ({len(given.data)} bytes{read})")
    marks = ", ".join(check.recognised) or "none that is known here"
    say(f"Marks of    {marks}")
    say(f"Technology  {check.technology or 'not known'}{_asked(check)}")
    if check.attestation is not None:
        say(f"Profile     {printable(check.attestation.profile)}")
    say(f"Judged      as of {format_time(check.question.at)}; the clock says {format_time(check.question.now)}")
    say(f"Roots       {_roots(check)}")
    say()


def _asked(check: SingleCheck) -> str:
    return " (you said so)" if check.question.technology is not None else ""


def _roots(check: SingleCheck) -> str:
    """Whose pinned roots counted: production's come first."""
    if check.trust.kind is Scope.REHEARSAL:
        mark = painted("REHEARSAL", Tone.REHEARSAL, bold=True)
        return f"{mark}: pinned for rehearsals only; no production root was reached, and no real device is behind it"
    anchors = [] if check.chain is None else sorted({anchor.name for anchor in check.chain.anchors.values()})
    return "pinned for production: " + (printable("; ".join(anchors)) or "none was reached, nor one for rehearsals")


def _print_error(check: SingleCheck) -> None:
    error = check.error
    if error is not None:
        say(painted("It was not read:", Tone.BAD if check.answer is Answer.CONTRADICTED else Tone.UNSURE, bold=True))
        say(f"  {printable(str(error))}")
        if error.hint:
            say(f"  {printable(error.hint)}")
        say()


def _print_claims(rows: Sequence[ClaimRow], check: SingleCheck) -> None:
    say(painted("What it claims:", Tone.QUIET, bold=True))
    width = max((len(row.path) for row in rows), default=0)
    for row in rows:
        place = row.source if check.arrangement is None else check.arrangement.source(row.source)
        say(f"  {printable(row.path).ljust(width)}  {_cut(row.value)}  ({_GRADES[row.grade]}; {_place(place, check)})")
    say()


def _cut(value: str) -> str:
    text = printable(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}... ({len(text)} characters)"


def _all_files(check: SingleCheck) -> tuple[Given, ...]:
    return (*check.question.given, *check.question.chain)


def _place(source: Source, check: SingleCheck) -> str:
    """A place by the number of its file; what is inside an envelope keeps the pointer to it."""
    name, mark, pointer = source.file.partition("#")
    numbers = {given.name: f"file {number}" for number, given in enumerate(_all_files(check), 1)}
    block = "" if source.block is None else f" block {source.block}"
    where = printable(numbers.get(name, name) + mark + pointer)
    return f"{where}{block}, bytes {source.offset} to {source.offset + source.length - 1}"


def _print_findings(title: str, findings: Sequence[tuple[str, Finding]], check: SingleCheck) -> None:
    if not findings:
        return
    say(painted(title, Tone.QUIET, bold=True))
    for id, item in findings:
        say(f"  - {id}: {printable(_words(item))}{_AS_OF[item.as_of]} [{item.code}] {printable(item.subject)}")
        for line in _details(item, check):
            say(f"      {line}")
    say()


def _words(item: Finding) -> str:
    """What a finding is, in words where the catalogue has them, without the end of a sentence."""
    text = (
        _WORDS.get(item.code)
        or english.CODES.get(item.code)
        or english.LABELS.get(item.code)
        or item.code.replace("-", " ")
    )
    return text.removesuffix(".")


def _details(item: Finding, check: SingleCheck) -> Iterator[str]:
    if item.expected is not None and item.expected != item.found:
        yield f"expected  {_cut(item.expected)}"
    if item.found is not None:
        where = "" if item.source is None else f"  ({_place(item.source, check)})"
        yield f"found     {_cut(item.found)}{where}"
    if item.advisory is not None:
        yield printable(f"advisory  {item.advisory.id}, published {item.advisory.published}, {item.advisory.url}")


def _print_answer(check: SingleCheck) -> None:
    for item in check.warnings:
        warning = painted("WARNING:", Tone.UNSURE, bold=True)
        say(f"{warning} {printable(item.subject)} was read leniently: {printable(item.found or '')} [{item.code}]")
    if check.warnings:
        say("What holds by it holds only because you asked for that reading (--unsigned-ecdsa).")
    text, tone = _ANSWERS[check.answer]
    rehearsal = "REHEARSAL, " if check.trust.kind is Scope.REHEARSAL else ""
    say(painted(rehearsal + text, tone, bold=True))
    say()
    say("It does not establish:")
    for limit in (*((_NO_NONCE,) if check.question.nonce is None else ()), *_LIMITS):
        say(f"  - {limit}")
