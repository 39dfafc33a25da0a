"""The site that the committed evidence gives, file for file, and one page in full."""

from __future__ import annotations

import os

import pytest

from tests.golden.golden_site import FRONT_PAGE, HASHES, build, hash_list

RENEW = "if the change is meant: python -m tests.golden.golden_site, and look at the difference"


@pytest.fixture(scope="module")
def files() -> dict[str, bytes]:
    if "SOURCE_DATE_EPOCH" in os.environ:
        pytest.skip("SOURCE_DATE_EPOCH is set, and golden pages show the clock of the build")
    return build()


def test_the_tree_is_the_golden_one(files: dict[str, bytes]) -> None:
    golden, built = HASHES.read_text("utf-8").splitlines(), hash_list(files).splitlines()
    differing = {line.split("  ", 1)[1] for line in set(golden) ^ set(built)}
    assert sorted(differing) == [], RENEW


def test_the_front_page_is_the_golden_one(files: dict[str, bytes]) -> None:
    assert files["index.html"].decode("utf-8") == FRONT_PAGE.read_text("utf-8"), RENEW
