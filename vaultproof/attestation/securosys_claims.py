"""From the XML of a Securosys key attestation to normalised claims.

Every field stands exactly once, every flag is ``true`` or ``false``, and the key's algorithm and size are those of its
SubjectPublicKeyInfo.  What the XML says of times is the device's own clock, and only asserted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import datetime

from vaultproof.asn1 import oids
from vaultproof.asn1.der import parse
from vaultproof.asn1.keyinfo import PublicKeyInfo, parse_public_key
from vaultproof.attestation.claims import (
    AttesterClaims,
    Claim,
    Claims,
    EvidenceClaims,
    Grade,
    KeyClaims,
    PlatformClaims,
    SerialSource,
    UnknownClaim,
)
from vaultproof.attestation.placed import Place, Placed
from vaultproof.errors import Malformed, Mismatch, Unsupported, VaultproofError
from vaultproof.strict.encodings import clip, parse_base64, parse_decimal, parse_time
from vaultproof.strict.text import is_plain
from vaultproof.strict.xml import XmlElement, read_xml

TECHNOLOGY = "securosys-primus"
PROFILE = "key-attestation"
VERSION = "1"
ROOT = "private_key"
GENERATED = "generated"
PURPOSES = ("decrypt", "sign", "unwrap", "derive")
MAX_LABEL = 200
MAX_COUNT = 2**53 - 1

_ORGANIZATION = "2.5.4.10"
_READ = frozenset({"label", "attest_time", "algorithm", "algorithm_oid", "key_size", "public_key", "attributes"})
_FLAGS = frozenset({*PURPOSES, "sensitive", "extractable", "never_extractable"})


def normalise(data: bytes, file: str, device: Placed, serial: str) -> Claims:
    """The claims of one key attestation; ``device`` is the device's certificate, ``serial`` the number that it names.

    Raises ``Malformed`` for XML or values that are not as they must be, ``Mismatch`` where the key is not what the XML
    says of it, ``Unsupported`` for another kind of attestation.
    """
    place, root = Place(file=file), read_xml(data)
    if root.name != ROOT:
        raise Unsupported("attestation-kind", "an attestation of another kind", expected=ROOT, found=root.name)
    fields = root.fields()
    flags = _required(fields, "attributes").fields()
    vendor = device.subject_attribute(_ORGANIZATION)
    return Claims(
        attester=AttesterClaims(
            technology=TECHNOLOGY,
            adapter_version=VERSION,
            vendor=device.subject_claim(vendor) if vendor else None,
            hwserial=device.subject_claim(serial),
            hwserial_source=SerialSource.CERTIFICATE_SUBJECT,
            device_identity=device.key_claim(),
        ),
        evidence=EvidenceClaims(digest=hashlib.sha256(data).hexdigest(), profile=PROFILE, iat=_time(fields, place)),
        platform=PlatformClaims(),
        keys=(_key(root, fields, flags, place),),
        unknown=tuple(_others(fields, flags, place)),
    )


def _required(fields: Mapping[str, XmlElement], name: str) -> XmlElement:
    if name not in fields:
        raise Malformed("missing-claim", "an attestation lacks an element", expected=name)
    return fields[name]


def _text(element: XmlElement, maximum: int) -> str:
    if element.children or not 0 < len(element.text) <= maximum or not is_plain(element.text):
        raise _bad_value(element, f"a text of 1 to {maximum} characters")
    return element.text


def _bad_value(element: XmlElement, expected: str) -> Malformed:
    return Malformed(
        "claim-value", f"{element.name} is not what it must be, at byte {element.text_offset}",
        expected=expected, found=clip(element.text),
    )  # fmt: skip


def _flag(flags: Mapping[str, XmlElement], name: str, place: Place) -> Claim[bool] | None:
    """A flag, ``true`` or ``false`` in these letters; None when the device does not state it."""
    element = flags.get(name)
    if element is None:
        return None
    if element.children or element.text not in ("true", "false"):
        raise _bad_value(element, "true or false")
    return place.claim(element.text == "true", element.text_offset, element.text_length)


def _time(fields: Mapping[str, XmlElement], place: Place) -> Claim[datetime] | None:
    element = fields.get("attest_time")
    if element is None:
        return None
    moment = parse_time(_text(element, 40))
    return place.claim(moment, element.text_offset, element.text_length, Grade.ASSERTED)


def _key(
    root: XmlElement, fields: Mapping[str, XmlElement], flags: Mapping[str, XmlElement], place: Place
) -> KeyClaims:
    label, key = _required(fields, "label"), _required(fields, "public_key")
    spki = _public_key(key)
    _require_described(fields, spki)
    return KeyClaims(
        spki=place.claim(spki.raw, key.text_offset, key.text_length),
        identifier=place.claim(_text(label, MAX_LABEL), label.text_offset, label.text_length),
        local=_local(root, place),
        extractable=_flag(flags, "extractable", place),
        never_extractable=_flag(flags, "never_extractable", place),
        sensitive=_flag(flags, "sensitive", place),
        purposes=_purposes(flags, place),
    )


def _local(root: XmlElement, place: Place) -> Claim[bool] | None:
    """Whether the key was made in the device, as the root element says; any other word than ``generated`` is a no."""
    creation = root.attributes.get("creation")
    if creation is None:
        return None
    return place.claim(creation == GENERATED, root.offset, root.text_offset - root.offset)


def _public_key(element: XmlElement) -> PublicKeyInfo:
    try:
        return parse_public_key(parse_base64(_text(element, 16_384)), "the attested key")
    except VaultproofError as error:
        raise _bad_value(element, f"a public key ({error.code})") from None


def _require_described(fields: Mapping[str, XmlElement], spki: PublicKeyInfo) -> None:
    """The algorithm and size that the XML states are the key's own."""
    stated = _text(_required(fields, "algorithm_oid"), 120)
    if stated != spki.algorithm.oid:
        raise Mismatch("key-algorithm-differs", "the key is of another algorithm", expected=stated, found=spki.kind)
    size = fields.get("key_size")
    if size is not None and spki.algorithm.oid == oids.RSA_ENCRYPTION:
        bits = parse(spki.key.octets).sequence("an RSA public key").integer("modulus").bit_length()
        if parse_decimal(_text(size, 20), maximum=MAX_COUNT) != bits:
            raise Mismatch("key-size-differs", "the key has another size", expected=size.text, found=str(bits))


def _purposes(flags: Mapping[str, XmlElement], place: Place) -> Claim[tuple[str, ...]] | None:
    """The purposes whose flags are true; their place is that of all these flags together."""
    stated = [flags[name] for name in PURPOSES if name in flags]
    if len(stated) != len(PURPOSES):
        return None
    names = tuple(name for name in PURPOSES if (flag := _flag(flags, name, place)) is not None and flag.value)
    start = min(element.offset for element in stated)
    return place.claim(names, start, max(element.offset + element.length for element in stated) - start)


def _others(fields: Mapping[str, XmlElement], flags: Mapping[str, XmlElement], place: Place) -> Iterator[UnknownClaim]:
    """Elements that have no place among the claims: kept and shown."""
    left = (*((name, item) for name, item in fields.items() if name not in _READ),
            *((f"attributes/{name}", item) for name, item in flags.items() if name not in _FLAGS))  # fmt: skip
    for name, element in left:
        yield UnknownClaim(
            place="keys/0", type=name, raw=element.text.encode("utf-8"),
            source=place.source(element.text_offset, element.text_length),
        )  # fmt: skip
