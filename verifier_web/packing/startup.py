"""What makes Python start fast in a browser: packed as ``sitecustomize``, which Python carries out before all else.

Three things take most of the time between an interpreter and a verifier, and none of them needs to happen there:

- *Finding modules.*  ``zipimport`` opens its archive again for every module and asks each archive for each name.  Here
  the archives, which hold nothing but stored bytecode, are read once, and a module is a slice of them.
- *Compiling what was compiled before.*  ``dataclasses`` and ``vaultproof.frozen`` write methods as source text and have
  Python compile it; ``re`` translates each pattern by Python code.  Packing imports everything once in Pyodide, notes
  these texts and patterns, and keeps what they became (``prepare.mjs``); here the results are found again.  What was
  not noted is compiled as ever, to the same code.
- *Collecting garbage* where there is none: what is made while modules are imported stays.

If any of it fails, ``site`` of the standard library leaves this module out and goes on; the worker then misses it and
does not start (``worker.mjs``), which is no verdict.
"""

from __future__ import annotations

import builtins
import gc
import marshal
import os
import sys
import zipimport
from _frozen_importlib_external import MAGIC_NUMBER  # importlib.util's, without its import

TYPE_CHECKING = False  # as typing has it, which is not worth its import here
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from types import CodeType, ModuleType
    from typing import Any

    Text = str | bytes
    Arguments = tuple[int, list[int], int, dict[str, int], tuple[str | None, ...]]

LOCAL_HEADER = 30
"""Bytes of a member's header before its name (APPNOTE 6.3, 4.3.7); at 26 and 28 stand the lengths of name and extra."""

BYTECODE_HEADER = 16
"""Bytes of a ``.pyc`` file before its code; the first four say for which Python it is (PEP 552)."""

PREPARING = "VAULTPROOF_PREPARING"
"""Set in the environment while packing finds out what is to be prepared."""

SELDOM_NEEDED = frozenset({"_colorize", "asyncio.sslproto", "locale"})
"""Modules that others import at their top and hardly ever use: carried out when something of them is asked for."""

missed_texts: list[str] = []
missed_patterns: list[tuple[Text, int]] = []
"""What had to be compiled after all: nothing, when the runtime was packed from the code that it carries."""


class Archives:
    """Finds and loads the modules of stored zips of bytecode; where two have one, the earlier archive counts."""

    def __init__(self, paths: Sequence[str]) -> None:
        self._modules: dict[str, tuple[memoryview, int, int, str, bool]] = {}
        for path in reversed(paths):
            with open(path, "rb") as file:
                self._read(path, memoryview(file.read()))

    def _read(self, path: str, data: memoryview) -> None:
        for file, entry in zipimport._zip_directory_cache[path].items():  # type: ignore[attr-defined] # what it has read
            if entry is None or not file.endswith(".pyc"):
                continue  # a folder, or source text, which zipimport reads
            compression, size, offset = entry[1], entry[2], entry[4]
            if compression != 0:
                raise ImportError(f"{path}/{file} is compressed")
            lengths = data[offset + 26 : offset + 30]
            start = offset + LOCAL_HEADER + (lengths[0] | lengths[1] << 8) + (lengths[2] | lengths[3] << 8)
            name = file.removesuffix(".pyc").replace("/", ".")
            place = data, start + BYTECODE_HEADER, start + size, f"{path}/{file}"
            self._modules[name.removesuffix(".__init__")] = *place, name.endswith(".__init__")

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002 - importlib's signature
        """How the module is to be loaded; None when no archive has it (PEP 451)."""
        found = self._modules.get(name)
        if found is None:
            return None
        _, _, _, origin, is_package = found
        spec: ModuleSpec = _spec_type()(name, self, origin=origin, is_package=is_package)
        spec.has_location = True
        if is_package:
            spec.submodule_search_locations = [origin.rpartition("/")[0]]
        if name in SELDOM_NEEDED:
            from importlib.util import LazyLoader

            spec.loader = LazyLoader(self)  # type: ignore[arg-type] # it has what a loader needs (PEP 451)
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        """Nothing but an ordinary module."""

    def exec_module(self, module: ModuleType) -> None:
        """Carry the module's code out."""
        data, start, end, origin, _ = self._modules[module.__name__]
        if data[start - BYTECODE_HEADER : start - BYTECODE_HEADER + 4] != MAGIC_NUMBER:
            raise ImportError(f"{origin} is for another Python")
        exec(marshal.loads(data[start:end]), vars(module))  # noqa: S102, S302 - what every importer does


def _spec_type() -> Any:
    """``importlib.machinery.ModuleSpec``, without its import."""
    return type(builtins.__spec__)


def text_key(source: str) -> bytes:
    """What compiled text is found by."""
    import hashlib

    return hashlib.sha256(source.encode()).digest()


def install_texts(makers: Sequence[ModuleType], prepared: Mapping[bytes, CodeType]) -> None:
    """Give ``dataclasses`` and ``vaultproof.frozen`` an ``exec`` that looks the text up first."""

    def execute(source: str, global_names: dict[str, Any], names: dict[str, Any]) -> None:
        code = prepared.get(text_key(source))
        if code is None:
            missed_texts.append(source)
            code = compile(source, "<string>", "exec", dont_inherit=True)  # of this module's future imports
        builtins.exec(code, global_names, names)  # noqa: S102 - as dataclasses does

    for maker in makers:
        vars(maker)["exec"] = execute


def install_patterns(compiler: Any, prepared: Mapping[tuple[Text, int], Arguments]) -> None:
    """Give ``re._compiler`` a ``compile`` that looks a pattern up first; the engine makes the same of it."""
    compile_pattern = compiler.compile

    def find_or_compile(pattern: Text, flags: int = 0) -> object:
        found = prepared.get((pattern, int(flags)))
        if found is not None:
            return compiler._sre.compile(pattern, *found)
        missed_patterns.append((pattern, int(flags)))
        return compile_pattern(pattern, flags)

    compiler.compile = find_or_compile


def engine_arguments(compiler: Any, pattern: Text, flags: int) -> Arguments:
    """What ``re._compiler.compile`` hands to the engine for a pattern, beside the pattern itself."""
    engine, taken = compiler._sre, []

    class Watched:
        """The engine, noting what it is handed."""

        def __getattr__(self, name: str) -> Any:
            return getattr(engine, name)

        def compile(self, _: Text, *arguments: Any) -> Any:
            taken.append(arguments)
            return engine.compile(pattern, *arguments)

    compiler._sre = Watched()
    try:
        compiler.compile(pattern, flags)
    finally:
        compiler._sre = engine
    state, code, groups, indices, names = taken[0]
    return int(state), list(map(int, code)), groups, dict(indices), tuple(names)


def _prepared() -> tuple[Mapping[bytes, CodeType], Mapping[tuple[Text, int], Arguments]]:
    """What packing prepared; nothing, while it is preparing."""
    if PREPARING in os.environ:
        return {}, {}
    from vaultproof_prepared import PATTERNS, TEXTS  # type: ignore[import-not-found] # packing makes it

    return TEXTS, PATTERNS


def begin() -> None:
    """Set everything up; the order matters, because each part is imported by the means of those before."""
    gc.disable()
    paths = [path for path in sys.path if path in zipimport._zip_directory_cache]  # type: ignore[attr-defined] # as above
    sys.meta_path.insert(0, Archives(paths))
    texts, patterns = _prepared()
    import re._compiler  # type: ignore[import-not-found] # the standard library's own, since Python 3.11

    install_patterns(re._compiler, patterns)
    import dataclasses

    from vaultproof import frozen

    install_texts((dataclasses, frozen), texts)


def settle() -> None:
    """Everything is imported: leave it out of every collection to come, and collect from now on."""
    gc.freeze()
    gc.enable()


if __name__ == "sitecustomize":
    begin()
