"""What a fleet is known by at its weakest: its code, its sites, and who vouches for what each check compared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vaultproof.presentation.words import Words
from vaultproof.report import Origin, Report, Substep

_CODE = ("code-grade", "code-grade-too-weak")
_SITES = ("sites-attested", "sites-asserted", "site-source-too-weak", "too-few-sites")
_WEAKEST_FIRST = (Origin.NOT_VERIFIED, Origin.OPERATOR_STATEMENT, Origin.OPERATOR_SIGNED, Origin.PUBLISHED_FILE)
_ORDER = (*_WEAKEST_FIRST, *(origin for origin in Origin if origin not in _WEAKEST_FIRST))
_SITES_LABEL = "Sites, by their weakest source"


@dataclass(frozen=True, slots=True, kw_only=True)
class Weakest:
    """One line about the whole fleet: what it is about, and the weakest that was found."""

    label: str
    value: str


def weakest_of(report: Report, words: Words) -> tuple[Weakest, ...]:
    """The weakest grade of code and source of sites, as the step about the fleet found them; nothing without it."""
    return tuple(_lines(report, words))


def _lines(report: Report, words: Words) -> Iterator[Weakest]:
    substeps = [item for step in report.steps if step.id == "fleet" for item in step.substeps]
    facts = [fact for item in substeps for fact in item.facts]
    for fact in facts:
        if fact.label in _CODE:
            yield Weakest(label="Code, by its weakest grade", value=words.value(fact.found))
        if fact.label in _SITES:
            count, _, source = str(fact.found).partition(" (")
            yield Weakest(label=_SITES_LABEL, value=f"{count}: {words.value(source.rstrip(')'))}")
    said = {fact.origin for fact in facts if fact.label == "site"}
    if said:
        # Nobody asked for sites, so they are only shown: by the weakest of those who name one.
        yield Weakest(label=_SITES_LABEL, value=words.origin(next(item for item in _ORDER if item in said)))


def weakest_origin(substeps: Iterable[Substep], words: Words) -> str:
    """Who vouches, at the least, for what was compared in these substeps; empty where nothing was."""
    origins = {fact.origin for item in substeps for fact in item.facts if fact.compared}
    return next((words.origin(origin) for origin in _ORDER if origin in origins), "")
