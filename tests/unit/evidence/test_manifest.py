"""The manifest follows from the files alone and comes back from its bytes as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.errors import Malformed, Unsupported
from vaultproof.evidence.files import MANIFEST, sha256_hex
from vaultproof.evidence.manifest import MAX_MANIFEST_BYTES, describe, make_manifest, read_manifest

PATHS = st.from_regex(r"[a-z]{1,8}(/[a-zé]{1,8}){0,2}\.(json|der|pem|md|bin)", fullmatch=True)
FILES = st.dictionaries(PATHS, st.binary(max_size=30), max_size=6)


@given(FILES)
def test_a_manifest_comes_back_as_it_was(files: dict[str, bytes]) -> None:
    made = make_manifest("rehearsal-x", files)
    assert read_manifest(made.to_bytes()) == made
    assert read_manifest(made.to_bytes()).to_bytes() == made.to_bytes()
    assert [entry.path for entry in made.entries] == sorted(files)


@given(FILES, st.randoms())
def test_the_order_in_which_files_come_does_not_matter(files: dict[str, bytes], random: Any) -> None:
    shuffled = list(files.items())
    random.shuffle(shuffled)
    assert make_manifest("x", dict(shuffled)).to_bytes() == make_manifest("x", files).to_bytes()


@given(FILES.filter(bool), st.data())
def test_any_change_of_any_file_changes_the_manifest(files: dict[str, bytes], data: st.DataObject) -> None:
    before = make_manifest("x", files).to_bytes()
    path = data.draw(st.sampled_from(sorted(files)))
    assert make_manifest("x", {**files, path: files[path] + b"\0"}).to_bytes() != before
    assert make_manifest("x", {name: item for name, item in files.items() if name != path}).to_bytes() != before
    assert make_manifest("x", {**files, path + "2": b""}).to_bytes() != before
    assert make_manifest("y", files).to_bytes() != before


def test_the_manifest_does_not_list_itself() -> None:
    files = {"a.json": b"{}", MANIFEST: b"old"}
    assert [entry.path for entry in make_manifest("x", files).entries] == ["a.json"]


@pytest.mark.parametrize(
    ("path", "media_type", "origin"),
    [
        ("deployment.json", "application/json", "operator"),
        ("statement.md", "text/markdown; charset=utf-8", "operator"),
        ("bundle/fleet-keys.json", "application/json", "operator"),
        ("bundle/proof.json", "application/json", "independent-signer"),
        ("audit/1.json", "application/json", "independent-signer"),
        ("audit/fetched.json", "application/json", "operator"),
        ("audit/artifacts/1.json", "application/json", "operator"),
        ("attestations/hsm/evidence.der", "application/octet-stream", "hsm-vendor"),
        ("attestations/hsm/chain.PEM", "application/x-pem-file", "hsm-vendor"),
        ("ceremony/witnesses/a.sig", "application/octet-stream", "witness"),
        ("ceremony/record.json", "application/json", "operator"),
        ("a.json/b", "application/octet-stream", "operator"),
    ],
)
def test_media_type_and_origin_follow_from_the_path(path: str, media_type: str, origin: str) -> None:
    entry = describe(path, b"abc")
    assert (entry.media_type, entry.origin) == (media_type, origin)
    assert (entry.path, entry.size, entry.sha256) == (path, 3, sha256_hex(b"abc"))


GOOD = {
    "schema": "vaultproof/manifest@1",
    "deployment": "x",
    "files": [{"path": "a", "size": 1, "sha256": "0" * 64, "media_type": "t", "origin": "o"}],
}


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"extra": 1}, "unknown-field", "/extra"),
        ({"deployment": 5}, "wrong-value", "/deployment"),
        ({"schema": "vaultproof/deployment@1"}, "wrong-value", "/schema"),
        ({"files": {}}, "wrong-value", "/files"),
        ({"files": ["a"]}, "wrong-value", "/files/0"),
        ({"files": [{**GOOD["files"][0], "size": -1}]}, "wrong-value", "/files/0/size"),  # type: ignore[dict-item] # wrong on purpose
        ({"files": [{**GOOD["files"][0], "sha256": "A" * 64}]}, "bad-hex", "/files/0/sha256"),  # type: ignore[dict-item] # wrong on purpose
        ({"files": [{**GOOD["files"][0], "mode": 1}]}, "unknown-field", "/files/0/mode"),  # type: ignore[dict-item] # wrong on purpose
    ],
)
def test_what_is_no_manifest_is_refused(change: dict[str, Any], code: str, pointer: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_manifest(json.dumps({**GOOD, **change}).encode())
    assert (caught.value.code, caught.value.file, caught.value.pointer) == (code, MANIFEST, pointer)


def test_a_newer_manifest_is_too_new_and_a_huge_one_too_large() -> None:
    with pytest.raises(Unsupported, match="too-new"):
        read_manifest(json.dumps({**GOOD, "schema": "vaultproof/manifest@2"}).encode())
    with pytest.raises(Malformed, match="json-too-large"):
        read_manifest(b" " * (MAX_MANIFEST_BYTES + 1))
