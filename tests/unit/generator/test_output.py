"""Writing a tree: all at once or not at all, and never over what no build made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from generator.errors import BuildError
from generator.output import MARKER, write_tree
from vaultproof.errors import Malformed

TREE = {"index.html": b"new", "a/b.txt": b"x", MARKER: b"{}"}


def held(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_new_folder_is_made(tmp_path: Path) -> None:
    write_tree(tmp_path / "deep" / "site", TREE)
    assert held(tmp_path / "deep" / "site") == TREE


def test_an_earlier_site_is_replaced_whole(tmp_path: Path) -> None:
    out = tmp_path / "site"
    write_tree(out, {**TREE, "gone.html": b"old"})
    (out / "README.md").write_bytes(b"kept")
    write_tree(out, TREE)
    assert held(out) == {**TREE, "README.md": b"kept"}
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_a_folder_with_only_its_readme_may_be_filled(tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "README.md").write_bytes(b"kept")
    write_tree(out, TREE)
    assert held(out) == {**TREE, "README.md": b"kept"}


def test_what_no_build_made_is_never_lost(tmp_path: Path) -> None:
    out = tmp_path / "site"
    out.mkdir()
    (out / "thesis.txt").write_text("years of work")
    with pytest.raises(BuildError, match=r"thesis\.txt"):
        write_tree(out, TREE)
    assert held(out) == {"thesis.txt": b"years of work"}


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_place_that_is_no_folder_is_refused(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "site"
    if kind == "file":
        out.write_text("x")
    else:
        (tmp_path / "elsewhere").mkdir()
        out.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(BuildError, match="not a folder"):
        write_tree(out, TREE)


def test_a_failure_leaves_the_earlier_site_and_no_litter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "site"
    write_tree(out, TREE)
    replace = os.replace

    def fail_second(source: Path, target: Path) -> None:
        if Path(target) == out and Path(source).name != "site":
            raise OSError("the disk is full")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail_second)
    with pytest.raises(OSError, match="the disk is full"):
        write_tree(out, {**TREE, "index.html": b"newer"})
    assert held(out) == TREE
    assert [path.name for path in tmp_path.iterdir()] == ["site"]


def test_paths_that_leave_the_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Malformed):
        write_tree(tmp_path / "site", {"../x": b""})
