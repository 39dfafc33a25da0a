"""One run of a watch: what is done in which order, and what it prints."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.log.audit import run_audit
from vaultproof.cli.log.delivery import Delivery, write_feeds
from vaultproof.cli.log.fetch import address_value, log_address, pinned_namespace, read_sources, take_source
from vaultproof.cli.log.findings_text import EXIT_CODES, TONES, print_conclusion
from vaultproof.cli.log.pinned import Pins, load_pins
from vaultproof.cli.log.published import take_records
from vaultproof.cli.log.reconcile import grace_period, run_reconcile
from vaultproof.mirror.store import Store
from vaultproof.mirror.watching import Event, EventKind, Watched, watch, watched_through
from vaultproof.presentation import english, log_english
from vaultproof.presentation.log_words import finding_words
from vaultproof.report import Origin
from vaultproof.signer_log.findings import Conclusion, Findings, LogFinding, conclusion
from vaultproof.steps.base import shown
from vaultproof.strict.encodings import format_milliseconds
from vaultproof.strict.json import dumps_canonical

if TYPE_CHECKING:
    from vaultproof.mirror.outcome import FetchOutcome

RUN_SCHEMA = "vaultproof/log-watch@1"


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchPlan:
    """What a run does; as the options of the command say."""

    namespace: str
    store: Path
    trust: Path | None
    url: str | None
    fetch: bool
    artifacts: tuple[str, ...]
    evidence: tuple[str, ...]
    grace: int | None
    full: bool
    keys: bool
    feeds: Path | None
    json: bool
    delivery: Delivery


def run_once(plan: WatchPlan) -> ExitCode:
    """Fetch, audit, reconcile, tell what changed, write the feeds.  Raises what any of them raises."""
    pins = load_pins(plan.namespace, plan.trust)
    printer = _Printer(plan, pins)
    with Store.open(plan.store, create=plan.fetch) as mirror:
        found = Findings()
        for finding in _fetch(mirror, plan) if plan.fetch else ():
            found.add(finding)
        now = int(time.time() * 1000)
        take_records(mirror, pins, plan.evidence, now=now)
        audit = run_audit(
            mirror, pins, continued=not plan.full, keys=plan.keys, processes=None, now=now,
            at_most=watched_through(mirror, plan.namespace),
        )  # fmt: skip
        found.add_all(audit.findings)
        if plan.evidence:
            grace = grace_period(plan.grace, plan.trust)
            matched = run_reconcile(
                mirror, pins, plan.evidence, grace=grace, now=now, held_through=audit.held_through
            )  # fmt: skip
            found.add_all(matched.findings)
        findings = found.result()
        watched = watch(
            mirror, plan.namespace, findings.items, now=now, scope=pins.scope, continued_from=audit.continued_from,
            deliver=printer.deliver,
        )  # fmt: skip
        if plan.feeds is not None:
            write_feeds(mirror, plan.namespace, plan.feeds, rehearsal=pins.rehearsal)
        span = mirror.epochs(plan.namespace)
    outcome = conclusion(item.standing for item in watched.standing)
    epochs = None if span is None else {"first": span.first, "last": span.last, "count": span.count}
    printer.end(watched, outcome, epochs, now, dict(findings.counts))
    return ExitCode.COULD_NOT_CHECK if _is_held_up(watched, outcome) else EXIT_CODES[outcome]


def _is_held_up(watched: Watched, outcome: Conclusion) -> bool:
    """Whether all holds, but somebody could not be told of an event: that is not an end like any other."""
    return outcome is Conclusion.HOLDS and watched.undelivered > 0


def _fetch(mirror: Store, plan: WatchPlan) -> Iterator[LogFinding]:
    """Bring the mirror up to date; trouble on the way is a finding that stays the same while it lasts."""
    from vaultproof.mirror.addresses import check_address
    from vaultproof.mirror.client import Client, Patience
    from vaultproof.mirror.fetch import FetchPlan, fetch

    pin = pinned_namespace(plan.namespace, plan.trust)
    patience = Patience()
    sources = read_sources(plan.artifacts, ())
    address = plan.url or log_address(plan.namespace, pin, plan.trust)
    address_value("--url", address, check_address)
    client = Client(address, patience=patience)
    try:
        outcome = fetch(client, mirror, FetchPlan(namespace=plan.namespace, first=pin.root_epoch if pin else None))
    finally:
        client.close()
    for source in sources:
        place, taken = take_source(mirror, plan.namespace, source, patience)
        if taken.trouble is not None:
            voice.note(f"{place}: {taken.trouble}")
    yield from _trouble(outcome, plan.namespace)


def _trouble(outcome: FetchOutcome, namespace: str) -> Iterator[LogFinding]:
    kinds = {trouble.trouble.value for trouble in outcome.troubles}
    if outcome.stopped is not None:
        kinds.add(outcome.stopped.trouble.value)
    if outcome.head is None or not outcome.head.certain:
        kinds.add("end-not-found")
    if kinds:
        fact = shown("trouble", ", ".join(sorted(kinds)), Origin.COMPUTED)
        yield LogFinding(code="log-unreachable", namespace=namespace, facts=(fact,))


class _Printer:
    """Prints events as they come, and delivers them."""

    def __init__(self, plan: WatchPlan, pins: Pins) -> None:
        self._plan = plan
        self._pins = pins

    def deliver(self, event: Event) -> bool:
        """Print an event and send it on; False where somebody could not be told."""
        if self._plan.json:
            voice.write(dumps_canonical(event.to_json()) + b"\n")
        else:
            self._print(event)
        return self._plan.delivery(event)

    def end(
        self, watched: Watched, outcome: Conclusion, epochs: dict[str, int] | None, now: int, counts: dict[str, int]
    ) -> None:
        """Print what the run came to."""
        kinds = {kind.value: sum(event.kind is kind for event in watched.events) for kind in EventKind}
        if self._plan.json:
            voice.write(dumps_canonical(self._summary(watched, outcome, epochs, now, counts, kinds)) + b"\n")
            return
        told = ", ".join(f"{number} {kind}" for kind, number in kinds.items() if number) or "nothing changed"
        last = "no record" if epochs is None else f"epoch {epochs['last']}"
        mark = f"{english.REHEARSAL}  " if self._pins.rehearsal else ""
        voice.say(f"{mark}{voice.printable(self._plan.namespace)}, up to {last}, {format_milliseconds(now)}: {told}")
        print_conclusion(outcome)

    def _summary(
        self, watched: Watched, outcome: Conclusion, epochs: dict[str, int] | None, now: int, counts: dict[str, int],
        kinds: dict[str, int],
    ) -> dict[str, Any]:  # fmt: skip
        return {
            "schema": RUN_SCHEMA,
            "namespace": self._plan.namespace,
            "scope": self._pins.scope.value,
            "at": format_milliseconds(now),
            "fetched": self._plan.fetch,
            "epochs": epochs,
            "standing": len(watched.standing),
            "events": kinds,
            "undelivered": watched.undelivered,
            "counts": counts,
            "conclusion": outcome.value,
        }

    def _print(self, event: Event) -> None:
        words = finding_words(event.finding)
        tone = voice.Tone.QUIET if event.kind is EventKind.GONE else TONES[event.finding.standing]
        kind = log_english.EVENTS[event.kind.value]
        voice.say(
            f"{kind}: {voice.painted(words.standing, tone)}: {voice.printable(words.title)} [{event.finding.code}]"
        )
        if event.kind is EventKind.GONE:
            return
        for label, text in words.facts:
            voice.say(f"    {label}: {voice.printable(text)}")
        if words.advice:
            voice.say(f"    {words.advice}")
