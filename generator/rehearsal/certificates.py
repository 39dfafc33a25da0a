"""Certificates of the rehearsal's HSM maker: root, each device's own authority, each device's attestation key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from generator.rehearsal.authorities import OWNER_ROOT, PUBLIC_SEED, VENDOR, owner_key, vendor_key
from generator.rehearsal.derive import Seed
from generator.rehearsal.plan import EvidencePlan
from vaultproof.attestation.pkix_evidence_profile import ATTESTATION_KEY_PURPOSE

MADE = datetime(2024, 10, 1, tzinfo=UTC)
"""When the rehearsal's devices left their factory."""

_ROOT_FROM = datetime(2024, 1, 1, tzinfo=UTC)
_ROOT_UNTIL = datetime(2049, 1, 1, tzinfo=UTC)
_DEVICE_UNTIL = datetime(2044, 10, 1, tzinfo=UTC)
_NO_USAGE = {
    "digital_signature": False, "content_commitment": False, "key_encipherment": False, "data_encipherment": False,
    "key_agreement": False, "key_cert_sign": False, "crl_sign": False, "encipher_only": False, "decipher_only": False,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A device's attestation key, and its certificates in PEM order: attestation key, device, root."""

    attestation_key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...]

    @property
    def chain_pem(self) -> bytes:
        """``chain.pem``: the three certificates, each with a line that says whose it is."""
        return pem(self.chain)


def pem(certificates: Sequence[x509.Certificate]) -> bytes:
    """A file of certificates, each with a line that says whose it is."""
    return b"".join(
        f"REHEARSAL: {certificate.subject.rfc4514_string()}\n".encode() + certificate.public_bytes(Encoding.PEM)
        for certificate in certificates
    )


def certify_program_key(
    key: ec.EllipticCurvePublicKey, *, serial: str, stray: bool
) -> tuple[x509.Certificate, x509.Certificate]:
    """The operator's certificate for the key of a program in an HSM, and the operator's root (of its name alone)."""
    root_key, root_name = owner_key(stray=stray), _name(OWNER_ROOT)
    root = _certificate(
        subject=root_name, key=root_key.public_key(), issuer=root_name, signer=root_key, label="owner-root",
        dates=(_ROOT_FROM, _ROOT_UNTIL), authority=0,
    )  # fmt: skip
    program = _certificate(
        subject=_name(f"REHEARSAL program key in {serial}"), key=key, issuer=root_name,
        signer=root_key, label=f"{serial}/program-key", dates=(MADE, _DEVICE_UNTIL), authority=None, attests=True,
    )  # fmt: skip
    return program, root


def make_device(plan: EvidencePlan, *, deployed_at: datetime) -> Device:
    """The keys and certificates of the device that a plan speaks of."""
    seed = PUBLIC_SEED if not plan.stray_root else Seed(text="REHEARSAL stray devices")
    device_key = seed.ec(f"device/{plan.device}", ec.SECP384R1())
    attestation_key = seed.ec(f"attestation-key/{plan.device}", ec.SECP256R1())
    until = deployed_at.replace(hour=0) - timedelta(days=90) if plan.expired else _DEVICE_UNTIL
    root_key = vendor_key(stray=plan.stray_root)
    root_name = _name("REHEARSAL HSM Works Device Root 1")
    serial = plan.certified or plan.serial
    device_name = _name(f"REHEARSAL HSM {serial}", serial=serial)
    root = _certificate(
        subject=root_name, key=root_key.public_key(), issuer=root_name, signer=root_key, label="root",
        dates=(_ROOT_FROM, _ROOT_UNTIL), authority=1,
    )  # fmt: skip
    device = _certificate(
        subject=device_name, key=device_key.public_key(), issuer=root_name, signer=root_key,
        label=f"{plan.device}/{serial}/device", dates=(MADE, until), authority=0,
    )  # fmt: skip
    attestation = _certificate(
        subject=_name(f"REHEARSAL attestation key of {serial}"), key=attestation_key.public_key(),
        issuer=device_name, signer=device_key, label=f"{plan.device}/{serial}/attestation-key",
        dates=(MADE, until), authority=None, attests=not plan.user_key,
    )  # fmt: skip
    return Device(attestation_key=attestation_key, chain=(attestation, device, root))


def _name(common: str, *, serial: str | None = None) -> x509.Name:
    attributes = [
        x509.NameAttribute(NameOID.ORGANIZATION_NAME, VENDOR),
        x509.NameAttribute(NameOID.COMMON_NAME, common),
    ]
    if serial is not None:
        attributes.append(x509.NameAttribute(NameOID.SERIAL_NUMBER, serial))
    return x509.Name(attributes)


def _certificate(
    *,
    subject: x509.Name,
    key: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signer: ec.EllipticCurvePrivateKey,
    label: str,
    dates: tuple[datetime, datetime],
    authority: int | None,
    attests: bool = False,
) -> x509.Certificate:
    """One certificate (RFC 5280).

    ``authority`` is the path length of one that may issue, None for one that may not; ``attests`` gives it the purpose
    of an attestation key, which no certificate of a user's key has.
    """
    usage = {"key_cert_sign": True} if authority is not None else {"digital_signature": True}
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(PUBLIC_SEED.serial(label))
        .not_valid_before(dates[0])
        .not_valid_after(dates[1])
        .add_extension(x509.BasicConstraints(ca=authority is not None, path_length=authority), critical=True)
        .add_extension(x509.KeyUsage(**{**_NO_USAGE, **usage}), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if attests:
        purpose = x509.ExtendedKeyUsage([ObjectIdentifier(ATTESTATION_KEY_PURPOSE)])
        builder = builder.add_extension(purpose, critical=False)
    return builder.sign(signer, hashes.SHA384(), ecdsa_deterministic=True)
