"""Copies of frozen records in which every value of one kind, at any depth, is changed alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from operator import is_
from typing import Any, TypeVar

T = TypeVar("T")
K = TypeVar("K")


def rebuilt(value: T, kind: type[K], change: Callable[[K], K]) -> T:
    """``value`` (a dataclass, or a tuple of such) with ``change`` made to everything of that kind within it."""
    result: T = _rebuilt(value, kind, change)
    return result


def _rebuilt(value: Any, kind: type[K], change: Callable[[K], K]) -> Any:
    """The value itself where nothing within it changes: nearly all of what is looked through."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, tuple):
        items = [_rebuilt(item, kind, change) for item in value]
        return value if all(map(is_, items, value)) else tuple(items)
    if is_dataclass(value) and not isinstance(value, type):
        before = {item.name: getattr(value, item.name) for item in fields(value)}
        after = {name: _rebuilt(content, kind, change) for name, content in before.items()}
        changed = {name: content for name, content in after.items() if content is not before[name]}
        return replace(value, **changed) if changed else value
    return value
