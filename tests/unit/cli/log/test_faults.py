"""Each fault of the log server, through the real command line: the outcome, the words, and that nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from generator.rehearsal.log_server.faults import FAULT_WORDS, FaultKind, FaultPlan
from generator.rehearsal.log_server.importing import import_deployments
from generator.rehearsal.log_server.ledger import Ledger
from generator.rehearsal.log_server.server import LogServer
from generator.rehearsal.signer import NAMESPACE
from tests.unit.cli.conftest import EVIDENCE, Ran, Run
from tests.unit.mirror.served import add_epochs, serving
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.mirror.store import Store

EPOCHS = 12
TIMEOUT = 0.4
NOTHING_WRONG = "Nothing was found wrong"
FORBIDDEN = re.compile(
    r"\b(secure\w*|guarantee\w*|trusted|prove\w*|impossible|fraud|attack\w*|lied?|error occurred)\b", re.I
)


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a fault is to come to: with the fault from the start, and on a mirror that is complete.

    ``fresh`` and ``later`` are words that the run must say; ``kept`` is how many records a fresh mirror has after it.
    ``audited`` and ``audit`` are what an audit of the complete mirror comes to afterwards.
    """

    epoch: int | None = None
    code: ExitCode = ExitCode.COULD_NOT_CHECK
    fresh: tuple[str, ...]
    kept: int = 0
    later_code: ExitCode = ExitCode.COULD_NOT_CHECK
    later: tuple[str, ...]
    rivals: int = 0
    audited: ExitCode = ExitCode.VERIFIED
    audit: tuple[str, ...] = (
        "12 records, from epoch 1 to 12; 12 hold",
        "Everything that was looked at holds: 12 epochs, 1 to 12, and the signature of each.",
    )


SILENT = ("where the log ends could not be found out", NOTHING_WRONG, "run it again later")


def _silent(words: str) -> Expected:
    return Expected(fresh=(words, *SILENT), later=(words, "holds 12 records from epoch 1 to 12", NOTHING_WRONG))


WITHDRAWN = (
    "12 records, from epoch 1 to 12; 12 hold",
    "The log gave this record before, and now says that the epoch does not exist.",
    "[record-withdrawn]",
    "Nothing contradicts.",
)
ALL_HERE = "All of it is here, and what was read again is as it was."
DIFFER = (
    "gave another answer than the one that was here; both are kept, side by side",
    "vaultproof log audit",
    "answers differ",
)

EXPECTED = {
    FaultKind.SLOW: _silent("it did not answer in time (nothing for 0.4 s)"),
    FaultKind.DRIP: _silent("it did not answer in time (not complete after 1.2 s)"),
    FaultKind.FORBIDDEN: _silent("it refuses to answer (status 403)"),
    FaultKind.SERVER_ERROR: _silent("it has an error of its own (status 500)"),
    FaultKind.WRONG_LENGTH: _silent("its answer ended too early"),
    FaultKind.HUGE: _silent("its answer is larger than any it can mean"),
    FaultKind.REDIRECT: _silent('it points to another place, which was not followed (to "http://elsewhere.invalid/'),
    FaultKind.RESET: _silent("it could not be reached"),
    FaultKind.ABSENT_AT_FIRST: Expected(
        code=ExitCode.VERIFIED,
        fresh=("the log says that epoch 11 is its newest", ALL_HERE),
        kept=11,
        later=(
            "epoch 12: the log gave it before and now says that there is no such epoch",
            "may be stale",
            NOTHING_WRONG,
        ),
        audited=ExitCode.COULD_NOT_CHECK,
        audit=WITHDRAWN,
    ),
    FaultKind.ABSENT: Expected(
        epoch=5,
        fresh=("epoch 5: the log says that there is no such epoch, although it has a later one", NOTHING_WRONG),
        kept=11,
        later=(
            "epoch 5: the log gave it before and now says that there is no such epoch",
            "the earlier record is kept",
        ),
        audited=ExitCode.COULD_NOT_CHECK,
        audit=WITHDRAWN,
    ),
    FaultKind.TRUNCATED: Expected(
        epoch=5,
        fresh=("epoch 5: the log's answer does not read as a record; it was kept as it came", NOTHING_WRONG),
        kept=11,
        later=("epoch 5: the log's answer does not read as a record", NOTHING_WRONG),
    ),
    FaultKind.FORK: Expected(
        epoch=5,
        code=ExitCode.VERIFIED,
        fresh=(ALL_HERE,),
        kept=12,
        later_code=ExitCode.VERIFIED,
        later=(ALL_HERE,),
    ),
    FaultKind.CHANGED_PAST: Expected(
        epoch=5,
        code=ExitCode.VERIFIED,
        fresh=(ALL_HERE,),
        kept=12,
        later=("epoch 5: the log", *DIFFER),
        rivals=1,
        audited=ExitCode.CONTRADICTED,
        audit=("The signer signed two different records for this epoch. Both signatures hold", "[fork]"),
    ),
    FaultKind.ROTATED_KEY: Expected(
        epoch=5,
        code=ExitCode.VERIFIED,
        fresh=(ALL_HERE,),
        kept=12,
        later=("epochs 5, 6, 7, 8, 9, 10, 11, 12: the log", "something else of its keys", *DIFFER),
        rivals=8,
        audited=ExitCode.COULD_NOT_CHECK,
        audit=("advertises a key that is not pinned here", "[rival-not-checked]", "Nothing contradicts."),
    ),
}


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    """The log of the committed rehearsals, whose root is pinned, and some epochs more."""
    ledger = Ledger()
    import_deployments(ledger, EVIDENCE / "deployments")
    return add_epochs(ledger, EPOCHS)


@pytest.fixture(scope="module")
def healthy(ledger: Ledger) -> Iterator[LogServer]:
    with serving(ledger) as server:
        yield server


def _fetch(run: Run, server: LogServer, store: Path) -> Ran:
    return run(
        "log", "fetch", NAMESPACE, "--url", server.address, "--store", store, "--first", "1",
        "--attempts", "1", "--timeout", TIMEOUT,
    )  # fmt: skip


def _audit(run: Run, store: Path) -> Ran:
    return run("log", "audit", NAMESPACE, "--store", store, "--no-keys", "--processes", "1")


def _records(store: Path) -> list[tuple[int, bytes]]:
    with Store.open(store) as mirror:
        return list(mirror.records(NAMESPACE, 1, 1000))


def _check_words(ran: Ran) -> None:
    assert ran.err == "", "no progress where nobody looks, and no error"
    assert FORBIDDEN.search(ran.out) is None


def test_every_fault_has_its_case_and_its_words() -> None:
    assert set(EXPECTED) == set(FaultKind) == set(FAULT_WORDS)


@pytest.mark.parametrize("kind", FaultKind)
def test_a_fault_is_told_for_what_it_is_and_nothing_is_lost(
    kind: FaultKind, run: Run, ledger: Ledger, healthy: LogServer, tmp_path: Path
) -> None:
    expected = EXPECTED[kind]
    fresh, full = tmp_path / "fresh.sqlite", tmp_path / "full.sqlite"
    assert _fetch(run, healthy, full).code == ExitCode.VERIFIED
    before = _records(full)
    assert len(before) == EPOCHS
    plan = FaultPlan(kind=kind, epoch=expected.epoch, delay=TIMEOUT * (1.5 if kind is FaultKind.SLOW else 0.2))
    with serving(ledger, plan) as faulty:
        ran = _fetch(run, faulty, fresh)
        _check_words(ran)
        assert ran.code == expected.code
        assert [words for words in expected.fresh if words not in ran.out] == []
        assert len(_records(fresh)) == expected.kept
        if kind is FaultKind.FORK:  # every second answer: so that the full mirror gets the first one, too
            _fetch(run, faulty, tmp_path / "another.sqlite")
            assert _fetch(run, faulty, fresh).code == ExitCode.VERIFIED
            forked = _fetch(run, faulty, fresh)
            assert forked.code == ExitCode.COULD_NOT_CHECK
            assert [words for words in DIFFER if words not in forked.out] == []
            audited = _audit(run, fresh)
            assert audited.code == ExitCode.CONTRADICTED
            assert "[fork]" in audited.out
    with serving(ledger, plan) as faulty:
        ran = _fetch(run, faulty, full)
        _check_words(ran)
        assert ran.code == expected.later_code
        assert [words for words in expected.later if words not in ran.out] == []
    assert _records(full) == before, "what was kept stays as it was"
    audited = _audit(run, full)
    assert audited.code == expected.audited
    assert [words for words in expected.audit if words not in audited.out] == []
    with Store.open(full) as mirror:
        assert len(list(mirror.rival_answers(NAMESPACE))) == expected.rivals
    # Once the fault is gone a mirror that had it is as complete as any other.
    healed = _fetch(run, healthy, fresh)
    with Store.open(fresh) as mirror:
        span = mirror.epochs(NAMESPACE)
        assert span is not None
        assert (span.first, span.last, span.complete) == (1, EPOCHS, True)
        contradicted = {answer.epoch for answer in mirror.rival_answers(NAMESPACE)}
    assert healed.code == (ExitCode.COULD_NOT_CHECK if contradicted else ExitCode.VERIFIED)
