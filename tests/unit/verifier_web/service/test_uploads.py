"""Uploads: every cap at its edge, by the interface and by the page; every hostile archive with one clear error."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import served
from tests.cases import harness
from tests.unit import zip_forge
from vaultproof.archive import write_stored_zip
from vaultproof.errors import Malformed
from verifier_web.service.configuration import Configuration
from verifier_web.service.uploads import read_upload

FILES = harness.tree(harness.EVIDENCE / "deployments" / served.DEPLOYMENTS[0])
MEMBERS = len(FILES)
TOTAL = sum(map(len, FILES.values()))
ARCHIVE = write_stored_zip(FILES)
PARTS = served.form_of_files(FILES)
DEEPEST = max(path.count("/") for path in FILES)
LONGEST_NAME = max(map(len, FILES))
CAPS = Configuration()


def both(site: Path, caps: Configuration, body: bytes, kind: str) -> tuple[tuple[int, str | None], tuple[int, str]]:
    """Status and code of the interface, and status and text of the page."""
    client = served.application(replace(caps, site=site)).test_client()
    answer = client.post("/api/v1/verify", data=body, content_type=kind)
    page = client.post("/verify", data=body, content_type=kind)
    return (answer.status_code, answer.get_json().get("code")), (page.status_code, page.text)


@pytest.mark.parametrize(
    ("cap", "edge", "body", "kind", "status", "code"),
    [
        ("upload_bytes", len(ARCHIVE), ARCHIVE, "application/zip", 413, "upload-too-large"),
        ("upload_bytes", len(PARTS), PARTS, served.FORM, 413, "upload-too-large"),
        ("upload_total_bytes", TOTAL, ARCHIVE, "application/zip", 413, "zip-too-large"),
        ("upload_total_bytes", TOTAL, PARTS, served.FORM, 413, "deployment-too-large"),
        ("upload_members", MEMBERS, ARCHIVE, "application/zip", 413, "zip-members"),
        ("upload_members", MEMBERS, PARTS, served.FORM, 413, "too-many-files"),
        ("upload_parts", MEMBERS, PARTS, served.FORM, 413, "upload-parts"),
        ("upload_depth", DEEPEST, ARCHIVE, "application/zip", 413, "upload-depth"),
        ("upload_depth", DEEPEST, PARTS, served.FORM, 413, "upload-depth"),
        ("upload_name_bytes", LONGEST_NAME, ARCHIVE, "application/zip", 422, "zip-name"),
    ],
)
def test_a_cap_holds_at_its_edge(
    cap: str, edge: int, body: bytes, kind: str, status: int, code: str, site: Path
) -> None:
    held: dict[str, Any] = {cap: edge}
    answer, page = both(site, replace(CAPS, **held), body, kind)
    assert (answer, page[0]) == ((200, None), 200)
    held[cap] -= 1
    answer, page = both(site, replace(CAPS, **held), body, kind)
    assert answer == (status, code)
    assert page[0] == status
    assert f">{code}<" in page[1]


def packed(data: bytes) -> bytes:
    """One member, deflated."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", data)
    return out.getvalue()


def test_the_ratio_holds_at_its_edge() -> None:
    data = bytes(7 * 1024)  # what is smaller than 1024 packed bytes counts as 1024
    assert read_upload("application/zip", packed(data), replace(CAPS, upload_ratio=7)).files == {"manifest.json": data}
    with pytest.raises(Malformed) as caught:
        read_upload("application/zip", packed(data + b"\0"), replace(CAPS, upload_ratio=7))
    assert caught.value.code == "zip-ratio"


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("", ARCHIVE, "upload-type"),
        ("text/plain", ARCHIVE, "upload-type"),
        ("application/x-www-form-urlencoded", b"archive=x", "upload-type"),
        ("multipart/form-data", PARTS, "upload-form"),
        ("multipart/form-data; boundary=\u00e4", PARTS, "upload-form"),
        ("multipart/form-data; boundary=other", PARTS, "upload-form"),
        (served.FORM, b"", "upload-form"),
        (served.FORM, PARTS[:-10], "upload-form"),
        (served.FORM, served.form([]), "upload-empty"),
        (served.FORM, served.form([("archive", "", b"")]), "upload-empty"),
        (served.FORM, served.form([("evidence_digest", None, b"")]), "upload-empty"),
        (served.FORM, served.form([("picture", "x.png", b"1")]), "upload-form"),
        (served.FORM, served.form([("archive", "a", ARCHIVE), ("archive", "b", ARCHIVE)]), "upload-form"),
        (served.FORM, served.form([("archive", "a", ARCHIVE), ("files", "manifest.json", b"{}")]), "upload-form"),
        (served.FORM, served.form([("files", "a", b"1"), ("files", "a", b"2")]), "path-twins"),
        (served.FORM, served.form([("x", None, b"1"), ("x", None, b"2"), ("files", "a", b"")]), "upload-form"),
        (served.FORM, served.form([("x", None, b"\xff"), ("files", "a", b"")]), "upload-form"),
        (served.FORM, served.form([("x", None, b"1" * 5000), ("files", "a", b"")]), "upload-form"),
        (
            served.FORM,
            served.form([("files", "a", b"1")]).replace(
                b"\r\n\r\n", b"\r\nContent-Transfer-Encoding: base64\r\n\r\n", 1
            ),
            "upload-form",
        ),
    ],
)
def test_what_is_no_upload_is_refused(kind: str, body: bytes, code: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_upload(kind, body, CAPS)
    assert caught.value.code == code


def test_fields_come_along_and_a_field_with_nothing_chosen_does_not_matter() -> None:
    body = served.form(
        [("evidence_digest", None, b" ab "), ("archive", "", b""), ("files", "top/a", b"1"), ("files", "top/b/c", b"")]
    )
    found = read_upload(served.FORM, body, CAPS)
    assert found.fields == {"evidence_digest": " ab "}
    assert found.files == {"a": b"1", "b/c": b""}


# --- hostile archives -----------------------------------------------------------------------------------------------


def many(count: int) -> bytes:
    """An archive of so many empty members, made without a library: fast."""
    local = directory = b""
    parts, entries = [], []
    offset = 0
    for number in range(count):
        name = f"f/{number}".encode()
        local = struct.pack("<4s5H3I2H", b"PK\x03\x04", 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0) + name
        directory = struct.pack(
            "<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 33, 0, 0, 0, len(name), 0, 0, 0, 0, 0, offset
        )
        parts.append(local)
        entries.append(directory + name)
        offset += len(local)
    listing = b"".join(entries)
    end = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, min(count, 65535), min(count, 65535), len(listing), offset, 0)
    return b"".join(parts) + listing + end


def named(*names: str) -> bytes:
    """An archive with these names, each of a member with one byte."""
    return zip_forge.forge(*(zip_forge.Forged(name=name.encode(), data=b"x") for name in names))


def linked() -> bytes:
    """A member that is a symbolic link."""
    info = zipfile.ZipInfo("manifest.json")
    info.create_system, info.external_attr = 3, 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def not_utf8() -> bytes:
    """A name that says it is UTF-8 and is not."""
    data = bytearray(served.zipped({"a\u00e9.json": b"x"}))
    return bytes(data).replace("a\u00e9".encode(), b"a\xff\xfe")


def overlapping() -> bytes:
    """Two entries of the directory for the same bytes (a bomb without depth)."""
    data = served.zipped({"a": b"0" * 100, "b": b"0" * 100})
    second = data.rindex(b"PK\x01\x02")
    return data[: second + 42] + struct.pack("<I", 0) + data[second + 46 :]


HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip-slip": (lambda: named("../../etc/passwd", "manifest.json"), "bad-path"),
    "absolute name": (lambda: named("/etc/passwd", "manifest.json"), "bad-path"),
    "drive letter": (lambda: named("C:\\x", "manifest.json"), "bad-path"),
    "bomb": (lambda: packed(bytes(50 * 1024 * 1024)), "zip-ratio"),
    "a bomb in a bomb": (lambda: packed(packed(bytes(50 * 1024 * 1024)) * 300), "zip-ratio"),
    "symbolic link": (linked, "zip-not-a-file"),
    "the same name twice": (lambda: named("manifest.json", "manifest.json"), "path-twins"),
    "names that differ by case": (lambda: named("a.json", "A.json"), "path-twins"),
    "a file in a file's place": (lambda: named("a", "a/b"), "path-twins"),
    "truncated": (lambda: ARCHIVE[: len(ARCHIVE) // 2], "zip-truncated"),
    "truncated directory": (lambda: ARCHIVE[:-30], "zip-truncated"),
    "overlapping": (overlapping, "zip-overlap"),
    "1e5 members": (lambda: many(100_000), "zip64"),
    "more members than the cap": (lambda: many(2001), "zip-members"),
    "a name that is not UTF-8": (not_utf8, "zip-name"),
    "something before it": (lambda: b"#!/bin/sh\n" + ARCHIVE, "not-a-zip"),
    "something after it": (lambda: ARCHIVE + b"more", "zip-truncated"),
    "empty": (lambda: b"PK\x05\x06" + bytes(18), "zip-empty"),
    "nothing": (lambda: b"", "not-a-zip"),
    "a sound archive of something else": (lambda: named("readme.txt"), "not-a-deployment"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_archive_has_one_clear_error(name: str, site: Path, capfd: pytest.CaptureFixture[str]) -> None:
    make, code = HOSTILE[name]
    answer, page = both(site, CAPS, make(), "application/zip")
    assert answer[1] == code
    assert answer[0] == page[0]
    assert 400 <= answer[0] < 500
    assert f">{code}<" in page[1]
    assert "Traceback" not in page[1]
    assert capfd.readouterr() == ("", "")
