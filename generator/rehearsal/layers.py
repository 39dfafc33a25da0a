"""Attestation in two layers: the maker attests a key of an older HSM; a program in it signs Evidence with that key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from generator.rehearsal.authorities import PUBLIC_SEED, VENDOR, spki
from generator.rehearsal.ceremony import attested_at
from generator.rehearsal.certificates import certify_program_key, make_device, pem
from generator.rehearsal.firmware import CLASSIC_MODEL, CLASSIC_VERSION, OEM_ID
from generator.rehearsal.plan import EvidencePlan, LayersPlan, Plan
from vaultproof.attestation.adapter import PREFIX
from vaultproof.attestation.claims import DebugState
from vaultproof.attestation.layered_evidence import MAKER_FILE
from vaultproof.attestation.pkix_evidence import DER_FILE
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
from vaultproof.crypto.port import Algorithm

TWO_LAYERS = PREFIX + TECHNOLOGY
"""Technology of a rehearsal in two layers: the rehearsal's maker attests in PKIX Evidence too."""

_BEFORE = timedelta(minutes=20)


@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """The key that signs an Evidence, its certificate (DER), and the files that vouch for it, by name."""

    key: ec.EllipticCurvePrivateKey = field(repr=False)
    certificate: bytes
    files: Mapping[str, bytes]


def two_layers(plan: Plan, evidence: EvidencePlan, order: int) -> Signing:
    """The program's key, certified by the operator, and the maker's attestation of it."""
    layers = evidence.layers or LayersPlan()
    key = PUBLIC_SEED.ec(f"program-key/{evidence.device}", ec.SECP256R1())
    certificates = certify_program_key(key.public_key(), serial=evidence.serial, stray=layers.stray_owner)
    other = PUBLIC_SEED.ec(f"program-key/{evidence.device}/other", ec.SECP256R1())
    attested = other if layers.other_key else key
    below = _makers_layer(plan, evidence, layers, order, spki(attested.public_key()))
    return Signing(
        key=key,
        certificate=_der(certificates[0]),
        files={CHAIN_FILE: pem(certificates), **{MAKER_FILE + name: data for name, data in below.items()}},
    )


def _makers_layer(plan: Plan, evidence: EvidencePlan, layers: LayersPlan, order: int, key: bytes) -> dict[str, bytes]:
    device = make_device(evidence, deployed_at=plan.deployed_at)
    tbs = encode_tbs(
        TransactionValues(
            nonce=PUBLIC_SEED.octets(f"{evidence.device}/maker-nonce", 32),
            timestamp=attested_at(plan, order) - _BEFORE,
            ak_spki=spki(device.attestation_key.public_key()),
        ),
        PlatformValues(
            vendor=VENDOR, oemid=OEM_ID, hwmodel=CLASSIC_MODEL, hwserial=evidence.serial, swversion=CLASSIC_VERSION,
            dbgstat=DebugState.DISABLED_PERMANENTLY,
        ),
        [
            KeyValues(
                identifier="REHEARSAL program key", spki=key, local=not layers.foreign,
                extractable=layers.exportable, never_extractable=not (layers.exportable or layers.foreign),
                sensitive=True, purposes=("sign",),
            )
        ],
    )  # fmt: skip
    signature = device.attestation_key.sign(tbs, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
    signer = Signer(certificate=_der(device.chain[0]))
    return {
        DER_FILE: encode_evidence(tbs, signer, Algorithm.ECDSA_P256_SHA256, signature),
        CHAIN_FILE: device.chain_pem,
    }


def _der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)
