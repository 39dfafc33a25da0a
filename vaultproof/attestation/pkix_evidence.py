"""Adapter for PKIX Evidence: signed DER made for HSMs (draft-ietf-rats-pkix-key-attestation-07, profile ``draft-07``).

A member's files are ``evidence.der`` (or ``evidence.pem``, label EVIDENCE) and, where the Evidence does not carry its
certificates, ``chain.pem``.  What the profile asks beyond the draft stands in ``pkix_evidence_format.py``; how the
chain is put into order in ``pkix_evidence_chain.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

from vaultproof.asn1.pem import read_pem
from vaultproof.attestation.adapter import Attestation, Chain, SignedBytes, Statement
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.pkix_evidence_chain import (
    CHAIN_FILE,
    device_identity,
    read_chain,
    serial_findings,
    unused_findings,
)
from vaultproof.attestation.pkix_evidence_claims import normalise
from vaultproof.attestation.pkix_evidence_format import Evidence, Place, read_evidence
from vaultproof.attestation.pkix_evidence_profile import OID_NAMES, PROFILE, TECHNOLOGY
from vaultproof.errors import Malformed, Mismatch, Unavailable, VaultproofError

DER_FILE = "evidence.der"
PEM_FILE = "evidence.pem"
PEM_LABEL = "EVIDENCE"
ADAPTER_VERSION = "1"


class PkixEvidenceAdapter:
    """Reads PKIX Evidence of profile draft-07."""

    technology = TECHNOLOGY
    version = ADAPTER_VERSION
    oid_names = OID_NAMES

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's Evidence and chain; see ``Adapter.read`` for what it raises."""
        file = evidence_file(member_files)
        try:
            data, where = evidence_bytes(file, member_files[file])
            evidence = read_evidence(data, where)
            chain = read_chain(evidence, where, member_files.get(CHAIN_FILE))
            _require_bound_signer(evidence, chain)
            claims = normalise(evidence, data, device_identity(chain), ADAPTER_VERSION)
        except VaultproofError as error:
            raise error.in_file(file) from None
        return Attestation(
            technology=self.technology,
            profile=PROFILE,
            claims=claims,
            chains=(chain,),
            statements=(Statement(name="evidence", signed=signed_part(evidence)),),
            findings=(
                *serial_findings(claims.attester.hwserial, chain),
                *unused_findings(evidence, chain),
                *_unread(member_files, file),
            ),
            signed_at=None if claims.evidence.iat is None else claims.evidence.iat.value,
        )


def evidence_file(files: Mapping[str, bytes]) -> str:
    """The one file that holds the Evidence.  Raises ``Unavailable`` for none, ``Malformed`` for two."""
    found = [name for name in (DER_FILE, PEM_FILE) if name in files]
    if not found:
        raise Unavailable(
            "no-evidence", "a member has no Evidence file", expected=f"{DER_FILE} or {PEM_FILE}",
            found=", ".join(sorted(files)) or "no files",
        )  # fmt: skip
    if len(found) > 1:
        raise Malformed(
            "two-evidence-files", "a member has two Evidence files", expected="one", found=" and ".join(found)
        )
    return found[0]


def evidence_bytes(file: str, data: bytes) -> tuple[bytes, Place]:
    """The DER of the Evidence, and where it stands.  Raises ``Malformed`` for PEM that is not one EVIDENCE block."""
    if file == DER_FILE:
        return data, Place(file=file, block=None)
    (block,) = read_pem(data, labels={PEM_LABEL}, maximum=1)
    return block.data, Place(file=file, block=block.index)


def _require_bound_signer(evidence: Evidence, chain: Chain) -> None:
    """The signed part names its signer (draft-07, 6 and 10.3), because the signature block itself can be exchanged."""
    named = evidence.transaction.required("ak-spki", evidence.transaction.octets("ak-spki"))
    if named.value != chain.links[0].key.raw:
        raise Mismatch(
            "ak-spki-differs",
            f"the signer is not the attestation key that the Evidence names, at byte {named.source.offset}",
            expected="the signer's SubjectPublicKeyInfo",
            found="another key",
        )


def signed_part(evidence: Evidence) -> SignedBytes:
    """What the attestation key signed, with the signature that the block carries."""
    block = evidence.block
    return SignedBytes(message=evidence.tbs.raw, signature=block.signature, algorithm=block.algorithm)


def _unread(files: Mapping[str, bytes], evidence_file: str) -> tuple[Finding, ...]:
    names = sorted(set(files) - {evidence_file, CHAIN_FILE})
    return tuple(Finding(code="unread-file", outcome=Outcome.NOTED, subject=name, required=False) for name in names)
