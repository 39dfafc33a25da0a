"""Blocks for the steps ``audit-log`` and ``history``: the copy of the signer's log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from generator.commands.block import CommandBlock, chain, field, quoted, readable_fields, scratch, write_key
from generator.commands.bundle import HEX_OF_MESSAGE, SIGNED_FIELDS
from vaultproof.evidence.files import PROOF, Files
from vaultproof.trust.configuration import Namespace, Signer

_SAME = ("namespace", "timestamp", "epoch", "digest", "signature", "key_id")
_NAMED = '"audit/$n.json"'
_RECORD = '"$record"'


def log_blocks(
    files: Files, records: Mapping[int, str], namespace: Namespace, epoch: int, signer: Signer
) -> Iterator[CommandBlock]:
    """The walk through all epochs up to the announced one, and the key file of each epoch before it.

    ``records`` are the epochs that the copy has (number to path); what it lacks makes the commands fail.
    """
    paths = [*records.values(), PROOF]
    ids = [key.key_id for key in signer.keys]
    readable = all(readable_fields(files[path], *SIGNED_FIELDS, "key_id") for path in paths)
    if not records or not readable or len(set(ids)) != len(ids) or epoch < namespace.root_epoch:
        return
    serialised = all(readable_fields(files[path], "serialized_message") for path in records.values())
    numbers = list(range(namespace.root_epoch, epoch + 1))
    yield _walk(numbers, namespace, signer, serialised=serialised)
    if len(numbers) > 1:
        yield _artifacts(numbers[:-1])


def _sequence(numbers: list[int]) -> str:
    return f'n={numbers[0] - 1}; while [ "$((n = n + 1))" -le {numbers[-1]} ]; do'


def _walk(numbers: list[int], namespace: Namespace, signer: Signer, *, serialised: bool) -> CommandBlock:
    last = numbers[-1]
    said = f"epochs {numbers[0]} to {last}: signed, without a gap, from the pinned root, and the last one is the proof"
    name = quoted(namespace.name)
    loop = (
        f"( before=0; {_sequence(numbers)}",
        "  record=audit/$n.json",
        f"  now={field('timestamp', _RECORD)} &&",
        f"  echo {field('digest', _RECORD)} >> {scratch('digests')} &&",
        f"  [ {field('namespace', _RECORD)} = {name} ] &&",
        f'  [ {field("epoch", _RECORD)} = "$n" ] &&',
        '  [ "$now" -gt "$before" ] && before=$now &&',
        f'  message {name} "$now" "$n" {field("digest", _RECORD)} > {scratch("message")} &&',
        *((f"  [ {field('serialized_message', _RECORD)} = \\\n    {HEX_OF_MESSAGE} ] &&",) if serialised else ()),
        f"  unhex {field('signature', _RECORD)} > {scratch('signature')} &&",
        f'  openssl pkeyutl -verify -pubin -inkey "$t/signer-$(field key_id {_RECORD}).pem" \\',
        f"    -rawin -in {scratch('message')} -sigfile {scratch('signature')} > {scratch('said')} || exit 1",
        "done )",
    )
    same = (
        f"( for name in {' '.join(_SAME)}; do",
        f'  [ "$(field "$name" audit/{last}.json)" = "$(field "$name" {PROOF})" ] || exit 1',
        "done )",
    )
    return CommandBlock(
        id="audit-log",
        title="Is it in the signer's public log?",
        step_id="audit-log",
        about="Walks through the copy of the log: every epoch's signature under a pinned key, times that rise, no epoch"
        " missing, no digest twice, the first one the pinned root, the last one equal to the proof.",
        lines=chain(
            *(write_key(key.spki, f"signer-{key.key_id}.pem") for key in signer.keys),
            f": > {scratch('digests')}",
            "\n".join(loop),
            f"[ $(($(sort -u {scratch('digests')} | wc -l))) -eq {len(numbers)} ]",
            f"[ $(($(ls audit | grep -c '^[0-9]*[.]json$'))) -eq {len(numbers)} ]",
            f"[ {field('digest', f'audit/{numbers[0]}.json')} = \\\n  {namespace.root_digest} ]",
            "\n".join(same),
            f"echo '{said}'",
        ),
        expect=said,
    )


def _artifacts(numbers: list[int]) -> CommandBlock:
    said = (
        f"the key files of {len(numbers)} earlier epoch{'s' if len(numbers) > 1 else ''} are the ones that were logged"
    )
    body = (
        f"( {_sequence(numbers)}",
        f'  [ "$(sha256sum < "audit/artifacts/$n.json" | cut -c 1-64)" = {field("digest", _NAMED)} ] || exit 1',
        "done )",
    )
    return CommandBlock(
        id="history",
        title="Are the earlier key files the ones that were logged?",
        step_id="history",
        about="The SHA-256 of each earlier key file is the digest that was logged at its epoch. Whether each belongs to"
        " an announced deployment, read in deployment.json, under history.",
        lines=chain("\n".join(body), f"echo '{said}'"),
        expect=said,
    )
