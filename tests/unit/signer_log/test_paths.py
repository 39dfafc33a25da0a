"""Request paths: made of a namespace and a number, and of nothing that could leave its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.errors import Malformed
from vaultproof.signer_log import paths
from vaultproof.strict.json import MAX_SAFE_INTEGER
from vaultproof.strict.paths import check_path

FLEET = "meta.encrypted_backups.fleet_keys.v1"


def test_the_paths_are_those_of_the_api() -> None:
    assert paths.INFO == "/info"
    assert paths.NAMESPACES == "/namespaces"
    assert paths.namespace_path(FLEET) == f"/namespaces/{FLEET}"
    assert paths.epoch_path(FLEET, 489193) == f"/namespaces/{FLEET}/audits/489193"
    assert paths.last_verified_path(FLEET) == f"/namespaces/{FLEET}/last-verified-epoch"


@pytest.mark.parametrize(
    "name",
    [
        "",
        ".",
        "..",
        "../info",
        "a/b",
        "a\\b",
        "a?b",
        "a#b",
        "a b",
        "a%2fb",
        "-rf",
        ".hidden",
        "a\n",
        "\uff41",
        "é",
        "a" * 201,
    ],
)
def test_what_would_leave_the_path_is_refused(name: str) -> None:
    for make in (paths.namespace_path, paths.last_verified_path, lambda text: paths.epoch_path(text, 1)):
        with pytest.raises(Malformed) as caught:
            make(name)
        assert caught.value.code == "bad-namespace"


@pytest.mark.parametrize("epoch", [0, -1, MAX_SAFE_INTEGER + 1])
def test_what_is_no_epoch_is_refused(epoch: int) -> None:
    with pytest.raises(Malformed) as caught:
        paths.epoch_path(FLEET, epoch)
    assert caught.value.code == "bad-epoch"


@given(st.text(max_size=30))
def test_every_name_stays_one_part_of_its_path_or_is_refused(name: str) -> None:
    try:
        path = paths.epoch_path(name, 7)
    except Malformed:
        return
    assert path.split("/") == ["", "namespaces", name, "audits", "7"]
    assert path.isascii()
    assert name not in (".", "..")
    if name[-1] != ".":  # a name that ends so is no file name on Windows; in a URL it is
        check_path(f"namespaces/{name}-")
