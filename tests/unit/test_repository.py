"""Rules of the repository itself, read off its files: what must be there, and what must never be."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tomllib
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LOCKS = ["requirements/site.txt", "requirements/dev.txt"]

# One letter of each stands in brackets, so that this file does not break the rules it holds.
REGISTRY_HOSTS = re.compile(
    rb"py[p]i\.org|python[h]osted\.org|np[m]js\.(?:org|com)|de[b]\.debian\.org|crate[s]\.io/api|prox[y]\.golang\.org"
)
MACHINE_PATHS = re.compile(rb"(?m)(?:^|[^A-Za-z0-9_./-])/(?:work|tmp|root|home)/")
LEFT_BEHIND = re.compile(rb"\b(?:TOD[O]|FIXM[E]|XX[X]|HAC[K])\b")
PROGRAM_SUFFIXES = {".py", ".js", ".mjs", ".html", ".css", ".toml"}
APACHE_2_0 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
LARGEST_FILE = 1_000_000

PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)==([^ ;\\]+)((?: ;[^\\]*)?) ?\\?$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")


@cache
def _files() -> tuple[str, ...]:
    """Every file that is committed or would be: tracked, or new and not ignored."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    answer = subprocess.run(listing, cwd=ROOT, capture_output=True, check=False)
    if answer.returncode:
        pytest.skip("this tree is not a git checkout, so what belongs to it cannot be told")
    names = sorted({name for name in answer.stdout.decode().split("\0") if name})
    return tuple(name for name in names if (ROOT / name).is_file())


def _matches(pattern: re.Pattern[bytes], suffixes: set[str] | None = None) -> list[str]:
    """Where a pattern stands in text files: ``file:line``."""
    found = []
    for name in _files():
        content = (ROOT / name).read_bytes()
        if b"\0" in content or (suffixes is not None and Path(name).suffix not in suffixes):
            continue
        lines = (content.count(b"\n", 0, hit.end()) + 1 for hit in pattern.finditer(content))
        found += [f"{name}:{line}" for line in lines]
    return found


def _pins(lock: str) -> dict[str, tuple[str, int]]:
    """Packages of a lock file: name to version and number of hashes; any line of another shape fails the test."""
    pins: dict[str, tuple[str, int]] = {}
    name = ""
    for line in (ROOT / lock).read_text().splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if pin := PIN.match(line):
            name = pin[1]
            assert name not in pins, f"{lock} pins {name} twice"
            pins[name] = (pin[2], 0)
        else:
            assert HASH.match(line), f"{lock} has a line that is neither pin nor hash: {line}"
            assert name, f"{lock} has a hash before the first pin"
            pins[name] = (pins[name][0], pins[name][1] + 1)
    return pins


def _normal(requirement: str) -> str:
    """The normalised name at the head of a requirement (PEP 503)."""
    name = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert name, requirement
    return re.sub(r"[-_.]+", "-", name[0]).lower()


# (a piece, the rest): together each is what a rule must see; apart they may stand in this file.
@pytest.mark.parametrize(
    ("head", "tail"), [("https://py", "pi.org/simple"), ("npm", "js.org"), ("//deb.", "debian.org")]
)
def test_the_host_rule_sees_a_host(head: str, tail: str) -> None:
    assert REGISTRY_HOSTS.search((head + tail).encode())


@pytest.mark.parametrize(("head", "tail"), [('open("/tm', 'p/x")'), ("/wor", "k/main/x"), ("see\n/ro", "ot/.bashrc")])
def test_the_path_rule_sees_a_path(head: str, tail: str) -> None:
    assert MACHINE_PATHS.search((head + tail).encode())


@pytest.mark.parametrize(("head", "tail"), [("# TO", "DO later"), ("FIX", "ME: this")])
def test_the_left_behind_rule_sees_a_note(head: str, tail: str) -> None:
    assert LEFT_BEHIND.search((head + tail).encode())


@pytest.mark.parametrize("text", [b"https://example.com/work/x", b"site/tmp/x", b"/usr/bin/chromium"])
def test_the_path_rule_lets_other_text_be(text: bytes) -> None:
    assert not MACHINE_PATHS.search(text)


def test_no_file_names_a_registry() -> None:
    assert _matches(REGISTRY_HOSTS) == []


def test_no_file_names_a_path_of_a_machine() -> None:
    assert _matches(MACHINE_PATHS) == []


def test_no_program_text_is_left_for_later() -> None:
    assert _matches(LEFT_BEHIND, PROGRAM_SUFFIXES) == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_pins_by_hash_and_names_no_address(lock: str) -> None:
    pins = _pins(lock)
    assert pins
    assert [name for name, (_, hashes) in pins.items() if hashes == 0] == []
    assert "://" not in (ROOT / lock).read_text()


def test_the_development_lock_holds_the_site_lock_unchanged() -> None:
    site, dev = _pins(LOCKS[0]), _pins(LOCKS[1])
    assert {name: version for name, (version, _) in site.items()} == {
        name: dev[name][0] for name in site if name in dev
    }


def test_every_requirement_is_in_its_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = project["dependency-groups"]
    site = {*map(_normal, project["project"]["dependencies"]), *map(_normal, groups["site"])}
    dev = {_normal(entry) for entry in groups["dev"] if isinstance(entry, str)}
    assert site - _pins(LOCKS[0]).keys() == set()
    assert (site | dev) - _pins(LOCKS[1]).keys() == set()


def test_the_npm_lock_has_a_hash_for_every_package_and_no_address() -> None:
    text = (ROOT / "package-lock.json").read_text()
    packages = json.loads(text)["packages"]
    assert "://" not in text
    assert '"resolved"' not in text
    unhashed = [name for name, entry in packages.items() if name and not entry["integrity"].startswith("sha512-")]
    assert unhashed == []
    own = json.loads((ROOT / "package.json").read_text())
    assert {f"node_modules/{name}" for name in own["dependencies"] | own["devDependencies"]} <= packages.keys()


def test_nothing_built_is_committed() -> None:
    assert [name for name in _files() if name.startswith("site/")] == ["site/README.md"]


def test_no_large_file_is_committed() -> None:
    assert [name for name in _files() if (ROOT / name).stat().st_size > LARGEST_FILE] == []


def test_the_licence_is_the_apache_licence_in_full() -> None:
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2_0
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["license"] == "Apache-2.0"


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "Makefile", ".ci/run"])
def test_what_a_newcomer_looks_for_is_there(name: str) -> None:
    assert name in _files()


def test_modules_say_what_they_hold() -> None:
    vague = {"utils.py", "util.py", "helpers.py", "misc.py", "utils.js", "utils.mjs"}
    assert [name for name in _files() if Path(name).name in vague] == []


def test_continuous_integration_runs_what_developers_run() -> None:
    run = ROOT / ".ci/run"
    assert os.access(run, os.X_OK)
    assert run.read_text().rstrip().splitlines()[-1] == "exec make test"


def test_evidence_is_never_converted() -> None:
    paths = ["evidence/deployments/x/statement.md", "evidence/trust/trust.json"]
    listing = ["git", "check-attr", "text", "--", *paths]
    answer = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=False)
    if answer.returncode:
        pytest.skip("this tree is not a git checkout, so its attributes cannot be asked")
    assert answer.stdout.splitlines() == [f"{path}: text: unset" for path in paths]
