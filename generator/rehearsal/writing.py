"""Writing a rehearsal to disk: all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from generator.rehearsal.options import RehearsalError
from vaultproof.evidence.files import check_caps


def write_rehearsal(files: Mapping[str, bytes], out: Path) -> None:
    """Write ``files`` under ``out``: into a temporary folder beside it first, which then takes its name.

    Raises ``RehearsalError`` when ``out`` is there and not an empty folder, and ``OSError`` when the disk refuses; in
    both cases ``out`` stays as it was.
    """
    check_caps(files)
    if out.is_symlink() or (out.exists() and (not out.is_dir() or any(out.iterdir()))):
        raise RehearsalError(f"{out} is there already: give a folder that does not exist or is empty")
    out.parent.mkdir(parents=True, exist_ok=True)
    holder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        fresh = holder / "new"
        fresh.mkdir()
        for path, data in files.items():
            target = fresh / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        if out.exists():
            out.rmdir()  # empty: not every system renames over an empty folder
        fresh.replace(out)
    finally:
        shutil.rmtree(holder)
