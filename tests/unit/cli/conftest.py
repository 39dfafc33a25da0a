"""What tests of the command line share: running it in this process, and the committed rehearsals."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from vaultproof.cli.main import main

ROOT = Path(__file__).parents[3]
EVIDENCE = ROOT / "evidence"


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


Run = Callable[..., Ran]


@pytest.fixture
def run(capsysbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command line as on pipes, in this process; ``stdin`` is what it can read there."""
    monkeypatch.delenv("NO_COLOR", raising=False)

    def runner(*arguments: object, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(stdin)))
        capsysbinary.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsysbinary.readouterr()
        return Ran(code=code, out=out.decode(), err=err.decode())

    return runner


@pytest.fixture(scope="session")
def over_the_air() -> Path:
    """The committed rehearsal whose keys came over the air."""
    return EVIDENCE / "deployments/rehearsal-messenger-2025"


@pytest.fixture
def copied(over_the_air: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may spoil."""
    return Path(shutil.copytree(over_the_air, tmp_path / "deployment"))
