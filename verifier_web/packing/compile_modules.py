"""Compile Python sources to ``.pyc`` bytes with the very Python that will run them (started by ``compile.mjs``).

This file runs inside Pyodide, where the host's Python version does not matter.  What it leaves out is text and tables
that only debugging reads; what it keeps is behaviour: ``optimize=0``, so ``assert`` statements and ``__debug__`` are as
they are in the sources.

- Docstrings go.  A class keeps the one-character docstring ``"."``, because ``dataclasses`` computes a signature for
  every class that has none, which costs more time at start than all the docstrings cost to download; a module keeps it,
  because nothing else may stand before ``from __future__ import``.
- Line tables go where ``lines`` is false: they are a third of the compressed size of the standard library.  Our own
  code keeps them, so that a traceback names our lines.
- The header is PEP 552's *unchecked hash* form: no time stamp, so the same source gives the same bytes.
"""

from __future__ import annotations

import _imp
import ast
import importlib.util
import marshal
from types import CodeType

UNCHECKED_HASH = (1).to_bytes(4, "little")
HASH_KEY = int.from_bytes(importlib.util.MAGIC_NUMBER, "little")


def _is_docstring(statement: ast.stmt) -> bool:
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def _without_docstrings(tree: ast.Module) -> ast.Module:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if node.body and _is_docstring(node.body[0]):
            # Something takes its place: were it removed, a string that follows would become the docstring.
            is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            kept: ast.stmt = ast.Pass() if is_function else ast.Expr(ast.Constant("."))
            node.body[0] = ast.fix_missing_locations(ast.copy_location(kept, node.body[0]))
    return tree


def _no_locations(instructions: int) -> bytes:
    """A location table that says "unknown" for this many code units (CPython, InternalDocs/code_objects.md, kind 15).

    It must cover all of them: ``traceback`` looks every instruction up and fails where the table ends too early.
    """
    whole, rest = divmod(instructions, 8)
    return b"\xff" * whole + (bytes([0xF8 | (rest - 1)]) if rest else b"")


def without_lines(code: CodeType) -> CodeType:
    """The same code without line numbers, and that of all functions in it."""
    constants = tuple(without_lines(value) if isinstance(value, CodeType) else value for value in code.co_consts)
    return code.replace(co_linetable=_no_locations(len(code.co_code) // 2), co_consts=constants)


def compile_source(source: bytes, filename: str, *, lines: bool) -> bytes:
    """The ``.pyc`` file of one module; ``filename`` is what tracebacks show.  Raises ``SyntaxError``."""
    tree = _without_docstrings(ast.parse(source, filename))
    code = compile(tree, filename, "exec", dont_inherit=True, optimize=0)
    if not lines:
        code = without_lines(code)
    header = importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + _imp.source_hash(HASH_KEY, source)
    return header + marshal.dumps(code)
