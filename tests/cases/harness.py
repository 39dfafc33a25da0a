"""Cases as folders: ``<name>`` must verify, ``<name>_fail`` must not; adding one needs no code.

Each folder holds ``README.md`` (why it must come out so), ``case.json`` (what to check) and ``expected.json`` (what
must come of it).  Library, command line and browser run the same cases: ``load`` gives files, trust, clock and
expectation as bytes and texts, and ``check_report`` or ``check_refusal`` judges what an engine answered.

``case.json``::

    {"from": {"deployment": "rehearsal-messenger-2026"}        a committed deployment, or
             {"rehearse": {"members": 3, "fault": "log-gap"}}  options of a rehearsal (seed and id have defaults), or
             {"attest": {"technology": "securosys-primus",     three HSMs of another maker, as ``other_makers.py`` makes
                         "trap": "wrapped"}},                  them, with one of its traps or without,
     "changes": [...], "trust": [...],                         changes of its files, and of those of evidence/trust
     "clock": "2026-11-22T12:00:00Z",
     "evidence_digest": "right" or 64 hex digits}              optional: what the reader was given

A change is one of ``{"op": "remove", "path"}`` (a folder when it ends with a slash), ``{"op": "move", "path", "to"}``,
``{"op": "write", "path", "text"}`` (so often as ``times`` says, if it is there), ``{"op": "text", "path", "old",
"new"}`` (``old`` stands there once),
``{"op": "set", "path", "pointer", "value"}`` and ``{"op": "unset", "path", "pointer"}`` (JSON, written anew),
``{"op": "flip", "path", "offset", "bit"}`` and ``{"op": "manifest"}`` (made anew from the files as they are then).
A ``path`` may end with ``*`` for every file that begins so.

``expected.json`` is ``{"refused": code, "by": "evidence" (usual) or "trust"}`` where no report is made; else it has
``outcome``, ``scope``, ``first_trouble``, and, as far as they matter, ``steps`` (id to ``[status, code]``), ``shows``
(codes of substeps or labels of facts that stand somewhere in the report) and ``hides`` (the same, that stand nowhere).
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from generator.rehearsal import RehearsalOptions, rehearse
from tests.cases.other_makers import rehearse_as
from vaultproof.evidence.files import DEPLOYMENT, MANIFEST, sha256_hex
from vaultproof.evidence.manifest import make_manifest
from vaultproof.report import Report

CASES = Path(__file__).parent
EVIDENCE = CASES.parent.parent / "evidence"
FAIL = "_fail"
RIGHT_DIGEST = "right"

Files = dict[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What must come of a case: a refusal, or a report with these things in it."""

    refused: str | None
    by: str
    outcome: str | None
    scope: str | None
    first_trouble: str | None
    steps: Mapping[str, tuple[str, str]]
    shows: tuple[str, ...]
    hides: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """What the command line must return; -1 for a refusal of evidence, where the kind of error decides."""
        if self.refused is not None:
            return 2 if self.by == "trust" else -1
        return {"verified": 0, "contradicted": 1, "incomplete": 2}[self.outcome or ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case: ``files`` and ``trust`` map paths to bytes, ``clock`` is RFC 3339 in UTC."""

    name: str
    files: Files
    trust: Files
    clock: str
    evidence_digest: str | None
    expected: Expected


def names() -> list[str]:
    """The names of all cases, sorted."""
    return sorted(path.parent.name for path in CASES.glob("*/case.json"))


def load(name: str) -> Case:
    """The case in the folder of that name.  Raises ``ValueError`` for a case that is not written as it must be."""
    case = _object(name, "case.json", {"from", "clock"}, {"changes", "trust", "evidence_digest"})
    files = changed(_made_from(name, case["from"]), case.get("changes", []))
    given = case.get("evidence_digest")
    return Case(
        name=name,
        files=files,
        trust=changed(tree(EVIDENCE / "trust"), case.get("trust", [])),
        clock=case["clock"],
        evidence_digest=sha256_hex(files[MANIFEST]) if given == RIGHT_DIGEST else given,
        expected=_expected(name),
    )


def tree(folder: Path) -> Files:
    """All files below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def changed(files: Mapping[str, bytes], changes: list[dict[str, Any]]) -> Files:
    """The files after each change in turn.  Raises ``ValueError`` for a change that cannot be made, or makes none."""
    result = dict(files)
    for change in changes:
        arguments = dict(change)
        operation = _OPERATIONS.get(arguments.pop("op", ""))
        if operation is None:
            raise ValueError(f"no such change: {change}")
        before = dict(result)
        try:
            operation(result, **arguments)
        except (TypeError, KeyError, IndexError) as error:
            raise ValueError(f"cannot be made: {change} ({error!r})") from None
        if result == before:
            raise ValueError(f"changes nothing: {change}")
    return result


def check_report(report: Report | Mapping[str, Any], expected: Expected) -> None:
    """Fail, in words, unless the report is what the case expects; takes a ``Report`` or its JSON values."""
    value = report.to_json() if isinstance(report, Report) else report
    assert expected.refused is None, f"expected a refusal ({expected.refused}), got a report"
    verdict = value["verdict"]
    steps = {step["id"]: (step["status"], step["code"]) for step in value["steps"]}
    found = (verdict["outcome"], verdict["scope"], verdict["first_trouble"])
    assert found == (expected.outcome, expected.scope, expected.first_trouble), steps
    assert {id: steps[id] for id in expected.steps} == dict(expected.steps)
    words = _words(value)
    assert not set(expected.shows) - words, "not shown"
    assert not set(expected.hides) & words, "shown"


def check_refusal(code: str, expected: Expected) -> None:
    """Fail, in words, unless the case expects to be refused with this code."""
    assert expected.refused is not None, f"refused ({code}), expected a report"
    assert code == expected.refused


def _words(report: Mapping[str, Any]) -> set[str]:
    substeps = [substep for step in report["steps"] for substep in step["substeps"]]
    return {substep["code"] for substep in substeps} | {fact["label"] for item in substeps for fact in item["facts"]}


def _expected(name: str) -> Expected:
    keys = {"outcome", "scope", "first_trouble", "steps", "shows", "hides", "refused", "by"}
    value = _object(name, "expected.json", set(), keys)
    wanted = {"refused"} if "refused" in value else {"outcome", "scope", "first_trouble"}
    if not wanted <= set(value):
        raise ValueError(f"{name}/expected.json lacks {wanted - set(value)}")
    if (value.get("outcome") == "verified") is name.endswith(FAIL):
        raise ValueError(f"{name}: the name of a case ends with {FAIL} exactly when it must not verify")
    return Expected(
        refused=value.get("refused"),
        by=value.get("by", "evidence"),
        outcome=value.get("outcome"),
        scope=value.get("scope"),
        first_trouble=value.get("first_trouble"),
        steps={id: (status, code) for id, (status, code) in value.get("steps", {}).items()},
        shows=tuple(value.get("shows", ())),
        hides=tuple(value.get("hides", ())),
    )


def _object(name: str, file: str, required: set[str], optional: set[str]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads((CASES / name / file).read_bytes())
    if not required <= set(value) or set(value) - required - optional:
        raise ValueError(f"{name}/{file} has other fields than {sorted(required | optional)}: {sorted(value)}")
    return value


def _made_from(name: str, source: dict[str, Any]) -> Mapping[str, bytes]:
    match source:
        case {"deployment": str(id)}:
            return tree(EVIDENCE / "deployments" / id)
        case {"rehearse": dict(options)}:
            return _rehearsed(json.dumps(options, sort_keys=True))
        case {"attest": dict(options)}:
            return _attested(**options)
    raise ValueError(f"{name}/case.json: from is a deployment, a rehearsal or one whose HSMs are of another maker")


@cache
def _rehearsed(options: str) -> Mapping[str, bytes]:
    return rehearse(RehearsalOptions(**{"seed": "cases", "id": "rehearsal-case", **json.loads(options)}))


@cache
def _attested(technology: str, trap: str | None = None) -> Mapping[str, bytes]:
    return rehearse_as(technology, trap)


# --- changes ----------------------------------------------------------------------------------------------------------


def _matching(files: Files, path: str) -> list[str]:
    begins = path.removesuffix("*")
    found = [name for name in files if name == path or (path != begins and name.startswith(begins))]
    if not found:
        raise KeyError(path)
    return found


def _remove(files: Files, *, path: str) -> None:
    for name in _matching(files, path + "*" if path.endswith("/") else path):
        del files[name]


def _move(files: Files, *, path: str, to: str) -> None:
    files[to] = files.pop(path)


def _write(files: Files, *, path: str, text: str, times: int = 1) -> None:
    files[path] = text.encode("utf-8") * times


def _text(files: Files, *, path: str, old: str, new: str) -> None:
    for name in _matching(files, path):
        if files[name].count(old.encode("utf-8")) != 1:
            raise KeyError(f"{old!r} does not stand once in {name}")
        files[name] = files[name].replace(old.encode("utf-8"), new.encode("utf-8"))


def _set(files: Files, *, path: str, pointer: str, value: Any) -> None:
    def put(parent: Any, key: Any) -> None:
        if isinstance(parent, list) and key == len(parent):
            parent.append(copy.deepcopy(value))
        else:
            parent[key] = copy.deepcopy(value)

    _rewrite(files, path, pointer, put)


def _unset(files: Files, *, path: str, pointer: str) -> None:
    def drop(parent: Any, key: Any) -> None:
        del parent[key]

    _rewrite(files, path, pointer, drop)


def _rewrite(files: Files, path: str, pointer: str, change: Callable[[Any, Any], None]) -> None:
    for name in _matching(files, path):
        document = parent = json.loads(files[name])
        *way, last = [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]
        for part in way:
            parent = parent[_key(parent, part)]
        change(parent, _key(parent, last))
        files[name] = json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8") + b"\n"


def _key(parent: Any, part: str) -> Any:
    """``-`` is the place after the last item of a list, as in RFC 6901."""
    if not isinstance(parent, list):
        return part
    return len(parent) if part == "-" else int(part)


def _flip(files: Files, *, path: str, offset: int, bit: int) -> None:
    data = bytearray(files[path])
    data[offset] ^= 1 << bit
    files[path] = bytes(data)


def _manifest(files: Files) -> None:
    files[MANIFEST] = make_manifest(json.loads(files[DEPLOYMENT])["id"], files).to_bytes()


_OPERATIONS: Mapping[str, Callable[..., None]] = {
    "remove": _remove,
    "move": _move,
    "write": _write,
    "text": _text,
    "set": _set,
    "unset": _unset,
    "flip": _flip,
    "manifest": _manifest,
}
