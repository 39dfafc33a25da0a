from __future__ import annotations

import base64
import io
import zipfile
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.rehearsal.app_package import app_package, deflate
from generator.rehearsal.plan import AppPlan

KEYS = tuple(bytes([number]) * 32 for number in (1, 77, 200))
APP = AppPlan(name="REHEARSAL app", version="1.2", platform="android", path="app/a.apk", keys=KEYS)


@given(st.binary(max_size=600))
def test_every_inflater_reads_what_deflate_writes(data: bytes) -> None:
    stream = zlib.decompressobj(-15)
    assert stream.decompress(deflate(data)) == data
    assert stream.eof
    assert stream.unused_data == b""


def test_all_byte_values_survive() -> None:
    data = bytes(range(256))
    assert zlib.decompress(deflate(data), -15) == data


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_found_only_by_unpacking(key: bytes) -> None:
    package = app_package(APP)
    wanted = base64.b64encode(key)
    assert wanted not in package
    with zipfile.ZipFile(io.BytesIO(package)) as archive:
        entry = archive.getinfo("classes.dex")
        assert entry.compress_type == zipfile.ZIP_DEFLATED
        assert wanted in archive.read(entry)


def test_one_key_stands_there_raw() -> None:
    package = app_package(APP)
    assert [package.count(key) for key in KEYS] == [1, 0, 0]


def test_the_archive_names_no_day_and_tests_well() -> None:
    with zipfile.ZipFile(io.BytesIO(app_package(APP))) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert b"REHEARSAL" in archive.read("assets/REHEARSAL.txt")


def test_an_app_without_keys_can_be_made() -> None:
    package = app_package(AppPlan(name="x", version="1", platform="android", path="app/a.apk", keys=()))
    assert zipfile.is_zipfile(io.BytesIO(package))
