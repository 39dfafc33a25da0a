"""Copies of frozen records in which every value of one kind, at any depth, is changed alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

T = TypeVar("T")
K = TypeVar("K")


def rebuilt(value: T, kind: type[K], change: Callable[[K], K]) -> T:
    """``value`` (a dataclass, or a tuple of such) with ``change`` made to everything of that kind within it."""
    result: T = _rebuilt(value, kind, change)
    return result


def _rebuilt(value: Any, kind: type[K], change: Callable[[K], K]) -> Any:
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, tuple):
        return tuple(_rebuilt(item, kind, change) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(
            value, **{item.name: _rebuilt(getattr(value, item.name), kind, change) for item in fields(value)}
        )
    return value
