"""Options that several commands about the log share."""

from __future__ import annotations

from pathlib import Path

import click

from vaultproof.errors import Malformed
from vaultproof.mirror import DEFAULT_STORE


def namespace_value(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """A namespace that can stand in the API's paths."""
    from vaultproof.signer_log.paths import check_namespace

    if value is None:
        return None
    try:
        return check_namespace(value)
    except Malformed:
        message = f"{value!r} is not a namespace (letters, digits, dots, dashes and underscores)"
        raise click.BadParameter(message, ctx=ctx, param=param) from None


store_option = click.option(
    "--store", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), default=DEFAULT_STORE,
    show_default=True, help="The mirror's file.",
)  # fmt: skip
