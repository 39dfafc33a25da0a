"""``vaultproof build``: from evidence to a site."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.parameters import FOLDER, time_value
from vaultproof.strict.encodings import format_time

if TYPE_CHECKING:
    from generator.build import BuildSummary
    from generator.errors import PublicationRefusedError

CACHE = Path(".cache/browser-runtime")
"""Where what is costly to pack is kept by content, so that a second build takes no time for it."""


@click.command("build", short_help="Make the site: evidence/ to site/.")
@click.option("--evidence", metavar="DIR", type=FOLDER, default="evidence", help="evidence/ by default.")
@click.option("--out", metavar="DIR", type=FOLDER, default="site", help="site/ by default.")
@click.option(
    "--publish-failing", metavar="ID", multiple=True, help="Publish this deployment, or log, as failing. Repeatable."
)
@click.option("--at", metavar="TIME", callback=time_value, help="The moment of the check; the evidence's newest date.")
@click.option("--base-path", metavar="PATH", default="/", help="Where on its host the site will be; / by default.")
@click.option("--node-modules", metavar="DIR", type=FOLDER, default="node_modules", help="Where npm put Pyodide.")
@click.option(
    "--with-service", is_flag=True, help="Lead to the service's check: 'vaultproof serve --service' serves this."
)
@click.option("--no-runtime", is_flag=True, help="Make pages that offer no check in the browser.")
def command(
    evidence: Path,
    out: Path,
    publish_failing: tuple[str, ...],
    at: datetime | None,
    base_path: str,
    node_modules: Path,
    with_service: bool,
    no_runtime: bool,
) -> ExitCode:
    """Check every deployment and every copy of a log in the evidence, and make the site of them.

    Same evidence, same bytes.

    What does not verify is not published, and nothing is written, unless it is named to be published as failing: then
    its page says so at its top. Without --at the moment is SOURCE_DATE_EPOCH, or the newest date in the evidence.
    """
    from generator.build import build_site
    from generator.errors import BuildError, PublicationRefusedError
    from verifier_web.packing import PackingError, build_runtime

    with tempfile.TemporaryDirectory(prefix="vaultproof-") as temporary:
        folder = Path(temporary)
        try:
            runtime = None
            if not no_runtime:
                runtime = build_runtime(folder, node_modules=node_modules, cache_dir=CACHE)
            summary = build_site(
                evidence=evidence,
                out=out,
                clock=at,
                publish_failing=publish_failing,
                runtime=runtime,
                runtime_folder=folder,
                base_path=base_path,
                service=with_service,
            )
        except PublicationRefusedError as error:
            return _refused(error)
        except BuildError as error:
            voice.error(_message(error), error.hint)
            return ExitCode.COULD_NOT_CHECK
        except PackingError as error:
            voice.error(str(error), "--no-runtime builds pages without the check in the browser")
            return ExitCode.COULD_NOT_CHECK
    _tell(summary)
    return ExitCode.VERIFIED


def _tell(summary: BuildSummary) -> None:
    for item in summary.deployments:
        failing = "  PUBLISHED AS FAILING" if item.failing else ""
        voice.say(f"{item.id}: {item.outcome}, report digest {item.report_digest}{failing}")
    for log in summary.logs:
        failing = "  PUBLISHED AS FAILING" if log.failing else ""
        epochs = "1 epoch" if log.epochs == 1 else f"{log.epochs} epochs"
        voice.say(f"{log.namespace}: {log.outcome}, {epochs} of the signer's log{failing}")
    moment = format_time(summary.clock)
    voice.say(f"{summary.files} files, {summary.size} bytes in {summary.out}, checked as of {moment}")


def _refused(error: PublicationRefusedError) -> ExitCode:
    """Nothing was published: contradicted if anything was, otherwise it could not be checked."""
    voice.error(_message(error), error.hint)
    outcomes = {refusal.outcome for refusal in error.refusals}
    return ExitCode.CONTRADICTED if "contradicted" in outcomes else ExitCode.COULD_NOT_CHECK


def _message(error: Exception) -> str:
    """The message without the hint that these errors append when shown as they are."""
    return str(error.args[0])
