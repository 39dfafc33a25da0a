"""A mirror that is killed at any moment: nothing is lost, nothing is doubled, and the next run goes on where it was.

Real processes, killed by SIGKILL.  The moments come from a seed that is shown when a test fails; where the process is
at such a moment depends on the machine, and the result must not.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest

from generator.rehearsal.signer import NAMESPACE
from tests.unit.cli.conftest import ROOT, Run
from tests.unit.cli.log.served import dump, log_server
from tests.unit.mirror.served import made_ledger
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.mirror.store import Store

KILLS = 50
EPOCHS = 2_500
LONGEST_LIFE = 0.25

pytestmark = pytest.mark.skipif(os.name == "nt", reason="needs fork and SIGKILL")


def _kill(seed: int, kills: int, longest: float, *command: object) -> tuple[int, int]:
    """How many were killed, and how many were started for that."""
    ran = subprocess.run(
        [sys.executable, "-m", "tests.unit.cli.log.killed", str(seed), str(kills), str(longest), *map(str, command)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    killed, runs = ran.stdout.split()
    return int(killed), int(runs)


@pytest.mark.slow
def test_fifty_kills_leave_the_store_that_an_undisturbed_fetch_makes(tmp_path: Path, run: Run) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - pytest-randomly sets it by the seed that it prints
    made_ledger(EPOCHS, tmp_path / "ledger").close()
    disturbed, undisturbed = tmp_path / "disturbed.sqlite", tmp_path / "undisturbed.sqlite"
    with log_server(tmp_path / "ledger") as address:
        fetch = ("log", "fetch", NAMESPACE, "--url", address, "--first", "1", "--store")
        killed, runs = _kill(seed, KILLS, LONGEST_LIFE, *fetch, disturbed)
        assert killed == KILLS, f"seed {seed}, {runs} runs"
        with Store.open(disturbed) as store:
            assert store.epochs(NAMESPACE) is not None, "some of the killed runs came so far as to keep something"
        assert run(*fetch, disturbed).code == ExitCode.VERIFIED
        assert run(*fetch, undisturbed).code == ExitCode.VERIFIED
    assert dump(disturbed) == dump(undisturbed), f"seed {seed}"
    with Store.open(disturbed) as store:
        span = store.epochs(NAMESPACE)
    assert span is not None
    assert (span.last, span.complete) == (EPOCHS, True)


def test_an_import_that_is_killed_leaves_the_mirror_as_it_was(tmp_path: Path, run: Run) -> None:
    seed = random.randrange(2**32)  # noqa: S311 - as above
    made_ledger(300, tmp_path / "ledger").close()
    full, store, copy = tmp_path / "full.sqlite", tmp_path / "store.sqlite", tmp_path / "copy"
    with log_server(tmp_path / "ledger") as address:
        fetch = ("log", "fetch", NAMESPACE, "--url", address, "--first", "1", "--store")
        assert run(*fetch, full).code == ExitCode.VERIFIED
    assert run("log", "export", copy, "--store", full).code == ExitCode.VERIFIED
    Store.open(store, create=True).close()
    empty = dump(store)
    for moment in (0.1, 0.3, 0.6, 0.9):
        process = subprocess.run([sys.executable, "-c", _KILLED_AT, copy, store, str(moment)], cwd=ROOT, check=False)
        assert process.returncode == -9, "it was killed in the middle of the import"
        assert dump(store) == empty
    killed, _ = _kill(seed, 5, 0.03, "log", "import", copy, "--store", store)
    assert killed == 5, f"seed {seed}"
    assert dump(store) in (empty, dump(full)), f"all or nothing; seed {seed}"
    assert run("log", "import", copy, "--store", store).code == ExitCode.VERIFIED
    assert dump(store) == dump(full)


_KILLED_AT = """
import os, signal, sys
from pathlib import Path
from vaultproof.mirror import transfer
from vaultproof.mirror.store import Store
transfer.TELL_EVERY = 1
def tell(count):
    if count >= float(sys.argv[3]) * 300:
        os.kill(os.getpid(), signal.SIGKILL)
with Store.open(Path(sys.argv[2])) as store:
    transfer.import_copy(store, Path(sys.argv[1]), tell=tell)
"""
