"""Kinds of values that commands take, each refused as a usage error when it is not one."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import click

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import parse_hex, parse_time


def time_value(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """The instant that an option names: RFC 3339, in UTC."""
    if value is None:
        return None
    try:
        return parse_time(value)
    except Malformed:
        message = f"{value!r} is not a time in UTC like 2026-11-22T12:00:00Z"
        raise click.BadParameter(message, ctx=ctx, param=param) from None


def hex_value(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """The 32 bytes that an option gives in hexadecimal; upper case is taken too: people copy from everywhere."""
    if value is None:
        return None
    try:
        return parse_hex(value.lower(), length=32)
    except Malformed:
        raise click.BadParameter(f"{value!r} is not 32 bytes in hexadecimal", ctx=ctx, param=param) from None


def octets_value(ctx: click.Context, param: click.Parameter, value: str | None) -> bytes | None:
    """At least one byte that an option gives in hexadecimal, of either case."""
    if value is None:
        return None
    try:
        octets = parse_hex(value.lower())
    except Malformed:
        octets = b""
    if not octets:
        raise click.BadParameter(f"{value!r} is not bytes in hexadecimal", ctx=ctx, param=param)
    return octets


FOLDER = click.Path(file_okay=False, path_type=Path)
"""A folder; that it exists is looked at where it is opened."""

FORMAT = click.Choice(["text", "json"])
"""For people, or for programs."""

trust_option = click.option(
    "--trust", metavar="DIR", type=FOLDER, help="Pinned keys and roots, in place of those that came along."
)
format_option = click.option(
    "--format", "format_", type=FORMAT, default="text", help="Words for people (the default), or canonical JSON."
)
