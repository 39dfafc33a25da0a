"""``vaultproof epoch``: check records of the signer's log by themselves."""

from __future__ import annotations

from pathlib import Path

import click

from vaultproof.cli import voice
from vaultproof.cli.exit_codes import ExitCode, for_status, worst
from vaultproof.cli.parameters import format_option, hex_value, trust_option


@click.command("epoch", short_help="Check records of the signer's public log.")
@click.argument("source", metavar="FILE")
@trust_option
@click.option("--key", metavar="HEX", callback=hex_value, help="Check against this Ed25519 key, not the pinned ones.")
@click.option("--namespace", metavar="NS", help="Ask for records of this namespace.")
@click.option("--epoch", "number", metavar="N", type=click.IntRange(min=1), help="Ask for the record of this epoch.")
@format_option
def command(
    source: str, trust: Path | None, key: bytes | None, namespace: str | None, number: int | None, format_: str
) -> ExitCode:
    """Check records of the signer's public log, by themselves.

    FILE is one answer of the log's API, a JSON list of such answers, or - for standard input. The keys are the pinned
    ones of all signers. This is about signatures alone: 'verify' checks a deployment.
    """
    if trust is not None and key is not None:
        raise click.UsageError("--trust and --key are two answers to one question: give one")
    from vaultproof.cli.engine import backend
    from vaultproof.cli.epoch_answers import Asked, GivenKey, PinnedKeys, check_records, read_records
    from vaultproof.cli.epoch_text import print_answers
    from vaultproof.cli.sources import load_file, load_trust
    from vaultproof.crypto.port import run_to_completion

    maximum = 16 * 1024 * 1024
    records = read_records(load_file(source, maximum=maximum), file=source, maximum=maximum)
    keys = PinnedKeys(load_trust(trust)) if key is None else GivenKey(key)
    asked = Asked(namespace=namespace, epoch=number)
    answers = run_to_completion(check_records(records, keys, asked, backend()))
    if format_ == "json":
        from vaultproof.cli.epoch_text import as_json
        from vaultproof.strict.json import dumps_canonical

        voice.write(dumps_canonical(as_json(answers, keys)) + b"\n")
    else:
        print_answers(answers, keys)
    return worst([for_status(answer.status) for answer in answers])
