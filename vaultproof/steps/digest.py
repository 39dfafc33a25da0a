"""Step ``digest``: is the key file the one that was signed?"""

from __future__ import annotations

from vaultproof.evidence.epoch import Proof, read_proof
from vaultproof.evidence.files import FLEET_KEYS, PROOF, required, sha256_hex
from vaultproof.evidence.fleet_keys import FleetKeys, read_fleet_keys
from vaultproof.frozen import frozen
from vaultproof.report import Origin
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown


@frozen
class SignedDigest:
    """The fleet-key file has the digest that the proof names: what the signatures of later steps are about."""

    digest: str
    proof: Proof
    keys: FleetKeys


async def digest(context: Context) -> Finding:
    """Compare the SHA-256 of the fleet-key file with the digest in the signer's record."""
    substeps = Substeps()
    artifact = required(context.files, FLEET_KEYS)
    proof = read_proof(required(context.files, PROOF), file=PROOF)
    actual = sha256_hex(artifact)
    substeps.compare(
        "artifact", "digest-same",
        compared("sha256", actual, proof.record.digest.hex(), Origin.INDEPENDENT_SIGNER, file=FLEET_KEYS),
    )  # fmt: skip
    keys = read_fleet_keys(artifact)
    facts = [shown("published-keys", len(keys.keys), Origin.PUBLISHED_FILE, file=FLEET_KEYS)]
    facts += [shown("unknown-field", pointer, Origin.NOT_VERIFIED, file=FLEET_KEYS) for pointer in keys.unknown]
    substeps.match("read", "keys-read", *facts)
    return substeps.finding(SignedDigest(digest=actual, proof=proof, keys=keys))
