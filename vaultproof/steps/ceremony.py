"""Step ``ceremony``: was it set up in front of witnesses?"""

from __future__ import annotations

from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.evidence.ceremony import FIRST_PREVIOUS, CeremonyRecord, read_ceremony, witness_message
from vaultproof.evidence.files import CEREMONY, DEPLOYMENT, FLEET_KEYS, required, sha256_hex
from vaultproof.report import Fact, Origin
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown
from vaultproof.steps.pinned_keys import verifying_key
from vaultproof.strict.encodings import format_time, parse_hex


async def ceremony(context: Context) -> Finding:
    """Compare what the record names with what is published; check its hash chain and each witness's signature."""
    substeps = Substeps()
    data = required(context.files, CEREMONY)
    record = read_ceremony(data)
    substeps.compare(
        "deployment", "deployment-same",
        compared("deployment", record.deployment, context.deployment.id, Origin.OPERATOR_STATEMENT, file=CEREMONY),
    )  # fmt: skip
    _materials(substeps, context, record)
    _chain(substeps, record)
    _times(substeps, context, record)
    for witness in record.witnesses:
        await _witness(substeps, context, witness, data)
    if not record.witnesses:
        substeps.trouble("witness", Unavailable("not-published", "the record names no witness", file=CEREMONY))
    return substeps.finding()


def _materials(substeps: Substeps, context: Context, record: CeremonyRecord) -> None:
    """The keys and attestations that came of the ceremony are those that were published, and none is left out."""
    recorded = {material.path: material.sha256 for material in record.materials}
    wrong: list[Fact] = []
    for path, sha256 in recorded.items():
        if path not in context.files:
            substeps.trouble("material", Unavailable("not-published", "the file is not published", file=path))
        elif (found := sha256_hex(context.files[path])) != sha256:
            wrong.append(compared("sha256", found, sha256, Origin.OPERATOR_STATEMENT, file=path))
    left_out = sorted(path for path in context.files if _is_of_the_ceremony(path) and path not in recorded)
    if wrong:
        substeps.mismatch("material", "material-differs", *wrong)
    for path in left_out:
        error = Unavailable("not-in-record", "the record does not name this file", file=path, hint="ask the witnesses")
        substeps.trouble("material", error)
    if not any(item.id == "material" for item in substeps.items):
        substeps.match("material", "materials-same", shown("files", len(recorded), Origin.COMPUTED, file=CEREMONY))


def _is_of_the_ceremony(path: str) -> bool:
    return path == FLEET_KEYS or path.startswith("attestations/")


def _chain(substeps: Substeps, record: CeremonyRecord) -> None:
    previous = FIRST_PREVIOUS
    for number, entry in enumerate(record.entries, start=1):
        facts = (
            compared("entry-number", entry.number, number, Origin.OPERATOR_STATEMENT, file=CEREMONY),
            compared("previous-hash", entry.previous, previous, Origin.OPERATOR_STATEMENT, file=CEREMONY),
            compared("entry-hash", entry.computed_hash, entry.stated_hash, Origin.COMPUTED, file=CEREMONY),
        )
        wrong = tuple(fact for fact in facts if fact.found != fact.expected)
        if wrong:
            substeps.mismatch("chain", "chain-broken", *wrong, subject=str(number))
            return
        previous = entry.stated_hash
    deviations = [entry.deviation for entry in record.entries if entry.deviation is not None]
    substeps.match(
        "chain", "chain-holds",
        shown("entries", len(record.entries), Origin.OPERATOR_STATEMENT, file=CEREMONY),
        shown("deviations", len(deviations), Origin.OPERATOR_STATEMENT, file=CEREMONY),
        *(shown("deviation", deviation, Origin.OPERATOR_STATEMENT, file=CEREMONY) for deviation in deviations),
        shown("credentials-destroyed", record.credentials_destroyed_by, Origin.OPERATOR_STATEMENT, file=CEREMONY),
    )  # fmt: skip


def _times(substeps: Substeps, context: Context, record: CeremonyRecord) -> None:
    """Entries stand in the order of their times, and the ceremony came before the deployment."""
    times = [entry.at for entry in record.entries]
    facts = (
        shown("ceremony-from", format_time(times[0]), Origin.OPERATOR_STATEMENT, file=CEREMONY),
        shown("ceremony-to", format_time(times[-1]), Origin.OPERATOR_STATEMENT, file=CEREMONY),
        shown("deployed-at", format_time(context.deployment.deployed_at), Origin.OPERATOR_STATEMENT, file=DEPLOYMENT),
    )
    if times != sorted(times):
        substeps.mismatch("times", "time-goes-back", *facts)
    elif times[-1] > context.deployment.deployed_at:
        substeps.mismatch("times", "ceremony-after-deployment", *facts)
    else:
        substeps.match("times", "ceremony-times", *facts)


async def _witness(substeps: Substeps, context: Context, witness: str, record: bytes) -> None:
    path = f"ceremony/witnesses/{witness}.sig"
    party = context.trust.witness(witness)
    try:
        if party is None or not party.keys:
            raise Unavailable("witness-not-pinned", "no key of this witness is pinned", file=path, found=witness)
        signature = _signature(required(context.files, path), path)
        await verifying_key(context.backend, party.keys, witness_message(record), signature)
    except VaultproofError as error:
        who = () if party is None else (shown("witness", party.name, Origin.PINNED),)
        substeps.trouble("witness", error.in_file(path), *who, subject=witness)
        return
    substeps.match("witness", "signature-holds", shown("witness", party.name, Origin.PINNED), subject=witness)


def _signature(data: bytes, path: str) -> bytes:
    """The signature in a witness's file: hexadecimal and one line feed."""
    try:
        text = data.decode("ascii").removesuffix("\n")
        if len(text) + 1 == len(data):
            return parse_hex(text)
    except UnicodeDecodeError:
        pass  # refused below, with the same words as a missing line feed
    except Malformed as error:
        raise error.in_file(path) from None
    raise Malformed("bad-hex", "a signature file is hexadecimal and one line feed", file=path)
