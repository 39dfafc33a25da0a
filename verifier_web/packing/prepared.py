"""Spares the browser from compiling what dataclasses write: packed as ``vaultproof_start``, imported first.

``dataclasses`` writes the methods of each class as source text and has Python compile it when the class is made, and
``vaultproof.frozen`` does the same for ``__init__``.  In WebAssembly that is more than half of the time that our code
takes to import.  Packing therefore imports everything once in Pyodide, notes these texts, and compiles them
(``prepare.mjs``); here the compiled code is found again by the SHA-256 of the text.  The very same code runs either
way: a text that was not noted is compiled as ever.
"""

from __future__ import annotations

import builtins
import dataclasses
import hashlib
from collections.abc import Mapping
from types import CodeType
from typing import Any

from vaultproof import frozen

missed: list[str] = []
"""Texts that had to be compiled after all: none, when the runtime was packed from the code that it carries."""


def key_of(source: str) -> bytes:
    """What a compiled text is found by."""
    return hashlib.sha256(source.encode()).digest()


def install(prepared: Mapping[bytes, CodeType]) -> None:
    """Give ``dataclasses`` and ``vaultproof.frozen`` an ``exec`` that looks the text up first."""

    def execute(source: str, global_names: dict[str, Any], names: dict[str, Any]) -> None:
        code = prepared.get(key_of(source))
        if code is None:
            missed.append(source)
        builtins.exec(source if code is None else code, global_names, names)  # noqa: S102 - as dataclasses does

    for maker in (dataclasses, frozen):
        vars(maker)["exec"] = execute


def _packed() -> Mapping[bytes, CodeType]:
    """What packing prepared; nothing, while it is preparing."""
    try:
        from vaultproof_prepared import PREPARED  # type: ignore[import-not-found] # packing makes it
    except ImportError:
        return {}
    found: Mapping[bytes, CodeType] = PREPARED
    return found


install(_packed())
