"""The stripped standard library is enough: the core runs on it, error paths included, and asks for nothing more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.browser.conftest import DEPLOYMENTS, EVIDENCE, Visit
from tests.browser.test_crypto_vectors import run_python
from vaultproof.archive import write_stored_zip
from verifier_web.packing.modules import module_names, own_code
from verifier_web.packing.startup import SELDOM_NEEDED
from verifier_web.packing.survey import LEFT_OUT

RUN = """
import json, sys
sys.path.insert(0, "")
from core_exercise import exercise
json.dumps(await exercise(json.loads(open("settings.json").read())))
"""

# Asked for by the standard library itself, which goes on without them.
OPTIONAL = {"_hashlib"}


STARTED = """
import dataclasses, gc, importlib.machinery, json, re, sys, types
import sitecustomize
lazy = [name for name in sitecustomize.SELDOM_NEEDED if type(sys.modules[name]).__name__ == "_LazyModule"]
import vaultproof_browser, vaultproof_prepared
from vaultproof.attestation.registry import adapters

adapters()
sitecustomize.settle()
told = {"collecting": gc.isenabled(), "lazy": lazy}
told["missed"] = [repr(item) for item in sitecustomize.missed_texts + sitecustomize.missed_patterns]

def found_slowly(module):
    return type(object.__getattribute__(module, "__dict__").get("__loader__")).__name__ == "zipimporter"

modules = {name: module for name, module in list(sys.modules.items()) if isinstance(module, types.ModuleType)}
told["slowly"] = [name for name, module in modules.items() if found_slowly(module)]

# Each prepared pattern against what this very interpreter makes of it without any preparation.
plain = types.ModuleType("plain compiler")
plain.__package__ = "re"
found = importlib.machinery.PathFinder.find_spec("re._compiler", sys.modules["re"].__path__)
exec(found.loader.get_code("re._compiler"), plain.__dict__)
told["patterns"] = len(vaultproof_prepared.PATTERNS)
told["differing"] = []
for (pattern, flags), arguments in vaultproof_prepared.PATTERNS.items():
    made, expected = plain._sre.compile(pattern, *arguments), plain.compile(pattern, flags)
    if (made, made.groups, made.groupindex) != (expected, expected.groups, expected.groupindex):
        told["differing"].append(pattern)

# What was not prepared is noted, so that "nothing was missed" says something.
re.compile("never seen (before)?")
dataclasses.make_dataclass("NeverSeen", ["before"])
told["texts"] = len(vaultproof_prepared.TEXTS)
told["noted"] = [("never seen (before)?", 0) in sitecustomize.missed_patterns, len(sitecustomize.missed_texts) > 0]
json.dumps(told)
"""

BEFORE_THE_STARTUP = {"encodings", "encodings.aliases", "encodings.utf_8", "__future__", "sitecustomize"}


def test_nothing_is_done_in_the_browser_that_packing_prepared(visit: Visit) -> None:
    told = json.loads(run_python(visit, STARTED, {}))
    assert told["missed"] == []
    assert set(told["slowly"]) <= BEFORE_THE_STARTUP
    assert set(told["lazy"]) == SELDOM_NEEDED
    assert told["collecting"] is True
    assert (told["texts"] > 100, told["patterns"] > 30, told["differing"]) == (True, True, [])
    assert told["noted"] == [True, True]


def _zip(folder: Path) -> bytes:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return write_stored_zip({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


@pytest.mark.slow
def test_the_core_needs_nothing_that_was_left_out(visit: Visit) -> None:
    if not DEPLOYMENTS:
        pytest.skip("no deployment is committed under evidence/deployments")
    archives = {f"{id}.zip": _zip(EVIDENCE / "deployments" / id) for id in DEPLOYMENTS}
    settings = {"modules": sorted(module_names(own_code())), "deployments": sorted(archives)}
    files = {
        **archives,
        "core_exercise.py": Path(__file__).with_name("core_exercise.py").read_bytes(),
        "procedures.zip": _zip(EVIDENCE / "procedure"),
        "settings.json": json.dumps(settings).encode(),
        "trust.zip": _zip(EVIDENCE / "trust"),
    }
    told = json.loads(run_python(visit, RUN, files))
    roots = {name.split(".")[0] for name in told["missing"]}
    assert roots - OPTIONAL - set(LEFT_OUT) == set()
    outcomes = told["outcomes"]
    assert outcomes["verified"] >= len(DEPLOYMENTS)
    assert outcomes["contradicted"] > 50
    assert outcomes.keys() >= {"verified", "contradicted", "incomplete"}, outcomes
