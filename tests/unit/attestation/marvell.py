"""A LiquidSecurity card for tests: blobs of its layout, certificates of its maker and of the card's owner."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tests.unit.attestation import makers, rsa_makers
from tests.unit.attestation.rsa_makers import certificate, common
from vaultproof.asn1 import oids, writer
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.marvell_claims import (
    CLASS,
    EKCV,
    EXTRACTABLE,
    ID,
    KEY_TYPE,
    LOCAL,
    NEVER_EXTRACTABLE,
    PUBLIC_VALUE,
    PURPOSES,
    SENSITIVE,
)
from vaultproof.attestation.marvell_liquidsecurity import TECHNOLOGY

YES, NO = b"\x01", b"\x00"
POINT = makers.spki("fleet-a")[-65:]
KEY_DIGEST = hashlib.sha256(makers.spki("fleet-a")).digest()
Attributes = Mapping[int, bytes]

SIGNING = makers.extension(oids.KEY_USAGE, makers.SIGNING, critical=True)
MAKER, OWNER = common("Maker Root"), common("Owner Root")
ANCHORS = (
    rsa_makers.anchor("maker", TECHNOLOGY),
    rsa_makers.anchor("owner", TECHNOLOGY, "owner"),
)


def u32(*numbers: int) -> bytes:
    return b"".join(number.to_bytes(4, "big") for number in numbers)


def tlv(attributes: Attributes) -> bytes:
    return b"".join(u32(number, len(value)) + value for number, value in attributes.items())


def key_object(handle: int, attributes: Attributes) -> bytes:
    return u32(handle, len(attributes), len(tlv(attributes))) + tlv(attributes)


def unsigned_blob(*objects: bytes, handles: tuple[int, ...] = (7, 9), flags: int = 3, version: int = 1) -> bytes:
    """A blob without its signature; every size in it is right."""
    second = 8 + len(objects[0]) if len(objects) > 1 else 0
    header = b"".join(
        number.to_bytes(2, "big") for number in (version, (1 << len(objects)) - 1, 8, second)
    )  # fmt: skip
    buffer = header + b"".join(objects)
    size = 16 + 8 * len(handles) + len(buffer) + 256
    front = u32(0, flags, size, len(buffer)) + b"".join(handle.to_bytes(8, "big") for handle in handles)
    return front + buffer


def common_attributes() -> dict[int, bytes]:
    return {KEY_TYPE: b"\x03", ID: b"a" * 64 + b"b" * 64, PUBLIC_VALUE: POINT, EKCV: KEY_DIGEST}


def public_attributes() -> dict[int, bytes]:
    return {CLASS: b"\x02", **common_attributes(), EXTRACTABLE: YES, NEVER_EXTRACTABLE: NO, LOCAL: YES, SENSITIVE: NO}


def private_attributes() -> dict[int, bytes]:
    flags = {number: YES if purpose in ("sign", "decrypt") else NO for number, purpose in PURPOSES.items()}
    return {
        CLASS: b"\x03", **common_attributes(), EXTRACTABLE: NO, NEVER_EXTRACTABLE: YES, LOCAL: YES, SENSITIVE: YES,
        **flags,
    }  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One card and one partition; change any part with ``dataclasses.replace``."""

    device: str = "5.3G0000-TEST1"
    card: str = "card"
    partition: str = "partition"
    number: int = 1
    maker: str = "maker"
    owner: str = "owner"
    owner_partition: str = "partition"
    owner_card: str = "card"
    public: Attributes = field(default_factory=public_attributes)
    private: Attributes = field(default_factory=private_attributes)

    @property
    def names(self) -> tuple[bytes, bytes]:
        """Subjects of the card and of the partition."""
        return (
            common(f"HSM:{self.device}, for FIPS mode"),
            common(f"HSM:{self.device}:PARTN:{self.number}, for FIPS mode"),
        )

    def certificates(self) -> tuple[bytes, ...]:
        """The maker's partition and card (which is a version 1 certificate), then the owner's."""
        card, partition = self.names
        return (
            certificate(self.partition, partition, card, self.card),
            certificate(self.card, card, MAKER, self.maker, version=1),
            certificate(self.owner_partition, partition, OWNER, self.owner, SIGNING, serial=77),
            certificate(self.owner_card, card, OWNER, self.owner, SIGNING, serial=78),
        )

    def unsigned(self) -> bytes:
        return unsigned_blob(key_object(7, self.public), key_object(9, self.private))

    def blob(self, unsigned: bytes | None = None) -> bytes:
        message = self.unsigned() if unsigned is None else unsigned
        return message + rsa_makers.sign(self.partition, message)

    def files(self, blob: bytes | None = None) -> dict[str, bytes]:
        packed = gzip.compress(self.blob() if blob is None else blob, mtime=0)
        return {"attestation.dat.gz": packed, "chain.pem": makers.pem(*self.certificates())}


def root(label: str, subject: bytes) -> bytes:
    """A root certificate, self-signed."""
    constraints = makers.extension(oids.BASIC_CONSTRAINTS, writer.sequence(makers.TRUE), critical=True)
    return certificate(label, subject, subject, label, constraints, serial=0)


def other_anchors(**changes: str) -> tuple[TrustAnchor, ...]:
    """The anchors with one key exchanged: ``maker`` or ``owner``."""
    return tuple(
        replace(
            item,
            spki=rsa_makers.spki(changes.get(item.name, item.name)),
            spki_sha256=rsa_makers.fingerprint(changes.get(item.name, item.name)),
        )
        for item in ANCHORS
    )
