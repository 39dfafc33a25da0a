"""Source text to ``.pyc`` bytes, by Pyodide's own Python run in node, cached by content."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from verifier_web.packing.cache import cached
from verifier_web.packing.errors import PackingError
from verifier_web.packing.modules import ENTRY_MODULE, PREPARED_MODULE, ModuleSource

COMPILER = Path(__file__).with_name("compile_modules.py")
RUNNER = Path(__file__).with_name("compile.mjs")
PREPARER = Path(__file__).with_name("prepare.mjs")
STARTER = Path(__file__).with_name("node_pyodide.mjs")
PYODIDE_FILES = ("pyodide.asm.wasm", "pyodide.asm.mjs", "pyodide.mjs", "python_stdlib.zip")
OLDEST_NODE = 18
LONGEST_LINE = 500
TIME_LIMIT = 300  # seconds; a busy machine of two cores needs about ten


def node_command() -> str:
    """The path of node.  Raises ``PackingError`` where it is absent or too old."""
    node = shutil.which("node")
    if node is None:
        raise PackingError("node is not installed", hint=f"the runtime is compiled by node {OLDEST_NODE} or newer")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        raise PackingError(f"node is {version}", hint=f"the runtime needs node {OLDEST_NODE} or newer")
    return node


def run_node(runner: Path, pyodide: Path, request: Mapping[str, object]) -> bytes:
    """What one of our node scripts writes as its answer to this request.  Raises ``PackingError`` when it fails."""
    with tempfile.TemporaryDirectory(prefix="vaultproof-packing-") as folder:
        question, answer = Path(folder, "request.json"), Path(folder, "answer")
        question.write_text(json.dumps(request), "utf-8")
        command = [node_command(), str(runner), str(pyodide), str(question), str(answer)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=TIME_LIMIT, check=False)
        except subprocess.TimeoutExpired:
            raise PackingError(f"{runner.name} took longer than {TIME_LIMIT} s") from None
        if done.returncode != 0:
            said = [line for line in done.stderr.splitlines() if len(line) < LONGEST_LINE]  # the others are source text
            raise PackingError(f"{runner.name} failed: {chr(10).join(said).strip()[-2000:]}")
        return answer.read_bytes()


def _compile(pyodide: Path, sources: tuple[ModuleSource, ...], *, lines: bool) -> bytes:
    """The compiler's whole answer (see ``compile.mjs``) for these sources."""
    request = {
        "compiler": COMPILER.read_text("utf-8"),
        "modules": [
            {"file": source.file, "source": base64.b64encode(source.content).decode(), "lines": lines}
            for source in sources
        ],
    }
    return run_node(RUNNER, pyodide, request)


def _interpreter(pyodide: Path) -> list[bytes]:
    """The inputs that every answer depends on: the interpreter, and how it is started."""
    return [STARTER.read_bytes(), *((pyodide / name).read_bytes() for name in PYODIDE_FILES)]


def compile_all(
    pyodide: Path, cache_dir: Path, sources: tuple[ModuleSource, ...], *, lines: bool
) -> tuple[dict[str, bytes], str]:
    """``.pyc`` bytes by archive path, and the version of the Python that made them.

    ``lines`` says whether tracebacks shall have line numbers.  Raises ``PackingError`` when node or Pyodide fails.
    """
    inputs = [COMPILER.read_bytes(), RUNNER.read_bytes(), str(lines).encode(), *_interpreter(pyodide)]
    for source in sources:
        inputs += [source.file.encode(), source.content]
    answer: dict[str, Any] = json.loads(
        cached(cache_dir, "pyc", inputs, lambda: _compile(pyodide, sources, lines=lines))
    )
    compiled = (base64.b64decode(module) for module in answer["modules"])
    return {f"{source.file}c": content for source, content in zip(sources, compiled, strict=True)}, answer["python"]


def prepare(pyodide: Path, cache_dir: Path, library: bytes, own: bytes) -> tuple[str, bytes]:
    """The module of prepared code that these two archives make (see ``startup.py``): its archive path and bytes."""
    file = f"{PREPARED_MODULE}.py"

    def make() -> bytes:
        with tempfile.TemporaryDirectory(prefix="vaultproof-packing-") as folder:
            paths = {"library": Path(folder, "library.zip"), "own": Path(folder, "own.zip")}
            paths["library"].write_bytes(library)
            paths["own"].write_bytes(own)
            places = {name: str(path) for name, path in paths.items()}
            rest = {"compiler": COMPILER.read_text("utf-8"), "module": ENTRY_MODULE, "file": file}
            return run_node(PREPARER, pyodide, {**places, **rest})

    inputs = [COMPILER.read_bytes(), PREPARER.read_bytes(), library, own, *_interpreter(pyodide)]
    return f"{file}c", cached(cache_dir, "prepared", inputs, make)
