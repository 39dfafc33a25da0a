"""``vaultproof serve``: look at a built site with the headers it is published with, or run the service around it."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.parameters import FOLDER
from vaultproof.errors import Unavailable


@click.command("serve", short_help="Look at a built site, with its own headers.")
@click.argument("folder", metavar="[DIR]", type=FOLDER, default=None, required=False)
@click.option(
    "--port", metavar="N", type=click.IntRange(0, 65535), default=None, help="8000 by default; 0 takes any free one."
)
@click.option("--service", is_flag=True, help="Run the service: checks on this computer, for the world.")
@click.option(
    "--config", metavar="FILE", type=click.Path(dir_okay=False, path_type=Path), help="The service's settings, in TOML."
)
@click.option("--settings", is_flag=True, help="Show every setting of the service, and stop.")
def command(folder: Path | None, port: int | None, service: bool, config: Path | None, settings: bool) -> ExitCode:
    """Serve the site in DIR (site/ by default) on this computer alone, until it is stopped.

    With the headers it is published with, so that what works here works there. Not meant for the world.

    With --service it is: a production server that checks deployments and uploads too. Its settings come from --config
    and from the environment (VAULTPROOF_SERVICE_LISTEN and so on), which wins; --settings lists them all.
    """
    if settings or service:
        return _settings(config) if settings else _serve(folder, port, config)
    if config is not None:
        raise click.UsageError("--config belongs to --service")
    return _preview(folder or Path("site"), 8000 if port is None else port)


def _preview(folder: Path, port: int) -> ExitCode:
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


def _serve(folder: Path | None, port: int | None, config: Path | None) -> ExitCode:
    from verifier_web.service.configuration import load_configuration

    configuration = load_configuration(config)
    if folder is not None:
        configuration = replace(configuration, site=folder)
    if port is not None:
        configuration = replace(configuration, listen=f"{configuration.listen.rpartition(':')[0]}:{port}")
    try:
        from verifier_web.service.serving import run_service
    except ImportError as error:
        raise Unavailable(
            "no-service", "the service's packages are not installed", found=error.name,
            hint="install vaultproof with its extra: service",
        ) from error  # fmt: skip
    _overwrite_what_is_freed()
    run_service(configuration, told=voice.say)
    voice.note("stopped")
    return ExitCode.VERIFIED


def _overwrite_what_is_freed() -> None:
    """Begin again, once, with Python's allocator that overwrites freed memory: it can only be chosen at the start.

    Whoever has set PYTHONMALLOC has chosen.  The process stays the same, so whoever watches it does not notice.
    """
    if "PYTHONMALLOC" not in os.environ and hasattr(sys, "orig_argv"):
        environment = {**os.environ, "PYTHONMALLOC": "pymalloc_debug"}
        os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)  # noqa: S606 - this very command


def _settings(config: Path | None) -> ExitCode:
    from verifier_web.service.configuration import describe, load_configuration

    for line in describe(load_configuration(config)):
        voice.say(line)
    return ExitCode.VERIFIED
