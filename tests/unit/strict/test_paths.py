"""Paths of evidence: hostile ones are refused, on every computer alike."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import clip
from vaultproof.strict.paths import MAX_PATH_LENGTH, check_path, check_paths

HOSTILE = [
    "",
    "/etc/passwd",
    "../up",
    "a/../b",
    "a/..",
    "./a",
    "a//b",
    "a/",
    ".",
    "..",
    "a\\b",
    "C:\\a",
    "c:a",
    "a\x00b",
    "a\nb",
    "a\x7fb",
    "a\x85b",
    "a<b",
    "a>b",
    'a"b',
    "a|b",
    "a?b",
    "a*b",
    "a ",
    " a",
    "a.",
    "a./b",
    "a /b",
    "CON",
    "con.txt",
    "x/NUL.json",
    "aux",
    "prn.a.b",
    "COM1",
    "com¹.log",
    "Lpt9",
    "con .txt",
    "CONIN$",
    "conout$.md",
    "ceremony/\xdcbergabe.jpg",  # beyond ASCII, as all that follow
    "\u5199\u771f/\u4e00.png",
    "\U00016d67.md",  # a letter only since Unicode 16
    "e\u0301.md",  # é in two characters
    "\u212b.md",  # the ångström sign, which NFC writes as a letter
    "a\u202egpj.exe",  # shown as if it ended in another way
    "a\u200bb",  # an invisible space
    "\ufeffa",
    "a\u2066b",
    "a\xadb",
    "a\ud800b",
    "a" * (MAX_PATH_LENGTH + 1),
]


@pytest.mark.parametrize("path", HOSTILE)
def test_hostile_paths_are_refused(path: str) -> None:
    with pytest.raises(Malformed) as caught:
        check_path(path)
    assert caught.value.code == "bad-path"
    assert caught.value.found == clip(path)
    assert caught.value.hint is not None
    assert str(caught.value).isascii()


@pytest.mark.parametrize(
    "path",
    [
        "manifest.json",
        "attestations/hsm-01/evidence.der",
        "a b.txt",
        ".well-known/x",
        "com.txt",
        "console",
        "nullable.json",
        "lpt10",
        "a" * MAX_PATH_LENGTH,
        "a..b",
        "..a",
        "audit/1.json",
    ],
)
def test_ordinary_paths_are_allowed(path: str) -> None:
    assert check_path(path) == path


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("a", "a"),
        ("a.json", "A.JSON"),
        ("audit", "audit/1.json"),
        ("AUDIT/1.json", "audit"),
        ("a/b", "a/B/c/d"),
    ],
)
def test_twins_are_refused_in_either_order(first: str, second: str) -> None:
    for paths in ([first, "x", second], [second, "x", first]):
        with pytest.raises(Malformed) as caught:
            check_paths(paths)
        assert caught.value.code == "path-twins"
        assert clip(first) in (caught.value.found or "")
        assert clip(second) in (caught.value.found or "")


def test_one_bad_path_among_good_ones_is_refused() -> None:
    with pytest.raises(Malformed, match="bad-path"):
        check_paths(["a", "b/../c"])


def test_folders_that_share_a_beginning_are_no_twins() -> None:
    check_paths(["a", "a.json", "ab/c", "ab/d", "b/a", "b-a"])


@given(st.text(st.sampled_from(string.ascii_letters + string.digits + "./\\ -_:é\u0301\u202e\x00~"), max_size=30))
def test_whatever_is_allowed_stays_below_its_folder(path: str) -> None:
    try:
        check_path(path)
    except Malformed:
        return
    parts = path.split("/")
    assert all(part not in ("", ".", "..") for part in parts)
    assert not set(path) & set("\\:\x00\u202e")
    assert path.encode("utf-8").decode("utf-8") == path
