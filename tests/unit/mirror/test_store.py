"""The mirror's store: nothing lost, nothing doubled, nothing overwritten."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from vaultproof.errors import Unavailable, Unsupported
from vaultproof.mirror.answer import Answer, EpochSpan, Resource
from vaultproof.mirror.database import APPLICATION_ID, SCHEMA_VERSION
from vaultproof.mirror.findings import AuditState, KeptFinding
from vaultproof.mirror.store import Store

NAMESPACE = "rehearsal.encrypted_backups.fleet_keys.v1"


def _body(epoch: int, *, digest: int | None = None, timestamp: int | None = None) -> bytes:
    value = {
        "namespace": NAMESPACE,
        "timestamp": 1_000_000 + epoch if timestamp is None else timestamp,
        "epoch": epoch,
        "digest": (epoch if digest is None else digest).to_bytes(32, "big").hex(),
        "signature": "00" * 64,
        "key_id": 1,
    }
    return json.dumps(value).encode()


def _audit(epoch: int, body: bytes | None = None, *, status: int = 200, at: int = 10, origin: str = "a") -> Answer:
    data = _body(epoch) if body is None else body
    return Answer(
        resource=Resource.AUDIT, namespace=NAMESPACE, epoch=epoch, status=status, body=data, origin=origin, at=at
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "signer-log.sqlite"


def test_an_answer_comes_back_verbatim_with_time_and_origin(path: Path) -> None:
    with Store.open(path, create=True) as store:
        stored = store.put_answer(_audit(1, at=77, origin="https://log.example/namespaces/x/audits/1"))
        kept = store.answer(stored.id)
    assert stored.new
    assert stored.differs_from == ()
    assert kept.body == _body(1)
    assert (kept.origin, kept.first_seen, kept.last_seen) == ("https://log.example/namespaces/x/audits/1", 77, 77)
    assert (kept.resource, kept.namespace, kept.epoch, kept.readable) == (Resource.AUDIT, NAMESPACE, 1, True)


def test_the_same_bytes_again_only_move_the_last_time(path: Path) -> None:
    with Store.open(path, create=True) as store:
        first = store.put_answer(_audit(1, at=5))
        again = store.put_answer(_audit(1, at=9, origin="another"))
        kept = store.answer(first.id)
        assert len(list(store.all_answers())) == 1
    assert not again.new
    assert again.id == first.id
    assert (kept.first_seen, kept.last_seen, kept.origin) == (5, 9, "a")


def test_other_bytes_stand_beside_the_first_ones(path: Path) -> None:
    with Store.open(path, create=True) as store:
        first = store.put_answer(_audit(1))
        other = store.put_answer(_audit(1, _body(1, digest=99)))
        again = store.put_answer(_audit(1))
        assert list(store.records(NAMESPACE, 1, 9)) == [(1, _body(1))]
        assert [rival.body for rival in store.rival_answers(NAMESPACE)] == [_body(1, digest=99)]
    assert other.new
    assert other.differs_from == (first.id,)
    assert again.differs_from == (other.id,), "seen again, it still differs from what was said in between"


def test_what_may_change_is_an_update_and_not_a_difference(path: Path) -> None:
    with Store.open(path, create=True) as store:
        for at, body in enumerate([b"{}", b'{"a":1}', b"{}"]):
            stored = store.put_answer(Answer(resource=Resource.INFO, body=body, origin="o", at=at))
            assert stored.differs_from == ()
        latest = store.latest(None, Resource.INFO)
    assert latest is not None
    assert (latest.body, latest.first_seen, latest.last_seen) == (b"{}", 0, 2)


def test_an_absence_that_ends_is_not_a_difference(path: Path) -> None:
    with Store.open(path, create=True) as store:
        store.put_answer(_audit(1, b"not found", status=404))
        assert store.epochs(NAMESPACE) is None
        assert store.put_answer(_audit(1)).differs_from == ()
        assert len(list(store.answers(NAMESPACE, Resource.AUDIT, epoch=1, status=None))) == 2


def test_an_answer_that_was_cut_short_is_kept_but_is_no_record(path: Path) -> None:
    with Store.open(path, create=True) as store:
        store.put_answer(_audit(1, _body(1)[:40]))
        assert store.epochs(NAMESPACE) is None
        assert [answer.body for answer in store.unreadable_answers(NAMESPACE)] == [_body(1)[:40]]
        assert store.put_answer(_audit(1)).differs_from == ()
        assert list(store.records(NAMESPACE, 1, 1)) == [(1, _body(1))]
        assert list(store.rival_answers(NAMESPACE)) == []


def test_records_come_in_order_over_many_pages_and_gaps_are_named(path: Path) -> None:
    wanted = [epoch for epoch in range(2, 2600) if epoch not in (3, 1500, 1501, 1502)]
    with Store.open(path, create=True) as store:
        with store.batch():
            for epoch in reversed(wanted):
                store.put_answer(_audit(epoch))
        assert [epoch for epoch, _ in store.records(NAMESPACE, 1, 9999)] == wanted
        assert [epoch for epoch, _ in store.records(NAMESPACE, 5, 7)] == [5, 6, 7]
        assert store.epochs(NAMESPACE) == EpochSpan(first=2, last=2599, count=len(wanted))
        assert list(store.gaps(NAMESPACE)) == [(1, 1), (3, 3), (1500, 1502)]
        assert list(store.gaps(NAMESPACE, start=2)) == [(3, 3), (1500, 1502)]
        assert list(store.gaps("another")) == []
        assert store.namespaces() == [NAMESPACE]


def test_a_digest_that_was_used_twice_is_named_with_its_epochs(path: Path) -> None:
    with Store.open(path, create=True) as store:
        for epoch, digest in ((1, 1), (2, 7), (3, 3), (4, 7)):
            store.put_answer(_audit(epoch, _body(epoch, digest=digest)))
        seven = (7).to_bytes(32, "big")
        assert list(store.digests_twice(NAMESPACE)) == [seven]
        assert list(store.epochs_of_digest(NAMESPACE, seven)) == [2, 4]
        assert [store.digest_before(NAMESPACE, epoch) for epoch in (2, 3, 4)] == [None, None, (2, 2)]
        assert store.digest_of(NAMESPACE, 2) == seven
        assert store.digest_of(NAMESPACE, 5) is None


def _put_and_fail(store: Store) -> None:
    with store.batch():
        store.put_answer(_audit(2))
        raise RuntimeError


def test_a_batch_that_fails_leaves_nothing(path: Path) -> None:
    with Store.open(path, create=True) as store:
        store.put_answer(_audit(1))
        with pytest.raises(RuntimeError):
            _put_and_fail(store)
        assert store.epochs(NAMESPACE) == EpochSpan(first=1, last=1, count=1)


def test_one_reads_what_another_has_committed(path: Path) -> None:
    with Store.open(path, create=True) as writer, Store.open(path) as reader, writer.batch():
        writer.put_answer(_audit(1))
        assert reader.epochs(NAMESPACE) is None
    with Store.open(path) as reader:
        assert reader.epochs(NAMESPACE) == EpochSpan(first=1, last=1, count=1)


def test_commits_are_on_the_disk_and_readers_do_not_wait(path: Path) -> None:
    with Store.open(path, create=True) as store:
        asked = {
            name: store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")
        }
    assert asked == {"journal_mode": "wal", "synchronous": 2}


def test_two_writers_take_turns_and_double_nothing(path: Path) -> None:
    Store.open(path, create=True).close()

    def write(epochs: Iterable[int]) -> None:
        with Store.open(path) as store:
            for epoch in epochs:
                with store.batch():
                    store.put_answer(_audit(epoch))

    threads = [Thread(target=write, args=(range(1, 60),)), Thread(target=write, args=(range(59, 0, -1),))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with Store.open(path) as store:
        assert store.epochs(NAMESPACE) == EpochSpan(first=1, last=59, count=59)
        assert len(list(store.all_answers())) == 59


def test_artifacts_and_counter_signatures_come_by_epoch(path: Path) -> None:
    with Store.open(path, create=True) as store:
        for epoch in (2, 1):
            for resource in (Resource.ARTIFACT, Resource.COUNTER_SIGNATURE):
                body = f"{resource} {epoch}".encode()
                store.put_answer(
                    Answer(resource=resource, namespace=NAMESPACE, epoch=epoch, body=body, origin="folder", at=1)
                )
        assert [answer.body for answer in store.artifacts(NAMESPACE)] == [b"artifact 1", b"artifact 2"]
        assert [answer.epoch for answer in store.counter_signatures(NAMESPACE)] == [1, 2]


def test_an_artifact_of_another_digest_leaves_the_right_one_asked_for(path: Path) -> None:
    right = b"the key file"
    record = json.loads(_body(1)) | {"digest": hashlib.sha256(right).hexdigest()}

    def artifact(body: bytes) -> Answer:
        return Answer(resource=Resource.ARTIFACT, namespace=NAMESPACE, epoch=1, body=body, origin="folder", at=1)

    with Store.open(path, create=True) as store:
        store.put_answer(_audit(1, json.dumps(record).encode()))
        store.put_answer(artifact(b"another file"))
        assert [epoch for epoch, _ in store.without(NAMESPACE, Resource.ARTIFACT)] == [1]
        store.put_answer(artifact(right))
        assert list(store.without(NAMESPACE, Resource.ARTIFACT)) == []


def test_it_remembers_how_far_an_audit_came(path: Path) -> None:
    state = AuditState(namespace=NAMESPACE, through_epoch=7, last_timestamp=9, trust_digest=b"t" * 32, at=11)
    with Store.open(path, create=True) as store:
        assert store.audit_state(NAMESPACE) is None
        store.set_audit_state(state)
        assert store.audit_state(NAMESPACE) == state


def _finding(id: str) -> KeptFinding:
    return KeptFinding(id=id, namespace=NAMESPACE, code="c", status="s", epoch=3, json="{}", first_seen=0, last_seen=0)


def test_findings_are_new_once_and_gone_ones_are_kept(path: Path) -> None:
    with Store.open(path, create=True) as store:
        first = store.replace_findings(NAMESPACE, [_finding("a"), _finding("b")], at=1)
        second = store.replace_findings(NAMESPACE, [_finding("b"), _finding("c")], at=2)
        third = store.replace_findings(NAMESPACE, [_finding("a")], at=3)
        standing = store.findings(NAMESPACE)
        everything = store.findings(NAMESPACE, gone=True)
    assert (first.new, first.still, first.gone) == (("a", "b"), (), ())
    assert (second.new, second.still, second.gone) == (("c",), ("b",), ("a",))
    assert (third.new, third.back, third.gone) == ((), ("a",), ("b", "c"))
    assert [(finding.id, finding.first_seen, finding.last_seen) for finding in standing] == [("a", 1, 3)]
    assert [(finding.id, finding.gone_at) for finding in everything] == [("a", None), ("b", 3), ("c", 3)]


def test_it_remembers_numbers(path: Path) -> None:
    with Store.open(path, create=True) as store:
        assert store.number(NAMESPACE, "sample") is None
        store.set_number(NAMESPACE, "sample", 5)
        store.set_number(NAMESPACE, "sample", 6)
        assert store.number(NAMESPACE, "sample") == 6


def test_without_a_file_there_is_no_store(path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        Store.open(path)
    assert caught.value.code == "no-store"
    assert not path.exists()


@pytest.mark.parametrize("content", [b"hello", b"SQLite format 3\x00", b"{}" * 400])
def test_a_file_that_is_not_a_store_stays_as_it_is(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Unavailable) as caught:
        Store.open(path, create=True)
    assert caught.value.code == "not-a-store"
    assert path.read_bytes() == content
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_another_programs_database_stays_as_it_is(path: Path) -> None:
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE theirs (x)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(Unavailable) as caught:
        Store.open(path, create=True)
    assert caught.value.code == "not-a-store"
    assert path.read_bytes() == before


@pytest.mark.parametrize(("version", "hint"), [(SCHEMA_VERSION + 1, "update"), (0, "export")])
def test_a_store_of_another_version_gives_one_clear_error(path: Path, version: int, hint: str) -> None:
    Store.open(path, create=True).close()
    with sqlite3.connect(path) as connection:
        connection.execute(f"PRAGMA user_version={version}")
    connection.close()
    with pytest.raises(Unsupported) as caught:
        Store.open(path, create=True)
    assert caught.value.code == "store-version"
    assert caught.value.found == f"form {version}"
    assert hint in str(caught.value.hint)


def test_an_empty_file_is_room_for_a_store(path: Path) -> None:
    path.write_bytes(b"")
    with Store.open(path, create=True) as store:
        store.put_answer(_audit(1))
    assert int.from_bytes(path.read_bytes()[68:72], "big") == APPLICATION_ID


def test_a_folder_is_not_a_store(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught:
        Store.open(tmp_path, create=True)
    assert caught.value.code == "store-io"


def test_a_damaged_store_says_so(path: Path) -> None:
    with Store.open(path, create=True) as store, store.batch():
        for epoch in range(1, 200):
            store.put_answer(_audit(epoch))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with pytest.raises(Unavailable) as caught, Store.open(path) as store:
        store.epochs(NAMESPACE)
    assert caught.value.code == "store-damaged"


def _put_many(store: Store, count: int) -> None:
    with store.batch():
        for epoch in range(2, count):
            store.put_answer(_audit(epoch))


def test_a_full_disk_says_so_and_keeps_what_was_there(path: Path) -> None:
    with Store.open(path, create=True) as store:
        store.put_answer(_audit(1))
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count={pages}")
        with pytest.raises(Unavailable) as caught:
            _put_many(store, 100)
        assert caught.value.code == "disk-full"
        assert store.epochs(NAMESPACE) == EpochSpan(first=1, last=1, count=1)


def _as_form_1(path: Path) -> None:
    """Make a mirror what the first form of it was."""
    with sqlite3.connect(path) as connection:
        for statement in (
            "DROP INDEX answer_denied", "DROP TABLE misplaced", "DROP TABLE unsettled",
            "ALTER TABLE answer DROP COLUMN fetched", "DELETE FROM cursor", "PRAGMA user_version=1",
        ):  # fmt: skip
            connection.execute(statement)
    connection.close()


def test_a_mirror_of_the_first_form_is_brought_up_to_this_one(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vaultproof.mirror.upgrading._PAGE", 2)
    with Store.open(path, create=True) as store:
        for epoch in range(1, 6):
            store.put_answer(_audit(epoch))
        store.put_answer(_audit(2, _body(9)))
        store.put_answer(_audit(6, _body(9, digest=1)))
        store.put_answer(_audit(7, b"{"))
        store.put_answer(_audit(8, b"no", status=404))
        before = [replace(answer, fetched=False) for answer in store.all_answers()]
        spans, rivals = store.epochs(NAMESPACE), [answer.id for answer in store.rival_answers(NAMESPACE)]
    _as_form_1(path)
    with Store.open(path) as one, Store.open(path) as other:
        assert list(one.all_answers()) == before, "nothing is lost, and nobody is said to have fetched it"
        assert (one.epochs(NAMESPACE), [answer.id for answer in other.rival_answers(NAMESPACE)]) == (spans, rivals)
        assert [(epoch, answer.epoch) for epoch, answer in other.misplaced_answers(NAMESPACE)] == [(9, 2), (9, 6)]
        assert one.last_fetched(NAMESPACE) is None
        one.put_answer(_audit(3))
        assert other.last_fetched(NAMESPACE) == 3
    with sqlite3.connect(path) as connection:
        rows = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
    connection.close()
    with Store.open(path.with_name("fresh"), create=True):
        pass
    with sqlite3.connect(path.with_name("fresh")) as connection:
        fresh = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY name").fetchall()
    connection.close()
    assert [name for name, _ in rows] == [name for name, _ in fresh]


def test_a_mirror_that_cannot_be_brought_up_stays_as_it_is(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store.open(path, create=True) as store:
        store.put_answer(_audit(1))
    _as_form_1(path)

    def fail(_page: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("vaultproof.mirror.upgrading._misplaced", fail)
        with pytest.raises(Unavailable) as caught:
            Store.open(path)
    assert caught.value.code == "store-io"
    with sqlite3.connect(path) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    connection.close()
    with Store.open(path) as store:
        assert [epoch for epoch, _ in store.records(NAMESPACE, 1, 9)] == [1]
