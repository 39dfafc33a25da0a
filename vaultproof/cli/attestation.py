"""``vaultproof attestation``: one attestation by itself, for somebody who has nothing else of a deployment."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from vaultproof.attestation.given import Given
from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.parameters import format_option, octets_value, time_value, trust_option


@click.command("attestation", short_help="Check one HSM's attestation by itself.")
@click.argument("sources", metavar="FILE...", nargs=-1, required=True)
@click.option("--technology", metavar="ID", help="Read it as this technology; told from the bytes by default.")
@click.option(
    "--chain", "chain", metavar="FILE", multiple=True, help="Certificates that are in a file of their own (repeatable)."
)
@trust_option
@click.option(
    "--at", metavar="TIME", callback=time_value, help="Judge as of this moment (RFC 3339, UTC); now by default."
)
@click.option("--nonce", metavar="HEX", callback=octets_value, help="The nonce that the attestation must carry.")
@click.option(
    "--unsigned-ecdsa",
    "lenient",
    is_flag=True,
    help="Read ECDSA numbers that lack a zero octet, as some Luna HSMs write them: not DER, and shown as a warning.",
)
@format_option
def command(
    sources: tuple[str, ...],
    technology: str | None,
    chain: tuple[str, ...],
    trust: Path | None,
    at: datetime | None,
    nonce: bytes | None,
    lenient: bool,
    format_: str,
) -> ExitCode:
    """Check one HSM's attestation by itself: what is it, what does it claim, what of that holds.

    FILE is the attestation, with its certificates beside it or in --chain; a folder stands for its files, - for
    standard input. Roots are the pinned ones for production, then those for rehearsals. No network is used.
    """
    from vaultproof.attestation.registry import ADAPTERS
    from vaultproof.attestation.single import Answer, Question, check_single
    from vaultproof.cli.engine import backend
    from vaultproof.cli.sources import load_trust
    from vaultproof.crypto.port import run_to_completion

    if technology is not None and technology not in ADAPTERS:
        message = f"{technology!r} is none of {', '.join(ADAPTERS)}"
        raise click.BadParameter(message, param_hint="'--technology'")
    if len({*sources, *chain}) != len(sources) + len(chain):
        raise click.UsageError("the same file is given twice")
    now = datetime.now(UTC).replace(microsecond=0)
    question = Question(
        given=tuple(given for source in sources for given in _load(source)),
        chain=tuple(given for source in chain for given in _load(source)),
        technology=technology,
        at=at or now,
        now=now,
        nonce=nonce,
        lenient=lenient,
    )
    check = run_to_completion(check_single(question, load_trust(trust), backend()))
    if format_ == "json":
        from vaultproof.attestation.single_json import as_json
        from vaultproof.strict.json import dumps_canonical

        voice.write(dumps_canonical(as_json(check)) + b"\n")
    else:
        from vaultproof.cli.attestation_text import print_check

        print_check(check)
    return {
        Answer.HOLDS: ExitCode.VERIFIED,
        Answer.CONTRADICTED: ExitCode.CONTRADICTED,
        Answer.COULD_NOT_CHECK: ExitCode.COULD_NOT_CHECK,
    }[check.answer]


def _load(source: str) -> list[Given]:
    """The file of that name, or the files of that folder.  Raises as reading evidence does."""
    from vaultproof.cli.sources import STANDARD_INPUT, load_file, load_folder
    from vaultproof.errors import Unavailable
    from vaultproof.evidence.files import MAX_ATTESTATION_BYTES

    if source != STANDARD_INPUT and os.path.isdir(source):
        files = load_folder(Path(source))
        if not files:
            raise Unavailable("cannot-read", "there is no file in this folder", file=source)
        return [Given(name=f"{source.rstrip('/')}/{path}", data=data) for path, data in files.items()]
    return [Given(name=source, data=load_file(source, maximum=MAX_ATTESTATION_BYTES))]
