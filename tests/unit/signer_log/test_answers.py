"""Answers of the log's API: every real shape is read, and nothing more."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.errors import Malformed, Mismatch, Unsupported, VaultproofError
from vaultproof.signer_log.answers import (
    NamespaceStatus,
    Root,
    read_info,
    read_last_verified,
    read_namespace_entry,
    read_namespaces,
)

KEY = "2bbfbb39997fdb95feee40ef9f8827de0256732be06f64ed6408cc7e97c7f4d4"
INFO: dict[str, Any] = {"keys": [{"public_key": KEY, "not_before": 1722601797645}], "logs": ["508607faff7cb16b"]}
ENTRY: dict[str, Any] = {
    "name": "prod.pc.cvm",
    "signature_version": 1,
    "log_directory": "",
    "status": "Online",
    "reports_uri": "/namespaces/prod.pc.cvm/reports",
    "audits_uri": "/namespaces/prod.pc.cvm/audits",
    "ciphersuite": 1,
    "root": "1/a017f7cdb40db4a240d6207cb6c7934beda60f3dcaf0475360ed2ecfae15dfb7",
}
LAST: dict[str, Any] = {
    "job_id": "0190b2c4-5f6a-7d2b-8a11-0123456789ab",
    "epoch": 489193,
    "start_hash": "00" * 32,
    "end_hash": "11" * 32,
    "timestamp": 1727110425630,
}
READERS: list[tuple[Callable[[bytes], object], dict[str, Any]]] = [
    (read_info, INFO),
    (read_namespace_entry, ENTRY),
    (read_namespaces, {"namespaces": [ENTRY]}),
    (read_last_verified, LAST),
]


def encoded(value: object) -> bytes:
    return json.dumps(value).encode()


def without(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: item for name, item in value.items() if name not in names}


def test_the_advertised_keys_are_read() -> None:
    info = read_info(encoded(INFO))
    assert [(key.public_key.hex(), key.not_before, key.key_id) for key in info.keys] == [(KEY, 1722601797645, 0xD4)]
    assert info.logs == ("508607faff7cb16b",)


def test_the_last_verified_epoch_is_read() -> None:
    last = read_last_verified(encoded(LAST))
    assert (last.epoch, last.timestamp, last.end_hash) == (489193, 1727110425630, b"\x11" * 32)


@pytest.mark.parametrize(
    ("change", "log_directory"),
    [
        ({"log_directory": None}, None),
        ({"log_directory": ""}, None),
        ({"log_directory": "https://d1tfr3x7n136ak.cloudfront.net"}, "https://d1tfr3x7n136ak.cloudfront.net"),
        ({"log_directory": "d11sgn8g8q6g5n.cloudfront.net"}, "d11sgn8g8q6g5n.cloudfront.net"),
    ],
)
def test_a_log_directory_of_every_real_shape(change: dict[str, Any], log_directory: str | None) -> None:
    assert read_namespace_entry(encoded(ENTRY | change)).log_directory == log_directory


def test_what_older_and_newer_answers_leave_out_or_add() -> None:
    assert read_namespace_entry(encoded(without(ENTRY, "log_directory"))).log_directory is None
    assert read_namespace_entry(encoded(without(ENTRY, "ciphersuite"))).ciphersuite == 1
    assert read_namespace_entry(encoded(without(ENTRY, "signature_version"))).ciphersuite == 1
    assert read_namespace_entry(encoded(without(ENTRY, "signature_version", "ciphersuite"))).ciphersuite is None
    assert read_namespace_entry(encoded(ENTRY | {"last_verified_epoch": 7})).last_verified_epoch == 7
    assert read_namespace_entry(encoded(ENTRY | {"_note": {"kept": "by somebody"}})).name == "prod.pc.cvm"


@pytest.mark.parametrize("written", ["Online", "online", "ONLINE", "Initialization", "initialization", "Disabled"])
def test_a_status_in_any_case(written: str) -> None:
    assert read_namespace_entry(encoded(ENTRY | {"status": written})).status == NamespaceStatus(written.lower())


def test_roots_of_every_real_shape() -> None:
    assert read_namespace_entry(encoded(ENTRY | {"root": None})).root is None
    assert read_namespace_entry(encoded(ENTRY | {"root": "1/1871211391010000"})).root == Root(
        epoch=1, digest="1871211391010000"
    )
    root = read_namespace_entry(encoded(ENTRY)).root
    assert str(root) == ENTRY["root"]


def test_an_empty_list_of_namespaces_is_one_and_a_missing_list_is_not() -> None:
    assert read_namespaces(b'{"namespaces": []}') == ()
    for broken in (b"{}", b'{"namespaces": null}'):
        with pytest.raises(Malformed):
            read_namespaces(broken)


@pytest.mark.parametrize(
    ("change", "family", "code"),
    [
        ({"status": "Paused"}, Unsupported, "namespace-status"),
        ({"statuss": "Online"}, Unsupported, "unknown-answer-field"),
        ({"ciphersuite": 2}, Mismatch, "suite-conflict"),
        ({"root": "1/"}, Malformed, "wrong-value"),
        ({"root": "01/aa"}, Malformed, "bad-decimal"),
        ({"root": "1/AA"}, Malformed, "wrong-value"),
        ({"root": ""}, Malformed, "wrong-value"),
        ({"name": ""}, Malformed, "wrong-value"),
        ({"status": None}, Malformed, "wrong-value"),
        ({"log_directory": 7}, Malformed, "wrong-value"),
        ({"last_verified_epoch": -1}, Malformed, "wrong-value"),
    ],
)
def test_what_is_no_real_shape_of_a_namespace_is_refused(
    change: dict[str, Any], family: type[VaultproofError], code: str
) -> None:
    for data, read in ((ENTRY | change, read_namespace_entry), ({"namespaces": [ENTRY | change]}, read_namespaces)):
        with pytest.raises(family) as caught:
            read(encoded(data))
        assert caught.value.code == code
        assert caught.value.file is not None


@pytest.mark.parametrize(
    "broken",
    [
        {"keys": []},
        {"logs": []},
        INFO | {"keys": [{"public_key": KEY.upper(), "not_before": 1}]},
        INFO | {"keys": [{"public_key": KEY[2:], "not_before": 1}]},
        INFO | {"keys": [{"public_key": KEY, "not_before": -1}]},
        INFO | {"keys": [{"public_key": KEY}]},
        INFO | {"keys": [{"public_key": KEY, "not_before": 1, "not_after": 2}]},
        INFO | {"more": 1},
        [],
    ],
)
def test_what_is_no_real_shape_of_info_is_refused(broken: object) -> None:
    with pytest.raises((Malformed, Unsupported)):
        read_info(encoded(broken))


@pytest.mark.parametrize("change", [{"job_id": "7"}, {"epoch": None}, {"end_hash": "zz"}, {"timestamp": 10**15}])
def test_what_is_no_real_shape_of_a_last_verified_epoch_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_last_verified(encoded(LAST | change))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(("read", "whole"), READERS, ids=["info", "entry", "list", "last"])
@given(data=st.data())
def test_any_change_is_read_or_refused_and_nothing_else(
    read: Callable[[bytes], object], whole: dict[str, Any], data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from([*whole, "other"]))
    for value in (whole | {name: data.draw(JSON)}, without(whole, name)):
        with suppress(VaultproofError):  # any other exception is the failure that this looks for
            assert read(encoded(value)) is not None


@given(st.binary(max_size=40))
def test_any_bytes_are_refused_in_the_projects_own_words(data: bytes) -> None:
    for read, whole in READERS:
        with pytest.raises(VaultproofError) as caught:
            read(encoded(whole)[: len(data)] + data)
        assert caught.value.file is not None
