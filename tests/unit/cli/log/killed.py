"""Run as a program: starts a command of vaultproof many times and kills it each time, at random moments, by SIGKILL.

It imports the program once and forks, so that fifty real processes cost no fifty starts of Python.  Arguments: a seed,
how many to kill, the longest life of one in seconds, and the command.  Prints how many were killed and how many were
started for that: one that ends before its moment does not count.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time

from vaultproof.cli.main import main

MOST_RUNS = 5
"""Runs for each that is to be killed, at most."""


def _start(arguments: list[str]) -> int:
    process = os.fork()
    if process:
        return process
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        os._exit(main(arguments))
    finally:
        os._exit(99)  # not reached unless main raised: the child must never go on as its parent


def _was_killed(process: int, life: float) -> bool:
    time.sleep(life)
    os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    return os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL


def _warm() -> None:
    """Load what the commands load when they are asked for, so that a killed run was at work and not at loading."""
    import vaultproof.cli.log.fetch
    import vaultproof.cli.log.fetch_text
    import vaultproof.cli.log.import_
    import vaultproof.cli.sources
    import vaultproof.mirror.fetch
    import vaultproof.mirror.sources
    import vaultproof.mirror.transfer  # noqa: F401 - for its effect


if __name__ == "__main__":
    seed, wanted, longest = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    chance = random.Random(seed)  # noqa: S311 - moments, not keys
    _warm()
    killed = runs = 0
    while killed < wanted and runs < MOST_RUNS * wanted:
        killed += _was_killed(_start(sys.argv[4:]), chance.uniform(0, longest))
        runs += 1
    sys.stdout.write(f"{killed} {runs}\n")
