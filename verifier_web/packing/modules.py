"""Python modules that go into the runtime, and where their sources are.

The standard library's part is the committed list ``stdlib_modules.json`` (see ``survey.py`` for how it is computed);
our own part is the core that checks a deployment: ``vaultproof`` without its shells and the audit of a whole log.
"""

from __future__ import annotations

import ast
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from verifier_web.packing.errors import PackingError

LIST = Path(__file__).with_name("stdlib_modules.json")
ENTRY_MODULE = "vaultproof_browser"
PREPARED_MODULE = "vaultproof_prepared"
STARTUP_MODULE = "sitecustomize"
PACKED_HERE = {ENTRY_MODULE: "entry.py", STARTUP_MODULE: "startup.py"}
"""Modules of this folder that go along, under these names."""

NOT_OF_THE_LIBRARY = ("__future__", PREPARED_MODULE)  # read by the compiler; made by packing itself

RENEW = "renew the list by: python -m verifier_web.packing.survey"
NOT_IN_THE_BROWSER = (
    "vaultproof/cli/",
    "vaultproof/crypto/openssl.py",
    "vaultproof/mirror/",
    "vaultproof/presentation/log_",  # the audit of a whole log is no step of a check
    "vaultproof/signer_log/",
)
NEVERTHELESS = ("vaultproof/signer_log/__init__.py", "vaultproof/signer_log/answers.py")
"""What steps read the log's own answers with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModuleSource:
    """One module: ``file`` is its path inside the archive (``json/decoder.py``), ``content`` its source text."""

    file: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryList:
    """The committed list: modules to bundle, and modules that Pyodide's interpreter has inside it anyway."""

    pyodide: str
    bundled: tuple[str, ...]
    interpreter: frozenset[str]


def read_list(path: Path = LIST) -> LibraryList:
    """The committed list, or another one in the same form."""
    values = json.loads(path.read_text("utf-8"))
    return LibraryList(
        pyodide=values["pyodide"], bundled=tuple(values["bundled"]), interpreter=frozenset(values["interpreter"])
    )


def standard_library(archive: Path, names: tuple[str, ...]) -> tuple[ModuleSource, ...]:
    """The sources of these modules of Pyodide's own ``python_stdlib.zip``, sorted by file.

    Raises ``PackingError`` for a name that is not in the archive: then the list was made for another Pyodide.
    """
    sources = []
    with zipfile.ZipFile(archive) as library:
        files = set(library.namelist())
        for name in names:
            path = name.replace(".", "/")
            file = next((file for file in (f"{path}/__init__.py", f"{path}.py") if file in files), None)
            if file is None:
                raise PackingError(f"{archive.name} has no module {name}", hint=RENEW)
            sources.append(ModuleSource(file=file, content=library.read(file)))
    return tuple(sorted(sources, key=lambda source: source.file))


def package_folder(name: str) -> Path:
    """Where an importable package has its files; nothing of it is executed.  Raises ``PackingError`` if absent."""
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise PackingError(f"the package {name} is not installed", hint="install the locked requirements")
    return Path(next(iter(spec.submodule_search_locations)))


def _package(name: str) -> Iterator[ModuleSource]:
    folder = package_folder(name)
    for path in sorted(folder.rglob("*.py")):
        yield ModuleSource(file=path.relative_to(folder.parent).as_posix(), content=path.read_bytes())


def own_code() -> tuple[ModuleSource, ...]:
    """The core, ``rfc8785`` and the two modules that only a browser needs, sorted by file."""
    core = [
        source
        for source in _package("vaultproof")
        if source.file in NEVERTHELESS or not source.file.startswith(NOT_IN_THE_BROWSER)
    ]
    here = [
        ModuleSource(file=f"{name}.py", content=Path(__file__).with_name(file).read_bytes())
        for name, file in PACKED_HERE.items()
    ]
    return tuple(sorted([*core, *_package("rfc8785"), *here], key=lambda source: source.file))


def imported_names(source: ModuleSource) -> set[str]:
    """Every absolute module that a source file imports, at its top or inside a function.

    Imports under ``if TYPE_CHECKING`` are left out: they never run.
    """
    names: set[str] = set()
    pending: list[ast.AST] = [ast.parse(source.content, source.file)]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            pending.extend(node.orelse)
            continue
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names.add(node.module)
        pending.extend(ast.iter_child_nodes(node))
    return names


def module_names(sources: tuple[ModuleSource, ...]) -> Mapping[str, ModuleSource]:
    """The sources by dotted module name."""
    names = {}
    for source in sources:
        dotted = source.file.removesuffix(".py").replace("/", ".")
        names[dotted.removesuffix(".__init__")] = source
    return names


def missing_imports(own: tuple[ModuleSource, ...], library: LibraryList) -> dict[str, set[str]]:
    """What our code imports that the runtime will not have: file to module names; empty when all is well."""
    known = {*library.bundled, *library.interpreter, *module_names(own), *NOT_OF_THE_LIBRARY}
    missing = {source.file: imported_names(source) - known for source in own}
    return {file: names for file, names in missing.items() if names}
