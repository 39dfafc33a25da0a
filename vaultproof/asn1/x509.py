"""A view of X.509 certificates (RFC 5280): strict in form, and honest about the oddities that genuine devices have.

What breaks DER is refused.  What is DER but not as RFC 5280 wants it (and occurs in genuine vendor certificates) is
read and recorded in ``Certificate.findings``; whether it matters is for the caller who knows the certificate's place.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache

from vaultproof.asn1 import extensions, oids
from vaultproof.asn1.der import DEFAULT_LIMITS, Cursor, Element, Limits, Tag, context, parse_window, refuse_unsorted_set
from vaultproof.asn1.extensions import BasicConstraints, Extension, Note, Oddity
from vaultproof.asn1.keyinfo import (
    AlgorithmIdentifier,
    PublicKeyInfo,
    read_algorithm,
    read_public_key,
    signature_algorithm,
)
from vaultproof.asn1.names import Name, read_name
from vaultproof.crypto.port import SignatureCheck
from vaultproof.errors import Malformed
from vaultproof.frozen import field, frozen

REMEMBERED_CERTIFICATES = 64
"""More than the distinct ones of a usual fleet; at most 4 MiB of files."""

MAX_SERIAL_BYTES = 20
"""Longest serial number that RFC 5280 (4.1.2.2) allows; a longer one is recorded."""


@frozen
class Certificate:
    """One certificate.  Its values are what it says; nothing here has been verified.

    ``version`` is 1 to 3; ``not_before`` and ``not_after`` are UTC, both included (RFC 5280, 4.1.2.5); ``key_usage``
    and ``extended_key_usage`` are None when the extension is absent (which is not the same as empty); ``tbs`` is what
    the issuer signed.
    """

    element: Element
    tbs: Element
    version: int
    serial: int
    issuer: Name
    subject: Name
    not_before: datetime
    not_after: datetime
    public_key: PublicKeyInfo
    signature_algorithm: AlgorithmIdentifier
    signature: bytes = field(repr=False)
    extensions: Mapping[str, Extension]
    basic_constraints: BasicConstraints | None
    key_usage: frozenset[str] | None
    extended_key_usage: tuple[str, ...] | None
    subject_key_id: bytes | None
    authority_key_id: bytes | None
    findings: tuple[Oddity, ...]

    @property
    def raw(self) -> bytes:
        """The whole DER certificate."""
        return self.element.raw

    @property
    def sha256(self) -> str:
        """SHA-256 of the whole certificate, lower-case hex: what tools call its fingerprint."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def self_issued(self) -> bool:
        """Whether subject and issuer are the same name (as a root's are)."""
        return self.subject.raw == self.issuer.raw

    @property
    def is_authority(self) -> bool:
        """Whether it says that it may issue certificates (basicConstraints cA); a v1 certificate cannot say so."""
        return self.basic_constraints is not None and self.basic_constraints.authority

    @property
    def unknown_extensions(self) -> tuple[Extension, ...]:
        """The extensions that this view does not interpret, in the file's order."""
        return tuple(item for oid, item in self.extensions.items() if oid not in extensions.INTERPRETED)

    def covers(self, moment: datetime) -> bool:
        """Whether ``moment`` lies within the validity that the certificate states."""
        return self.not_before <= moment <= self.not_after

    def check_by(self, issuer: PublicKeyInfo, *, minimum_rsa_bits: int) -> SignatureCheck:
        """The check that ``issuer``'s key signed this certificate.

        Raises ``Unsupported`` or ``Malformed`` as ``keyinfo.signature_algorithm`` does.
        """
        return SignatureCheck(
            algorithm=signature_algorithm(self.signature_algorithm, issuer),
            public_key=issuer.raw,
            message=self.tbs.raw,
            signature=self.signature,
            minimum_rsa_bits=minimum_rsa_bits,
        )


@lru_cache(REMEMBERED_CERTIFICATES)
def parse_certificate(data: bytes, limits: Limits = DEFAULT_LIMITS) -> Certificate:
    """The certificate that is all of ``data``.  Raises ``Malformed`` with the byte at fault.

    The last ones read are remembered, since a fleet's chains hold the same authorities again and again.
    """
    return read_certificate(parse_window(data, 0, len(data), limits))


def read_certificate(element: Element) -> Certificate:
    """The certificate that ``element`` (already opened as DER, perhaps inside another file) holds."""
    outer = element.sequence("a certificate")
    tbs = outer.take("contents").expect(Tag.SEQUENCE, "the contents of a certificate")
    algorithm = read_algorithm(outer.take("signature algorithm"), "a signature algorithm")
    signature = outer.take("signature")
    outer.finish()
    bits = signature.bits("a signature")
    if bits.unused:
        raise Malformed("x509-signature", f"a signature is not whole octets, at byte {signature.offset}")
    return _read_contents(tbs, element, algorithm, bits.octets)


def _read_contents(tbs: Element, element: Element, algorithm: AlgorithmIdentifier, signature: bytes) -> Certificate:
    findings: list[Oddity] = []

    def note(code: str, offset: int, detail: str) -> None:
        findings.append(Oddity(code=code, offset=offset, detail=detail))

    fields = tbs.sequence("the contents of a certificate")
    version = _version(fields, note)
    serial = _serial(fields.take("serial number"), note)
    inner = fields.take("signature algorithm")
    if inner.raw != algorithm.element.raw:
        raise Malformed("x509-algorithm", f"a certificate names two signature algorithms, at byte {inner.offset}")
    _note_parameters(algorithm, note)
    issuer = _name(fields.take("issuer"), note)
    validity = fields.sequence("validity")
    not_before, not_after = validity.take("notBefore").time("notBefore"), validity.take("notAfter").time("notAfter")
    validity.finish()
    if not_after < not_before:
        note("validity-reversed", validity.element.offset, "notAfter is before notBefore")
    subject = _name(fields.take("subject"), note)
    public_key = read_public_key(fields.take("public key"), "the public key of a certificate")
    _skip_unique_ids(fields, note)
    held = fields.optional(context(3))
    fields.finish()
    if held is not None and version != 3:
        raise Malformed("x509-version", f"a version {version} certificate has extensions, at byte {held.offset}")
    extension = {} if held is None else extensions.read_extensions(held.explicit(3, "extensions"), note)
    return Certificate(
        element=element,
        tbs=tbs,
        version=version,
        serial=serial,
        issuer=issuer,
        subject=subject,
        not_before=not_before,
        not_after=not_after,
        public_key=public_key,
        signature_algorithm=algorithm,
        signature=signature,
        extensions=extension,
        basic_constraints=extensions.basic_constraints(extension, note),
        key_usage=extensions.key_usage(extension, note),
        extended_key_usage=extensions.extended_key_usage(extension),
        subject_key_id=extensions.subject_key_id(extension),
        authority_key_id=extensions.authority_key_id(extension),
        findings=tuple(findings),
    )


def _version(fields: Cursor, note: Note) -> int:
    tagged = fields.optional(context(0))
    if tagged is None:
        note("x509-v1", fields.element.offset, "an X.509 version 1 certificate cannot say what its key is for")
        return 1
    number = tagged.explicit(0, "version").integer("version")
    if number not in (0, 1, 2):
        raise Malformed(
            "x509-version", "a certificate of an unknown version", expected="0 to 2", found=str(number % 2**32)
        )
    if number == 0:
        note("explicit-default", tagged.offset, "version 1 is the default and is written nevertheless")
    if number != 2:
        note(f"x509-v{number + 1}", tagged.offset, "not an X.509 version 3 certificate")
    return number + 1


def _serial(element: Element, note: Note) -> int:
    serial = element.integer("serial number")
    if serial == 0:
        note("serial-zero", element.offset, "the serial number is 0")
    if serial < 0:
        note("serial-negative", element.offset, "the serial number is negative")
    if element.length > MAX_SERIAL_BYTES:
        note("serial-long", element.offset, f"the serial number has {element.length} bytes")
    return serial


def _note_parameters(algorithm: AlgorithmIdentifier, note: Note) -> None:
    """RFC 5758 (3.2) wants no parameters for ECDSA, RFC 4055 (5) wants NULL for RSA; both errors occur."""
    offset = algorithm.element.offset
    if algorithm.oid.startswith("1.2.840.10045.4.") and algorithm.has_null:
        note("null-parameters", offset, "an ECDSA algorithm has NULL parameters")
    if algorithm.oid.startswith("1.2.840.113549.1.1.") and algorithm.parameters is None:
        note("absent-parameters", offset, "an RSA algorithm lacks its NULL parameters")


def _name(element: Element, note: Note) -> Name:
    name = read_name(element)
    for part in name.parts:
        if len(part.attributes) == 1:
            continue  # in order by itself
        try:
            refuse_unsorted_set(part.element, "a part of a name")
        except Malformed:
            note("unsorted-set", part.element.offset, "the attributes of one part of a name are not sorted")
    return name


def _skip_unique_ids(fields: Cursor, note: Note) -> None:
    for number in (1, 2):
        unique = fields.optional(context(number, constructed=False))
        if unique is not None:
            unique.implicit(Tag.BIT_STRING).bits("a unique identifier")
            note("unique-identifier", unique.offset, "an issuer or subject unique identifier (long out of use)")


def serial_text(certificate: Certificate) -> str:
    """The serial number of a certificate as hex, with a minus sign when it is negative."""
    sign = "-" if certificate.serial < 0 else ""
    return f"{sign}{abs(certificate.serial):x}"


def device_serials(certificate: Certificate) -> tuple[str, ...]:
    """The device serial numbers that the subject names (X.520 serialNumber, as IEEE 802.1AR uses it)."""
    return certificate.subject.all(oids.SERIAL_NUMBER)
