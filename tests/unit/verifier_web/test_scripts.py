"""The page's scripts: how packing names and rewrites them, and what must never stand in one."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

from vaultproof.evidence.files import MAX_FILES, MAX_TOTAL_BYTES
from verifier_web.packing.errors import PackingError
from verifier_web.packing.runtime import FILE_LIST, PAGE_ENTRY, PYODIDE_SCRIPTS, SCRIPTS, WORKER_ENTRY
from verifier_web.packing.scripts import LATER, closure, first_imports, hashed_name, local_imports, rename

TEXTS = {path.name: path.read_text("utf-8") for path in sorted(SCRIPTS.glob("*.mjs"))}

# Ways to run text as a program or to read it as HTML, to keep something about a reader, or to ask somebody else.
FORBIDDEN = re.compile(
    r"\b(innerHTML|outerHTML|insertAdjacentHTML|setHTMLUnsafe|eval|document\.write|DOMParser|localStorage|sessionStorage"
    r"|indexedDB|sendBeacon|cookie|userAgent)\b|new Function|https?://|\bstyle="
)


def test_a_name_carries_the_hash_of_its_content() -> None:
    digest = hashlib.sha256(b"x").hexdigest()
    assert hashed_name("pyodide.asm.wasm", b"x") == f"pyodide.asm.{digest[:16]}.wasm"


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ('import { a } from "./a.mjs";', {"a.mjs"}),
        ("import './a.mjs';", {"a.mjs"}),
        ('import {\n  a,\n  b,\n} from "./a.mjs";\nimport c from "./pyodide.asm.mjs";', {"a.mjs", "pyodide.asm.mjs"}),
        ('export { a } from "./a.mjs";', {"a.mjs"}),
        ('const { a } = await import("./a.mjs");', {"a.mjs"}),
        ('/** @type {import("./a.mjs").A} */', set()),
        (' * @typedef {import("./a.mjs").A} A', set()),
        ('const text = "import x from ./a.mjs";', set()),
        ('// import { a } from "./a.mjs";', set()),
    ],
)
def test_imports_are_recognised(text: str, imported: set[str]) -> None:
    assert local_imports(text) == imported


def test_importers_are_renamed_after_what_they_import() -> None:
    texts = {
        "a.mjs": 'import "./b.mjs";\n"./b.mjs";',
        "b.mjs": 'import c from "./c.mjs";',
        "c.mjs": "export default 1;",
    }
    renamed = rename(texts, {})
    assert renamed["c.mjs"][1] == b"export default 1;"
    assert renamed["b.mjs"][1] == f'import c from "./{renamed["c.mjs"][0]}";'.encode()
    assert renamed["a.mjs"][1] == f'import "./{renamed["b.mjs"][0]}";\n"./b.mjs";'.encode()
    for source, (name, content) in renamed.items():
        assert name == hashed_name(source, content)


def test_what_is_imported_later_is_renamed_too_but_not_needed_first() -> None:
    texts = {"a.mjs": 'import "./b.mjs";\nconst c = await import("./c.mjs");', "b.mjs": "1;", "c.mjs": "2;"}
    renamed = rename(texts, {})
    assert f'await import("./{renamed["c.mjs"][0]}")'.encode() in renamed["a.mjs"][1]
    assert closure("a.mjs", texts) == {"a.mjs", "b.mjs", "c.mjs"}
    assert closure("a.mjs", texts, imports=first_imports) == {"a.mjs", "b.mjs"}


def test_a_change_below_changes_every_name_above() -> None:
    before = rename({"a.mjs": 'import "./b.mjs";', "b.mjs": "1;"}, {})
    after = rename({"a.mjs": 'import "./b.mjs";', "b.mjs": "2;"}, {})
    assert before["a.mjs"][0] != after["a.mjs"][0]


def test_a_circle_has_no_names() -> None:
    with pytest.raises(PackingError, match=r"circle: a\.mjs, b\.mjs"):
        rename({"a.mjs": 'import "./b.mjs";', "b.mjs": 'import "./a.mjs";'}, {})


def test_an_import_of_nothing_is_refused() -> None:
    with pytest.raises(PackingError, match=r"\./b\.mjs, which does not exist"):
        closure("a.mjs", {"a.mjs": 'import "./b.mjs";'})


def test_every_script_is_reached_from_page_or_worker() -> None:
    page = closure(PAGE_ENTRY, {**TEXTS, FILE_LIST: ""})
    worker = closure(WORKER_ENTRY, TEXTS, known=PYODIDE_SCRIPTS)
    assert set(TEXTS) - page - worker == {"protocol.mjs"}  # types only


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_script_has_only_imports_that_packing_sees(name: str) -> None:
    code = re.sub(r"^\s*//.*$", "", re.sub(r"/\*.*?\*/", "", TEXTS[name], flags=re.DOTALL), flags=re.MULTILINE)
    assert set(re.findall(r"""["']\./([^"']+\.mjs)["']""", code)) == local_imports(TEXTS[name])
    assert len(re.findall(r"\bimport\s*\(", code)) == len(LATER.findall(code))


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_a_script_holds_nothing_that_is_forbidden(name: str) -> None:
    assert [match[0] for match in FORBIDDEN.finditer(TEXTS[name])] == []


@pytest.mark.parametrize("text", ["x.innerHTML = y", "eval(x)", 'fetch("https://example.com")', "new Function(x)"])
def test_the_rule_sees_what_is_forbidden(text: str) -> None:
    assert FORBIDDEN.search(text)


def test_the_caps_of_scripts_and_core_are_one() -> None:
    values = dict(re.findall(r"^export const (\w+) = ([0-9_* ]+);", TEXTS["limits.mjs"], re.MULTILINE))
    product = {name: _product(value) for name, value in values.items()}
    assert product == {"MAX_FILES": MAX_FILES, "MAX_TOTAL_BYTES": MAX_TOTAL_BYTES}


def _product(text: str) -> int:
    result = 1
    for factor in text.split("*"):
        result *= int(factor.replace("_", ""))
    return result


def test_the_page_contract_names_every_part_template_and_text() -> None:
    readme = Path(SCRIPTS, "README.md").read_text("utf-8")
    used = set()
    for text in TEXTS.values():
        used.update(re.findall(r"""\b(?:part|findPart|show|copyOf|text)\((?:this\.)?[#\w.]+, "([a-z-]+)\"""", text))
        used.update(re.findall(r"""this\.text\("([a-z-]+)"\)""", text))
        used.update(re.findall(r"""#list\("([a-z-]+)\"""", text))
    assert len(used) > 20
    assert {name for name in used if f"`{name}`" not in readme and f'"{name}"' not in readme} == set()
