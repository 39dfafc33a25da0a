"""What tests of the packed runtime stand on."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

PYODIDE = Path(__file__).parents[3] / "node_modules/pyodide"


@pytest.fixture
def pyodide() -> Path:
    """The installed Pyodide; node is there too."""
    if not PYODIDE.is_dir() or shutil.which("node") is None:
        if os.environ.get("CI") == "true":
            pytest.fail("node and node_modules/pyodide are needed", pytrace=False)
        pytest.skip("node or node_modules/pyodide is not installed")
    return PYODIDE
