"""``vaultproof serve``: look at a built site, with the headers it is published with."""

from __future__ import annotations

import signal
from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.parameters import FOLDER
from vaultproof.errors import Unavailable


@click.command("serve", short_help="Look at a built site, with its own headers.")
@click.argument("folder", metavar="[DIR]", type=FOLDER, default="site")
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=8000, help="8000 by default; 0 takes any free one."
)
def command(folder: Path, port: int) -> ExitCode:
    """Serve the site in DIR (site/ by default) on this computer alone, until it is stopped.

    With the headers it is published with, so that what works here works there. Not meant for the world.
    """
    from verifier_web.preview import PreviewServer

    if not (folder / "index.html").is_file():
        raise Unavailable(
            "no-site", "there is no built site", file=str(folder), hint="build it first: vaultproof build"
        )
    try:
        server = PreviewServer(folder, port=port, log=voice.note)
    except OSError as error:
        raise Unavailable("port", f"port {port} cannot be used", found=error.strerror or str(error),
                          hint="try another one: --port 0 takes any that is free") from error  # fmt: skip
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)  # a shell's background jobs are started deaf to Ctrl-C
    with server:
        voice.say(server.address)
        voice.note("stop it with Ctrl-C")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            voice.note("stopped")
    return ExitCode.VERIFIED
