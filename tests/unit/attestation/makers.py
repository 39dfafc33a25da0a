"""A maker of HSMs for tests: root, device authorities, attestation keys, and the Evidence that they sign."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vaultproof.asn1 import oids, writer
from vaultproof.asn1.pem import write_pem
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.claims import DebugState, Measurement
from vaultproof.attestation.pkix_evidence import PkixEvidenceAdapter
from vaultproof.attestation.pkix_evidence_profile import ATTESTATION_KEY_PURPOSE, TECHNOLOGY
from vaultproof.attestation.pkix_evidence_writer import (
    KeyValues,
    PlatformValues,
    Signer,
    TransactionValues,
    encode_evidence,
    encode_tbs,
)
from vaultproof.crypto.port import Algorithm

AT = datetime(2026, 11, 1, tzinfo=UTC)
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
FROM = datetime(2026, 1, 1, tzinfo=UTC)
UNTIL = datetime(2046, 1, 1, tzinfo=UTC)
NONCE = bytes(range(32))
FIRMWARE = Measurement(algorithm="sha-256", digest="11" * 32, component="firmware")
LOADER = Measurement(algorithm="sha-384", digest="22" * 48, component="loader")

TRUE = writer.boolean(True)
SIGNING = writer.bit_string(b"\x80", 7)
ISSUING = writer.bit_string(b"\x04", 2)


@cache
def key(label: str) -> ec.EllipticCurvePrivateKey:
    """A fixed key for each label: the label's bytes as the secret number."""
    return ec.derive_private_key(int.from_bytes(label.encode().ljust(31, b"-")[:31], "big"), ec.SECP256R1())


def spki(label: str) -> bytes:
    return key(label).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(label: str, message: bytes) -> bytes:
    return key(label).sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def name(common: str, serial: str | None = None) -> bytes:
    parts = [(oids.COMMON_NAME, common)] + ([] if serial is None else [(oids.SERIAL_NUMBER, serial)])
    return writer.sequence(
        *(writer.set_of(writer.sequence(writer.oid(oid), writer.utf8_string(text))) for oid, text in parts)
    )


def extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return writer.sequence(writer.oid(oid), *((TRUE,) if critical else ()), writer.octet_string(value))


def authority(path_length: int | None = None, usage: bytes | None = ISSUING) -> tuple[bytes, ...]:
    """The extensions of a certificate that may issue others."""
    limit = b"" if path_length is None else writer.integer(path_length)
    constraints = extension(oids.BASIC_CONSTRAINTS, writer.sequence(TRUE, limit), critical=True)
    return (constraints,) if usage is None else (constraints, extension(oids.KEY_USAGE, usage, critical=True))


ATTESTING = (
    extension(oids.KEY_USAGE, SIGNING, critical=True),
    extension(oids.EXTENDED_KEY_USAGE, writer.sequence(writer.oid(ATTESTATION_KEY_PURPOSE))),
)
"""The extensions of an attestation key's certificate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """One certificate to be made: whose key, under which name, by whom, until when, with which extensions."""

    label: str
    subject: bytes
    extensions: tuple[bytes, ...]
    not_after: datetime = UNTIL
    issuer: bytes | None = None
    algorithm: bytes = writer.sequence(writer.oid(oids.ECDSA_WITH_SHA256))

    def encode(self, issuer: bytes, signer: str) -> bytes:
        validity = writer.sequence(writer.utc_time(FROM), writer.utc_time(self.not_after))
        held = writer.explicit(3, writer.sequence(*self.extensions)) if self.extensions else b""
        tbs = writer.sequence(
            writer.explicit(0, writer.integer(2)), writer.integer(1), self.algorithm,
            self.issuer or issuer, validity, self.subject, spki(self.label), held,
        )  # fmt: skip
        return writer.sequence(tbs, self.algorithm, writer.bit_string(sign(signer, tbs)))


def chain(*links: Certified) -> tuple[bytes, ...]:
    """DER certificates of links given attestation key first; each is signed by the next, the last by itself."""
    above = (*links[1:], links[-1])
    return tuple(link.encode(upper.subject, upper.label) for link, upper in zip(links, above, strict=True))


def pem(*certificates: bytes) -> bytes:
    return b"".join(write_pem("CERTIFICATE", certificate) for certificate in certificates)


ROOT = Certified(label="root", subject=name("Root"), extensions=authority())


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """One HSM for tests; change any part with ``dataclasses.replace``."""

    label: str = "a"
    serial: str = "SN-a"
    platform: PlatformValues = field(
        default_factory=lambda: PlatformValues(
            vendor="Test Works", oemid=b"test-works-oemid", hwmodel="HSM-9000", hwserial="SN-a", swname="firmware",
            swversion="2.4.1", dbgstat=DebugState.DISABLED_PERMANENTLY, measurements=(FIRMWARE, LOADER),
        )
    )  # fmt: skip
    keys: tuple[KeyValues, ...] = (
        KeyValues(
            identifier="key-1", spki=spki("fleet-a"), role="store", local=True, extractable=False,
            never_extractable=True, sensitive=True, purposes=("sign",),
        ),
    )  # fmt: skip
    nonce: bytes = NONCE

    def links(self) -> tuple[Certified, ...]:
        return (
            Certified(label=f"ak-{self.label}", subject=name(f"attestation {self.label}"), extensions=ATTESTING),
            Certified(
                label=f"device-{self.label}", subject=name(f"device {self.label}", self.serial), extensions=authority(0)
            ),
            ROOT,
        )

    def tbs(self) -> bytes:
        transaction = TransactionValues(
            nonce=self.nonce, timestamp=datetime(2026, 10, 31, 9, tzinfo=UTC), ak_spki=spki(f"ak-{self.label}")
        )
        return encode_tbs(transaction, self.platform, self.keys)

    def evidence(
        self, tbs: bytes | None = None, *, signer: Signer | None = None, carried: tuple[bytes, ...] = ()
    ) -> bytes:
        tbs = self.tbs() if tbs is None else tbs
        signer = signer or Signer(certificate=chain(*self.links())[0])
        return encode_evidence(tbs, signer, Algorithm.ECDSA_P256_SHA256, sign(f"ak-{self.label}", tbs), carried)

    def files(self) -> Mapping[str, bytes]:
        return {"evidence.der": self.evidence(), "chain.pem": pem(*chain(*self.links()))}


def device(label: str, **changes: object) -> Device:
    """A device whose serial number, keys and names follow from its label."""
    made = Device(label=label, serial=f"SN-{label}")
    platform = replace(made.platform, hwserial=f"SN-{label}")
    keys = tuple(replace(item, spki=spki(f"fleet-{label}")) for item in made.keys)
    return replace(replace(made, platform=platform, keys=keys), **changes)  # type: ignore[arg-type] # any field


def read(files: Mapping[str, bytes]) -> Attestation:
    return PkixEvidenceAdapter().read(files)


def anchor(label: str = "root", **changes: object) -> TrustAnchor:
    made = TrustAnchor(
        id="test-root",
        technology=TECHNOLOGY,
        name="Root",
        spki_sha256=sha256(spki(label)).hexdigest(),
        spki=spki(label),
    )
    return replace(made, **changes)  # type: ignore[arg-type] # any field
