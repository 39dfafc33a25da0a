"""From the claims of a Crypto4A QASM to normalised ones.

The device checks each claim that its operator asks for before it signs, and a claim is only there when it holds
(C4A-302-0043).  So what is absent says nothing.

How a key is kept follows from what Crypto4A says of a *confined* key: it was "generated on the claiming QASM and can
not be transferred in any way out of the QASM" (read in a quotation: niklasgillstrom/hsm, Crypto4AVerifier.java; of the
document itself only the beginning could be read).  What follows from a sentence is graded as implied.  Capabilities are
stated one by one, as the operator asks: whether those that are there are all is not said, so purposes stay absent.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from vaultproof.asn1 import oids
from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Element
from vaultproof.asn1.keyinfo import PublicKeyInfo, parse_public_key
from vaultproof.attestation.claims import (
    AttesterClaims,
    Claim,
    Claims,
    EvidenceClaims,
    ExportPath,
    Grade,
    KeyClaims,
    PlatformClaims,
    SerialSource,
    T,
    UnknownClaim,
)
from vaultproof.attestation.crypto4a_message import Message, Said
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.placed import Placed
from vaultproof.errors import Malformed, Mismatch, Unsupported, VaultproofError

TECHNOLOGY = "crypto4a-qasm"
PROFILE = "qasm-message-1"
VERSION = "1"
VENDOR = "Crypto4A"
"""The maker, as its root certificate has it; the certificates of its devices name no organisation."""

ARC = "1.3.6.1.4.1.39901"
ATTESTATION_PURPOSE = f"{ARC}.4.1.1"
"""The key purpose in the certificates of attestation keys."""

_DEVICE = f"{ARC}.6.1"
_OBJECT = f"{ARC}.6.2"
UUID_OF_DEVICE = f"{_DEVICE}.0"
SERIAL = f"{_DEVICE}.1"
TIME = f"{_DEVICE}.2"
FIRMWARE = f"{_DEVICE}.3"
PRODUCTION = f"{_DEVICE}.4"
UNIQUE_KEYS = f"{_OBJECT}.0"
SPKI = f"{_OBJECT}.1"
CLASS = f"{_OBJECT}.4"
TYPE = f"{_OBJECT}.5"
CONFINED = f"{_OBJECT}.7"
NEVER_EXTRACTED = f"{_OBJECT}.9"
ARCHIVED_BY = f"{_OBJECT}.16"

PRIVATE_KEY = 4
ECC = 2

OID_NAMES: Mapping[str, str] = MappingProxyType(
    {
        ATTESTATION_PURPOSE: "QASM attestation",
        UUID_OF_DEVICE: "qasm-uuid",
        SERIAL: "qasm-serial",
        TIME: "attestation-time",
        FIRMWARE: "qasm-firmware-version",
        PRODUCTION: "qasm-certified-production",
        f"{_DEVICE}.5": "qasm-is-in-fips-mode",
        UNIQUE_KEYS: "attestation-keys-are-unique",
        SPKI: "key-spki",
        f"{_OBJECT}.2": "key-fingerprint",
        CLASS: "object-class",
        TYPE: "object-type",
        f"{_OBJECT}.6": "object-keystore",
        CONFINED: "key-is-confined",
        f"{_OBJECT}.8": "key-is-hardware-generated",
        NEVER_EXTRACTED: "key-never-extracted",
        f"{_OBJECT}.10": "key-is-managed",
        f"{_OBJECT}.11": "key-is-not-managed",
        f"{_OBJECT}.13": "key-has-capability",
        f"{_OBJECT}.14": "key-does-not-have-capability",
        f"{_OBJECT}.15": "key-is-related-to-authority",
        ARCHIVED_BY: "key-is-archived-by",
    }
)
"""Crypto4A's names of its claims, under the numbers that its published message has.

The page that lists the names writes each number with a level more (``...6.1.2.7`` for ``...6.2.7``).
"""

_OF_DEVICE = frozenset({UUID_OF_DEVICE, SERIAL, TIME, FIRMWARE, PRODUCTION, UNIQUE_KEYS})
_OF_OBJECT = frozenset({SPKI, CLASS, TYPE, CONFINED, NEVER_EXTRACTED})
_Known = Mapping[str, Said]


def normalise(message: Message, data: bytes, attestation_key: Placed) -> tuple[Claims, tuple[Finding, ...]]:
    """The claims of a message, and what reading them shows; ``attestation_key`` certifies the key that signed them.

    Raises ``Malformed`` for a claim that stands twice, in the wrong place or with another value than its kind has,
    ``Mismatch`` where a key is not what the message says of it, ``Unsupported`` for the key of another kind of object.
    """
    device = _known(message.said, None)
    keys = _keys(message.said)
    serial, firmware, time, uuid = (device.get(name) for name in (SERIAL, FIRMWARE, TIME, UUID_OF_DEVICE))
    claims = Claims(
        attester=AttesterClaims(
            technology=TECHNOLOGY,
            adapter_version=VERSION,
            vendor=attestation_key.claim(VENDOR, _purpose(attestation_key), Grade.IMPLIED),
            hwserial=None if serial is None else serial.text(),
            hwserial_source=None if serial is None else SerialSource.EVIDENCE_CLAIM,
            instance_id=None if uuid is None else uuid.uuid(),
            device_identity=attestation_key.key_claim(),
        ),
        evidence=EvidenceClaims(
            digest=hashlib.sha256(data).hexdigest(), profile=PROFILE, iat=None if time is None else time.time()
        ),
        platform=PlatformClaims(swversion=None if firmware is None else firmware.text()),
        keys=tuple(_key(subject, known, message.said) for subject, known in keys.items()),
        unknown=tuple(_unknown(message.said, tuple(keys))),
    )
    return claims, tuple(_findings(device, keys))


def _known(said: Sequence[Said], subject: str | None) -> _Known:
    """The claims about one object (or about the device) that are known here, each once."""
    kinds = _OF_DEVICE if subject is None else _OF_OBJECT
    found: dict[str, Said] = {}
    for item in said:
        if item.subject != subject:
            continue
        if item.predicate in (_OF_DEVICE | _OF_OBJECT) - kinds:
            raise bad("misplaced-claim", f"a {OID_NAMES[item.predicate]} claim is about nothing of its kind",
                      item.element.offset)  # fmt: skip
        if item.predicate in found:
            raise bad("repeated-claim", f"a {OID_NAMES[item.predicate]} claim stands twice", item.element.offset)
        if item.predicate in kinds:
            found[item.predicate] = item
    return found


def _keys(said: Sequence[Said]) -> Mapping[str, _Known]:
    """The objects whose public key is stated, in the order of the message; the same key twice is refused."""
    subjects = dict.fromkeys(item.subject for item in said if item.subject is not None)
    objects = {subject: _known(said, subject) for subject in subjects}
    keys = {subject: known for subject, known in objects.items() if SPKI in known}
    if len({known[SPKI].octets().value for known in keys.values()}) != len(keys):
        raise Malformed("same-key-twice", "two objects of a message have one key")
    return keys


def _purpose(placed: Placed) -> Element:
    """Where the certificate says that its key attests; the whole of it where it does not (and is refused)."""
    found = placed.certificate.extensions.get(oids.EXTENDED_KEY_USAGE)
    return placed.certificate.element if found is None else found.value


def _key(subject: str, known: _Known, said: Sequence[Said]) -> KeyClaims:
    """One key.  Nothing is said of how it is kept unless the object is stated to be its private half."""
    spki = known[SPKI]
    _require_described(known, spki)
    where = spki.place.whole(spki.element)
    archived = next((item for item in said if item.subject == subject and item.predicate == ARCHIVED_BY), None)
    confined = known.get(CONFINED) if CLASS in known and archived is None else None
    never = known.get(NEVER_EXTRACTED) if confined is not None else None
    return KeyClaims(
        spki=spki.octets(),
        identifier=Claim(value=subject, grade=Grade.ATTESTED, source=where),
        local=_implied(True, confined),
        extractable=_implied(False, confined),
        never_extractable=_implied(True, never),
        exportable_path=_implied(ExportPath.NONE, confined) or _implied(ExportPath.ARCHIVE, archived),
    )


def _implied(value: T, said: Said | None) -> Claim[T] | None:
    """What follows from a claim that has no complement."""
    if said is None:
        return None
    return Claim(value=value, grade=Grade.IMPLIED, source=said.place.whole(said.element))


def _require_described(known: _Known, spki: Said) -> None:
    """The object is a private key, where its class is stated, and of the type that is stated, where that is known."""
    for name in (CONFINED, NEVER_EXTRACTED):
        if name in known:
            known[name].plain()
    if CLASS in known and known[CLASS].number() != PRIVATE_KEY:
        raise Unsupported(
            "object-class", f"a key stands in an object of another class, at byte {known[CLASS].element.offset}",
            expected=f"{PRIVATE_KEY} (a private key)", found=str(known[CLASS].number()),
        )  # fmt: skip
    key = _public_key(spki)
    if TYPE in known and known[TYPE].number() == ECC and key.algorithm.oid != oids.EC_PUBLIC_KEY:
        raise Mismatch(
            "key-algorithm-differs", "the key is of another algorithm", expected="an elliptic-curve key",
            found=key.kind,
        )  # fmt: skip


def _public_key(spki: Said) -> PublicKeyInfo:
    try:
        return parse_public_key(spki.octets().value, "the attested key")
    except VaultproofError as error:
        raise bad(
            "claim-value", "a key-spki claim is no public key", spki.element.offset, expected=f"a key ({error.code})"
        ) from None


def _unknown(said: Sequence[Said], keys: tuple[str, ...]) -> Iterator[UnknownClaim]:
    """Claims that have no place among the normalised ones, and all about objects without a key: kept and shown."""
    for item in said:
        place = f"keys/{keys.index(item.subject)}" if item.subject in keys else item.subject or "platform"
        if item.subject is None and item.predicate in _OF_DEVICE:
            continue
        if item.subject in keys and item.predicate in _OF_OBJECT:
            continue
        source = item.place.whole(item.element)
        yield UnknownClaim(place=place, type=item.predicate, raw=item.element.raw, source=source)


def _findings(device: _Known, keys: Mapping[str, _Known]) -> Iterator[Finding]:
    """Whether the device says that it is a certified production one and that its attestation keys are its own alone.

    Both are for the operator to ask for; where they were not, that is not known, which is no match.
    """
    for name, code in ((PRODUCTION, "production-device"), (UNIQUE_KEYS, "own-attestation-keys")):
        yield _stated(code, OID_NAMES[name], device[name].plain() if name in device else None)
    for index, known in enumerate(keys.values()):
        if CLASS not in known:
            yield _stated("private-key", f"keys/{index}", None)


def _stated(code: str, subject: str, said: Said | None) -> Finding:
    return Finding(
        code=f"{code}-not-stated" if said is None else f"{code}-stated",
        outcome=Outcome.NOT_EVALUATED if said is None else Outcome.PROVEN,
        subject=subject,
        source=None if said is None else said.place.whole(said.element),
    )
