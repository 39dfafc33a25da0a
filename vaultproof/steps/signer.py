"""Step ``signer``: did an independent party sign it?"""

from __future__ import annotations

from datetime import timedelta

from vaultproof.epoch_check import check_epoch
from vaultproof.errors import Unavailable, VaultproofError
from vaultproof.evidence.epoch import EpochRecord
from vaultproof.evidence.files import DEPLOYMENT, PROOF
from vaultproof.frozen import frozen
from vaultproof.report import Origin, Value
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown
from vaultproof.steps.digest import SignedDigest
from vaultproof.strict.encodings import format_milliseconds, format_time, from_milliseconds
from vaultproof.trust.configuration import Namespace, Signer

MAX_ANNOUNCED_DISTANCE = timedelta(days=31)
"""How far the announced time of deployment may lie after the time in the signer's record."""

EARLIEST_BEFORE_SIGNATURE = timedelta(days=1)
"""How far it may lie before: a deployment whose keys were not yet signed cannot have been one."""


@frozen
class SignedRecord:
    """The signer's record holds under a pinned key and is about the namespace, epoch and digest asked for."""

    record: EpochRecord
    signer: Signer
    namespace: Namespace


async def signer(context: Context) -> Finding:
    """Compare what was asked for with what was signed, then check the signature under the pinned key."""
    substeps = Substeps()
    signed = context.relying_on(SignedDigest)
    record = signed.proof.record
    namespace, party = pinned_namespace(context)
    _asked_for(substeps, context, record, signed.digest, namespace)
    try:
        key = await check_epoch(record, party, context.backend)
    except VaultproofError as error:
        substeps.trouble("signature", error, shown("signer", party.name, Origin.PINNED))
        return substeps.finding()
    substeps.match(
        "signature", "signature-holds",
        shown("signer", party.name, Origin.PINNED),
        compared("public-key", key.public_key.hex(), key.public_key.hex(), Origin.PINNED),
        compared("key-id", record.key_id if record.key_id is not None else key.key_id, key.key_id,
                 Origin.INDEPENDENT_SIGNER, file=PROOF),
        shown("signed-at", format_milliseconds(record.timestamp), Origin.INDEPENDENT_SIGNER, file=PROOF),
        shown("key-valid-from", format_milliseconds(key.not_before), Origin.PINNED),
    )  # fmt: skip
    return substeps.finding(SignedRecord(record=record, signer=party, namespace=namespace))


def pinned_namespace(context: Context) -> tuple[Namespace, Signer]:
    """The pinned namespace that the announcement names, and its signer.

    Raises ``Unavailable("namespace-not-pinned")``: what nobody pinned cannot be checked, which accuses nobody.
    """
    name = context.deployment.namespace or ""
    namespace = context.trust.namespace(name)
    party = context.trust.signer(namespace.signer) if namespace else None
    if namespace is None or party is None or not party.keys:
        raise Unavailable(
            "namespace-not-pinned", "the trust configuration pins no such namespace", file=DEPLOYMENT,
            pointer="/namespace", found=name, hint="check with a trust configuration that pins it",
        )  # fmt: skip
    return namespace, party


def _asked_for(substeps: Substeps, context: Context, record: EpochRecord, digest: str, namespace: Namespace) -> None:
    asked: tuple[tuple[str, Value, Value], ...] = (
        ("namespace", record.namespace, namespace.name),
        ("epoch", record.epoch, context.deployment.epoch),
        ("digest", record.digest.hex(), digest),
        ("ciphersuite", record.ciphersuite, namespace.ciphersuite),
        ("product", context.deployment.product, namespace.product),
        ("operator", context.deployment.operator, namespace.operator),
    )
    for name, found, expected in asked:
        stated = name in ("product", "operator")
        origin, file = (Origin.OPERATOR_STATEMENT, DEPLOYMENT) if stated else (Origin.INDEPENDENT_SIGNER, PROOF)
        substeps.compare(name, f"{name}-same", compared(name, found, expected, origin, file=file))
    _announced_time(substeps, context, record)


def _announced_time(substeps: Substeps, context: Context, record: EpochRecord) -> None:
    """The announced time of deployment lies near the signed one.

    It is the instant for which certificates and advisories are judged, and only the operator states it: a time far from
    the signer's would let an announcement choose what was known "as of the deployment".
    """
    announced, signed = context.deployment.deployed_at, from_milliseconds(record.timestamp)
    facts = (
        shown("deployed-at", format_time(announced), Origin.OPERATOR_STATEMENT, file=DEPLOYMENT),
        shown("signed-at", format_milliseconds(record.timestamp), Origin.INDEPENDENT_SIGNER, file=PROOF),
    )
    if -EARLIEST_BEFORE_SIGNATURE <= announced - signed <= MAX_ANNOUNCED_DISTANCE:
        substeps.match("announced-time", "announced-time-near", *facts)
    else:
        substeps.mismatch("announced-time", "announced-time-far", *facts)
