"""Public key confirmations (PKC) of Thales Luna HSMs: a PKCS #7 file used as a bag of certificates, and what is theirs.

``cmu getpkc`` writes DER SignedData (RFC 2315, 9) without content, digests or signers: only certificates, the confirmed
key's first, each next one its predecessor's issuer, the maker's root last.  So there is no signature over the file, and
verifying it as CMS fails; what is signed are the certificates.

The role of each certificate is a key purpose of its own (critical extKeyUsage), in the order of Thales's own
luna-pkc-validator.  Serial number and firmware are raw little-endian octets in extensions, not DER.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vaultproof.asn1 import oids
from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Element, Tag, context, parse
from vaultproof.asn1.x509 import read_certificate
from vaultproof.attestation.adapter import Authority, DateRule, LinkRules, Role
from vaultproof.attestation.placed import Place, Placed
from vaultproof.errors import Malformed, Unsupported
from vaultproof.frozen import frozen

SIGNED_DATA = "1.2.840.113549.1.7.2"
DATA = "1.2.840.113549.1.7.1"
MAX_CERTIFICATES = 8

_ARC = "1.3.6.1.4.1.12383"
SERIAL = f"{_ARC}.2.1"
FIRMWARE = f"{_ARC}.2.3"

OID_NAMES: Mapping[str, str] = MappingProxyType(
    {
        SIGNED_DATA: "pkcs7-signedData",
        DATA: "pkcs7-data",
        f"{_ARC}.1.1": "luna-root",
        f"{_ARC}.1.7": "luna-manufacturing-integrity",
        f"{_ARC}.1.8": "luna-hardware-origin",
        f"{_ARC}.1.12": "luna-device-authentication",
        f"{_ARC}.1.13": "luna-public-key-confirmation",
        f"{_ARC}.1.14": "luna-manufacturing-integrity-ecc",
        f"{_ARC}.1.15": "luna-hardware-origin-ecc",
        SERIAL: "luna-serial",
        FIRMWARE: "luna-firmware",
    }
)
"""Key purposes and extensions of the maker; extensions whose meaning is not published have no name here."""


@frozen
class Position:
    """What stands at one place of a confirmation: its role, and the rules for its certificate."""

    role: Role
    rules: LinkRules


def _position(role: Role, purpose: int, authority: Authority, dates: DateRule = DateRule.AT_DEPLOYMENT) -> Position:
    usage = frozenset({"digitalSignature"}) if role is Role.ATTESTED_KEY else frozenset[str]()
    rules = LinkRules(authority=authority, key_usage=usage, extended_key_usage=f"{_ARC}.1.{purpose}", dates=dates)
    return Position(role=role, rules=rules)


RSA_POSITIONS = (
    _position(Role.ATTESTED_KEY, 13, Authority.FORBIDDEN),
    _position(Role.ATTESTATION_KEY, 12, Authority.REQUIRED),
    _position(Role.DEVICE, 8, Authority.REQUIRED),
    _position(Role.MANUFACTURER, 7, Authority.REQUIRED),
    _position(Role.ROOT, 1, Authority.UNSTATED, DateRule.UNJUDGED),
)
"""Confirmed key, device authentication, hardware origin, manufacturing integrity, Chrysalis-ITS root."""

ECC_POSITIONS = (
    _position(Role.ATTESTED_KEY, 13, Authority.FORBIDDEN),
    _position(Role.DEVICE, 15, Authority.UNSTATED),
    _position(Role.ROOT, 14, Authority.UNSTATED, DateRule.UNJUDGED),
)
"""Confirmed key, hardware origin, and the SafeNet manufacturing integrity certificate, which is its own root."""

POSITIONS: Mapping[int, tuple[Position, ...]] = MappingProxyType({5: RSA_POSITIONS, 3: ECC_POSITIONS})
"""The positions by the number of certificates."""


def read_bag(data: bytes, file: str) -> tuple[Placed, ...]:
    """The certificates of a confirmation, in the file's order.

    Raises ``Malformed`` for what is not DER, for content, signers or lists that do not belong in a confirmation
    (``pkc-content``), and for too many certificates (``pkc-count``); ``Unsupported`` for another type or version.
    """
    outer = parse(data).sequence("a PKCS #7 file")
    kind = outer.oid("content type")
    if kind != SIGNED_DATA:
        raise Unsupported("pkc-type", "a PKCS #7 file of another type", expected=SIGNED_DATA, found=kind)
    fields = outer.take("content").explicit(0, "the content").sequence("SignedData")
    outer.finish()
    version = fields.integer("version")
    if version != 1:
        raise Unsupported("pkc-version", "a PKCS #7 file of another version", expected="1", found=str(version)[:20])
    _require_empty(fields.take("digest algorithms"), "digest algorithms")
    content = fields.sequence("content")
    if content.oid("content type") != DATA or content.more:
        raise bad("pkc-content", "a confirmation has content of its own", content.element.offset)
    bag = fields.take("certificates").expect(context(0), "certificates")
    _require_empty(fields.take("signers"), "signers")
    fields.finish()
    place = Place(file=file)
    found: list[Placed] = []
    for element in bag.children():
        if len(found) == MAX_CERTIFICATES:
            raise bad("pkc-count", "a confirmation has too many certificates", element.offset)
        found.append(Placed(certificate=read_certificate(element), place=place))
    return tuple(found)


def _require_empty(element: Element, what: str) -> None:
    if element.expect(Tag.SET, what).length:
        raise bad("pkc-content", f"a confirmation has {what}", element.offset, expected="none")


def positions_for(bag: tuple[Placed, ...]) -> tuple[Position, ...]:
    """The positions of a confirmation of this shape.

    Five certificates confirm an RSA key, three a key on a curve; the older form of three RSA certificates does not end
    in the maker's root.  Raises ``Unsupported("chain-shape")`` for any other.
    """
    positions = POSITIONS.get(len(bag))
    family = oids.RSA_ENCRYPTION if positions is RSA_POSITIONS else oids.EC_PUBLIC_KEY
    if positions is None or any(item.certificate.public_key.algorithm.oid != family for item in bag[1:]):
        raise Unsupported(
            "chain-shape", "the certificates are not those of a confirmation",
            expected="5 with RSA keys or 3 on a curve", found=str(len(bag)),
        )  # fmt: skip
    return positions


def little_endian(placed: Placed, oid: str) -> tuple[bytes, Element] | None:
    """The four raw octets of one of the maker's extensions, and where they stand; None when it is absent."""
    extension = placed.certificate.extensions.get(oid)
    if extension is None:
        return None
    octets = extension.value.content
    if len(octets) != 4:
        raise Malformed(
            "claim-value", f"{OID_NAMES[oid]} is not four octets, at byte {extension.value.offset}",
            expected="4", found=str(len(octets)),
        )  # fmt: skip
    return octets, extension.value


def serial_of(placed: Placed) -> tuple[str, Element] | None:
    """The device's serial number as printed on it: an unsigned little-endian number."""
    found = little_endian(placed, SERIAL)
    return None if found is None else (str(int.from_bytes(found[0], "little")), found[1])


def firmware_of(placed: Placed) -> tuple[str, Element] | None:
    """The firmware as ``major.minor``: a little-endian number, minor version in its low half and major in its high."""
    found = little_endian(placed, FIRMWARE)
    if found is None:
        return None
    minor, major = (int.from_bytes(found[0][start : start + 2], "little") for start in (0, 2))
    return f"{major}.{minor}", found[1]
