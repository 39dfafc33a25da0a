"""Adapter for Marvell (Cavium) LiquidSecurity HSMs, as Google Cloud HSM and Azure Managed HSM hand out attestations.

Files in ``marvell_envelope.py``, the signed blob in ``marvell_blob.py``, certificates in ``marvell_chain.py``, claims
in ``marvell_claims.py``.  The HSM attests that a key was made in it and how it is protected: no code, no firmware, no
time.  The blob must be signed by a partition's key that both the maker and the owner of the card certify.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vaultproof.attestation.adapter import Attestation, SignedBytes, Statement
from vaultproof.attestation.anchors import MANUFACTURER, OWNER
from vaultproof.attestation.claims import AttesterClaims, Claims, EvidenceClaims, PlatformClaims, SerialSource
from vaultproof.attestation.findings import Finding
from vaultproof.attestation.marvell_chain import Certificates, arrange, binding_findings, chains_of, device_name
from vaultproof.attestation.marvell_claims import (
    check_value_finding,
    key_claims,
    pair_of,
    public_key,
    unknown_claims,
)
from vaultproof.attestation.marvell_envelope import GOOGLE_PROFILE, Envelope, read_envelope
from vaultproof.attestation.placed import root_findings, unread_findings
from vaultproof.crypto.port import Algorithm
from vaultproof.errors import VaultproofError

TECHNOLOGY = "marvell-liquidsecurity"
ADAPTER_VERSION = "1"

_ORGANIZATION = "2.5.4.10"


class MarvellLiquidSecurityAdapter:
    """Reads key attestations of LiquidSecurity HSMs."""

    technology = TECHNOLOGY
    version = ADAPTER_VERSION
    oid_names: Mapping[str, str] = MappingProxyType({})

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's blob and certificates; see ``Adapter.read`` for what it raises."""
        envelope = read_envelope(member_files)
        try:
            return _attestation(envelope, tuple(unread_findings(member_files, envelope.files)))
        except VaultproofError as error:
            raise error.in_file(envelope.blobs[0].place.file) from None


def _attestation(envelope: Envelope, unread: tuple[Finding, ...]) -> Attestation:
    google = envelope.profile == GOOGLE_PROFILE
    found = arrange(envelope.certificates, owner_card=google)
    chains = chains_of(found, owner_states_usage=google)
    pair = pair_of(envelope.blobs, public_needed=google)
    spki = public_key(pair)
    return Attestation(
        technology=TECHNOLOGY,
        profile=envelope.profile,
        claims=Claims(
            attester=_attester(found),
            evidence=EvidenceClaims(digest=_digest(envelope), profile=envelope.profile),
            platform=PlatformClaims(),
            keys=(key_claims(pair, spki),),
            unknown=tuple(unknown_claims(pair)),
        ),
        chains=chains,
        statements=tuple(_statements(envelope)),
        findings=(
            *binding_findings(found),
            check_value_finding(pair, spki),
            *(finding for chain in chains[:2] for finding in root_findings(chain)),
            *unread,
        ),
    )


def _attester(found: Certificates) -> AttesterClaims:
    """Device, partition and maker as the maker's certificates name them, never the owner's."""
    partition = device_name(found.partition).partition
    vendor = found.card.subject_attribute(_ORGANIZATION)
    return AttesterClaims(
        technology=TECHNOLOGY,
        adapter_version=ADAPTER_VERSION,
        vendor=found.card.subject_claim(vendor) if vendor else None,
        hwserial=found.card.subject_claim(device_name(found.card).device),
        hwserial_source=SerialSource.CERTIFICATE_SUBJECT,
        instance_id=None if partition is None else found.partition.subject_claim(f"partition {partition}"),
        device_identity=found.card.key_claim(),
    )


def _digest(envelope: Envelope) -> str:
    """SHA-256 (hex) of the blobs, one after the other, unpacked: how a cloud packs them says nothing."""
    return hashlib.sha256(b"".join(item.data for item in envelope.blobs)).hexdigest()


def _statements(envelope: Envelope) -> Iterator[Statement]:
    """Every blob, signed by the partition's key as the maker certifies it and as the owner does."""
    for item in envelope.blobs:
        signed = SignedBytes(
            message=item.blob.signed, signature=item.blob.signature, algorithm=Algorithm.RSA_PKCS1_SHA256
        )
        for chain in (MANUFACTURER, OWNER):
            yield Statement(name=f"{item.name}/{chain}", signed=signed, chain=chain)
