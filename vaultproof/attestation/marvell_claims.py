"""From the key objects of a Marvell attestation to normalised claims.

The two halves of a key pair are one key: they must agree on what they have in common.  An elliptic-curve point does not
say its curve, so the public key is the one whose digest the HSM states (EKCV: SHA-256 of the SubjectPublicKeyInfo).

The blob says nothing of device, firmware, code, time or nonce; device and partition come from the maker's certificates.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from vaultproof.asn1 import oids, writer
from vaultproof.asn1.content import bad
from vaultproof.attestation.claims import Claim, KeyClaims, UnknownClaim
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.marvell_blob import Attribute, KeyObject
from vaultproof.attestation.marvell_envelope import PlacedBlob
from vaultproof.attestation.placed import Place, T, agreement
from vaultproof.errors import Mismatch, Unavailable, Unsupported
from vaultproof.frozen import frozen

CLASS, LABEL, KEY_TYPE, ID, SENSITIVE = 0x000, 0x003, 0x100, 0x102, 0x103
PUBLIC_VALUE, EXPONENT, EXTRACTABLE, LOCAL, NEVER_EXTRACTABLE, EKCV = 0x120, 0x122, 0x162, 0x163, 0x164, 0x1003

PURPOSES: Mapping[int, str] = MappingProxyType(
    {
        0x104: "encrypt",
        0x105: "decrypt",
        0x106: "wrap",
        0x107: "unwrap",
        0x108: "sign",
        0x10A: "verify",
        0x10C: "derive",
    }
)
"""What a key may be used for (PKCS #11 CKA_ENCRYPT and so on), by the names that claims use."""

ATTRIBUTE_NAMES: Mapping[int, str] = MappingProxyType(
    {
        CLASS: "class",
        0x001: "token",
        0x002: "private",
        LABEL: "label",
        0x086: "trusted",
        KEY_TYPE: "key-type",
        ID: "id",
        SENSITIVE: "sensitive",
        **PURPOSES,
        PUBLIC_VALUE: "modulus-or-point",
        0x121: "modulus-bits",
        EXPONENT: "public-exponent",
        0x161: "value-length",
        EXTRACTABLE: "extractable",
        LOCAL: "local",
        NEVER_EXTRACTABLE: "never-extractable",
        0x165: "always-sensitive",
        0x173: "key-check-value",
        0x210: "wrap-with-trusted",
        0x1000: "extended-attribute-1",
        EKCV: "extended-key-check-value",
        0x80000002: "splittable",
        0x80000003: "is-split",
        0x80000174: "encrypt-mechanisms",
        0x80000175: "decrypt-mechanisms",
        0x80000176: "sign-mechanisms",
        0x80000177: "verify-mechanisms",
        0x80000178: "wrap-mechanisms",
        0x80000179: "unwrap-mechanisms",
        0x80000180: "derive-mechanisms",
    }
)
"""Attributes by number: PKCS #11's, and the maker's own."""

_PUBLIC_CLASS, _PRIVATE_CLASS = 2, 3
_RSA, _EC = 0, 3
_CURVES: Mapping[int, tuple[str, ...]] = MappingProxyType(
    {65: (oids.SECP256R1, oids.SECP256K1), 97: (oids.SECP384R1,), 133: (oids.SECP521R1,)}
)
"""The curves of an uncompressed point of that many bytes."""
_MAX_RSA_BYTES = 1024
_SAME = (KEY_TYPE, ID, PUBLIC_VALUE, EKCV)


@frozen
class Half:
    """One half of a key pair, and where its attributes stand."""

    key: KeyObject
    place: Place

    def attribute(self, number: int) -> Attribute | None:
        """An attribute, if the half has it."""
        return self.key.attributes.get(number)

    def required(self, number: int) -> Attribute:
        """An attribute that must be there.  Raises ``Malformed("missing-claim")``."""
        found = self.attribute(number)
        if found is None:
            raise bad("missing-claim", f"a key lacks its {ATTRIBUTE_NAMES[number]}", self.key.offset)
        return found

    def number(self, number: int) -> int:
        """The value of an attribute that must be there, as an unsigned number of at most eight bytes."""
        found = self.required(number)
        if not 0 < len(found.value) <= 8:
            raise bad("claim-value", f"a key's {ATTRIBUTE_NAMES[number]} is no number", found.offset)
        return int.from_bytes(found.value, "big")

    def flag(self, number: int) -> Claim[bool] | None:
        """A flag: one byte, 0 or 1; None when the half does not have it."""
        found = self.attribute(number)
        if found is None:
            return None
        if found.value not in (b"\x00", b"\x01"):
            raise bad("claim-value", f"a key's {ATTRIBUTE_NAMES[number]} is neither 0 nor 1", found.offset)
        return self.claim(found.value == b"\x01", found)

    def claim(self, value: T, attribute: Attribute) -> Claim[T]:
        """A claim that was read from an attribute."""
        return self.place.claim(value, attribute.offset, len(attribute.value))


@frozen
class KeyPair:
    """The two halves of one key; ``public`` is None where only the private half is attested (as Azure may do)."""

    private: Half
    public: Half | None


def pair_of(blobs: Sequence[PlacedBlob], *, public_needed: bool) -> KeyPair:
    """The one key pair of a member's blobs.

    Raises ``Unsupported("object-class")`` for other objects, ``Malformed("missing-claim")`` without a class,
    ``Unavailable("half-missing")`` for a missing half, ``Mismatch("pair-differs")`` when objects are not of one pair.
    """
    halves = [Half(key=key, place=item.place) for item in blobs for key in item.blob.objects]
    found: dict[int, Half] = {}
    for half in halves:
        kind = half.number(CLASS)
        if kind not in (_PUBLIC_CLASS, _PRIVATE_CLASS):
            raise Unsupported("object-class", "an object is no half of a key pair", expected="2 or 3", found=str(kind))
        if kind in found and half.key.values() != found[kind].key.values():
            raise Mismatch("pair-differs", "two objects are the same half of a pair and differ", file=half.place.file)
        found.setdefault(kind, half)
    private, public = found.get(_PRIVATE_CLASS), found.get(_PUBLIC_CLASS)
    if private is None or (public is None and public_needed):
        raise Unavailable("half-missing", "one half of a key pair is not attested", expected="both halves")
    if public is not None:
        _require_same(private, public)
    return KeyPair(private=private, public=public)


def _require_same(private: Half, public: Half) -> None:
    for number in _SAME:
        values = [half.key.values().get(number) for half in (private, public)]
        if values[0] != values[1]:
            raise Mismatch(
                "pair-differs", "the two halves are not of one key", file=private.place.file,
                expected=f"the same {ATTRIBUTE_NAMES[number]}", found="another one, or none",
            )  # fmt: skip


def public_key(pair: KeyPair) -> Claim[bytes] | None:
    """The key as DER SubjectPublicKeyInfo; None for a curve that nothing settles.

    Raises ``Malformed`` for a value that is no key, ``Unsupported`` for another kind of key.
    """
    half = pair.public or pair.private
    value, kind = half.required(PUBLIC_VALUE), half.number(KEY_TYPE)
    if kind == _RSA:
        return half.claim(_rsa(half, value), value)
    if kind != _EC:
        raise Unsupported("key-kind", "a key is neither RSA nor on a curve", expected="0 or 3", found=str(kind))
    if len(value.value) not in _CURVES or value.value[0] != 4:
        raise bad("claim-value", "a key's point is not an uncompressed one of a known curve", value.offset)
    keys = [_ec(curve, value.value) for curve in _CURVES[len(value.value)]]
    stated = half.attribute(EKCV)
    fitting = [key for key in keys if stated is not None and hashlib.sha256(key).digest() == stated.value]
    found = fitting or (keys if len(keys) == 1 else [])
    return half.claim(found[0], value) if found else None


def _rsa(half: Half, modulus: Attribute) -> bytes:
    exponent = half.required(EXPONENT)
    numbers = [int.from_bytes(item.value, "big") for item in (modulus, exponent)]
    if len(modulus.value) > _MAX_RSA_BYTES or len(exponent.value) > 8 or min(numbers) < 3:
        raise bad("claim-value", "a key's modulus or exponent is none", modulus.offset)
    algorithm = writer.sequence(writer.oid(oids.RSA_ENCRYPTION), writer.null())
    key = writer.sequence(*(writer.integer(number) for number in numbers))
    return writer.sequence(algorithm, writer.bit_string(key))


def _ec(curve: str, point: bytes) -> bytes:
    algorithm = writer.sequence(writer.oid(oids.EC_PUBLIC_KEY), writer.oid(curve))
    return writer.sequence(algorithm, writer.bit_string(point))


def key_claims(pair: KeyPair, spki: Claim[bytes] | None) -> KeyClaims:
    """What the private half says of the key.  Raises ``Malformed`` for a flag that is none."""
    private = pair.private
    return KeyClaims(
        spki=spki,
        identifier=_identifier(private),
        local=private.flag(LOCAL),
        extractable=private.flag(EXTRACTABLE),
        never_extractable=private.flag(NEVER_EXTRACTABLE),
        sensitive=private.flag(SENSITIVE),
        purposes=_purposes(private),
    )


def _identifier(half: Half) -> Claim[str] | None:
    """The key's id, as text when it is: Google writes two digests in hex, the second one of the key's name."""
    found = half.attribute(ID)
    octets = b"" if found is None else found.value.rstrip(b"\x00")
    if found is None or not octets:
        return None
    text = octets.decode("ascii", "replace")
    return half.claim(text if text.isascii() and text.isprintable() else octets.hex(), found)


def _purposes(half: Half) -> Claim[tuple[str, ...]] | None:
    """The purposes whose flags are set; their place is that of all these flags together."""
    flags = {number: half.flag(number) for number in PURPOSES}
    stated = [flag.source for flag in flags.values() if flag is not None]
    if len(stated) != len(PURPOSES):
        return None
    start, end = min(item.offset for item in stated), max(item.offset + item.length for item in stated)
    names = tuple(PURPOSES[number] for number, flag in flags.items() if flag is not None and flag.value)
    return half.place.claim(names, start, end - start)


def check_value_finding(pair: KeyPair, spki: Claim[bytes] | None) -> Finding:
    """Whether the HSM's digest of the key (EKCV) is the key's own; without one, only a curve may stay unsettled."""
    half = pair.public or pair.private
    stated = half.attribute(EKCV)
    if stated is None:
        return Finding(
            code="no-key-check-value", outcome=Outcome.NOT_EVALUATED, subject="keys/0", required=spki is None
        )
    found = "none of the curves" if spki is None else hashlib.sha256(spki.value).hexdigest()
    source = half.place.source(stated.offset, len(stated.value))
    return agreement("key-check-value", "keys/0", stated.value.hex(), found, source)


def unknown_claims(pair: KeyPair) -> Iterator[UnknownClaim]:
    """Attributes with a number that is not known here: kept and shown."""
    halves = [half for half in (pair.private, pair.public) if half is not None]
    for half in halves:
        for number, attribute in half.key.attributes.items():
            if number not in ATTRIBUTE_NAMES:
                yield UnknownClaim(
                    place="keys/0", type=f"0x{number:x}", raw=attribute.value,
                    source=half.place.source(attribute.offset, len(attribute.value)),
                )  # fmt: skip
