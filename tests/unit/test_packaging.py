"""The wheel: what it carries, and that the same sources give the same bytes wherever they lie."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ["vaultproof", "generator", "verifier_web", "templates", "evidence/trust", "evidence/procedure"]
HEAD = ["pyproject.toml", "README.md", "LICENSE"]

pytestmark = pytest.mark.slow


def _wheel(folder: Path) -> Path:
    """A wheel built from a copy of the sources in ``folder``, offline, by the pinned build backend."""
    for name in SOURCES:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in HEAD:
        shutil.copy(ROOT / name, folder / name)
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel"],
        cwd=folder,
        env={**os.environ, "SOURCE_DATE_EPOCH": "1760000000"},
        check=True,
        capture_output=True,
    )
    (wheel,) = (folder / "dist").glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _wheel(tmp_path_factory.mktemp("sources"))


def test_the_wheel_carries_every_source_and_nothing_of_the_checkout(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    places = {"templates": "generator/_templates", "evidence/trust": "vaultproof/_data/trust"}
    places["evidence/procedure"] = "vaultproof/_data/procedure"
    wanted = {
        f"{places.get(source, source)}/{path.relative_to(ROOT / source).as_posix()}"
        for source in SOURCES
        for path in (ROOT / source).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert names == wanted
    assert {name.split("/")[0] for name in names} == {"vaultproof", "generator", "verifier_web"}


def test_the_wheel_is_the_same_from_another_path(wheel: Path, tmp_path: Path) -> None:
    again = _wheel(tmp_path)
    assert again.name == wheel.name
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()
