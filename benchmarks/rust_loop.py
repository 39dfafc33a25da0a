"""The audit loop in Rust (``rust/``, ed25519-dalek), built with cargo where there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
MANIFEST = ROOT / "benchmarks" / "rust" / "Cargo.toml"
TARGET = ROOT / ".cache" / "benchmarks-rust"


def build() -> tuple[Path | None, str]:
    """The program, or None and why there is none.  The first time it needs the network and half a minute."""
    cargo = shutil.which("cargo")
    if cargo is None:
        return None, "no cargo here"
    command = [cargo, "build", "--release", "--quiet", "--manifest-path", str(MANIFEST), "--target-dir", str(TARGET)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None, f"cargo could not build it: {done.stderr.strip().splitlines()[-1:]}"
    return TARGET / "release" / "epochs", ""
