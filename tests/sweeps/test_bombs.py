"""Bombs are refused early, by every reader: no traceback, no more than two seconds, no more than 64 MiB."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_SECONDS = 2.0


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="the limit of memory is read and set as Linux has it")
def test_every_bomb_is_refused_by_every_reader_in_little_time_and_memory() -> None:
    """In a process of its own, whose address space may grow by 64 MiB and no more."""
    run = subprocess.run(
        [sys.executable, "-m", "tests.sweeps.bombs"], cwd=ROOT, capture_output=True, timeout=600, check=True
    )
    found = json.loads(run.stdout)
    assert found["wrong"] == []
    assert found["count"] > 5000
    assert found["slowest"][0] < MAX_SECONDS, found["slowest"]
