"""How this program talks.

Results go to standard output, everything else to standard error.  An error begins with ``vaultproof:``, is lower-case,
has no full stop, and says what happened; hints stand under it and say what to try.  Colour only ever repeats what the
words say, and only where somebody looks: on a terminal, unless NO_COLOR is set (no-color.org).  Text from evidence is
never sent to a terminal as it is: whatever is not printable is shown as an escape.
"""

from __future__ import annotations

import io
import os
import sys
from enum import StrEnum
from typing import TextIO

import click

PROGRAM = "vaultproof"


class Tone(StrEnum):
    """What a colour repeats."""

    GOOD = "green"
    BAD = "red"
    UNSURE = "yellow"
    REHEARSAL = "magenta"
    QUIET = "bright_black"


def prepare_streams() -> None:
    """Make sure that no character of a message can stop it, whatever encoding the terminal has."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def is_terminal(stream: TextIO) -> bool:
    """Whether somebody looks at this stream, on a terminal that can move and colour."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def in_colour(stream: TextIO) -> bool:
    """Whether colour is welcome there."""
    return is_terminal(stream) and not os.environ.get("NO_COLOR")


def painted(text: str, tone: Tone, *, bold: bool = False) -> str:
    """``text`` in colour if standard output takes it, otherwise as it is."""
    return click.style(text, fg=tone.value, bold=bold or None) if in_colour(sys.stdout) else text


def printable(text: str) -> str:
    """``text`` with everything that is not printable as an escape: no evidence may steer a terminal."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else _escape(character) for character in text)


def say(text: str = "") -> None:
    """One line of a result."""
    click.echo(text, color=in_colour(sys.stdout))


def write(data: bytes) -> None:
    """A result for machines: exactly these bytes, on any platform."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def note(text: str) -> None:
    """One line beside the result."""
    click.echo(f"{PROGRAM}: {printable(text)}", err=True)


def error(message: str, *hints: str | None) -> None:
    """Say what happened, and what to try."""
    click.echo(f"{PROGRAM}: {_lines(message)}", err=True)
    for hint in hints:
        if hint:
            click.echo(f"{PROGRAM}: hint: {_lines(hint)}", err=True)


def _lines(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
