"""The store against a model that is plain enough to be believed: whatever comes, in whatever order."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field
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
    """What a store must hold: each distinct answer with its first and last time, in the order in which they came."""

    answers: dict[Key, tuple[int, int]] = field(default_factory=dict)

    def put(self, epoch: int, status: int, body: bytes, at: int) -> bool:
        first, last = self.answers.get((epoch, status, body), (at, at))
        new = (epoch, status, body) not in self.answers
        self.answers[epoch, status, body] = (min(first, at), max(last, at))
        return new

    def readable(self, epoch: int) -> list[bytes]:
        return [body for number, status, body in self.answers if (number, status) == (epoch, 200) and body[-1:] == b"}"]

    def records(self) -> list[tuple[int, bytes]]:
        return [(epoch, self.readable(epoch)[0]) for epoch in range(1, 5) if self.readable(epoch)]


def _content(epoch: int, kind: int) -> bytes:
    """A record, another one, one of another epoch, or one that was cut short."""
    return (_body(epoch), _body(epoch, digest=50 + epoch), _body(epoch % 4 + 1), _body(epoch)[:30])[kind]


PUTS = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from([200, 404]), st.integers(0, 3), st.integers(0, 99)), max_size=25
)


def _check(store: Store, model: Model) -> None:
    held = [((a.epoch or 0, a.status, a.body), (a.first_seen, a.last_seen)) for a in store.all_answers()]
    assert held == list(model.answers.items())
    records = model.records()
    assert list(store.records(NAMESPACE, 1, 9)) == records
    assert [(a.epoch, a.body) for a in store.rival_answers(NAMESPACE)] == [
        (epoch, body) for epoch in range(1, 5) for body in model.readable(epoch)[1:]
    ]
    assert {(a.epoch, a.body) for a in store.unreadable_answers(NAMESPACE)} == {
        (epoch, body) for epoch, status, body in model.answers if status == 200 and body[-1:] != b"}"
    }
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
def test_whatever_comes_the_store_is_as_the_model(puts: list[tuple[int, int, int, int]]) -> None:
    model = Model()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with Store.open(place / "a", create=True) as store, Store.open(place / "b", create=True) as other:
            with store.batch():
                for epoch, status, kind, at in puts:
                    body = _content(epoch, kind)
                    stored = store.put_answer(_audit(epoch, body, status=status, at=at))
                    assert stored.new == model.put(epoch, status, body, at)
            _check(store, model)
            export(store, place / "copy")
            import_copy(other, place / "copy")
            _check(other, model)
