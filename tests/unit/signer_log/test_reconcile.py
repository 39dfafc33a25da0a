"""The log against published evidence, both ways."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cases.harness import EVIDENCE, tree
from vaultproof.errors import Unavailable, VaultproofError
from vaultproof.evidence.deployment import HistoryEntry
from vaultproof.evidence.epoch import read_epoch
from vaultproof.signer_log.findings import LogFinding, Standing
from vaultproof.signer_log.key_history import KeyChange
from vaultproof.signer_log.reconcile import LoggedEpoch, Published, Reconciliation, age, read_published, reconcile

NAMESPACE = "test.fleet_keys.v1"
FIRST = datetime(2026, 1, 1, tzinfo=UTC)
GRACE = timedelta(days=31)


def day(number: int) -> datetime:
    return FIRST + timedelta(days=number)


def content(epoch: int) -> bytes:
    return hashlib.sha256(b"%d" % epoch).digest()


def logged(*epochs: int) -> list[LoggedEpoch]:
    """Epoch n was logged on day 10 n."""
    return [
        LoggedEpoch(epoch=epoch, timestamp=int(day(10 * epoch).timestamp() * 1000), digest=content(epoch))
        for epoch in epochs
    ]


def published(id: str, epoch: int, history: dict[int, str] | None = None, digest: bytes | None = None) -> Published:
    return Published(
        id=id,
        rehearsal=False,
        namespace=NAMESPACE,
        epoch=epoch,
        deployed_at=day(10 * epoch + 1),
        digest=digest or content(epoch),
        keys=frozenset({f"key of {id}"}),
        history=tuple(HistoryEntry(epoch=e, deployment=d) for e, d in (history or {epoch: id}).items()),
    )


def added(epoch: int, *keys: str) -> KeyChange:
    return KeyChange(
        epoch=epoch, since=epoch - 1, from_start=False, added=dict.fromkeys(keys, "session"), removed={}, changed=(),
        total=len(keys),
    )  # fmt: skip


class Listed:
    """Records as a log that can be gone through and asked."""

    def __init__(self, records: Iterable[LoggedEpoch]) -> None:
        self._records = {record.epoch: record for record in records}

    def __iter__(self) -> Iterator[LoggedEpoch]:
        return iter(self._records.values())

    def at(self, epoch: int) -> LoggedEpoch | None:
        return self._records.get(epoch)


def run(log: Iterable[LoggedEpoch], *deployments: Published, at: int = 1000, changes: tuple[KeyChange, ...] = ()) -> (
    Reconciliation
):  # fmt: skip
    return reconcile(
        Listed(log),
        deployments,
        namespace=NAMESPACE,
        now=day(at),
        grace=GRACE,
        change_at={item.epoch: item for item in changes}.get,
    )


def told(result: Reconciliation) -> list[tuple[str, int | None]]:
    return [(finding.code, finding.epoch) for finding in result.findings.items]


def facts(finding: LogFinding) -> dict[str, object]:
    return {fact.label: fact.found for fact in finding.facts}


ONE = published("one", 1)
THREE = published("three", 3, {1: "one", 2: "three", 3: "three"})


def test_a_log_and_evidence_that_agree() -> None:
    result = run(logged(1, 2, 3), ONE, THREE)
    assert told(result) == []
    assert [(item.epoch, item.deployment, item.own) for item in result.explained] == [
        (1, "one", True),
        (2, "three", False),
        (3, "three", True),
    ]
    assert (result.epochs, result.deployments) == (3, 2)


@pytest.mark.parametrize(
    ("at", "code", "standing"),
    [(41, "epoch-awaits-evidence", Standing.NOTE), (72, "epoch-without-evidence", Standing.COULD_NOT_CHECK)],
)
def test_a_logged_epoch_with_no_evidence_has_an_age_and_a_grace(at: int, code: str, standing: Standing) -> None:
    result = run(logged(1, 2, 3, 4), ONE, THREE, at=at, changes=(added(4, "planted"),))
    (finding,) = result.findings.items
    assert (finding.code, finding.epoch, finding.standing) == (code, 4, standing)
    assert facts(finding)["key-added"] == "planted"
    assert facts(finding)["due"] == "2026-03-13T00:00:00Z"
    assert age(finding, day(at)) == timedelta(days=at - 40)


def test_the_grace_period_ends_when_it_ends() -> None:
    log, end = logged(1, 2), 20 + 31
    assert told(run(log, ONE, at=end)) == [("epoch-awaits-evidence", 2)]
    later = reconcile(Listed(log), [ONE], namespace=NAMESPACE, now=day(end) + timedelta(seconds=1), grace=GRACE)
    assert told(later) == [("epoch-without-evidence", 2)]


@pytest.mark.parametrize("ahead", [timedelta(days=32), datetime(9999, 12, 31, tzinfo=UTC) - FIRST])
def test_a_date_ahead_puts_no_grace_period_off_for_ever(ahead: timedelta) -> None:
    at = FIRST + ahead
    log = [LoggedEpoch(epoch=1, timestamp=int(at.timestamp()) * 1000, digest=content(1))]
    late = replace(published("four", 4), deployed_at=at)
    found = reconcile(Listed(log), [late], namespace=NAMESPACE, now=FIRST, grace=GRACE).findings
    assert [item.code for item in found.items] == ["epoch-without-evidence", "evidence-without-epoch"]
    assert {facts(item)["reason"] for item in found.items} == {"dated-ahead"}
    soon = replace(late, deployed_at=FIRST + GRACE)
    assert told(reconcile(Listed([]), [soon], namespace=NAMESPACE, now=FIRST, grace=GRACE)) == [
        ("evidence-awaits-epoch", 4)
    ]


def test_growing_older_changes_nothing_of_the_finding() -> None:
    first, later = (run(logged(1, 2), ONE, at=at).findings.items[0] for at in (100, 200))
    assert first == later


@pytest.mark.parametrize(
    ("at", "code", "standing"),
    [(50, "evidence-awaits-epoch", Standing.NOTE), (80, "evidence-without-epoch", Standing.COULD_NOT_CHECK)],
)
def test_evidence_whose_epoch_is_not_in_the_log(at: int, code: str, standing: Standing) -> None:
    result = run(logged(1), ONE, published("four", 4, {1: "one", 4: "four"}), at=at)
    (finding,) = result.findings.items
    assert (finding.code, finding.epoch, finding.subject, finding.standing) == (code, 4, "four", standing)
    assert age(finding, day(at)) == timedelta(days=at - 41)


def test_evidence_that_is_not_what_was_logged_accuses() -> None:
    result = run(logged(1), published("one", 1, digest=b"\x00" * 32))
    assert told(result) == [("evidence-not-as-logged", 1)]
    assert result.findings.items[0].standing is Standing.CONTRADICTION
    assert result.explained == ()
    assert age(result.findings.items[0], day(90)) is None


def test_an_epoch_that_a_later_history_leaves_out_accuses() -> None:
    result = run(logged(1, 2, 3), ONE, published("three", 3, {1: "one", 3: "three"}), at=31)
    assert told(result) == [("epoch-left-out", 2)]
    assert facts(result.findings.items[0])["deployment"] == "three"


def test_two_deployments_for_one_epoch_accuse() -> None:
    assert told(run(logged(1), ONE, published("uno", 1))) == [("epoch-claimed-twice", 1)]


def test_an_id_that_is_not_published_explains_nothing() -> None:
    result = run(logged(1, 2, 3), ONE, published("three", 3, {1: "one", 2: "nowhere", 3: "three"}))
    assert told(result) == [("epoch-without-evidence", 2)]
    assert facts(result.findings.items[0])["said-to-belong-to"] == "nowhere"


def test_a_deployment_that_is_not_as_logged_explains_nothing() -> None:
    liar = published("three", 3, {1: "one", 2: "three", 3: "three"}, digest=b"\x00" * 32)
    assert told(run(logged(1, 2, 3), ONE, liar)) == [("epoch-without-evidence", 2), ("evidence-not-as-logged", 3)]


def test_no_deployment_explains_what_was_logged_after_it() -> None:
    greedy = published("one", 1, {1: "one", 2: "one"})
    assert told(run(logged(1, 2), greedy)) == [("epoch-without-evidence", 2)]


def test_a_key_that_came_and_went_is_attested_by_nobody() -> None:
    changes = (added(2, "key of three", "planted"),)
    result = run(logged(1, 2, 3), ONE, THREE, changes=changes)
    (finding,) = result.findings.items
    assert (finding.code, finding.epoch, finding.subject) == ("key-unattested", 2, "planted")
    assert finding.standing is Standing.CONTRADICTION


def test_a_key_that_is_published_in_its_other_shape_is_attested() -> None:
    change = replace(added(2, "whole"), identities={"whole": "key of three"})
    assert told(run(logged(1, 2, 3), ONE, THREE, changes=(change,))) == []


def test_another_namespaces_evidence_is_not_looked_at() -> None:
    other = replace(published("other", 7), namespace="other")
    result = run(logged(1), ONE, other)
    assert (told(result), result.deployments) == ([], 1)


def test_two_deployments_of_one_id_cannot_be_told_apart() -> None:
    with pytest.raises(Unavailable) as caught:
        run(logged(1), ONE, ONE)
    assert caught.value.code == "same-deployment-twice"


def test_a_long_log_without_evidence_is_counted() -> None:
    log = (
        LoggedEpoch(epoch=epoch, timestamp=1_600_000_000_000 + epoch, digest=epoch.to_bytes(32, "big"))
        for epoch in range(1, 20_001)
    )
    result = reconcile(Listed(log), [], namespace=NAMESPACE, now=day(1), grace=GRACE)
    assert result.findings.counts == {"epoch-without-evidence": 20_000}
    assert len(result.findings.items) == 100


def test_however_long_a_log_is_an_early_epoch_that_is_left_out_accuses() -> None:
    last = 20_000
    owner = published("last", last, {epoch: "last" for epoch in range(1, last + 1) if epoch not in (2, last - 1)})
    result = run(logged(*range(1, last + 1)), owner)
    assert told(result) == [("epoch-left-out", 2), ("epoch-left-out", last - 1)]
    assert (result.epochs, len(result.explained)) == (last, last - 2)


def test_a_record_that_does_not_hold_is_nobodys() -> None:
    """It is not among those that hold: the audit says why, and the evidence waits for its epoch."""
    assert told(run(logged(1, 2), ONE, THREE)) == [("epoch-without-evidence", 2), ("evidence-without-epoch", 3)]


# --- the committed rehearsals ---------------------------------------------------------------------------------------


def committed(name: str) -> Path:
    return EVIDENCE / "deployments" / name


def test_the_committed_rehearsals_and_their_log_agree() -> None:
    found = [read_published(tree(committed(f"rehearsal-{name}"))) for name in
             ("messenger-2025", "messenger-2026", "whatsapp-2025")]  # fmt: skip
    assert found[2] is None
    deployments = [item for item in found if item is not None]
    records = [read_epoch((committed("rehearsal-messenger-2026") / f"audit/{n}.json").read_bytes(), file="x")
               for n in (1, 2, 3)]  # fmt: skip
    log = [LoggedEpoch(epoch=r.epoch, timestamp=r.timestamp, digest=r.digest) for r in records]
    result = reconcile(Listed(log), deployments, namespace=records[0].namespace, now=day(300), grace=GRACE)
    assert told(result) == []
    assert [item.own for item in result.explained] == [True, False, True]


def test_a_deployment_that_cannot_be_read_is_refused() -> None:
    files = tree(committed("rehearsal-messenger-2025"))
    for name in ("deployment.json", "bundle/fleet-keys.json"):
        with pytest.raises(VaultproofError):
            read_published({path: data for path, data in files.items() if path != name})
        with pytest.raises(VaultproofError):
            read_published(dict(files) | {name: b"{}"})
