"""The announcement: each field is read as it is written, and anything else is refused."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.cases import harness
from vaultproof.errors import Malformed, Unsupported
from vaultproof.evidence.deployment import Deployment, read_deployment
from vaultproof.evidence.files import DEPLOYMENT
from vaultproof.strict.encodings import format_time

FOLDERS = sorted((harness.EVIDENCE / "deployments").iterdir())
ANNOUNCEMENTS = {folder.name: json.loads((folder / DEPLOYMENT).read_bytes()) for folder in FOLDERS}
OVER_THE_AIR = ANNOUNCEMENTS["rehearsal-messenger-2026"]
HARDCODED = ANNOUNCEMENTS["rehearsal-whatsapp-2025"]


def serialised(record: Deployment) -> dict[str, Any]:
    """The JSON values that this record was read from: nothing that was read may be lost."""
    value: dict[str, Any] = {
        "schema": "vaultproof/deployment@1",
        "id": record.id,
        "rehearsal": record.rehearsal,
        "title": record.title,
        "product": record.product,
        "distribution": record.distribution,
        "procedure": record.procedure,
        "operator": record.operator,
        "deployed_at": format_time(record.deployed_at),
        "supersedes": record.supersedes,
        "technology": record.technology,
        "threshold": record.threshold,
        "members": [
            {"name": item.name, "serial": item.serial, "site": item.site, "holds": list(item.holds)}
            for item in record.members
        ],
        "sites": [{"id": item.id, "name": item.name, "source": item.source} for item in record.sites],
        "promises": list(record.promises),
    }
    if record.app is not None:
        app = record.app
        value["app"] = {
            "name": app.name, "version": app.version, "platform": app.platform, "path": app.path, "sha256": app.sha256,
        }  # fmt: skip
    else:
        value |= {
            "namespace": record.namespace,
            "epoch": record.epoch,
            "history": [{"epoch": item.epoch, "deployment": item.deployment} for item in record.history],
        }
    return value


def read(value: dict[str, Any]) -> Deployment:
    return read_deployment(json.dumps(value).encode())


def without_nulls(value: Any) -> Any:
    """A field that is null says the same as one that is absent."""
    if isinstance(value, dict):
        return {key: without_nulls(item) for key, item in value.items() if item is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", sorted(ANNOUNCEMENTS))
def test_the_committed_announcements_come_back_as_they_were(name: str) -> None:
    assert without_nulls(serialised(read(ANNOUNCEMENTS[name]))) == without_nulls(ANNOUNCEMENTS[name])


NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True)
IDS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}", fullmatch=True)
TEXTS = st.text(st.characters(categories=["L", "N", "P", "Zs"]), min_size=1, max_size=40)
EPOCHS = st.integers(1, 2**53 - 1)


@st.composite
def announcements(draw: st.DrawFn) -> dict[str, Any]:
    sites = draw(st.lists(NAMES, min_size=1, max_size=3, unique=True))
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique_by=str.casefold))
    value: dict[str, Any] = {
        "schema": "vaultproof/deployment@1",
        "id": draw(IDS),
        "rehearsal": draw(st.booleans()),
        "title": draw(TEXTS),
        "product": draw(TEXTS),
        "distribution": draw(st.sampled_from(["over-the-air", "hardcoded"])),
        "procedure": draw(st.from_regex(r"[0-9]{4}-[0-9]{2}", fullmatch=True)),
        "operator": draw(IDS),
        "deployed_at": draw(st.datetimes().map(lambda moment: f"{moment:%Y-%m-%dT%H:%M:%SZ}".zfill(20))),
        "supersedes": draw(st.none() | IDS),
        "technology": draw(IDS),
        "threshold": draw(st.integers(1, 1000)),
        "members": [
            {
                "name": n,
                "serial": draw(TEXTS),
                "site": draw(st.sampled_from(sites)),
                "holds": draw(st.lists(TEXTS, min_size=1)),
            }
            for n in names
        ],
        "sites": [{"id": s, "name": draw(TEXTS), "source": "operator-statement"} for s in sites],
        "promises": draw(st.lists(st.sampled_from(["ceremony", "evidence-log"]), max_size=2)),
    }
    if value["distribution"] == "over-the-air":
        history = [{"epoch": draw(EPOCHS), "deployment": draw(IDS)} for _ in range(draw(st.integers(0, 3)))]
        return {**value, "namespace": draw(TEXTS), "epoch": draw(EPOCHS), "history": history}
    sha256 = draw(st.binary(min_size=32, max_size=32)).hex()
    app = {"name": draw(TEXTS), "version": draw(TEXTS), "platform": "android", "path": None, "sha256": sha256}
    return {**value, "app": app}


@given(announcements())
def test_every_announcement_comes_back_as_it_was(value: dict[str, Any]) -> None:
    assert serialised(read(value)) == value


def changed(value: dict[str, Any], pointer: str, item: Any) -> dict[str, Any]:
    result = deepcopy(value)
    parent: Any = result
    *way, last = pointer.split("/")[1:]
    for part in way:
        parent = parent[int(part) if isinstance(parent, list) else part]
    parent[int(last) if isinstance(parent, list) else last] = item
    return result


@pytest.mark.parametrize(
    ("pointer", "item", "code", "place"),
    [
        ("/extra", 1, "unknown-field", "/extra"),
        ("/app", {}, "unknown-field", "/app"),
        ("/members/0/role", "x", "unknown-field", "/members/0/role"),
        ("/sites/0/country", "x", "unknown-field", "/sites/0/country"),
        ("/history/0/at", "x", "unknown-field", "/history/0/at"),
        ("/id", "Rehearsal", "wrong-value", "/id"),
        ("/id", "a--b", "wrong-value", "/id"),
        ("/id", "../x", "wrong-value", "/id"),
        ("/rehearsal", "true", "wrong-value", "/rehearsal"),
        ("/rehearsal", 1, "wrong-value", "/rehearsal"),
        ("/rehearsal", None, "wrong-value", "/rehearsal"),
        ("/distribution", "carrier-pigeon", "wrong-value", "/distribution"),
        ("/procedure", "2026", "wrong-value", "/procedure"),
        ("/deployed_at", "2026-05-19", "bad-time", "/deployed_at"),
        ("/deployed_at", 1779008400352, "wrong-value", "/deployed_at"),
        ("/threshold", 0, "wrong-value", "/threshold"),
        ("/threshold", 1001, "wrong-value", "/threshold"),
        ("/members", [], "wrong-value", "/members"),
        ("/members/1/name", "hsm-01", "wrong-value", "/members/1/name"),
        ("/members/1/name", "HSM-01", "wrong-value", "/members/1/name"),
        ("/members/1/name", "../hsm-01", "wrong-value", "/members/1/name"),
        ("/members/1/site", "nowhere", "wrong-value", "/members/1/site"),
        ("/members/1/holds", ["a\nb"], "wrong-value", "/members/1/holds/0"),
        ("/members/1/holds", [], "wrong-value", "/members/1/holds"),
        ("/sites/0/source", "rumour", "wrong-value", "/sites/0/source"),
        ("/promises", ["ceremony", "rain"], "wrong-value", "/promises/1"),
        ("/epoch", 0, "wrong-value", "/epoch"),
        ("/epoch", True, "wrong-value", "/epoch"),
        ("/history/0/epoch", "1", "wrong-value", "/history/0/epoch"),
        ("/namespace", "", "wrong-value", "/namespace"),
        ("/title", "a\u202eb", "wrong-value", "/title"),
    ],
)
def test_a_wrong_field_is_refused_where_it_stands(pointer: str, item: Any, code: str, place: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(changed(OVER_THE_AIR, pointer, item))
    assert (caught.value.code, caught.value.file, caught.value.pointer) == (code, DEPLOYMENT, place)
    assert caught.value.found is not None


@pytest.mark.parametrize(
    ("pointer", "item", "code", "place"),
    [
        ("/app/path", "../app.apk", "wrong-value", "/app/path"),
        ("/app/path", "bundle/fleet-keys.json", "wrong-value", "/app/path"),
        ("/app/sha256", "00", "bad-hex", "/app/sha256"),
        ("/app/store", "x", "unknown-field", "/app/store"),
        ("/app", None, "wrong-value", "/app"),
        ("/namespace", "x", "unknown-field", "/namespace"),
        ("/epoch", 1, "unknown-field", "/epoch"),
        ("/history", [], "unknown-field", "/history"),
    ],
)
def test_a_hardcoded_fleet_has_an_app_and_no_log(pointer: str, item: Any, code: str, place: str) -> None:
    with pytest.raises(Malformed) as caught:
        read(changed(HARDCODED, pointer, item))
    assert (caught.value.code, caught.value.pointer) == (code, place)


@pytest.mark.parametrize("field", sorted(set(OVER_THE_AIR) - {"supersedes", "sites", "promises", "history", "members"}))
def test_a_missing_field_is_named(field: str) -> None:
    with pytest.raises(Malformed) as caught:
        read({key: item for key, item in OVER_THE_AIR.items() if key != field})
    assert (caught.value.code, caught.value.pointer) == ("missing-field", f"/{field}")


def test_two_sites_of_one_id_are_refused() -> None:
    with pytest.raises(Malformed) as caught:
        read(changed(OVER_THE_AIR, "/sites/1/id", OVER_THE_AIR["sites"][0]["id"]))
    assert caught.value.code == "wrong-value"


def test_a_newer_announcement_is_too_new() -> None:
    with pytest.raises(Unsupported, match="too-new"):
        read({**OVER_THE_AIR, "schema": "vaultproof/deployment@2"})
