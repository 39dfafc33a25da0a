"""One small site for all tests of the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests import served


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site of the committed evidence, without the browser's runtime."""
    return served.make_site(tmp_path_factory.mktemp("served") / "site")
