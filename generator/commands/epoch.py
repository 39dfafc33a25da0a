"""Blocks for one epoch of the signer's log by itself, and for the whole copy."""

from __future__ import annotations

from generator.commands.block import (
    CommandBlock,
    chain,
    field,
    quoted,
    readable_fields,
    scratch,
    sha256_of,
    verified_text,
    verify_line,
    write_key,
)
from generator.commands.bundle import HEX_OF_MESSAGE, SIGNED_FIELDS
from generator.commands.prepare import prepare
from generator.signer_log.epochs import Epoch
from vaultproof.crypto.port import Algorithm
from vaultproof.trust.configuration import Namespace


def epoch_blocks(epoch: Epoch, pinned: Namespace, file: str, key_file: str) -> tuple[CommandBlock, ...]:
    """Check one record with OpenSSL: ``file`` and ``key_file`` are the names under which they are downloaded.

    Nothing where the record names no pinned key, or is written so that a shell would misread it.
    """
    record, key = epoch.record, epoch.key
    names = (*SIGNED_FIELDS, *(("serialized_message",) if record and record.serialized_message is not None else ()))
    if record is None or key is None or not readable_fields(epoch.answer.body, *names):
        return ()
    if record.ciphersuite != pinned.ciphersuite:
        return ()
    record_file = quoted(file)
    asked = f'"{field("namespace", record_file)[1:-1]} {field("epoch", record_file)[1:-1]}"'
    commands = [
        write_key(key.spki, "signer.pem"),
        f"[ {asked} = \\\n  {quoted(f'{pinned.name} {epoch.number}')} ]",
        f"[ {field('timestamp', record_file)} -ge {key.not_before} ]",
        (
            f"message {quoted(pinned.name)} {field('timestamp', record_file)} {epoch.number} \\\n"
            f"  {field('digest', record_file)} > {scratch('message')}"
        ),
        f"unhex {field('signature', record_file)} > {scratch('signature')}",
    ]
    if record.serialized_message is not None:
        commands.append(f"[ {field('serialized_message', record_file)} = {HEX_OF_MESSAGE} ]")
    commands.append(
        verify_line(
            Algorithm.ED25519, key=scratch("signer.pem"), message=scratch("message"), signature=scratch("signature")
        )
    )
    signature = CommandBlock(
        id="signature",
        title="Is this record signed by the signer?",
        step_id=None,
        about="Builds the signed message anew from the record's own fields, for this namespace and epoch, and checks"
        " the Ed25519 signature under the pinned key.",
        lines=chain(*commands),
        expect=verified_text(Algorithm.ED25519),
    )
    return (prepare(record.ciphersuite), signature, *_key_file_block(epoch, record_file, quoted(key_file)))


def _key_file_block(epoch: Epoch, record_file: str, key_file: str) -> tuple[CommandBlock, ...]:
    if epoch.artifact is None:
        return ()
    said = "the key file is the one that was logged"
    return (
        CommandBlock(
            id="digest",
            title="Is the key file the one that was logged?",
            step_id=None,
            about="The SHA-256 of the key file is the digest in the record.",
            lines=chain(f"[ {sha256_of(key_file)} = {field('digest', record_file)} ]", f"echo '{said}'"),
            expect=said,
        ),
    )


def site_blocks(namespace: str, *, pages: str, api: str, epoch: int | None, plexi: bool) -> tuple[CommandBlock, ...]:
    """Audit the copy from outside: with our command line, and with the signer's own client where it can (``plexi``).

    ``pages`` is the folder of the namespace's pages, ``api`` where the API's files stand, both below the site;
    ``epoch`` is the newest one.
    """
    site = CommandBlock(
        id="site",
        title="Say where this site is",
        step_id=None,
        about="Put the address of this site in place of this one, which is that of vaultproof serve.",
        lines=('SITE="${SITE:-http://127.0.0.1:8000}"', 't="$(mktemp -d)"'),
        expect="",
    )
    said = "the copy holds"
    place = f"/{api.rstrip('/')}" if api else ""
    files = f"$SITE/{pages}key-files/{{epoch}}.json"
    ours = CommandBlock(
        id="audit",
        title="With our command line",
        step_id=None,
        about="Fetches the copy from this site as if it were the log, with the key files, and audits it from its first"
        " epoch under the keys that came with the program. What the audit says in words is then in $t/audit.",
        lines=chain(
            f'vaultproof log fetch {quoted(namespace)} \\\n  --url "$SITE{place}" --store "$t/copy.sqlite" \\\n'
            f'  --artifacts "{files}" > {scratch("fetched")}',
            f'vaultproof log audit {quoted(namespace)} \\\n  --store "$t/copy.sqlite" > {scratch("audit")}',
            f"echo {quoted(said)}",
        ),
        expect=said,
    )
    found = [site, ours]
    if plexi and epoch is not None and not api:
        found.append(
            CommandBlock(
                id="plexi",
                title="With the signer's own client",
                step_id=None,
                about="Cloudflare's plexi (cargo install plexi) asks this site as if it were the log, and checks the"
                " newest record. It takes the key from this site too, unless --verifying-key gives another.",
                lines=chain(
                    f'plexi ls --remote-url "$SITE" --namespace {quoted(namespace)}',
                    f'plexi audit --quiet --remote-url "$SITE" \\\n  --namespace {quoted(namespace)} --epoch {epoch}',
                ),
                expect=f"{namespace}\nsuccess",
            )
        )
    return tuple(found)
