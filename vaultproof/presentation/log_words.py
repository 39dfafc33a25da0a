"""Words for findings about the signer's log: the command line, the feeds and the pages say the same."""

from __future__ import annotations

from vaultproof.frozen import frozen
from vaultproof.presentation import english, log_english
from vaultproof.report import Fact, Value
from vaultproof.signer_log.findings import Conclusion, LogFinding, Standing


@frozen
class FindingWords:
    """A finding in words: what it is about, what its standing is called, a sentence, facts, and what to do."""

    about: str
    standing: str
    sentence: str
    facts: tuple[tuple[str, str], ...]
    advice: str | None

    @property
    def title(self) -> str:
        """What it is about and the sentence, in one line."""
        return f"{self.about}: {self.sentence}"


def finding_words(finding: LogFinding) -> FindingWords:
    """The words for a finding; a code without words is shown as itself, and never looks better than it is."""
    about = log_english.ABOUT_ALL if finding.epoch is None else log_english.ABOUT_EPOCH.format(epoch=finding.epoch)
    instead = log_english.INSTEAD.get(finding.code, "expected")
    facts = tuple(
        (fact_label(fact.label), text)
        for fact in finding.facts
        for text in (fact_text(fact, instead=instead),)
        if text is not None
    )
    label = log_english.SUBJECTS.get(finding.code)
    subject = () if finding.subject is None or label is None else ((label, finding.subject),)
    return FindingWords(
        about=about,
        standing=log_english.STANDINGS[finding.standing],
        sentence=sentence(finding),
        facts=(*subject, *facts),
        advice=advice(finding),
    )


def sentence(finding: LogFinding) -> str:
    """What was found, in a sentence; what could not be checked says that nothing was found wrong."""
    text = log_english.CODES.get(finding.code) or log_english.REPORTED_UNKNOWN.format(code=finding.code)
    if finding.standing is not Standing.COULD_NOT_CHECK:
        return text
    asked = finding.code in log_english.ASKED
    return f"{text} {log_english.OPEN_QUESTION if asked else log_english.NOTHING_WRONG}"


def advice(finding: LogFinding) -> str | None:
    """What to do about it; None for a note that asks for nothing."""
    return log_english.ADVICE_BY_CODE.get(finding.code) or log_english.ADVICE.get(finding.standing)


def conclusion_sentence(conclusion: Conclusion, *, first: int, last: int, count: int) -> str:
    """What a log came to, in a sentence; where all holds, with how many epochs that is."""
    if conclusion is not Conclusion.HOLDS or count == 0:
        return log_english.CONCLUSIONS[conclusion]
    text = log_english.HOLDS_ONE if count == 1 else log_english.HOLDS_COUNTED
    return text.format(first=first, last=last, count=count)


def fact_label(label: str) -> str:
    """The label of a fact."""
    return log_english.LABELS.get(label) or english.LABELS.get(label) or label.replace("-", " ")


def fact_text(fact: Fact, *, instead: str = "expected") -> str | None:
    """A fact's value, with the other one where that differs, after ``instead``; None where there is nothing to show."""
    found = _value(fact.found)
    if fact.expected is not None and fact.expected != fact.found:
        return f"{found}; {instead} {_value(fact.expected)}"
    return None if fact.found is None else found


def _value(value: Value) -> str:
    if value is None:
        return english.NOTHING
    if isinstance(value, bool):
        return english.YES if value else english.NO
    return str(value)
