"""Findings about the log as text: what it is about, a sentence, the facts, what to do; and what they come to."""

from __future__ import annotations

from collections.abc import Iterable

from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.voice import Tone, painted, printable, say
from vaultproof.mirror.answer import EpochSpan
from vaultproof.presentation import log_english
from vaultproof.presentation.log_words import conclusion_sentence, finding_words
from vaultproof.signer_log.findings import Conclusion, FindingList, LogFinding, Standing

TONES = {Standing.CONTRADICTION: Tone.BAD, Standing.COULD_NOT_CHECK: Tone.UNSURE, Standing.NOTE: Tone.QUIET}
_CONCLUSION_TONES = {
    Conclusion.HOLDS: Tone.GOOD,
    Conclusion.CONTRADICTED: Tone.BAD,
    Conclusion.COULD_NOT_CHECK: Tone.UNSURE,
}
EXIT_CODES = {
    Conclusion.HOLDS: ExitCode.VERIFIED,
    Conclusion.CONTRADICTED: ExitCode.CONTRADICTED,
    Conclusion.COULD_NOT_CHECK: ExitCode.COULD_NOT_CHECK,
}
MOST_PRINTED = 20
"""Findings of one code that are printed; JSON has more of them, and the number of all."""


def print_findings(findings: FindingList, *, without: str | None = None) -> None:
    """Print findings in their order, the contradictions first; ``without`` is a code that is told elsewhere."""
    for standing in Standing:
        printed: dict[str, int] = {}
        for finding in findings.items:
            if finding.standing is standing and finding.code != without:
                printed[finding.code] = printed.get(finding.code, 0) + 1
                if printed[finding.code] <= MOST_PRINTED:
                    print_finding(finding)
        for code, number in printed.items():
            left = findings.counts[code] - min(number, MOST_PRINTED)
            if left:
                say(f"  {log_english.MORE.format(number=f'{left:,}')} [{code}]")


def print_finding(finding: LogFinding, *aside: str) -> None:
    """Print one finding; ``aside`` are further lines of it."""
    words = finding_words(finding)
    state = painted(words.standing, TONES[finding.standing])
    say(f"- {state}: {printable(words.title)} [{finding.code}]")
    for label, text in words.facts:
        say(f"    {label}: {printable(text)}")
    for text in aside:
        say(f"    {printable(text)}")
    if words.advice:
        say(f"    {words.advice}")


def print_conclusion(conclusion: Conclusion, span: EpochSpan | None = None) -> None:
    """Print what the findings come to; ``span`` are the epochs that were looked at."""
    say(painted(log_english.TITLES[conclusion], _CONCLUSION_TONES[conclusion], bold=True))
    first, last, count = (0, 0, 0) if span is None else (span.first, span.last, span.count)
    say(conclusion_sentence(conclusion, first=first, last=last, count=count))


def print_lists(establishes: Iterable[str], does_not: Iterable[str]) -> None:
    """Print what a run does and does not establish, at the same size."""
    for title, claims in (("It establishes:", list(establishes)), ("It does not establish:", list(does_not))):
        say()
        say(title)
        for claim in claims or ["nothing"]:
            say(f"  - {printable(claim)}")
