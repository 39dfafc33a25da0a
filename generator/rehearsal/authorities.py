"""Who vouches in a rehearsal: a vendor's root, a signer, an operator, witnesses; all of them from one public seed.

They are the same for every rehearsal, so that each verifies under the committed ``evidence/trust/rehearsal``.  Their
private keys can be made by anybody who reads this file: a rehearsal shows that checks work, never who was there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from generator.rehearsal.derive import Seed

PUBLIC_SEED = Seed(text="REHEARSAL: everybody knows this seed, so nothing made from it protects anything")

VENDOR = "REHEARSAL HSM Works"
SIGNER_ID = "rehearsal-signer"
SIGNER_NAME = "REHEARSAL independent signer"
OPERATOR_ID = "rehearsal-operator"
OPERATOR_NAME = "REHEARSAL operator"
OWNER_ROOT = "REHEARSAL operator attestation root 1"
OPERATOR_SINCE = datetime(2025, 1, 15, tzinfo=UTC)
WITNESSES = {
    "rehearsal-notary": "REHEARSAL witness: a notary",
    "rehearsal-cryptographer": "REHEARSAL witness: a cryptographer of a university",
    "rehearsal-rights-group": "REHEARSAL witness: a digital-rights group",
}
"""Witnesses by id, each with the name that trust.json shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignerKey:
    """One key of the rehearsal's signer; ``not_before`` in milliseconds since 1970, as the live API has it."""

    private: ed25519.Ed25519PrivateKey
    not_before: int

    @property
    def public(self) -> bytes:
        """The 32 bytes of the public key."""
        return self.private.public_key().public_bytes_raw()

    @property
    def key_id(self) -> int:
        """How a record names this key: the last byte of the public key."""
        return self.public[-1]


@cache
def signer_keys() -> tuple[SignerKey, ...]:
    """The signer's two keys, oldest first; the older one goes on signing after the newer became valid."""
    starts = (datetime(2025, 1, 15, tzinfo=UTC), datetime(2026, 2, 2, tzinfo=UTC))
    return tuple(
        SignerKey(private=PUBLIC_SEED.ed25519(f"signer/{number}"), not_before=int(start.timestamp()) * 1000)
        for number, start in enumerate(starts, 1)
    )


@cache
def stray_signer_key() -> SignerKey:
    """A key that no trust configuration lists, for faults."""
    return SignerKey(private=PUBLIC_SEED.ed25519("signer/stray"), not_before=0)


@cache
def operator_key(*, stray: bool = False) -> ec.EllipticCurvePrivateKey:
    """The operator's counter-signing key (P-256); ``stray`` gives one that is not pinned, for faults."""
    return PUBLIC_SEED.ec("operator/stray" if stray else "operator/counter-signing", ec.SECP256R1())


@cache
def witness_key(id: str) -> ed25519.Ed25519PrivateKey:
    """The key of the witness with this id."""
    return PUBLIC_SEED.ed25519(f"witness/{id}")


@cache
def owner_key(*, stray: bool = False) -> ec.EllipticCurvePrivateKey:
    """The operator's key (P-384) that certifies attestation keys in HSMs of the older model; ``stray`` for faults."""
    return PUBLIC_SEED.ec("owner/stray-root" if stray else "owner/root", ec.SECP384R1())


@cache
def vendor_key(*, stray: bool = False) -> ec.EllipticCurvePrivateKey:
    """The key of the vendor's root (P-384); ``stray`` gives one of the same name that is not pinned, for faults."""
    return PUBLIC_SEED.ec("vendor/stray-root" if stray else "vendor/root", ec.SECP384R1())


def spki(key: ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey) -> bytes:
    """A public key as DER SubjectPublicKeyInfo."""
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def counter_sign(message: bytes, *, stray: bool = False) -> bytes:
    """The operator's signature over ``message``: ECDSA with SHA-256 in DER, deterministic (RFC 6979)."""
    return operator_key(stray=stray).sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))
