"""How the program talks: to pipes, to terminals, and about text that nobody vetted."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.conftest import EVIDENCE, ROOT, Run
from vaultproof.cli import voice
from vaultproof.cli.progress import Progress
from vaultproof.cli.sources import load_procedures
from vaultproof.verification import StepStarted

DEPLOYMENT = EVIDENCE / "deployments/rehearsal-messenger-2025"


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain, with spaces", "plain, with spaces"),
        ("Zürich 東京", "Zürich 東京"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\r", "a\\nb\\r"),
        ("\u202eevil", "\\u202eevil"),
        ("\x9b31m", "\\x9b31m"),
    ],
)
def test_what_is_not_printable_is_shown_as_an_escape(text: str, shown: str) -> None:
    assert voice.printable(text) == shown


def test_an_error_is_one_line_and_its_hints_stand_under_it(capsys: pytest.CaptureFixture[str]) -> None:
    voice.error("it\x1b broke", "try this", None)
    assert capsys.readouterr().err == "vaultproof: it\\x1b broke\nvaultproof: hint: try this\n"


@pytest.mark.parametrize(
    ("variables", "coloured"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], coloured: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert voice.in_colour(Terminal()) is coloured
    assert voice.in_colour(io.StringIO()) is False


def test_progress_is_one_line_that_is_gone_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    progress = Progress(load_procedures())
    progress(StepStarted(id="files", number=1))
    assert screen.getvalue() == "\r 1  Comparing every file with the manifest ..."
    progress.clear()
    progress.clear()
    assert screen.getvalue().endswith("\r" + " " * 46 + "\r")


def test_progress_is_silent_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    progress = Progress(load_procedures())
    progress(StepStarted(id="files", number=1))
    progress.clear()
    assert stream.getvalue() == ""


def test_on_a_pipe_there_is_neither_colour_nor_progress(run: Run) -> None:
    ran = run("verify", DEPLOYMENT)
    assert "\x1b" not in ran.out
    assert "\r" not in ran.out
    assert ran.err == ""


@pytest.mark.skipif(os.name == "nt", reason="needs a pseudo-terminal")
@pytest.mark.parametrize("no_colour", [False, True])
def test_on_a_terminal_there_is_progress_and_colour_that_says_nothing_of_its_own(no_colour: bool) -> None:
    def on_terminal(stream: str) -> str:
        controller, terminal = os.openpty()
        environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"}
        if no_colour:
            environment["NO_COLOR"] = "1"
        other = "stderr" if stream == "stdout" else "stdout"
        process = subprocess.Popen(
            [sys.executable, "-m", "vaultproof.cli", "verify", str(DEPLOYMENT)], cwd=ROOT, env=environment,
            stdin=subprocess.DEVNULL, **{stream: terminal, other: subprocess.DEVNULL},  # type: ignore[call-overload] # a stream by its name
        )  # fmt: skip
        os.close(terminal)
        shown = b""
        while True:
            try:
                chunk = os.read(controller, 65536)
            except OSError:  # the other side is closed: how a pseudo-terminal says that it is over
                break
            if not chunk:
                break
            shown += chunk
        os.close(controller)
        assert process.wait(timeout=60) == 0
        return shown.decode()

    result = on_terminal("stdout")
    assert ("\x1b[32mMatches" in result) is not no_colour
    assert ("\x1b" in result) is not no_colour
    progress = on_terminal("stderr")
    assert "Checking the independent signer's signature" in progress
    assert "\x1b" not in progress


def test_machine_output_is_exact_bytes(tmp_path: Path) -> None:
    script = "import sys; from vaultproof.cli import voice; voice.prepare_streams(); voice.write(b'a\\nb\\xff')"
    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, check=True)
    assert ran.stdout == b"a\nb\xff"
