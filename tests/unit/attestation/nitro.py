"""A maker of Nitro documents for tests: five certificates on P-384, and the document that the first key signs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.unit.attestation.makers import SIGNING, authority, extension, name
from vaultproof.asn1 import oids, writer
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.aws_nitro import AwsNitroAdapter
from vaultproof.cbor import Encodable, encode

SIGNED_AT = datetime(2026, 10, 31, 9, 0, 0, 250_000, tzinfo=UTC)
MODULE = "i-0123456789abcdef0-enc0123456789abcdef"
INSTANCE = "i-0123456789abcdef0"
REGION = "eu-west-1"
ES384 = encode({1: -35})
HOUR = timedelta(hours=1)
_ALGORITHM = writer.sequence(writer.oid(oids.ECDSA_WITH_SHA384))


@cache
def key(label: str) -> ec.EllipticCurvePrivateKey:
    """A fixed key for each label."""
    return ec.derive_private_key(int.from_bytes(label.encode().ljust(31, b"-")[:31], "big"), ec.SECP384R1())


def spki(label: str) -> bytes:
    return key(label).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def sign(label: str, message: bytes) -> bytes:
    return key(label).sign(message, ec.ECDSA(hashes.SHA384(), deterministic_signing=True))


def sign_raw(label: str, message: bytes) -> bytes:
    r, s = decode_dss_signature(sign(label, message))
    return r.to_bytes(48, "big") + s.to_bytes(48, "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """One certificate to be made: whose key, the common name, its extensions, how many hours before and after."""

    label: str
    common: str
    extensions: tuple[bytes, ...]
    hours: tuple[int, int] = (1, 2)

    def encode(self, issuer: str, signer: str) -> bytes:
        start, end = (SIGNED_AT.replace(microsecond=0) + HOUR * offset for offset in (-self.hours[0], self.hours[1]))
        tbs = writer.sequence(
            writer.explicit(0, writer.integer(2)), writer.integer(1), _ALGORITHM, name(issuer),
            writer.sequence(writer.utc_time(start), writer.utc_time(end)), name(self.common), spki(self.label),
            writer.explicit(3, writer.sequence(*self.extensions)),
        )  # fmt: skip
        return writer.sequence(tbs, _ALGORITHM, writer.bit_string(sign(signer, tbs)))


ENCLAVE = Certified(
    label="enclave", common=f"{MODULE}.{REGION}.aws", extensions=(extension(oids.KEY_USAGE, SIGNING, critical=True),)
)
HOST = Certified(label="instance", common=f"{INSTANCE}.{REGION}.aws.nitro-enclaves", extensions=authority(0))
ZONE = Certified(label="zone", common=f"aa7d.zonal.{REGION}.aws.nitro-enclaves", extensions=authority(1))
REGIONAL = Certified(label="region", common=f"2f44.{REGION}.aws.nitro-enclaves", extensions=authority(2))
ROOT = Certified(label="nitro-root", common="aws.nitro-enclaves", extensions=authority(), hours=(24, 24 * 365))
LINKS = (ENCLAVE, HOST, ZONE, REGIONAL, ROOT)


def pcrs(*values: int) -> dict[int | str, Encodable]:
    """Sixteen registers; each of ``values`` fills one, the others are zero."""
    filled = (*values, *[0] * (16 - len(values)))
    return {index: bytes([value]) * 48 for index, value in enumerate(filled)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A document to be made; change any part with ``dataclasses.replace``, any field of its payload with ``fields``."""

    links: Sequence[Certified] = LINKS
    fields: Mapping[int | str, Encodable] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    protected: bytes = ES384
    unprotected: Encodable = field(default_factory=dict)
    payload: bytes | None = None
    signature: bytes | None = None
    signer: str = "enclave"
    tag: bytes = b""

    def body(self) -> dict[int | str, Encodable]:
        certificates = [
            link.encode(upper.common, upper.label)
            for link, upper in zip(self.links, (*self.links[1:], self.links[-1]), strict=True)
        ]
        made: dict[int | str, Encodable] = {
            "module_id": MODULE,
            "digest": "SHA384",
            "timestamp": int(SIGNED_AT.timestamp() * 1000),
            "pcrs": pcrs(0x10, 0x11, 0x12, 0x13, 0x14),
            "certificate": certificates[0],
            "cabundle": tuple(reversed(certificates[1:])),
            "public_key": None,
            "user_data": None,
            "nonce": None,
            **self.fields,
        }
        return {name: value for name, value in made.items() if name not in self.left_out}

    def encode(self) -> bytes:
        payload = encode(self.body()) if self.payload is None else self.payload
        signed = encode(("Signature1", self.protected, b"", payload))
        signature = sign_raw(self.signer, signed) if self.signature is None else self.signature
        return self.tag + encode((self.protected, self.unprotected, payload, signature))

    def files(self) -> Mapping[str, bytes]:
        return {"attestation.cbor": self.encode()}


GOOD = Made()


def with_fields(**fields: Encodable) -> Made:
    named: dict[int | str, Encodable] = {name: value for name, value in fields.items()}  # noqa: C416  (wider keys)
    return replace(GOOD, fields=named)


def read(made: Made) -> Attestation:
    return AwsNitroAdapter().read(made.files())


def anchor(label: str = "nitro-root") -> TrustAnchor:
    return TrustAnchor(
        id="test-root", technology="aws-nitro", name="Root", spki_sha256=sha256(spki(label)).hexdigest(),
        spki=spki(label),
    )  # fmt: skip
