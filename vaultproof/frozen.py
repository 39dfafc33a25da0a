"""Frozen, slotted, keyword-only records: ``@frozen`` is ``@dataclass(frozen=True, slots=True, kw_only=True)``, quicker.

The standard decorator compiles six functions for each class: half a millisecond, times more than a hundred classes, a
third of a whole run of ``vaultproof verify``; and the ``__init__`` that it makes for a frozen class goes through
``object.__setattr__`` for each field.  Here the standard decorator only collects the fields and makes the slots,
``__init__`` alone is compiled, and everything else is shared.  ``dataclasses.fields``, ``replace`` and ``asdict`` work
as ever; a test holds both kinds of class together.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, FrozenInstanceError, field
from operator import attrgetter
from typing import Any, NoReturn, TypeVar, dataclass_transform

__all__ = ["field", "frozen"]

C = TypeVar("C", bound=type)


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(field,))
def frozen(cls: C) -> C:
    """Make a class of annotated fields a frozen, slotted, keyword-only record, equal when all of its fields are.

    Everything that a class itself defines stays, ``__post_init__`` is called as in a dataclass.
    """
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    names = [item.name for item in dataclasses.fields(made)]
    for name, method in _methods(made, names).items():
        if name not in cls.__dict__:
            setattr(made, name, method)
    made.__setattr__ = _refuse_setting
    made.__delattr__ = _refuse_deleting
    result: C = made
    return result


def _methods(cls: Any, names: list[str]) -> dict[str, Callable[..., Any]]:
    """What differs from class to class."""
    everything: Callable[[Any], Any] = attrgetter(*names) if names else type

    def equal(self: Any, other: object) -> Any:
        return everything(self) == everything(other) if self.__class__ is other.__class__ else NotImplemented

    return {
        "__init__": _initialiser(cls),
        "__eq__": equal,
        "__hash__": lambda self: hash(everything(self)),
        "__repr__": _shown,
        "__getstate__": lambda self: [getattr(self, name) for name in names],
        "__setstate__": _restore,
    }


def _initialiser(cls: Any) -> Callable[..., None]:
    """``__init__`` of a class: it puts each argument into its slot, below the ``__setattr__`` that refuses."""
    room: dict[str, Any] = {}
    head, body = ["self", "*"], []
    for item in dataclasses.fields(cls):
        name, argument = item.name, item.name
        room[f"put_{name}"] = getattr(cls, name).__set__
        if item.default is not MISSING:
            room[f"default_{name}"] = item.default
            head.append(f"{name}=default_{name}")
        elif item.default_factory is not MISSING:
            room["MISSING"], room[f"make_{name}"] = MISSING, item.default_factory
            head.append(f"{name}=MISSING")
            argument = f"make_{name}() if {name} is MISSING else {name}"
        else:
            head.append(name)
        body.append(f"    put_{name}(self, {argument})\n")
    if hasattr(cls, "__post_init__"):
        body.append("    self.__post_init__()\n")
    arguments = head if len(head) > 2 else head[:1]
    made: dict[str, Callable[..., None]] = {}
    # Of nothing but the names of a class's own fields, as the standard library makes the same function.
    exec(f"def __init__({', '.join(arguments)}):\n{''.join(body) or '    pass'}", room, made)  # noqa: S102 - see above
    made["__init__"].__qualname__ = f"{cls.__qualname__}.__init__"
    return made["__init__"]


def _shown(record: Any) -> str:
    shown = (f"{item.name}={getattr(record, item.name)!r}" for item in dataclasses.fields(record) if item.repr)
    return f"{record.__class__.__qualname__}({', '.join(shown)})"


def _restore(record: Any, state: list[Any]) -> None:
    for item, content in zip(dataclasses.fields(record), state, strict=True):
        object.__setattr__(record, item.name, content)


def _refuse_setting(record: Any, name: str, content: object) -> NoReturn:  # noqa: ARG001 - Python's signature
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(record: Any, name: str) -> NoReturn:  # noqa: ARG001 - Python's signature
    raise FrozenInstanceError(f"cannot delete field {name!r}")
