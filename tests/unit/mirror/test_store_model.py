"""The store against a model that is plain enough to be believed: whatever comes, in whatever order."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.mirror.test_store import NAMESPACE, _audit, _body
from vaultproof.mirror.answer import EpochSpan, Resource
from vaultproof.mirror.store import Store
from vaultproof.mirror.transfer import export, import_copy

Key = tuple[int, int, bytes]


@dataclass
class Model:
    """What a store must hold: each distinct answer with its first and last time, in the order in which they came.

    And whether it was fetched: then the times are those of the fetches, whatever copies say.
    """

    answers: dict[Key, tuple[int, int, bool]] = field(default_factory=dict)

    def put(self, epoch: int, status: int, body: bytes, at: int, fetched: bool) -> bool:
        key = (epoch, status, body)
        new = key not in self.answers
        first, last, before = self.answers.get(key, (at, at, fetched))
        if fetched and not before:
            self.answers[key] = (at, at, True)
        elif fetched == before:
            self.answers[key] = (min(first, at), max(last, at), fetched)
        return new

    def brought(self) -> Model:
        """The same as a copy of it is taken in: all of it is the copy's word."""
        return Model({key: (first, last, False) for key, (first, last, _) in self.answers.items()})

    def last_fetched(self) -> int | None:
        own = [epoch for (epoch, status, body), (_, _, fetched) in self.answers.items()
               if fetched and status == 200 and body in (_content(epoch, 0), _content(epoch, 1))]  # fmt: skip
        return max(own, default=None)

    def readable(self, epoch: int) -> list[bytes]:
        return [body for number, status, body in self.answers if (number, status) == (epoch, 200) and body[-1:] == b"}"]

    def records(self) -> list[tuple[int, bytes]]:
        return [(epoch, self.readable(epoch)[0]) for epoch in range(1, 5) if self.readable(epoch)]


def _content(epoch: int, kind: int) -> bytes:
    """A record, another one, one of another epoch, or one that was cut short."""
    return (_body(epoch), _body(epoch, digest=50 + epoch), _body(epoch % 4 + 1), _body(epoch)[:30])[kind]


PUTS = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([200, 404]), st.integers(0, 3), st.integers(0, 99), st.booleans()),
    max_size=25,
)


def _check(store: Store, model: Model) -> None:
    held = [
        ((a.epoch or 0, a.status, a.body), (a.first_seen, a.last_seen, a.fetched)) for a in store.all_answers()
    ]  # fmt: skip
    assert held == list(model.answers.items())
    records = model.records()
    assert list(store.records(NAMESPACE, 1, 9)) == records
    assert [(a.epoch, a.body) for a in store.rival_answers(NAMESPACE)] == [
        (epoch, body) for epoch in range(1, 5) for body in model.readable(epoch)[1:]
    ]
    assert {(a.epoch, a.body) for a in store.unreadable_answers(NAMESPACE)} == {
        (epoch, body) for epoch, status, body in model.answers if status == 200 and body[-1:] != b"}"
    }
    assert store.last_fetched(NAMESPACE) == model.last_fetched()
    assert list(store.brought_epochs(NAMESPACE)) == [
        epoch for epoch, body in records if not model.answers[epoch, 200, body][2]
    ]
    epochs = [epoch for epoch, _ in records]
    assert store.epochs(NAMESPACE) == (
        EpochSpan(first=epochs[0], last=epochs[-1], count=len(epochs)) if epochs else None
    )
    missing = [epoch for first, last in store.missing(NAMESPACE, 1, 5) for epoch in range(first, last + 1)]
    assert missing == [epoch for epoch in range(1, 6) if epoch not in epochs]
    for epoch in range(1, 5):
        found = [a.body for a in store.answers(NAMESPACE, Resource.AUDIT, epoch=epoch) if store.stands_for(a)]
        assert found == model.readable(epoch)[:1]


@given(puts=PUTS)
@settings(max_examples=40)
def test_whatever_comes_the_store_is_as_the_model(puts: list[tuple[int, int, int, int, bool]]) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with Store.open(place / "a", create=True) as store, Store.open(place / "b", create=True) as other:
            with store.batch():
                for epoch, status, kind, at, fetched in puts:
                    body = _content(epoch, kind)
                    stored = store.put_answer(replace(_audit(epoch, body, status=status, at=at), fetched=fetched))
                    assert stored.new == model.put(epoch, status, body, at, fetched)
            _check(store, model)
            export(store, place / "copy")
            import_copy(other, place / "copy")
            _check(other, model.brought())
