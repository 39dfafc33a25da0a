"""The core does no I/O: what import contracts cannot say, read off the syntax of its modules (decision 0001)."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CORE = ROOT / "vaultproof"

# The command line and the mirror of the log are shells; each backend of the crypto port may also import its own engine.
SHELLS = ("cli/", "mirror/")
ENGINES = {"crypto/openssl.py": {"cryptography"}, "crypto/webcrypto.py": {"js", "pyodide"}}
FOREIGN = {"rfc8785"}
MAKERS = {"frozen.py": {"exec"}}
"""Makes ``__init__`` of a class out of the names of its fields, as ``dataclasses`` does; no input comes near it."""

# Parts of the standard library that reach the outside, or change between two runs.
_OUTSIDE = """
    asyncio ctypes fileinput ftplib getpass glob http imaplib locale logging mmap multiprocessing os platform poplib
    random sched secrets select selectors shelve shutil signal smtplib socket socketserver sqlite3 ssl subprocess
    tempfile threading time urllib uuid webbrowser
"""
OUTSIDE = frozenset(_OUTSIDE.split())
CLOCKS = {"now", "utcnow", "today"}
BUILTIN_DOORS = {"breakpoint", "eval", "exec", "input", "open", "print", "__import__"}


def _modules() -> list[str]:
    names = (path.relative_to(CORE).as_posix() for path in sorted(CORE.rglob("*.py")))
    return [name for name in names if not name.startswith(SHELLS)]


def _imports(tree: ast.AST) -> Iterator[str]:
    """Top-level names of everything imported, inside functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module is not None:
            yield node.module.split(".")[0]


def _trespasses(source: str, engines: frozenset[str] = frozenset(), doors: frozenset[str] = frozenset()) -> list[str]:
    """What a core module must not hold: foreign imports, doors to the outside, clocks, asserts, changing globals."""
    tree = ast.parse(source)
    allowed = (sys.stdlib_module_names - OUTSIDE) | FOREIGN | {"vaultproof"} | engines
    found = [f"imports {name}" for name in _imports(tree) if name not in allowed]
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert):
            found.append(f"line {node.lineno}: assert, which an interpreter may drop")
        elif isinstance(node, ast.Global):
            found.append(f"line {node.lineno}: global state")
        elif isinstance(node, ast.Call):
            called = node.func
            if isinstance(called, ast.Name) and called.id in BUILTIN_DOORS - doors:
                found.append(f"line {node.lineno}: {called.id}()")
            elif isinstance(called, ast.Attribute) and called.attr in CLOCKS:
                found.append(f"line {node.lineno}: a clock, .{called.attr}()")
    return found


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("import cryptography.x509", "imports cryptography"),
        ("def f():\n    from click import echo", "imports click"),
        ("import os", "imports os"),
        ("from urllib.request import urlopen", "imports urllib"),
        ("open('x')", "line 1: open()"),
        ("from datetime import datetime\nx = datetime.now()", "line 2: a clock, .now()"),
        ("assert 1", "line 1: assert, which an interpreter may drop"),
        ("def f():\n    global x\n    x = 1", "line 2: global state"),
    ],
)
def test_the_rule_sees_a_trespass(source: str, complaint: str) -> None:
    assert _trespasses(source) == [complaint]


def test_the_rule_lets_values_be() -> None:
    assert _trespasses("import hashlib\nimport rfc8785\nfrom vaultproof.errors import Malformed\n") == []


def test_there_is_a_core_to_look_at() -> None:
    assert "errors.py" in _modules()


@pytest.mark.parametrize("module", _modules())
def test_a_core_module_reaches_nothing_outside(module: str) -> None:
    source = (CORE / module).read_text(encoding="utf-8")
    assert _trespasses(source, frozenset(ENGINES.get(module, ())), frozenset(MAKERS.get(module, ()))) == []
