"""What each HSM of a rehearsal attests: PKIX Evidence, signed by a key, and what vouches for that key."""

from __future__ import annotations

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from generator.rehearsal.authorities import PUBLIC_SEED, VENDOR, spki
from generator.rehearsal.ceremony import attested_at
from generator.rehearsal.certificates import make_device
from generator.rehearsal.firmware import CLASSIC_MODEL, HARDWARE_MODEL, OEM_ID, SOFTWARE_NAME
from generator.rehearsal.layers import Signing, two_layers
from generator.rehearsal.plan import EvidencePlan, KeyPlan, MemberPlan, Plan
from vaultproof.attestation.claims import DebugState, Measurement
from vaultproof.attestation.freshness import attestation_nonce
from vaultproof.attestation.pkix_evidence import DER_FILE as EVIDENCE_FILE
from vaultproof.attestation.pkix_evidence_chain import CHAIN_FILE
from vaultproof.attestation.pkix_evidence_profile import TECHNOLOGY
from vaultproof.attestation.pkix_evidence_writer import (
    KeyValues,
    PlatformValues,
    Signer,
    TransactionValues,
    encode_evidence,
    encode_tbs,
)
from vaultproof.crypto.keys import x25519_spki
from vaultproof.crypto.port import Algorithm
from vaultproof.evidence.files import sha256_hex

__all__ = ["EVIDENCE_FILE", "OEM_ID", "TECHNOLOGY", "attestation_files"]


def attestation_files(plan: Plan, member: MemberPlan, order: int) -> dict[str, bytes]:
    """The files of one member by name; ``order`` is its place at the ceremony."""
    evidence = member.evidence
    signing = two_layers(plan, evidence, order) if evidence.layers is not None else _one_layer(plan, evidence)
    tbs = encode_tbs(
        TransactionValues(
            nonce=evidence.nonce or _nonce(plan),
            timestamp=evidence.own_time or attested_at(plan, order),
            ak_spki=spki(signing.key.public_key()),
        ),
        _platform(evidence, order),
        [_key(number, key) for number, key in enumerate(evidence.keys, start=1)],
    )
    signing_key = signing.key
    if evidence.stray_signature:
        signing_key = PUBLIC_SEED.ec("attestation-key/stray", ec.SECP256R1())
    signature = signing_key.sign(tbs, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    signer = Signer(certificate=signing.certificate)
    return {
        EVIDENCE_FILE: encode_evidence(tbs, signer, Algorithm.ECDSA_P256_SHA256, signature),
        **signing.files,
    }


def _one_layer(plan: Plan, evidence: EvidencePlan) -> Signing:
    """The maker's own attestation key, certified by the device."""
    device = make_device(evidence, deployed_at=plan.deployed_at)
    certificate = device.chain[0].public_bytes(Encoding.DER)
    return Signing(key=device.attestation_key, certificate=certificate, files={CHAIN_FILE: device.chain_pem})


def _nonce(plan: Plan) -> bytes:
    return attestation_nonce(plan.id, plan.technology, [sha256_hex(key.public) for key in plan.published])


def _platform(evidence: EvidencePlan, order: int) -> PlatformValues:
    layers = evidence.layers
    return PlatformValues(
        vendor=VENDOR,
        oemid=OEM_ID,
        hwmodel=HARDWARE_MODEL if layers is None else CLASSIC_MODEL,
        hwversion="C1",
        hwserial=evidence.serial if layers is None else layers.serial or evidence.serial,
        swname=SOFTWARE_NAME,
        swversion=evidence.firmware.version,
        dbgstat=DebugState.ENABLED if evidence.debug else DebugState.DISABLED_PERMANENTLY,
        uptime=5400 + 127 * order,
        bootcount=3,
        fipsboot=True,
        fipsver="REHEARSAL 140-3",
        fipslevel=3,
        fipsmodule="REHEARSAL-0000",
        measurements=tuple(
            Measurement(algorithm="sha-384", digest=digest.hex(), component=component)
            for component, digest in (evidence.firmware.measurements if evidence.measured else ())
        ),
    )


def _key(number: int, key: KeyPlan) -> KeyValues:
    return KeyValues(
        identifier=f"REHEARSAL {key.role} key {number}",
        spki=x25519_spki(key.public),
        role=key.role,
        local=key.local,
        extractable=key.extractable,
        never_extractable=key.never_extractable,
        sensitive=key.sensitive,
        purposes=("derive",),
    )
