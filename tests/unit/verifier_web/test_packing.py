"""Packing: what goes in, that it is the same every time, and what it says when something is missing."""

from __future__ import annotations

import hashlib
import json
import re
import traceback
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest

from verifier_web.packing import PackingError, RuntimeManifest, build_runtime, cache, compression
from verifier_web.packing.bytecode import OLDEST_NODE
from verifier_web.packing.compile_modules import compile_source
from verifier_web.packing.manifest import Role, RuntimeFile
from verifier_web.packing.modules import (
    LIST,
    LibraryList,
    ModuleSource,
    imported_names,
    missing_imports,
    module_names,
    own_code,
    read_list,
    standard_library,
)
from verifier_web.packing.survey import LEFT_OUT, survey

ROOT = Path(__file__).parents[3]
NODE_MODULES = ROOT / "node_modules"
PYODIDE = NODE_MODULES / "pyodide"


# --- what goes in -----------------------------------------------------------------------------------------------------


def test_our_code_is_the_core_without_its_shells() -> None:
    files = [source.file for source in own_code()]
    assert files == sorted(files)
    assert "vaultproof/verification.py" in files
    assert "vaultproof/crypto/webcrypto.py" in files
    assert "rfc8785/_impl.py" in files
    assert "vaultproof_browser.py" in files
    assert [file for file in files if "cli" in file or "openssl" in file or "/log_" in file] == []
    assert [file for file in files if "signer_log" in file] == [
        "vaultproof/signer_log/__init__.py",
        "vaultproof/signer_log/answers.py",
    ]


def test_the_list_holds_all_that_our_code_imports() -> None:
    assert missing_imports(own_code(), read_list()) == {}


def test_an_import_that_is_not_in_the_list_is_noticed() -> None:
    source = ModuleSource(
        file="x.py", content=b"def f():\n    import sqlite3.dump, json\n    from vaultproof.a import b"
    )
    assert missing_imports((source,), LibraryList(pyodide="", bundled=("json",), interpreter=frozenset())) == {
        "x.py": {"sqlite3.dump", "vaultproof.a"}
    }


def test_imports_for_type_checkers_do_not_count() -> None:
    text = (
        b"if TYPE_CHECKING:\n    import typing_only\nelse:\n    import really\nfrom . import sibling\nimport a.b as c\n"
    )
    assert imported_names(ModuleSource(file="x.py", content=text)) == {"really", "a.b"}


def test_packages_are_named_by_their_folder() -> None:
    sources = tuple(ModuleSource(file=file, content=b"") for file in ("a/__init__.py", "a/b.py", "c.py"))
    assert list(module_names(sources)) == ["a", "a.b", "c"]


def test_a_module_that_pyodide_does_not_have_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "python_stdlib.zip"
    with zipfile.ZipFile(archive, "w") as library:
        library.writestr("json/__init__.py", "1")
        library.writestr("token.py", "2")
    sources = standard_library(archive, ("token", "json"))
    assert [(source.file, source.content) for source in sources] == [("json/__init__.py", b"1"), ("token.py", b"2")]
    with pytest.raises(PackingError, match=r"no module sqlite3; renew the list by: python -m"):
        standard_library(archive, ("sqlite3",))


def test_the_list_is_of_the_pinned_pyodide() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]["node_modules/pyodide"]["version"]
    assert read_list().pyodide == locked
    bundled = read_list().bundled
    assert sorted(bundled) == list(bundled)
    assert [name for name in bundled if name.split(".")[0] in LEFT_OUT] == []


@pytest.mark.slow
def test_the_committed_list_is_what_the_survey_finds(pyodide: Path) -> None:
    assert survey(pyodide) == json.loads(LIST.read_text("utf-8"))


# --- bytecode ---------------------------------------------------------------------------------------------------------

SOURCE = b'''"""About the module."""
from __future__ import annotations

class Thing:
    """About the class."""

def function(number):
    """About the function."""
    "A second text is no docstring."
    assert number > 0, "asserts stay"
    return [
        1 //
        number
    ]

def only():
    """Nothing else."""
'''


def _load(pyc: bytes) -> dict[str, Any]:
    """Run compiled bytes as Python would on import."""
    import marshal

    assert pyc[4:8] == b"\x01\0\0\0"  # PEP 552: by hash, unchecked
    namespace: dict[str, Any] = {"__name__": "sample"}
    exec(marshal.loads(pyc[16:]), namespace)  # noqa: S102, S302 - our own bytes of a moment ago
    return namespace


@pytest.mark.parametrize("lines", [True, False])
def test_docstrings_go_and_behaviour_stays(lines: bool) -> None:
    loaded = _load(compile_source(SOURCE, "sample.py", lines=lines))
    assert loaded["__doc__"] == "."
    assert loaded["Thing"].__doc__ == "."
    assert loaded["function"].__doc__ is None
    assert loaded["only"]() is None
    assert loaded["function"](1) == [1]
    with pytest.raises(AssertionError, match="asserts stay"):
        loaded["function"](0)


def _traceback(function: types.FunctionType, argument: object) -> list[int | None]:
    """The line numbers of the function's own frames in a traceback; formatting must not fail."""
    with pytest.raises((AssertionError, TypeError)) as raised:
        function(argument)
    assert "sample.py" in "".join(traceback.format_exception(raised.value))
    frames = traceback.extract_tb(raised.value.__traceback__)
    return [frame.lineno for frame in frames if frame.filename == "sample.py"]


def test_tracebacks_have_lines_where_they_are_kept_and_work_where_not() -> None:
    with_lines = _load(compile_source(SOURCE, "sample.py", lines=True))
    without = _load(compile_source(SOURCE, "sample.py", lines=False))
    assert _traceback(with_lines["function"], 0) == [10]
    assert _traceback(without["function"], 0) in ([None], [-1])
    assert _traceback(without["function"], "text") in ([None], [-1])


def test_compiling_says_nothing_of_where_or_when() -> None:
    first = compile_source(SOURCE, "sample.py", lines=True)
    assert compile_source(SOURCE, "sample.py", lines=True) == first
    assert str(Path.cwd()).encode() not in first


def test_a_source_that_is_no_python_is_refused() -> None:
    with pytest.raises(SyntaxError):
        compile_source(b"def", "sample.py", lines=True)


# --- cache ------------------------------------------------------------------------------------------------------------


def test_what_was_made_once_is_not_made_again(tmp_path: Path) -> None:
    made: list[bytes] = []

    def make() -> bytes:
        made.append(b"result")
        return b"result"

    folder = tmp_path / "cache"
    assert cache.cached(folder, "kind", [b"input"], make) == b"result"
    assert cache.cached(folder, "kind", [b"input"], make) == b"result"
    assert cache.cached(folder, "kind", [b"other"], make) == b"result"
    assert len(made) == 2
    assert all(path.name.startswith("kind.") for path in folder.iterdir())


def test_what_failed_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail() -> bytes:
        raise PackingError("no")

    with pytest.raises(PackingError):
        cache.cached(tmp_path / "cache", "kind", [b"input"], fail)
    assert not (tmp_path / "cache").exists()


def test_two_lists_of_inputs_never_share_a_key() -> None:
    keys = [cache.key_of(parts) for parts in ([], [b""], [b"", b""], [b"ab"], [b"a", b"b"], [b"", b"ab"], [b"ab", b""])]
    assert len(set(keys)) == len(keys)


# --- the manifest -----------------------------------------------------------------------------------------------------


def _file(name: str, role: Role) -> RuntimeFile:
    return RuntimeFile(
        name=name, role=role, source=name, size=10, sha256=hashlib.sha256(b"").hexdigest(), size_br=3, size_gz=4
    )


def test_the_manifest_says_what_a_page_needs() -> None:
    files = (_file("a", Role.PAGE_ENTRY), _file("b", Role.PAGE_SCRIPT), _file("c", Role.WASM), _file("d", Role.CORE))
    manifest = RuntimeManifest(files=files, pyodide_version="1", python_version="2")
    assert manifest.entry.name == "a"
    assert [file.name for file in manifest.preloads] == ["b"]
    assert manifest.core.name == "d"
    assert manifest.transfer == 12
    assert manifest.entry.integrity == "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
    assert manifest.to_json()["files"][2]["role"] == "wasm"
    with pytest.raises(KeyError):
        manifest.only(Role.STANDARD_LIBRARY)
    with pytest.raises(KeyError):
        RuntimeManifest(files=files * 2, pyodide_version="1", python_version="2").only(Role.CORE)


# --- the whole --------------------------------------------------------------------------------------------------------


def _digests(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}


@pytest.mark.slow
def test_a_build_from_scratch_gives_the_bytes_of_an_earlier_one_elsewhere(
    pyodide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "BROTLI_QUALITY", 1)  # how well it compresses is not the question here
    monkeypatch.setattr(compression, "GZIP_LEVEL", 1)
    caches = {"earlier": ROOT / ".cache/browser-runtime", "from-scratch/elsewhere": tmp_path / "cache"}
    manifests = [
        build_runtime(tmp_path / name, node_modules=NODE_MODULES, cache_dir=cache) for name, cache in caches.items()
    ]
    assert manifests[0] == manifests[1]
    first, second = (_digests(tmp_path / name) for name in caches)
    assert first == second
    for file in manifests[0].files:
        assert first[file.name] == file.sha256
        assert file.sha256[:16] in file.name
        assert first.keys() >= {f"{file.name}.br", f"{file.name}.gz"}
    _assert_archives_are_plain(tmp_path / "earlier", manifests[0])


def _assert_archives_are_plain(folder: Path, manifest: RuntimeManifest) -> None:
    """Stored, sorted, of one date, and nothing but bytecode."""
    for role in (Role.CORE, Role.STANDARD_LIBRARY):
        with zipfile.ZipFile(folder / manifest.only(role).name) as archive:
            entries = archive.infolist()
        assert [entry.filename for entry in entries] == sorted(entry.filename for entry in entries)
        assert {(entry.compress_type, entry.date_time) for entry in entries} == {(0, (1980, 1, 1, 0, 0, 0))}
        assert all(entry.filename.endswith(".pyc") for entry in entries)


def test_without_pyodide_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(PackingError, match="holds no Pyodide; run npm ci"):
        build_runtime(tmp_path / "out", node_modules=tmp_path, cache_dir=tmp_path / "cache")


def test_every_place_names_the_oldest_node_that_packing_takes() -> None:
    told = {
        name: set(re.findall(r"Node\.js ([0-9]+) or newer", (ROOT / name).read_text("utf-8")))
        for name in ("README.md", "CONTRIBUTING.md", "Makefile")
    }
    assert all(found == {str(OLDEST_NODE)} for found in told.values()), told
    assert json.loads((ROOT / "package.json").read_text("utf-8"))["engines"]["node"] == f">={OLDEST_NODE}"


def test_without_node_it_says_what_to_do(pyodide: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(compression, "BROTLI_QUALITY", 1)
    monkeypatch.setattr(compression, "GZIP_LEVEL", 1)
    with pytest.raises(PackingError, match="node is not installed"):
        build_runtime(tmp_path / "out", node_modules=NODE_MODULES, cache_dir=tmp_path / "cache")
    assert not (tmp_path / "out").exists()
