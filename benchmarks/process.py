"""The command line as whole processes, by wall time.

    python -m benchmarks process

Bar: verifying one deployment of 7 HSMs takes at most 3 times ``python -c "import cryptography.x509"``, and is at least
3 times as fast as ``sigstore verify`` of one bundle.  Where sigstore is installed the start of that command is timed
(``--help``), before it reads a bundle or a trusted root: which can only flatter it.
"""

from __future__ import annotations

import importlib.util
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.measuring import interleaved, ratio

DEPLOYMENT = Path(__file__).parent.parent / "evidence" / "deployments" / "rehearsal-messenger-2026"


def main() -> None:
    """Print the table."""
    commands = {
        "python -c 'import cryptography.x509'": [sys.executable, "-c", "import cryptography.x509"],
        "vaultproof verify": [sys.executable, "-m", "vaultproof.cli", "verify", str(DEPLOYMENT)],
    }
    if importlib.util.find_spec("sigstore") is not None:
        commands["start of sigstore verify"] = [sys.executable, "-m", "sigstore", "verify", "identity", "--help"]
    samples = interleaved(
        {name: lambda command=command: _run(command) for name, command in commands.items()},
        rounds=9,
        clock=time.perf_counter,
    )
    print("\nwhole processes, wall time")
    for sample in samples.values():
        print("  " + sample.line(1, "runs"))
    names = list(commands)
    print(f"  vaultproof verify / import of cryptography.x509: {ratio(samples, names[1], names[0])} (bar: <= 3)")
    if len(names) > 2:
        print(f"  start of sigstore verify / vaultproof verify: {ratio(samples, names[2], names[1])} (bar: >= 3)")
    else:
        print("  sigstore is not installed here, so that its half of the bar (>= 3) was not measured")


def _run(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
