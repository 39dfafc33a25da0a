"""Step ``counter-signature``: did the operator confirm it?"""

from __future__ import annotations

from vaultproof.errors import Unavailable, Untrusted, VaultproofError
from vaultproof.evidence.files import PROOF
from vaultproof.report import Origin
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown
from vaultproof.steps.digest import SignedDigest
from vaultproof.steps.pinned_keys import verifying_key
from vaultproof.steps.signer import SignedRecord
from vaultproof.strict.encodings import format_time
from vaultproof.trust.configuration import Party, PinnedKey


async def counter_signature(context: Context) -> Finding:
    """Check the operator's signature over the signer's 64 signature bytes."""
    substeps = Substeps()
    proof = context.relying_on(SignedDigest).proof
    signed = context.relying_on(SignedRecord).record
    if proof.counter_signature is None:
        raise Unavailable(
            "not-published", "the proof has no counter-signature", file=PROOF, pointer="/counter_signature"
        )
    operator = context.trust.operator(context.relying_on(SignedRecord).namespace.operator)
    if operator is None or not operator.keys:
        raise Unavailable(
            "operator-key-not-pinned", "no key of the operator is pinned", file=PROOF,
            found=context.deployment.operator, hint="add the operator's counter-signing key to the trust configuration",
        )  # fmt: skip
    who = shown("operator", operator.name, Origin.PINNED)
    try:
        key = await _confirming_key(context, operator, proof.counter_key_id, signed.signature, proof.counter_signature)
    except VaultproofError as error:
        substeps.trouble("signature", error.in_file(PROOF), who)
        return substeps.finding()
    substeps.match(
        "signature", "signature-holds", who,
        shown("algorithm", key.algorithm.value, Origin.PINNED),
        compared("operator-key", key.key_id, proof.counter_key_id or key.key_id, Origin.PINNED, file=PROOF),
        shown("confirmed-bytes", signed.signature.hex(), Origin.INDEPENDENT_SIGNER, file=PROOF),
    )  # fmt: skip
    _validity(substeps, key, signed.timestamp)
    return substeps.finding()


async def _confirming_key(
    context: Context, operator: Party, key_id: str | None, message: bytes, signature: bytes
) -> PinnedKey:
    """The operator's pinned key under which the signature holds.  Raises what tells why there is none."""
    keys = [key for key in operator.keys if key_id is None or key.key_id == key_id]
    if not keys:
        raise Untrusted(
            "unrecognised-key", "the counter-signature names a key that is not pinned", pointer="/counter_key_id",
            expected="one of " + ", ".join(key.key_id for key in operator.keys), found=key_id,
        )  # fmt: skip
    return await verifying_key(context.backend, keys, message, signature)


def _validity(substeps: Substeps, key: PinnedKey, signed_at: int) -> None:
    """The operator cannot have confirmed with a key that was not valid when the signer signed."""
    if key.not_before is None:
        return
    late = key.not_before.timestamp() * 1000 > signed_at
    fact = shown("key-valid-from", format_time(key.not_before), Origin.PINNED)
    if late:
        substeps.mismatch("validity", "key-not-yet-valid", fact)
    else:
        substeps.match("validity", "key-valid", fact)
