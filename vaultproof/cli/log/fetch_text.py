"""What a fetch found, in words.  Absence and trouble say nothing against the log, and the words do not either."""

from __future__ import annotations

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.voice import Tone
from vaultproof.mirror.outcome import FetchOutcome, Noted
from vaultproof.mirror.sources import SourceOutcome
from vaultproof.mirror.store import Store

AUDIT = "vaultproof log audit"

NOTED = (
    (
        "differing",
        "the log gave another answer than the one that was here; both are kept, side by side",
        f"whether it contradicts itself is for an audit to say: {AUDIT}",
    ),
    (
        "withdrawn",
        "the log gave it before and now says that there is no such epoch; the earlier record is kept",
        "an answer may be stale: ask again later",
    ),
    (
        "absent",
        "the log says that there is no such epoch, although it has a later one",
        "an answer may be stale: ask again later",
    ),
    (
        "unreadable",
        "the log's answer does not read as a record; it was kept as it came",
        "it may have been cut on the way: ask again later",
    ),
    (
        "misplaced",
        "the log answered with a record of another epoch or namespace; it was kept as it came",
        f"what that means is for an audit to say: {AUDIT}",
    ),
    ("unanswered", "there was no answer", "ask again later"),
)
"""What there may be to say of epochs: the outcome's field, what happened, and what to do."""


def say_fetch(outcome: FetchOutcome, sources: list[tuple[str, SourceOutcome]], store: Store, address: str) -> ExitCode:
    """Print what a run found; its exit code."""
    voice.say(f"{outcome.namespace}, read from {voice.printable(address)}")
    _say_mirror(outcome, store)
    for name, happened, advice in NOTED:
        noted: Noted = getattr(outcome, name)
        if noted:
            voice.say(_unsure(f"{epochs(noted)}: {happened}"))
            voice.say(f"  {advice}")
    for trouble in outcome.troubles:
        voice.say(_unsure(f"the log was asked for {voice.printable(trouble.url)}: {voice.printable(str(trouble))}"))
    if outcome.left:
        voice.say(_unsure("more epochs are missing than one run asks for: run it again"))
    if outcome.info_changed:
        voice.say("  the signer says something else of its keys than when it was last asked; both answers are kept")
    for place, source in sources:
        _say_source(place, source)
    return _say_end(outcome, [source for _, source in sources])


def _say_mirror(outcome: FetchOutcome, store: Store) -> None:
    span = store.epochs(outcome.namespace)
    held = "no record"
    if span is not None:
        records = f"{_count(span.count, 'record')} from epoch {span.first} to {span.last}"
        held = f"{records}; {outcome.kept:,} of them came now"
    voice.say(f"  the mirror {voice.printable(str(store.path))} holds {held}")
    if outcome.seen_again:
        voice.say(f"  {_count(outcome.seen_again, 'older record')} read again: as before")
    if outcome.known_namespace is False:
        voice.say(_unsure("the log says that it has no such namespace"))
    head = outcome.head
    if head is None or (head.epoch is None and not head.certain):
        voice.say(_unsure("where the log ends could not be found out"))
    elif head.epoch is None:
        voice.say(_unsure("the log says that it has no epoch yet"))
    elif not head.certain:
        voice.say(_unsure(f"the log has epoch {head.epoch}; whether it has later ones could not be found out"))
    else:
        voice.say(f"  the log says that epoch {head.epoch} is its newest")


def _say_source(place: str, source: SourceOutcome) -> None:
    voice.say(f"  {voice.printable(place)}: {_count(source.kept, 'file')} that the log names came now")
    if source.other:
        voice.say(_unsure(f"{epochs(source.other)}: what is there is not what was logged; it was not kept"))
    if source.differing:
        voice.say(_unsure(f"{epochs(source.differing)}: a published record says something else than the log's"))
        voice.say(f"  both are kept, side by side; what that means is for an audit to say: {AUDIT}")
    if source.absent:
        voice.say(f"  {epochs(source.absent)}: nothing there")
    if source.trouble is not None:
        voice.say(_unsure(f"{voice.printable(source.trouble.url)}: {voice.printable(str(source.trouble))}"))


def _say_end(outcome: FetchOutcome, sources: list[SourceOutcome]) -> ExitCode:
    if outcome.complete and not any(source.other or source.trouble or source.differing for source in sources):
        voice.say(voice.painted("All of it is here, and what was read again is as it was.", Tone.GOOD))
        return ExitCode.VERIFIED
    if outcome.differing or any(source.differing for source in sources):
        end = f"Could not check: answers differ. Both are kept; run {AUDIT}."
    else:
        end = "Could not check everything. Nothing was found wrong; what came is kept: run it again later."
    voice.say(voice.painted(end, Tone.UNSURE))
    return ExitCode.COULD_NOT_CHECK


def epochs(noted: Noted) -> str:
    """The epochs in question, by number as far as they were remembered."""
    named = ", ".join(str(epoch) for epoch in sorted(noted.examples))
    if noted.count == 1:
        return f"epoch {named}"
    more = noted.count - len(noted.examples)
    return f"epochs {named}" + (f" and {more:,} more" if more else "")


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" + ("" if number == 1 else "s")


def _unsure(text: str) -> str:
    return voice.painted(f"  {text}", Tone.UNSURE)
