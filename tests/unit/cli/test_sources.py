"""Reading evidence from disk: nothing is left out, nothing is followed, nothing is too much."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.unit.cli.conftest import EVIDENCE
from vaultproof.cli import sources
from vaultproof.cli.sources import load_evidence, load_file, load_folder, load_procedures, load_trust
from vaultproof.errors import Malformed, Unavailable, VaultproofError

posix = pytest.mark.skipif(os.name == "nt", reason="needs a POSIX file system")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    place = tmp_path / "folder"
    (place / "b").mkdir(parents=True)
    (place / "a.txt").write_bytes(b"a")
    (place / "b" / "c.txt").write_bytes(b"c\r\n\x1a")
    return place


def refusal(place: Path) -> VaultproofError:
    with pytest.raises(VaultproofError) as caught:
        load_evidence(place)
    return caught.value


def test_all_files_come_with_their_exact_bytes(folder: Path) -> None:
    (folder / ".hidden").write_bytes(b"")
    (folder / "empty").mkdir()
    assert load_folder(folder) == {".hidden": b"", "a.txt": b"a", "b/c.txt": b"c\r\n\x1a"}


@posix
@pytest.mark.parametrize("target", ["a.txt", "b", "nowhere", "/etc/hostname"])
def test_links_are_not_followed(folder: Path, target: str) -> None:
    (folder / "link").symlink_to(target)
    error = refusal(folder)
    assert (error.code, error.file) == ("not-a-file", "link")


@posix
def test_a_folder_named_on_the_command_line_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert load_evidence(tmp_path / "link") == load_folder(folder)


@posix
def test_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    assert refusal(folder).code == "not-a-file"


@posix
def test_a_file_that_became_a_pipe_is_not_waited_for(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with pytest.raises(Malformed) as caught:
        sources._read(folder / "pipe", "pipe", 10)
    assert caught.value.code == "not-a-file"


@posix
def test_a_file_that_became_a_link_is_not_followed(folder: Path) -> None:
    (folder / "link").symlink_to("a.txt")
    with pytest.raises(Unavailable):
        sources._read(folder / "link", "link", 10)


@posix
@pytest.mark.parametrize("name", ["a\\b", "nul", "x ", b"\xff", "a:b"])
def test_names_that_are_not_portable_are_refused(folder: Path, name: str | bytes) -> None:
    Path(os.fsdecode(os.path.join(os.fsencode(folder), os.fsencode(name)))).write_bytes(b"")
    assert refusal(folder).code == "bad-path"


def test_depth_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "/".join(["d"] * 101)).mkdir(parents=True)
    assert refusal(tmp_path).code == "bad-path"


@pytest.mark.parametrize(
    ("name", "cap", "code"), [("MAX_FILES", 1, "too-many-files"), ("MAX_TOTAL_BYTES", 4, "deployment-too-large")]
)
def test_caps_hold_while_reading(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, cap: int, code: str) -> None:
    assert load_folder(folder)
    monkeypatch.setattr(sources, name, cap)
    assert refusal(folder).code == code


def test_exactly_as_much_as_the_caps_allow_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "MAX_FILES", 2)
    monkeypatch.setattr(sources, "MAX_TOTAL_BYTES", 5)
    assert len(load_folder(folder)) == 2


@pytest.mark.parametrize("way", ["open", "scandir"])
def test_what_may_not_be_read_is_not_the_evidences_fault(
    folder: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(f"vaultproof.cli.sources.os.{way}", refuse)
    error = refusal(folder)
    assert (type(error), error.code, error.file) == (
        Unavailable,
        "cannot-read",
        "a.txt" if way == "open" else str(folder),
    )


def test_what_is_not_there_says_so(tmp_path: Path) -> None:
    error = refusal(tmp_path / "nowhere")
    assert (type(error), error.code, error.file) == (Unavailable, "cannot-read", str(tmp_path / "nowhere"))


def test_an_address_is_not_fetched() -> None:
    with pytest.raises(Unavailable) as caught:
        load_evidence("https://example.com/deployment.zip")
    assert caught.value.hint == "this program uses no network: download it first, and give the file"


def test_a_file_over_its_cap_is_refused(folder: Path) -> None:
    assert load_file(folder / "b/c.txt", maximum=4)
    with pytest.raises(Malformed, match="file-too-large"):
        load_file(folder / "b/c.txt", maximum=3)


def test_the_data_of_a_checkout_is_found() -> None:
    assert load_trust() == load_trust(EVIDENCE / "trust")
    assert list(load_procedures()) == ["2026-11"]


def test_the_data_of_an_installed_package_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package = tmp_path / "vaultproof"
    shutil.copytree(EVIDENCE / "procedure", package / "_data/procedure")
    monkeypatch.setattr(sources, "_PACKAGE", package)
    (package / "_data/procedure/2026-11.md").write_bytes((EVIDENCE / "procedure/2026-11.md").read_bytes() + b"\n")
    assert load_procedures()["2026-11"].digest != ""
    with pytest.raises(Unavailable, match="trust-unusable"):
        load_trust()


@pytest.mark.parametrize("content", [None, b"no procedure"])
def test_procedures_that_cannot_be_used_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None
) -> None:
    (tmp_path / "_data/procedure").mkdir(parents=True)
    if content is not None:
        (tmp_path / "_data/procedure/2026-11.md").write_bytes(content)
    monkeypatch.setattr(sources, "_PACKAGE", tmp_path)
    with pytest.raises(Unavailable, match="procedure-unusable"):
        load_procedures()
