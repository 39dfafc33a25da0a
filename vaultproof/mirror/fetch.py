"""Fetching a namespace into the mirror: what is missing, the newest epochs again, and a few of the past again.

A run goes on where the last one stopped: what is missing is read off the store, never off notes.  Records are kept in
rising order and committed a batch at a time, so that a run that is killed loses at most what came in the last moment.
What a run costs beside the new epochs is a fixed number of requests, however long the history.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import islice

from vaultproof.errors import VaultproofError
from vaultproof.mirror.answer import MAX_ABOUT_BYTES, Answer, Resource
from vaultproof.mirror.asking import Asked, Asks, ask_many, ask_record, kept_answer
from vaultproof.mirror.client import Answered, Outcome, Unreachable
from vaultproof.mirror.outcome import FetchOutcome
from vaultproof.mirror.store import Store
from vaultproof.signer_log.answers import read_last_verified, read_namespace_entry
from vaultproof.signer_log.head import Head, Presence, search
from vaultproof.signer_log.paths import INFO, last_verified_path, namespace_path

GIVE_UP = 3
"""Epochs in a row without an answer, each tried several times, after which a run ends."""
LOOK_BEYOND = 2
"""Epochs behind the first absent one that are asked for too: an absence may be stale, and a log may have a hole."""
MOST_HOLES = 16
"""Holes before the end of a log that one run looks behind: one that has no end of them has no end that can be found."""
SAMPLE = "sample"
"""Name under which the store remembers where the next sample of the past begins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchPlan:
    """What one run does.

    ``first`` is the namespace's first epoch; None takes the one that the log itself names, or 1.  ``newest`` and
    ``sample`` are how many epochs that are there already are read again, the newest ones and others in turn;
    ``connections`` is how many questions are under way at once; ``most`` is how many missing epochs one run asks for,
    so that something that answers to any number does not fill the disk.  ``brought`` asks for every epoch whose
    record is known from somebody's copy alone; else for those of which an audit wants the log's own word.
    """

    namespace: str
    first: int | None = None
    newest: int = 16
    sample: int = 32
    connections: int = 4
    most: int = 5_000_000
    brought: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a run is: records that came, and how many there are to come in all."""

    done: int
    total: int


def fetch(
    client: Asks, store: Store, plan: FetchPlan, *, progress: Callable[[Progress], None] | None = None
) -> FetchOutcome:
    """Bring ``store`` up to what the log holds now.

    Raises what ``Store`` raises; nothing that the log or the network does is an error.
    """
    run = _Run(client, store, plan)
    if run.ask_about():
        span, known = store.epochs(plan.namespace), store.last_fetched(plan.namespace)
        # What a copy says of the end is a hint, as the log's own unsigned word is: a made-up epoch hides no real one.
        run.find_head(known, said=None if span is None else span.last)
        run.fetch_brought()
        if run.outcome.stopped is None:
            run.fetch_missing(progress)
        if span is not None and known is not None:
            run.read_again(span.first, known)
    return run.outcome


class _Run:
    """One run; only the thread that made it touches the store."""

    def __init__(self, client: Asks, store: Store, plan: FetchPlan) -> None:
        self._client, self._store, self._plan = client, store, plan
        self._hint: int | None = None
        self._first = plan.first or 1
        self._absences: dict[int, Answer] = {}
        self._silent = 0
        self.outcome = FetchOutcome(namespace=plan.namespace)

    # What the log says of itself

    def ask_about(self) -> bool:
        """Keep what the log says of itself; False where there is no sense in asking for more."""
        namespace = self._plan.namespace
        before = self._store.latest(None, Resource.INFO)
        info = self._ask(INFO, Resource.INFO, None)
        self.outcome.info_changed = isinstance(info, Answered) and before is not None and before.body != info.body
        about = self._ask(namespace_path(namespace), Resource.NAMESPACE, namespace)
        if not isinstance(about, Unreachable):
            self.outcome.known_namespace = isinstance(about, Answered)
        if isinstance(about, Answered) and self._plan.first is None:
            self._first = _root_epoch(about) or 1
        if isinstance(info, Unreachable) and isinstance(about, Unreachable):
            self.outcome.stopped = about
            return False
        last = self._ask(last_verified_path(namespace), Resource.LAST_VERIFIED_EPOCH, namespace)
        self._hint = _hint(last) if isinstance(last, Answered) else None
        return True

    def _ask(self, path: str, resource: Resource, namespace: str | None) -> Outcome:
        outcome = self._client.get(path, limit=MAX_ABOUT_BYTES)
        if isinstance(outcome, Unreachable):
            self.outcome.trouble(outcome)
        else:
            self._store.put_answer(kept_answer(outcome, resource, namespace, None))
        return outcome

    # Where it ends

    def find_head(self, known: int | None, *, said: int | None) -> None:
        """Find the newest epoch behind ``known``, and look a little behind it; ``said`` is where a copy ends."""
        self._hint = max((epoch for epoch in (self._hint, said) if epoch is not None), default=None)
        head = self._search(known)
        holes = 0
        while head.certain and head.epoch is not None:
            beyond = [head.epoch + 1 + distance for distance in range(1, LOOK_BEYOND + 1)]
            asked = [epoch for epoch in beyond if epoch not in self._absences]
            found = [epoch for epoch in asked if self._probe(epoch) is Presence.PRESENT]
            if not found:
                self._keep_absence(head.epoch + 1)
                break
            head = self._search(found[-1])
            holes += 1
            if holes == MOST_HOLES:
                head = replace(head, certain=False)
        self.outcome.head = head

    def _keep_absence(self, epoch: int) -> None:
        """That nothing is behind the head is the log's word for where it ends; other absences of a search say less."""
        absence = self._absences.get(epoch)
        if absence is not None:
            self._store.put_answer(absence)

    def _search(self, known: int | None) -> Head:
        steps = search(first=self._first, known=known, hint=self._hint)
        try:
            epoch = next(steps)
            while True:
                epoch = steps.send(self._probe(epoch))
        except StopIteration as done:
            found: Head = done.value
            return found

    def _probe(self, epoch: int) -> Presence:
        asked = ask_record(self._client, self._plan.namespace, epoch)
        self._keep(asked)
        if asked.absence is not None:
            self._absences[epoch] = asked.absence
            return Presence.ABSENT
        if asked.trouble is not None:
            self.outcome.trouble(asked.trouble)
        elif not asked.is_record:
            self._strange(asked)
        return Presence.PRESENT if asked.is_record else Presence.UNKNOWN

    # What is missing, what a copy brought, and what was there before

    def fetch_brought(self) -> None:
        """Ask for what an audit wants to hear from the log itself, or for all that is known from a copy alone."""
        namespace, head = self._plan.namespace, self.outcome.head
        epochs = self._store.brought_epochs(namespace) if self._plan.brought else self._store.unsettled(namespace)
        for batch in ask_many(self._client, namespace, epochs, connections=self._plan.connections):
            if self.outcome.stopped is not None:
                return
            ends = head is not None and head.certain and head.epoch is not None
            self._take(batch, end=head.epoch if ends and head is not None else None)

    def fetch_missing(self, progress: Callable[[Progress], None] | None) -> None:
        """Ask for every epoch up to the head that has no record yet."""
        head = self.outcome.head.epoch if self.outcome.head is not None else None
        if head is None:
            return
        total = head - self._first + 1
        runs = self._store.missing(self._plan.namespace, self._first, head)
        everything = (epoch for first, last in runs for epoch in range(first, last + 1))
        missing = islice(everything, self._plan.most)
        for batch in ask_many(self._client, self._plan.namespace, missing, connections=self._plan.connections):
            self._take(batch)
            span = self._store.epochs(self._plan.namespace)
            if progress is not None and span is not None:
                progress(Progress(done=span.count, total=total))
            if self.outcome.stopped is not None:
                return
        self.outcome.left = next(everything, None) is not None

    def read_again(self, first: int, last: int) -> None:
        """Ask again for the newest epochs that were there before, and for some of the older ones in turn."""
        namespace = self._plan.namespace
        newest = range(max(first, last - self._plan.newest + 1), last + 1)
        older = newest.start - first
        begin = self._store.number(namespace, SAMPLE) or first
        sample = [first + (begin - first + step) % older for step in range(min(self._plan.sample, older))]
        epochs = [epoch for epoch in (*sample, *newest) if self._store.digest_of(namespace, epoch) is not None]
        for batch in ask_many(self._client, namespace, epochs, connections=self._plan.connections):
            if self.outcome.stopped is not None:
                return
            self._take(batch, again=True)
        if sample:
            self._store.set_number(namespace, SAMPLE, sample[-1] + 1)

    def _take(self, batch: Iterable[Asked], *, again: bool = False, end: int | None = None) -> None:
        with self._store.batch():
            for asked in batch:
                self._keep(asked)
                if asked.absence is not None and end is not None and asked.epoch > end:
                    self._store.put_answer(asked.absence)  # as it should be: a copy made it up, or the log took it back
                else:
                    self._note(asked, again=again)

    def _keep(self, asked: Asked) -> None:
        for answer in asked.answers:
            stored = self._store.put_answer(answer)
            if stored.differs_from and stored.readable:
                self.outcome.differing.add(asked.epoch)
            elif stored.new and stored.readable:
                self.outcome.kept += 1

    def _note(self, asked: Asked, *, again: bool) -> None:
        self._silent = self._silent + 1 if asked.trouble is not None else 0
        if asked.trouble is not None:
            self.outcome.unanswered.add(asked.epoch)
            self.outcome.trouble(asked.trouble)
            if self._silent >= GIVE_UP:
                self.outcome.stopped = asked.trouble
        elif asked.absence is not None:
            self._store.put_answer(asked.absence)
            (self.outcome.withdrawn if again else self.outcome.absent).add(asked.epoch)
        elif not asked.is_record:
            self._strange(asked)
        elif again:
            self.outcome.seen_again += 1

    def _strange(self, asked: Asked) -> None:
        (self.outcome.misplaced if asked.is_misplaced else self.outcome.unreadable).add(asked.epoch)


def _root_epoch(answer: Answered) -> int | None:
    """Where the log says that the namespace begins; an answer that cannot be read says nothing."""
    try:
        root = read_namespace_entry(answer.body, file=answer.url).root
    except VaultproofError:
        return None
    return None if root is None else root.epoch


def _hint(answer: Answered) -> int | None:
    """Where the log says that its checked epochs end: a hint, so that one that cannot be read is none."""
    try:
        return read_last_verified(answer.body, file=answer.url).epoch
    except VaultproofError:
        return None
