from __future__ import annotations

from pathlib import Path

import pytest

from generator.rehearsal import RehearsalError, write_rehearsal
from vaultproof.errors import Malformed

FILES = {"a.txt": b"REHEARSAL\n", "deep/er/b.bin": b"\x00\xff"}


def _tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("there", [False, True])
def test_all_files_are_written_and_nothing_else(tmp_path: Path, there: bool) -> None:
    out = tmp_path / "new" / "rehearsal"
    if there:
        out.mkdir(parents=True)
    write_rehearsal(FILES, out)
    assert _tree(out) == FILES
    assert [path.name for path in out.parent.iterdir()] == ["rehearsal"]


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").write_bytes(b"kept")
    with pytest.raises(RehearsalError, match="there already"):
        write_rehearsal(FILES, tmp_path)
    assert _tree(tmp_path) == {"kept": b"kept"}


def test_a_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "file"
    out.write_bytes(b"kept")
    with pytest.raises(RehearsalError, match="there already"):
        write_rehearsal(FILES, out)
    assert out.read_bytes() == b"kept"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(RehearsalError, match="there already"):
        write_rehearsal(FILES, tmp_path / "link")


def test_a_hostile_path_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(Malformed, match="bad-path"):
        write_rehearsal({"../up.txt": b""}, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, data: bytes) -> int:
        raise OSError(f"no room for {len(data)} bytes in {self.name}")

    monkeypatch.setattr(Path, "write_bytes", refuse)
    with pytest.raises(OSError, match="no room"):
        write_rehearsal(FILES, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []
