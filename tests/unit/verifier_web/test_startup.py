"""What makes Python start fast in a browser gives what Python gives without it."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import types
import zipfile
import zipimport
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from vaultproof import frozen
from vaultproof.archive import write_stored_zip
from verifier_web.packing import startup
from verifier_web.packing.bytecode import STARTER, compile_all, run_node
from verifier_web.packing.compile_modules import compile_source, without_lines
from verifier_web.packing.modules import own_code, read_list, standard_library
from verifier_web.packing.startup import (
    Archives,
    engine_arguments,
    install_patterns,
    install_texts,
    missed_patterns,
    missed_texts,
    text_key,
)

compiler: Any = vars(re)["_compiler"]

ROOT = Path(__file__).parents[3]
START = """
import { readFileSync, writeFileSync } from "node:fs";
import { startPyodide } from "STARTER";
const [folder, question, answer] = process.argv.slice(2);
const { library, own } = JSON.parse(readFileSync(question, "utf8"));
const pyodide = await startPyodide(folder, {
  stdLibURL: library,
  env: { PYTHONPATH: "/lib/own.zip" },
  fsInit: async (FS) => FS.writeFile("/lib/own.zip", new Uint8Array(readFileSync(own))),
  stderr: () => {},
});
const begun = pyodide.pyimport("sys").modules.get("sitecustomize") !== undefined;
const verifier = pyodide.pyimport("vaultproof_browser").Verifier !== undefined;
writeFileSync(answer, JSON.stringify({ begun, verifier }));
"""


@pytest.fixture(autouse=True)
def nothing_missed() -> Iterator[None]:
    missed_texts.clear()
    missed_patterns.clear()
    yield
    missed_texts.clear()
    missed_patterns.clear()


# --- modules ----------------------------------------------------------------------------------------------------------


def _archive(path: Path, sources: dict[str, str]) -> str:
    """A zip of bytecode that ``zipimport`` has looked into, as it has where it is on Python's path."""
    members = {f"{file}c": compile_source(text.encode(), file, lines=True) for file, text in sources.items()}
    path.write_bytes(write_stored_zip(members))
    zipimport.zipimporter(str(path))
    return str(path)


def _loaded(archives: Archives, name: str) -> types.ModuleType:
    spec = archives.find_spec(name)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def archives(tmp_path: Path) -> Archives:
    first = _archive(tmp_path / "first.zip", {"thing.py": "VALUE = 1", "box/__init__.py": "", "box/inner.py": "X = 2"})
    second = _archive(tmp_path / "second.zip", {"thing.py": "VALUE = 3", "other.py": "def f():\n    return __file__\n"})
    return Archives([first, second])


def test_a_module_is_what_zipimport_makes_of_it(archives: Archives, tmp_path: Path) -> None:
    for name, archive in (("thing", "first.zip"), ("other", "second.zip"), ("box", "first.zip")):
        ours = _loaded(archives, name)
        spec = zipimport.zipimporter(str(tmp_path / archive)).find_spec(name)
        assert spec is not None
        assert spec.loader is not None
        theirs = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(theirs)
        for attribute in ("__name__", "__file__", "__package__", "__path__"):
            assert getattr(ours, attribute, None) == getattr(theirs, attribute, None), (name, attribute)
        own = {key: value for key, value in vars(theirs).items() if not key.startswith("__") and key != "f"}
        assert own.items() <= vars(ours).items()
        assert vars(theirs).keys() - {"__cached__"} <= vars(ours).keys() | {"__builtins__"}
    assert _loaded(archives, "other").f() == str(tmp_path / "second.zip" / "other.pyc")


def test_the_earlier_archive_counts(archives: Archives) -> None:
    assert _loaded(archives, "thing").VALUE == 1


def test_a_module_inside_a_package_is_found(archives: Archives) -> None:
    assert _loaded(archives, "box.inner").X == 2


def test_what_no_archive_has_is_left_to_others(archives: Archives) -> None:
    assert archives.find_spec("inner") is None
    assert archives.find_spec("box.absent") is None


def test_what_is_no_bytecode_is_left_to_zipimport(tmp_path: Path) -> None:
    path = tmp_path / "mixed.zip"
    path.write_bytes(write_stored_zip({"text.py": b"VALUE = 1", "notes.txt": b"hello"}))
    zipimport.zipimporter(str(path))
    archives = Archives([str(path)])
    assert [archives.find_spec(name) for name in ("text", "notes", "notes.txt", "text.py")] == [None] * 4


def test_a_compressed_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "deflated.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("thing.pyc", compile_source(b"VALUE = 1", "thing.py", lines=True) * 9)
    zipimport.zipimporter(str(path))
    with pytest.raises(ImportError, match="compressed"):
        Archives([str(path)])


def test_bytecode_of_another_python_is_refused(tmp_path: Path) -> None:
    code = compile_source(b"VALUE = 1", "thing.py", lines=True)
    path = tmp_path / "other.zip"
    path.write_bytes(write_stored_zip({"thing.pyc": bytes([code[0] ^ 1]) + code[1:]}))
    zipimport.zipimporter(str(path))
    with pytest.raises(ImportError, match="another Python"):
        _loaded(Archives([str(path)]), "thing")


def test_a_seldom_needed_module_is_carried_out_when_it_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(startup, "SELDOM_NEEDED", {"late"})
    done: list[str] = []
    monkeypatch.setattr("builtins.note_of_test", done.append, raising=False)
    late = _loaded(Archives([_archive(tmp_path / "late.zip", {"late.py": "note_of_test('done')\nVALUE = 5"})]), "late")
    assert done == []
    assert late.VALUE == 5
    assert done == ["done"]


def test_without_what_was_prepared_nothing_begins(pyodide: Path, tmp_path: Path) -> None:
    """In node: an archive that lacks it starts Python without the startup, which is what the worker looks for."""
    cache = ROOT / ".cache/browser-runtime"
    names = read_list()
    library, _ = compile_all(
        pyodide, cache, standard_library(pyodide / "python_stdlib.zip", names.bundled), lines=False
    )
    own, _ = compile_all(pyodide, cache, own_code(), lines=True)
    (tmp_path / "library.zip").write_bytes(write_stored_zip(library))
    (tmp_path / "own.zip").write_bytes(write_stored_zip(own))
    script = tmp_path / "start.mjs"
    script.write_text(START.replace("STARTER", STARTER.as_uri()), "utf-8")
    request = {"library": str(tmp_path / "library.zip"), "own": str(tmp_path / "own.zip")}
    answer = json.loads(run_node(script, pyodide, request))
    assert answer == {"begun": False, "verifier": True}


# --- texts ------------------------------------------------------------------------------------------------------------

Decorator = Callable[[type[Any]], type[Any]]
DECORATORS: list[Decorator] = [dataclasses.dataclass(frozen=True, slots=True, kw_only=True), frozen.frozen]


def _class_made_with(prepared: dict[bytes, types.CodeType], decorate: Decorator) -> tuple[Any, list[str]]:
    """A class made while its maker looks texts up in ``prepared``, and the texts that were not there."""
    makers = (dataclasses, frozen)
    before = [vars(maker).get("exec") for maker in makers]
    try:
        install_texts(makers, prepared)
        missed_texts.clear()

        @decorate
        class Point:
            x: int
            y: int = 2

        return Point, list(missed_texts)
    finally:
        for maker, found in zip(makers, before, strict=True):
            if found is None:
                del vars(maker)["exec"]
            else:
                vars(maker)["exec"] = found


@pytest.mark.parametrize("decorate", DECORATORS, ids=["dataclass", "frozen"])
def test_prepared_code_makes_the_same_class(decorate: Decorator) -> None:
    plain, texts = _class_made_with({}, decorate)
    assert texts
    prepared = {
        text_key(text): without_lines(compile(text, "<dataclass>", "exec", dont_inherit=True)) for text in texts
    }
    made, still_missed = _class_made_with(prepared, decorate)
    assert still_missed == []
    assert made.__init__.__annotations__ == plain.__init__.__annotations__
    for point in (plain, made):
        assert repr(point(x=1)).endswith("Point(x=1, y=2)")
        assert point(x=1) == point(x=1)
        assert hash(point(x=1)) == hash((1, 2))
        with pytest.raises(dataclasses.FrozenInstanceError):
            point(x=1).x = 3
        with pytest.raises(TypeError):
            point(1)


@pytest.mark.parametrize("decorate", DECORATORS, ids=["dataclass", "frozen"])
def test_a_text_that_was_not_prepared_is_compiled_as_ever(decorate: Decorator) -> None:
    made, texts = _class_made_with({text_key("another text"): compile("1", "x", "exec")}, decorate)
    assert len(texts) >= 1
    assert made(x=1).y == 2


# --- patterns ---------------------------------------------------------------------------------------------------------

PATTERNS: list[tuple[str | bytes, int]] = [
    ("[0-9]{4}-[0-9]{2}", 0),
    (b"(?P<first>a+)(?P<second>b)?", 0),
    ("straße|[\ud800-\udfff]", re.IGNORECASE),
    (" x  # spaced", re.VERBOSE | re.ASCII),
    ("(?s:.)(?=z)", 0),
]


@pytest.fixture
def other_compiler() -> types.SimpleNamespace:
    """A copy of ``re._compiler`` whose ``compile`` a test may replace."""
    return types.SimpleNamespace(**vars(compiler))


@pytest.mark.parametrize(("pattern", "flags"), PATTERNS)
def test_a_prepared_pattern_is_the_same_pattern(
    other_compiler: types.SimpleNamespace, pattern: str | bytes, flags: int
) -> None:
    plain = compiler.compile(pattern, flags)
    install_patterns(other_compiler, {(pattern, flags): engine_arguments(compiler, pattern, flags)})
    made = other_compiler.compile(pattern, flags)
    assert missed_patterns == []
    assert made == plain  # engines compare flags, code and pattern
    assert (made.flags, made.groups, dict(made.groupindex)) == (plain.flags, plain.groups, dict(plain.groupindex))


def test_a_pattern_that_was_not_prepared_is_compiled_as_ever(other_compiler: types.SimpleNamespace) -> None:
    install_patterns(other_compiler, {("a", 0): engine_arguments(compiler, "b", 0)})
    assert other_compiler.compile("a", re.IGNORECASE) == compiler.compile("a", re.IGNORECASE)
    assert other_compiler.compile(b"a") == compiler.compile(b"a")
    assert missed_patterns == [("a", re.IGNORECASE), (b"a", 0)]


def test_the_engine_is_left_as_it_was() -> None:
    engine = compiler._sre
    engine_arguments(compiler, "a+", 0)
    assert compiler._sre is engine
    with pytest.raises(re.error):
        engine_arguments(compiler, "(", 0)
    assert compiler._sre is engine
