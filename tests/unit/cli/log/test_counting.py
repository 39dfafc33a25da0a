"""How far a run is: only where somebody looks, and gone when it is over."""

from __future__ import annotations

import pytest

from vaultproof.cli import voice
from vaultproof.cli.log import counting
from vaultproof.cli.log.counting import Counting


def test_it_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    count = Counting("records")
    count(1, 2)
    count.clear()
    assert capsys.readouterr() == ("", "")


def test_on_a_terminal_it_is_one_line_that_is_taken_away(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(voice, "is_terminal", lambda _stream: True)
    monkeypatch.setattr(counting, "EVERY", 0.0)
    count = Counting("records")
    count(1000, 2000)
    count(7)
    count.clear()
    out, err = capsys.readouterr()
    assert out == ""
    assert err.split("\r")[1:3] == ["records: 1,000 of 2,000", "records: 7".ljust(23)]
    assert "\n" not in err
    assert err.endswith("\r")


def test_it_does_not_flicker(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(voice, "is_terminal", lambda _stream: True)
    count = Counting("records")
    for number in range(1000):
        count(number)
    assert capsys.readouterr().err.count("\r") < 10
