"""Block for step ``ceremony``: each witness's signature over the record's digest."""

from __future__ import annotations

from collections.abc import Iterator

from generator.commands.block import CommandBlock, chain, quoted, scratch, verify_line, write_key
from vaultproof.evidence.ceremony import CeremonyRecord
from vaultproof.evidence.files import CEREMONY, Files
from vaultproof.trust.configuration import TrustConfiguration


def witness_block(files: Files, record: CeremonyRecord, trust: TrustConfiguration) -> Iterator[CommandBlock]:
    """All witnesses of the record; nothing where one has no pinned key or no signature file."""
    pinned = {party.id: party.keys[0] for party in trust.witnesses if party.keys}
    paths = {witness: f"ceremony/witnesses/{witness}.sig" for witness in record.witnesses}
    if not paths or not set(paths) <= set(pinned) or not all(path in files for path in paths.values()):
        return
    commands = [
        f"{{ echo vaultproof/ceremony-witness@1; sha256sum < {CEREMONY} | cut -c 1-64; }} > {scratch('message')}"
    ]
    for witness, path in paths.items():
        key = pinned[witness]
        check = verify_line(
            key.algorithm, key=scratch("witness.pem"), message=scratch("message"), signature=scratch("signature")
        )
        commands += [
            write_key(key.spki, "witness.pem"),
            f'unhex "$(cat {quoted(path)})" > {scratch("signature")}',
            f"{check} > {scratch('said')}",
            f"echo {quoted(f'{witness}: signed this record')}",
        ]
    yield CommandBlock(
        id="ceremony",
        title="Did the witnesses sign?",
        step_id="ceremony",
        about="Each witness signed the SHA-256 of the ceremony record.",
        lines=chain(*commands),
        expect="\n".join(f"{witness}: signed this record" for witness in paths),
    )
