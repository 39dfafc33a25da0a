"""Caps and names of a deployment's files, before anything is parsed."""

from __future__ import annotations

import re

import pytest

from tests.cases import harness
from vaultproof.errors import Malformed, Unavailable
from vaultproof.evidence import files as module
from vaultproof.evidence.files import check_caps, is_in_format, required, sha256_hex


def refusal(files: dict[str, bytes]) -> Malformed:
    with pytest.raises(Malformed) as caught:
        check_caps(files)
    return caught.value


def test_the_committed_deployments_are_within_the_caps_and_in_the_format() -> None:
    deployments = sorted((harness.EVIDENCE / "deployments").iterdir())
    assert len(deployments) == 3
    for folder in deployments:
        files = harness.tree(folder)
        check_caps(files)
        assert all(map(is_in_format, files))


def test_too_many_files_are_refused() -> None:
    check_caps({f"audit/{number}.json": b"" for number in range(module.MAX_FILES)})
    error = refusal({f"audit/{number}.json": b"" for number in range(module.MAX_FILES + 1)})
    assert (error.code, error.expected, error.found) == ("too-many-files", "<= 10000", "10001")


def test_too_many_bytes_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_TOTAL_BYTES", 10)
    check_caps({"a": b"12345", "b": b"67890"})
    error = refusal({"a": b"12345", "b": b"678901"})
    assert (error.code, error.expected, error.found) == ("deployment-too-large", "<= 10 B", "11 B")


def test_a_large_attestation_is_refused_and_other_large_files_are_not() -> None:
    check_caps({"app/x.apk": bytes(65537), "attestations/hsm/evidence.der": bytes(65536)})
    error = refusal({"attestations/hsm/evidence.der": bytes(65537)})
    assert (error.code, error.file) == ("attestation-too-large", "attestations/hsm/evidence.der")
    assert (error.expected, error.found) == ("<= 65536 B", "65537 B")


@pytest.mark.parametrize("path", ["../manifest.json", "/etc/passwd", "audit\\1.json", "attestations/con/evidence.der"])
def test_a_hostile_name_is_refused(path: str) -> None:
    assert refusal({"manifest.json": b"", path: b""}).code == "bad-path"


def test_twins_are_refused() -> None:
    assert refusal({"bundle/proof.json": b"", "bundle/Proof.json": b""}).code == "path-twins"


@pytest.mark.parametrize(
    "path",
    [
        "notes.txt",
        "bundle/other.json",
        "bundle/proof.json.bak",
        "audit/01.json",
        "audit/0.json",
        "audit/1.JSON",
        "audit/artifacts/x.json",
        "attestations/evidence.der",
        "attestations/hsm-01/more/evidence.der",
        "audit/٣.json",  # a digit, and none of ours
        "Manifest.json",
        "xmanifest.json",
    ],
)
def test_a_place_that_the_format_does_not_have(path: str) -> None:
    assert not is_in_format(path)


def test_a_file_that_is_not_published_is_named() -> None:
    assert required({"a": b"x"}, "a") == b"x"
    with pytest.raises(Unavailable) as caught:
        required({"a": b"x"}, "b")
    assert (caught.value.code, caught.value.file) == ("not-published", "b")


def test_digests_are_lower_case_hexadecimal() -> None:
    assert sha256_hex(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert re.fullmatch("[0-9a-f]{64}", sha256_hex(b"x"))
