"""Where the templates and the evidence's pinned data lie: in a checkout, or inside an installed wheel."""

from __future__ import annotations

from pathlib import Path

from generator.errors import BuildError

_PACKAGE = Path(__file__).parent


def templates_folder() -> Path:
    """The project's own templates.  Raises ``BuildError`` when they are missing."""
    for folder in (_PACKAGE / "_templates", _PACKAGE.parent / "templates"):
        if folder.is_dir():
            return folder
    raise BuildError(
        "the templates are missing from this installation", hint="install it anew, or name a folder of them"
    )
