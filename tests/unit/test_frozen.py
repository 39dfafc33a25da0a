"""``@frozen`` against ``@dataclass(frozen=True, slots=True, kw_only=True)``: whatever one does, the other does."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import pytest

from vaultproof.frozen import frozen

T = TypeVar("T")
Decorator = Callable[[type], type]
standard: Decorator = dataclass(frozen=True, slots=True, kw_only=True)


def build(decorate: Decorator) -> type[Any]:
    class Record:
        """A record."""

        name: str
        secret: bytes = field(repr=False)
        size: int = 3
        more: Mapping[str, str] = field(default_factory=dict)

        @property
        def doubled(self) -> int:
            """Twice the size."""
            return 2 * self.size

    return decorate(Record)


OURS, THEIRS = build(frozen), build(standard)
BOTH = pytest.mark.parametrize("kind", [OURS, THEIRS], ids=["frozen", "dataclass"])


@frozen
class Kept:
    """At module level, so that it can be pickled."""

    name: str
    size: int = 3


@frozen
class Checked:
    """A record that looks at itself."""

    size: int

    def __post_init__(self) -> None:
        if self.size < 0:
            raise ValueError("negative")


@frozen
class Holder(Generic[T]):
    """A record of anything."""

    held: T


def answer(work: Callable[[], object]) -> object:
    try:
        return work()
    except (TypeError, AttributeError) as error:
        return type(error)


@pytest.mark.parametrize(
    "arguments",
    [{}, {"name": "a"}, {"name": "a", "secret": b"", "other": 1}, {"name": "a", "secret": b"b"},
     {"name": "a", "secret": b"b", "size": 4, "more": {"c": "d"}}],
)  # fmt: skip
def test_both_are_made_or_refused_alike(arguments: dict[str, Any]) -> None:
    ours = answer(lambda: dataclasses.asdict(OURS(**arguments)))
    assert ours == answer(lambda: dataclasses.asdict(THEIRS(**arguments)))
    assert answer(lambda: repr(OURS(**arguments))) == answer(lambda: repr(THEIRS(**arguments)))


@BOTH
def test_a_record_is_keyword_only_frozen_and_slotted(kind: type[Any]) -> None:
    record = kind(name="a", secret=b"b")
    assert (record.size, record.more, record.doubled) == (3, {}, 6)
    assert record.more is not kind(name="a", secret=b"b").more
    assert not hasattr(record, "__dict__")
    with pytest.raises(TypeError):
        kind("a", b"b")
    with pytest.raises(dataclasses.FrozenInstanceError):
        record.name = "c"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del record.name
    with pytest.raises((dataclasses.FrozenInstanceError, TypeError)):  # a dataclass of Python 3.11 says TypeError
        record.other = 1
    assert record.name == "a"


@BOTH
def test_records_are_equal_when_all_fields_are(kind: type[Any]) -> None:
    record = kind(name="a", secret=b"b", more=())
    assert record == kind(name="a", secret=b"b", more=())
    assert hash(record) == hash(kind(name="a", secret=b"b", more=()))
    for change in ({"name": "c"}, {"secret": b"c"}, {"size": 4}, {"more": (1,)}):
        other = dataclasses.replace(record, **change)
        assert other != record
        assert (other.name, other.secret, other.size, other.more) == tuple(
            change.get(name, getattr(record, name)) for name in ("name", "secret", "size", "more")
        )
    with pytest.raises(TypeError, match="unhashable"):
        hash(kind(name="a", secret=b"b"))
    assert record != OURS(name="a", secret=b"b", more=()) or kind is OURS
    assert (record == "a") is False


def test_the_fields_and_the_signature_are_the_same() -> None:
    OURS(name="a", secret=b"b")
    assert [str(item) for item in dataclasses.fields(OURS)] == [str(item) for item in dataclasses.fields(THEIRS)]
    assert list(inspect.signature(OURS).parameters) == list(inspect.signature(THEIRS).parameters)
    assert OURS.__slots__ == THEIRS.__slots__
    assert OURS.__doc__ == "A record."


def test_a_record_of_one_field_is_equal_and_hashed_by_it() -> None:
    assert Holder(held=1) == Holder(held=1) != Holder(held=2)
    assert len({Holder(held=1), Holder(held=1), Holder(held=2)}) == 2
    assert OURS(name="a", secret=b"b") != THEIRS(name="a", secret=b"b")


def test_a_record_may_refuse_what_it_holds() -> None:
    assert Checked(size=0).size == 0
    with pytest.raises(ValueError, match="negative"):
        Checked(size=-1)


def test_a_record_without_fields_can_be_made() -> None:
    @frozen
    class Nothing:
        """No field."""

    assert Nothing() == Nothing()
    assert repr(Nothing()).endswith("Nothing()")
    with pytest.raises(TypeError):
        Nothing(1)  # type: ignore[call-arg] # that is the case


def test_a_method_of_its_own_stays() -> None:
    @frozen
    class Named:
        """A record with words of its own."""

        name: str

        def __repr__(self) -> str:
            return f"<{self.name}>"

    assert repr(Named(name="a")) == "<a>"


def test_records_are_copied_and_pickled() -> None:
    record = Kept(name="a", size=4)
    assert pickle.loads(pickle.dumps(record)) == copy.deepcopy(record) == copy.copy(record) == record  # noqa: S301 - its own bytes
