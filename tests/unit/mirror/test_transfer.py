"""Plain files and back: exact, all or nothing, and nobody else's folder is touched."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from generator.rehearsal.signer import NAMESPACE
from tests.unit.mirror.served import made_ledger
from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.mirror.answer import Answer, Resource, StoredAnswer
from vaultproof.mirror.layout import HEADER, INDEX
from vaultproof.mirror.store import Store
from vaultproof.mirror.transfer import export, import_copy
from vaultproof.signer_log import paths


def _audit(epoch: int, body: bytes, *, at: int = 5, status: int = 200) -> Answer:
    return Answer(
        resource=Resource.AUDIT, namespace=NAMESPACE, epoch=epoch, status=status, body=body, origin="o", at=at
    )


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A mirror with one of everything: rivals, an absence, what was cut short, what changed, and what came again."""
    ledger = made_ledger(3)
    record, other = ledger.record(NAMESPACE, 1) or b"", ledger.record(NAMESPACE, 2) or b""
    store = Store.open(tmp_path / "store.sqlite", create=True)
    for at, body in ((1, b"{}"), (2, b'{"keys":[]}'), (3, b"{}")):
        store.put_answer(Answer(resource=Resource.INFO, body=body, origin="https://log.example/info", at=at))
    store.put_answer(_audit(1, record[:50]))
    store.put_answer(_audit(1, record))
    store.put_answer(_audit(1, other))
    store.put_answer(_audit(2, b"not here", status=404))
    store.put_answer(_audit(2, other))
    store.put_answer(_audit(2, other, at=77))
    for resource in (Resource.NAMESPACE, Resource.LAST_VERIFIED_EPOCH):
        store.put_answer(Answer(resource=resource, namespace=NAMESPACE, body=b"x", origin="o", at=1))
    store.put_answer(Answer(resource=Resource.NAMESPACES, body=b"y", origin="o", at=1))
    for resource in (Resource.ARTIFACT, Resource.COUNTER_SIGNATURE):
        store.put_answer(Answer(resource=resource, namespace=NAMESPACE, epoch=1, body=b"\x00\xff", origin="o", at=1))
    yield store
    store.close()


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _everything(store: Store) -> list[StoredAnswer]:
    return list(store.all_answers())


def _brought(answers: Iterable[StoredAnswer]) -> list[StoredAnswer]:
    """As they are where they were taken from a copy: whatever a copy says, nobody here fetched them."""
    return [replace(answer, fetched=False) for answer in answers]


def test_the_round_trip_is_exact(store: Store, tmp_path: Path) -> None:
    sent = export(store, tmp_path / "copy")
    with Store.open(tmp_path / "other.sqlite", create=True) as other:
        taken = import_copy(other, tmp_path / "copy")
        assert _everything(other) == _brought(store.all_answers())
        assert list(other.records(NAMESPACE, 1, 9)) == list(store.records(NAMESPACE, 1, 9))
        assert list(other.rival_answers(NAMESPACE)) == _brought(store.rival_answers(NAMESPACE))
        assert other.epochs(NAMESPACE) == store.epochs(NAMESPACE)
        export(other, tmp_path / "again")
    assert sent.answers == taken.answers == taken.new == len(_everything(store)) == 12
    assert _files(tmp_path / "again") == _files(tmp_path / "copy")


def test_what_counts_stands_at_the_paths_of_the_api(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "copy")
    files = _files(tmp_path / "copy")
    assert files[paths.epoch_path(NAMESPACE, 1)[1:] + ".json"] == next(store.records(NAMESPACE, 1, 1))[1]
    assert files["info.json"] == b"{}", "the one that was seen last"
    assert f"namespaces/{NAMESPACE}/namespace.json" in files
    assert len([path for path in files if path.startswith("other/")]) == 4
    lines = [json.loads(line) for line in files[INDEX].splitlines()[1:]]
    assert {line["path"] for line in lines} == set(files) - {INDEX}
    assert lines[0] == {
        "first_seen": 1, "last_seen": 3, "origin": "https://log.example/info", "path": "info.json", "resource": "info",
        "sha256": "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a", "status": 200,
    }  # fmt: skip


def test_importing_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "copy")
    before = _everything(store)
    assert import_copy(store, tmp_path / "copy").new == 0
    assert _everything(store) == before


def test_a_copy_that_is_dated_ahead_is_refused_whole(store: Store, tmp_path: Path) -> None:
    """Else what it says would count before all that the log says later."""
    export(store, tmp_path / "copy")
    with Store.open(tmp_path / "other.sqlite", create=True) as other:
        with pytest.raises(Unavailable) as caught:
            import_copy(other, tmp_path / "copy", not_after=76)
        assert (caught.value.code, _everything(other)) == ("copy-damaged", [])
        assert "dated ahead of this clock: 1970-01-01T00:00:00.077Z" in (caught.value.found or "")
        assert import_copy(other, tmp_path / "copy", not_after=77).new == 12


def test_an_import_joins_what_two_mirrors_saw(store: Store, tmp_path: Path) -> None:
    export(store, tmp_path / "copy")
    other_view = made_ledger(2).record(NAMESPACE, 2) or b""
    changed = other_view.replace(b'"timestamp":', b'"timestamp": ')
    with Store.open(tmp_path / "other.sqlite", create=True) as other:
        other.put_answer(_audit(2, changed, at=1))
        import_copy(other, tmp_path / "copy")
        assert next(other.records(NAMESPACE, 2, 2))[1] == changed, "what a mirror saw first stays its record"
        assert [rival.body for rival in other.rival_answers(NAMESPACE) if rival.epoch == 2] == [other_view]


def test_one_namespace_alone(store: Store, tmp_path: Path) -> None:
    store.put_answer(Answer(resource=Resource.NAMESPACE, namespace="rehearsal.other", body=b"z", origin="o", at=1))
    export(store, tmp_path / "copy", namespace="rehearsal.other")
    own = {path for path in _files(tmp_path / "copy") if not path.startswith("other/")}
    assert own == {INDEX, "info.json", "namespaces.json", "namespaces/rehearsal.other/namespace.json"}


def test_an_earlier_copy_is_replaced_as_a_whole(store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    export(store, copy)
    (copy / "stale.json").write_bytes(b"old")
    export(store, copy)
    assert "stale.json" not in _files(copy)
    assert sorted(path.name for path in tmp_path.iterdir() if path.name.startswith(".")) == []


@pytest.mark.parametrize("name", ["file", "folder", "link"])
def test_what_is_not_a_copy_stays_as_it_is(store: Store, tmp_path: Path, name: str) -> None:
    target, elsewhere = tmp_path / "target", tmp_path / "elsewhere"
    if name == "file":
        target.write_bytes(b"mine")
    else:
        elsewhere.mkdir()
        (elsewhere / "mine").write_bytes(b"mine")
        if name == "link":
            target.symlink_to(elsewhere)
        else:
            target.mkdir()
            (target / "mine").write_bytes(b"mine")
    with pytest.raises(Unavailable) as caught:
        export(store, target)
    assert caught.value.code == "not-a-copy"
    assert b"mine" in (target.read_bytes() if target.is_file() else (target / "mine").read_bytes())


def test_an_empty_folder_is_room_for_a_copy(store: Store, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    assert export(store, tmp_path / "copy").answers == 12


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_place_that_cannot_be_written_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(Unavailable) as caught:
        export(store, tmp_path / "closed" / "copy")
    assert caught.value.code == "cannot-write"


def test_a_place_under_a_file_is_told(store: Store, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Unavailable) as caught:
        export(store, tmp_path / "file" / "copy")
    assert caught.value.code == "cannot-write"


def test_names_that_some_computers_take_for_one_are_refused(store: Store, tmp_path: Path) -> None:
    store.put_answer(Answer(resource=Resource.NAMESPACE, namespace=NAMESPACE.upper(), body=b"z", origin="o", at=1))
    with pytest.raises(Malformed) as caught:
        export(store, tmp_path / "copy")
    assert caught.value.code == "path-twins"
    assert not (tmp_path / "copy").exists()


def _edit(copy: Path, **changes: object) -> None:
    lines = (copy / INDEX).read_bytes().splitlines(keepends=True)
    value = json.loads(lines[5]) | changes
    lines[5] = json.dumps({key: item for key, item in value.items() if item is not None}).encode() + b"\n"
    (copy / INDEX).write_bytes(b"".join(lines))


def _spoil(copy: Path, how: str) -> None:
    index = copy / INDEX
    lines = index.read_bytes().splitlines(keepends=True)
    record = copy / paths.epoch_path(NAMESPACE, 1)[1:]
    record = record.with_name(record.name + ".json")
    match how:
        case "missing":
            record.unlink()
        case "changed":
            record.write_bytes(record.read_bytes() + b" ")
        case "linked":
            moved = copy.parent / "moved"
            record.rename(moved)
            record.symlink_to(moved)
        case "a folder linked":
            moved = copy.parent / "moved"
            record.parent.rename(moved)
            record.parent.symlink_to(moved)
        case "cut":
            index.write_bytes(b"".join(lines)[:-10])
        case "empty":
            index.write_bytes(b"")
        case "no header":
            index.write_bytes(b"".join(lines[1:]))
        case "long":
            index.write_bytes(HEADER + b" " * 5000 + b"\n")


EDITS: dict[str, dict[str, object]] = {
    "outside": {"path": "../../../../etc/hostname"},
    "absolute": {"path": "/etc/hostname"},
    "resource": {"resource": "gossip"},
    "no epoch": {"epoch": None},
    "namespace": {"namespace": "../x"},
    "times": {"first_seen": 9, "last_seen": 1},
    "field": {"extra": 1},
}


@pytest.mark.parametrize(
    "how", ["missing", "changed", "linked", "a folder linked", "cut", "empty", "no header", "long", *EDITS]
)
def test_a_damaged_copy_is_refused_whole(store: Store, tmp_path: Path, how: str) -> None:
    copy = tmp_path / "copy"
    export(store, copy)
    if how in EDITS:
        _edit(copy, **EDITS[how])
    else:
        _spoil(copy, how)
    with Store.open(tmp_path / "other.sqlite", create=True) as other:
        other.put_answer(_audit(9, b"before"))
        with pytest.raises(VaultproofError) as caught:
            import_copy(other, copy)
        assert [answer.body for answer in other.all_answers()] == [b"before"]
    assert isinstance(caught.value, Unavailable), "it says nothing about the log"
    assert caught.value.code == "copy-damaged"


def test_a_copy_of_a_newer_form_is_refused(store: Store, tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    export(store, copy)
    index = copy / INDEX
    index.write_bytes(index.read_bytes().replace(b"log-copy@1", b"log-copy@2"))
    with Store.open(tmp_path / "other.sqlite", create=True) as other, pytest.raises(VaultproofError) as caught:
        import_copy(other, copy)
    assert "log-copy@2" in str(caught.value)


def test_a_folder_that_is_no_copy_is_told(store: Store, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        import_copy(store, tmp_path)
    assert caught.value.code == "not-a-copy"


def test_a_copy_is_of_one_moment_whatever_is_written_meanwhile(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vaultproof.mirror.transfer.TELL_EVERY", 1)
    with Store.open(store.path) as writer:

        def write(count: int) -> None:
            body = b'{"later": %d}' % count
            writer.put_answer(Answer(resource=Resource.INFO, body=body, origin="o", at=100 + count))

        assert export(store, tmp_path / "copy", tell=write).answers == 12
    with Store.open(tmp_path / "other.sqlite", create=True) as other:
        assert import_copy(other, tmp_path / "copy").new == 12
    assert len(_everything(store)) == 24


def test_how_far_it_is_can_be_told(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultproof.mirror.transfer.TELL_EVERY", 5)
    told: list[int] = []
    export(store, tmp_path / "copy", tell=told.append)
    import_copy(store, tmp_path / "copy", tell=told.append)
    assert told == [5, 10, 5, 10]
    shutil.rmtree(tmp_path / "copy")


def test_a_copy_holds_no_body_that_a_mirror_would_not_take(tmp_path: Path) -> None:
    """One file may stand in many lines: a small copy must not fill the disk."""
    with Store.open(tmp_path / "large.sqlite", create=True) as store:
        store.put_answer(_audit(1, b"\0" * 16_385))
        export(store, tmp_path / "copy")
    with Store.open(tmp_path / "other.sqlite", create=True) as other, pytest.raises(Unavailable) as caught:
        import_copy(other, tmp_path / "copy")
    assert caught.value.code == "copy-damaged"
