"""Keys and numbers from a seed: HKDF with SHA-256 (RFC 5869), one label a value, so that nothing depends on order.

These keys protect nothing.  Anybody can make them anew from the seed, which is the point of a rehearsal.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, x25519
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_SALT = b"vaultproof/rehearsal@1"
_CURVE_ORDERS = {
    "secp256r1": 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
    "secp384r1": int(
        "ffffffffffffffffffffffffffffffffffffffffffffffff" + "c7634d81f4372ddf581a0db248b0a77aecec196accc52973", 16
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """A text that every secret and number of a rehearsal comes from; ``label`` tells them apart."""

    text: str

    def octets(self, label: str, length: int) -> bytes:
        """``length`` bytes for ``label``."""
        derivation = HKDF(algorithm=hashes.SHA256(), length=length, salt=_SALT, info=label.encode("utf-8"))
        return derivation.derive(self.text.encode("utf-8"))

    def number(self, label: str, below: int) -> int:
        """A number from 0 up to ``below`` (not included), even enough for what is made here."""
        return int.from_bytes(self.octets(label, 16), "big") % below

    def serial(self, label: str) -> int:
        """A certificate serial number: 16 bytes, positive (RFC 5280, 4.1.2.2)."""
        return int.from_bytes(b"\x52" + self.octets(f"{label}/serial", 15), "big")

    def ed25519(self, label: str) -> ed25519.Ed25519PrivateKey:
        """An Ed25519 key (RFC 8032: any 32 bytes are a private key)."""
        return ed25519.Ed25519PrivateKey.from_private_bytes(self.octets(f"{label}/ed25519", 32))

    def x25519(self, label: str) -> x25519.X25519PrivateKey:
        """An X25519 key (RFC 7748: any 32 bytes are a private key)."""
        return x25519.X25519PrivateKey.from_private_bytes(self.octets(f"{label}/x25519", 32))

    def ec(self, label: str, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
        """A key on P-256 or P-384: 128 bits more than the order, reduced (FIPS 186-5, A.2.1)."""
        order = _CURVE_ORDERS[curve.name]
        wide = int.from_bytes(self.octets(f"{label}/{curve.name}", curve.key_size // 8 + 16), "big")
        return ec.derive_private_key(wide % (order - 1) + 1, curve)
