"""A maker of QASM attestation messages for tests: three certificates on P-384, a hash-based key, and the claims."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256

from tests.unit.attestation.makers import SIGNING, authority, extension, name
from tests.unit.attestation.nitro import sign, spki
from vaultproof.asn1 import oids, writer
from vaultproof.asn1.pem import write_pem
from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.crypto4a_claims import ARC, ATTESTATION_PURPOSE, TECHNOLOGY
from vaultproof.attestation.crypto4a_qasm import DER_FILE, HSS, PEM_FILE, PEM_LABEL, Crypto4aQasmAdapter

FROM = datetime(2022, 1, 1, tzinfo=UTC)
UNTIL = datetime(2042, 1, 1, tzinfo=UTC)
SIGNED_AT = datetime(2026, 10, 31, 9, tzinfo=UTC)
ECDSA = writer.sequence(writer.oid(oids.ECDSA_WITH_SHA384))
HASH_BASED = writer.sequence(writer.oid(HSS))
HSS_KEY = writer.sequence(HASH_BASED, writer.bit_string(bytes(60)))
DEVICE = bytes(range(16))
KEY = bytes(range(16, 32))
OTHER = bytes(range(32, 48))


def octets(value: bytes) -> bytes:
    return writer.implicit(0, value)


def text(value: str) -> bytes:
    return writer.implicit(1, value.encode())


def time(moment: datetime) -> bytes:
    return writer.implicit(2, writer.generalized_time(moment)[2:])


def number(value: int) -> bytes:
    return writer.implicit(3, writer.integer(value)[2:])


def claim(suffix: str, subject: bytes | None = None, complement: bytes | None = None) -> bytes:
    """One claim, its predicate given by what stands below the arc of claims."""
    return writer.sequence(
        writer.oid(f"{ARC}.6.{suffix}"),
        b"" if subject is None else writer.explicit(0, writer.implicit(0, subject)),
        b"" if complement is None else writer.explicit(1, complement),
    )


def key_claims(subject: bytes = KEY, key: bytes | None = None) -> dict[str, bytes]:
    """All that the published message says of a key, by predicate."""
    stated: dict[str, bytes | None] = {
        "2.1": octets(spki("fleet-a") if key is None else key), "2.4": number(4), "2.5": number(2), "2.6": number(0),
        "2.7": None, "2.8": None, "2.9": None, "2.13": number(5), "2.14": number(7),
    }  # fmt: skip
    return {suffix: claim(suffix, subject, complement) for suffix, complement in stated.items()}


OF_DEVICE = {
    "1.0": claim("1.0", None, octets(DEVICE)), "1.1": claim("1.1", None, text("QSM000129")),
    "1.2": claim("1.2", None, time(SIGNED_AT)), "1.3": claim("1.3", None, text("4.0.2.493")),
    "1.4": claim("1.4"), "2.0": claim("2.0"),
}  # fmt: skip
CLAIMS: Mapping[str, bytes] = {**OF_DEVICE, **key_claims()}
ATTESTING = (
    extension(oids.KEY_USAGE, SIGNING, critical=True),
    extension(oids.EXTENDED_KEY_USAGE, writer.sequence(writer.oid(ATTESTATION_PURPOSE))),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certified:
    """One certificate to be made: whose key, under which name, with which extensions, until when, numbered how."""

    label: str
    common: str
    extensions: tuple[bytes, ...]
    until: datetime = UNTIL
    serial: int = 1
    public: bytes | None = None
    issuer: str | None = None

    def encode(self, issuer: str, signer: str) -> bytes:
        tbs = writer.sequence(
            writer.explicit(0, writer.integer(2)), writer.integer(self.serial), ECDSA, name(self.issuer or issuer),
            writer.sequence(writer.utc_time(FROM), writer.utc_time(self.until)), name(self.common),
            spki(self.label) if self.public is None else self.public,
            writer.explicit(3, writer.sequence(*self.extensions)),
        )  # fmt: skip
        return writer.sequence(tbs, ECDSA, writer.bit_string(sign(signer, tbs)))


ASSERTING = Certified(label="aa", common="C4A000129 Assertion Authority EC", extensions=ATTESTING)
HASHING = replace(ASSERTING, common="C4A000129 Assertion Authority HSS", public=HSS_KEY)
FACTORY = Certified(label="sca", common="C4A_SCA_MFG4", extensions=authority(0))
ROOT = Certified(label="c4a-root", common="C4A_RCA", extensions=authority())


def block(
    certificate: bytes, signature: bytes, algorithm: bytes = ECDSA, *, signer: bytes | None = None, rest: bytes = b""
) -> bytes:
    named = signer
    if named is None:
        named = writer.explicit(0, writer.octet_string(OTHER)) + writer.explicit(2, certificate)
    return writer.sequence(writer.sequence(named), algorithm, writer.bit_string(signature), rest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A message to be made; change any part with ``dataclasses.replace``."""

    claims: Sequence[bytes] = tuple(CLAIMS.values())
    asserting: Certified = ASSERTING
    hashing: Certified | None = HASHING
    factory: Certified = FACTORY
    root: Certified | None = ROOT
    signer: str = "aa"
    versions: tuple[int, int] = (1, 1)
    blocks: tuple[bytes, ...] | None = None
    related: tuple[bytes, ...] | None = None
    rest: bytes = b""

    def signed(self) -> bytes:
        return writer.sequence(writer.integer(self.versions[1]), writer.sequence(*self.claims))

    def certificate(self, certified: Certified) -> bytes:
        return certified.encode(self.factory.common, self.factory.label)

    def signature(self) -> bytes:
        return block(self.certificate(self.asserting), sign(self.signer, self.signed()))

    def hash_based(self) -> tuple[bytes, ...]:
        if self.hashing is None:
            return ()
        return (block(self.certificate(self.hashing), bytes(1000), HASH_BASED),)

    def authorities(self) -> tuple[bytes, ...]:
        above = self.root or ROOT
        factory = self.factory.encode(above.common, above.label)
        return (factory,) if self.root is None else (factory, self.root.encode(self.root.common, self.root.label))

    def encode(self, signed: bytes | None = None) -> bytes:
        blocks = (self.signature(), *self.hash_based()) if self.blocks is None else self.blocks
        # The device repeats the authorities for each of its attestation keys.
        related = self.authorities() * len(blocks) if self.related is None else self.related
        return writer.sequence(
            writer.integer(self.versions[0]), self.signed() if signed is None else signed, writer.sequence(*blocks),
            writer.explicit(0, b"".join(related)) if related else b"", self.rest,
        )  # fmt: skip

    def files(self) -> Mapping[str, bytes]:
        return {PEM_FILE: write_pem(PEM_LABEL, self.encode())}


GOOD = Made()


def without(*suffixes: str) -> Made:
    return replace(GOOD, claims=[item for suffix, item in CLAIMS.items() if suffix not in suffixes])


def with_claims(*more: bytes, left_out: Sequence[str] = ()) -> Made:
    return replace(GOOD, claims=[*without(*left_out).claims, *more])


def read(made: Made | bytes) -> Attestation:
    return Crypto4aQasmAdapter().read({DER_FILE: made if isinstance(made, bytes) else made.encode()})


def anchor(label: str = "c4a-root") -> TrustAnchor:
    return TrustAnchor(
        id="test-root", technology=TECHNOLOGY, name="C4A_RCA", spki_sha256=sha256(spki(label)).hexdigest(),
        spki=spki(label),
    )  # fmt: skip
