"""Matching a mirror with published deployments: only records that hold count, and none is checked twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from tests.unit.mirror import log_store as logs
from tests.unit.mirror.log_store import NOW, audited, logged, plan, put_records
from tests.unit.signer_log.log_maker import BACKEND
from vaultproof.crypto.port import Backend, SignatureCheck
from vaultproof.mirror.matching import Matched, PublishedSet, match
from vaultproof.mirror.store import Store


@dataclass
class Counting:
    """An engine that counts what it is asked."""

    name: str = "counting"
    asked: list[SignatureCheck] = field(default_factory=list)

    async def verify(self, check: SignatureCheck) -> None:
        self.asked.append(check)
        await BACKEND.verify(check)


def matched(path: Path, *, engine: Callable[[], Backend] = logs.engine, held_through: int | None = None) -> Matched:
    with Store.open(path) as store:
        return match(
            store, plan().expected, PublishedSet(deployments=()), engine=engine, grace=timedelta(0), now=NOW,
            held_through=held_through,
        )  # fmt: skip


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Six epochs that hold; the seventh does not, the eighth does."""
    path = logs.whole(tmp_path / "log.sqlite")
    with Store.open(path) as store:
        put_records(store, [logged(7).but(spoiled=True), logged(8)])
    return path


def told(result: Matched) -> list[int | None]:
    return [item.epoch for item in result.findings.items]


def test_what_an_audit_found_to_hold_is_not_checked_again(path: Path) -> None:
    audit = audited(path)
    assert audit.held_through == 6
    alone, after = Counting(), Counting()
    first = matched(path, engine=lambda: alone)
    second = matched(path, engine=lambda: after, held_through=audit.held_through)
    assert told(first) == told(second) == [1, 2, 3, 4, 5, 6, 8], "the seventh does not hold"
    assert len(alone.asked) - len(after.asked) == 6


def test_an_audit_that_found_nothing_to_hold_says_so(tmp_path: Path) -> None:
    path = tmp_path / "log.sqlite"
    with Store.open(path, create=True) as store:
        put_records(store, [logged(1).but(spoiled=True), logged(2)])
    assert audited(path).held_through is None
    assert told(matched(path, held_through=None)) == [2]
