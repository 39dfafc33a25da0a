"""Packing: from the pinned npm package, the core's sources and the scripts to the files that a browser loads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from vaultproof.archive import write_stored_zip
from verifier_web.packing.bytecode import compile_all, prepare
from verifier_web.packing.compression import Compressor
from verifier_web.packing.errors import PackingError
from verifier_web.packing.manifest import Role, RuntimeFile, RuntimeManifest
from verifier_web.packing.modules import RENEW, missing_imports, own_code, read_list, standard_library
from verifier_web.packing.scripts import closure, first_imports, hashed_name, rename

SCRIPTS = Path(__file__).parent.parent / "browser"
PAGE_ENTRY = "verify-panel.mjs"
WORKER_ENTRY = "worker.mjs"
FILE_LIST = "runtime-files.mjs"
PYODIDE_SCRIPTS = ("pyodide.mjs", "pyodide.asm.mjs")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A file on its way: what it is for, its source's name, its final name and its bytes."""

    role: Role
    source: str
    name: str
    content: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()


def _pyodide_folder(node_modules: Path) -> Path:
    folder = node_modules / "pyodide"
    if not (folder / "pyodide.asm.wasm").is_file():
        raise PackingError(f"{folder} holds no Pyodide", hint="run npm ci")
    return folder


def _part(role: Role, source: str, content: bytes) -> _Part:
    return _Part(role=role, source=source, name=hashed_name(source, content), content=content)


def _archives(pyodide: Path, cache_dir: Path) -> tuple[list[_Part], str]:
    """The standard library and the core as archives of bytecode, and the version of their Python."""
    names, sources = read_list(), own_code()
    missing = missing_imports(sources, names)
    if missing:
        told = "; ".join(f"{file}: {', '.join(sorted(modules))}" for file, modules in sorted(missing.items()))
        raise PackingError(f"the browser's standard library lacks what the core imports ({told})", hint=RENEW)
    bundled = standard_library(pyodide / "python_stdlib.zip", names.bundled)
    library, python = compile_all(pyodide, cache_dir, bundled, lines=False)
    own, _ = compile_all(pyodide, cache_dir, sources, lines=True)
    library_archive = write_stored_zip(library)
    name, prepared = prepare(pyodide, cache_dir, library_archive, write_stored_zip(own))
    parts = [
        _part(Role.STANDARD_LIBRARY, "python-library.zip", library_archive),
        _part(Role.CORE, "vaultproof-core.zip", write_stored_zip({**own, name: prepared})),
    ]
    return parts, python


def _read_scripts() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(SCRIPTS.glob("*.mjs"))}


def _worker_parts(pyodide: Path) -> list[_Part]:
    """The worker's scripts: what it starts with, what it imports later, and Pyodide's two as they are."""
    foreign = {name: (pyodide / name).read_bytes() for name in PYODIDE_SCRIPTS}
    parts = [_part(Role.INTERPRETER_SCRIPT, name, content) for name, content in foreign.items()]
    texts = _read_scripts()
    own = {name: texts[name] for name in closure(WORKER_ENTRY, texts, known=PYODIDE_SCRIPTS)}
    renamed = rename(own, {part.source: part.name for part in parts})
    first = closure(WORKER_ENTRY, texts, known=PYODIDE_SCRIPTS, imports=first_imports)
    for source, (name, content) in renamed.items():
        role = Role.WORKER_SCRIPT if source in first else Role.INTERPRETER_SCRIPT
        role = Role.WORKER_ENTRY if source == WORKER_ENTRY else role
        parts.append(_Part(role=role, source=source, name=name, content=content))
    return parts


def _file_list(parts: list[_Part], versions: Mapping[str, str], lock: Mapping[str, object]) -> str:
    """The generated module that tells the page which files to load and what their hashes must be.

    ``lock`` is Pyodide's lock file without packages: with it Pyodide has nothing to ask another host for.
    """
    entries = [
        {"name": part.name, "role": part.role.value, "size": len(part.content), "sha256": part.sha256}
        for part in sorted(parts, key=lambda part: part.name)
    ]
    return (
        "// Written by verifier_web.packing: the files of this runtime, and what their SHA-256 must be.\n"
        f"export const versions = {json.dumps(dict(versions), indent=2, sort_keys=True)};\n"
        f"export const lock = {json.dumps(dict(lock), sort_keys=True)};\n"
        f"export const files = {json.dumps(entries, indent=2)};\n"
    )


def _page_parts(file_list: str) -> list[_Part]:
    """The scripts of the page, with the file list among them."""
    texts = {**_read_scripts(), FILE_LIST: file_list}
    renamed = rename({name: texts[name] for name in closure(PAGE_ENTRY, texts)}, {})
    return [
        _Part(
            role=Role.PAGE_ENTRY if source == PAGE_ENTRY else Role.PAGE_SCRIPT,
            source=source,
            name=name,
            content=content,
        )
        for source, (name, content) in renamed.items()
    ]


def _unique(parts: list[_Part]) -> list[_Part]:
    """The parts sorted by name; a script that page and worker share is one file, listed for the page."""
    by_name = {part.name: part for part in parts}
    return [by_name[name] for name in sorted(by_name)]


def _write(path: Path, content: bytes) -> None:
    """Write, unless the file is there already with these bytes: unchanged files keep their time."""
    if not path.is_file() or path.read_bytes() != content:
        path.write_bytes(content)


def _write_all(output_dir: Path, parts: list[_Part], compressor: Compressor) -> tuple[RuntimeFile, ...]:
    """Write every part and its compressed copies."""
    output_dir.mkdir(parents=True, exist_ok=True)
    for part in sorted(parts, key=lambda part: -len(part.content)):
        compressor.begin(part.content)
    files = []
    for part in parts:
        encodings = compressor.result(part.content)
        _write(output_dir / part.name, part.content)
        _write(output_dir / f"{part.name}.br", encodings.br)
        _write(output_dir / f"{part.name}.gz", encodings.gz)
        files.append(
            RuntimeFile(
                name=part.name,
                role=part.role,
                source=part.source,
                size=len(part.content),
                sha256=part.sha256,
                size_br=len(encodings.br),
                size_gz=len(encodings.gz),
            )
        )
    return tuple(files)


def build_runtime(output_dir: Path, *, node_modules: Path, cache_dir: Path) -> RuntimeManifest:
    """Write the runtime's files into ``output_dir`` (made if absent) and say what they are.

    Every file's name carries the first 16 hex digits of its SHA-256, so all may be served as immutable; beside each
    stand ``.br`` and ``.gz`` copies.  ``node_modules`` is where npm put the pinned ``pyodide`` package.  ``cache_dir``
    keeps what is costly to make (bytecode, compressed copies) by content.  Files of earlier packings are left alone.

    Same inputs, same files, byte for byte (the compressed copies: for the same compressor).  Raises ``PackingError``.
    """
    pyodide = _pyodide_folder(node_modules)
    with Compressor(cache_dir) as compressor:
        wasm = _part(Role.WASM, "pyodide.asm.wasm", (pyodide / "pyodide.asm.wasm").read_bytes())
        compressor.begin(wasm.content)  # takes longest by far, so it goes on while the sources are compiled
        archives, python = _archives(pyodide, cache_dir)
        worker = _worker_parts(pyodide)
        version = str(json.loads((pyodide / "package.json").read_text("utf-8"))["version"])
        lock = {"info": json.loads((pyodide / "pyodide-lock.json").read_text("utf-8"))["info"], "packages": {}}
        page = _page_parts(_file_list([wasm, *archives, *worker], {"pyodide": version, "python": python}, lock))
        files = _write_all(output_dir, _unique([wasm, *archives, *worker, *page]), compressor)
    return RuntimeManifest(files=files, pyodide_version=version, python_version=python)
