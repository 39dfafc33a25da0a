"""Writing a site: the whole tree beside its place first, then one swap, so that nobody ever sees half a site."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from generator.errors import BuildError
from vaultproof.strict.paths import check_paths

KEPT = "README.md"
"""The one file of an output folder that a build leaves alone: it is committed, and says what the folder is for."""

MARKER = "site-manifest.json"
"""A folder that holds this file was made by a build, and may be replaced by one."""


def write_tree(out: Path, files: Mapping[str, bytes]) -> None:
    """Make ``out`` hold exactly ``files`` (path with ``/`` to bytes), all at once, beside its ``README.md``.

    Raises ``BuildError`` when ``out`` is no folder, or holds files that no build made.
    """
    check_paths(files)
    _check_replaceable(out)
    out.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    try:
        staging.chmod(0o755)
        for path, data in files.items():
            target = staging / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        if (out / KEPT).is_file() and KEPT not in files:
            shutil.copyfile(out / KEPT, staging / KEPT)
        _swap(staging, out)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _check_replaceable(out: Path) -> None:
    if not out.exists():
        return
    if not out.is_dir() or out.is_symlink():
        raise BuildError(f"{out} is not a folder", hint="name another place for the site")
    held = {path.name for path in out.iterdir()} - {KEPT}
    if held and MARKER not in held:
        raise BuildError(
            f"{out} holds files that no build made ({', '.join(sorted(held)[:3])}), and would lose them",
            hint="name an empty folder, or one that holds an earlier build",
        )


def _swap(staging: Path, out: Path) -> None:
    """Put ``staging`` in the place of ``out``; a rename is all or nothing, and the old tree goes only after it."""
    if not out.exists():
        os.replace(staging, out)
        return
    old = Path(tempfile.mkdtemp(prefix=f".{out.name}-old-", dir=out.parent))
    os.replace(out, old / "site")
    try:
        os.replace(staging, out)
    except OSError:
        os.replace(old / "site", out)
        raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
