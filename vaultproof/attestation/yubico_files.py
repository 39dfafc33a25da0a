"""What Yubico's two kinds of attestation have in common: the files, and a certificate that stands for a key.

A member's files are ``attestation.pem`` (one certificate for each attested key, all of one device) or
``attestation.der`` (one certificate), and ``chain.pem``: the certificate of the key that signed them, then its issuers
in order, with or without the root.  Layout: Yubico, "PIV Attestation OID Arc" and "YubiHSM OIDs" (hardware/oid).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from vaultproof.asn1 import oids
from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Element
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.attestation.adapter import (
    Authority,
    Chain,
    Link,
    LinkRules,
    Role,
    SignedBytes,
    Statement,
    link_of,
)
from vaultproof.attestation.chain_rules import name_findings, oddity_findings, position_findings
from vaultproof.attestation.claims import Claim, Grade, Source, UnknownClaim
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import format_time

T = TypeVar("T")

PEM_FILE = "attestation.pem"
DER_FILE = "attestation.der"
CHAIN_FILE = "chain.pem"
MAX_KEYS = 16
MAX_SERIAL = 2**32 - 1
VENDOR = "Yubico"
YUBICO_ARC = "1.3.6.1.4.1.41482"

_LEAF = LinkRules(authority=Authority.FORBIDDEN)
_ISSUING = LinkRules(authority=Authority.REQUIRED)


@frozen
class Placed:
    """A certificate and where it was read: which file, and which PEM block of it (None for a DER file)."""

    certificate: Certificate
    file: str
    block: int | None

    def source(self, element: Element) -> Source:
        """Where a part of the certificate stands, header included."""
        length = element.header_length + element.length
        return Source(file=self.file, block=self.block, offset=element.offset, length=length)

    def claim(self, value: T, element: Element, grade: Grade = Grade.ATTESTED) -> Claim[T]:
        """A claim that was read from a part of the certificate."""
        return Claim(value=value, grade=grade, source=self.source(element))

    def extension(self, oid: str) -> Element | None:
        """The OCTET STRING of an extension."""
        found = self.certificate.extensions.get(oid)
        return None if found is None else found.value

    def required(self, oid: str, what: str) -> Element:
        """The OCTET STRING of an extension that must be there.  Raises ``Malformed("missing-claim")``."""
        found = self.extension(oid)
        if found is None:
            raise Malformed("missing-claim", f"an attestation lacks its {what}", file=self.file, expected=oid)
        return found

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Tells errors the file that they are about."""
        try:
            yield
        except VaultproofError as error:
            raise error.in_file(self.file) from None

    @property
    def common_name(self) -> str:
        """The one common name of the subject, or nothing when there is not exactly one."""
        names = self.certificate.subject.all(oids.COMMON_NAME)
        return names[0] if len(names) == 1 else ""


def read_attested(files: Mapping[str, bytes]) -> tuple[Placed, ...]:
    """The attested keys' certificates, in the order of the file.

    Raises ``Unavailable("no-evidence")`` when there is no file of them, and ``Malformed`` for two files, for what is no
    certificate, and for a key that is attested twice.
    """
    names = [name for name in (PEM_FILE, DER_FILE) if name in files]
    if not names:
        raise Unavailable(
            "no-evidence", "a member has no attestation file", expected=f"{PEM_FILE} or {DER_FILE}",
            found=", ".join(sorted(files)) or "no files",
        )  # fmt: skip
    if len(names) > 1:
        raise Malformed(
            "two-evidence-files", "a member has two attestation files", expected="one", found=" and ".join(names)
        )
    if names == [DER_FILE]:
        return (_parse(files[DER_FILE], DER_FILE, None),)
    found = _read_pem(files[PEM_FILE], PEM_FILE, MAX_KEYS)
    keys = [placed.certificate.public_key.raw for placed in found]
    if len(set(keys)) != len(keys):
        raise Malformed("same-key-twice", "a key is attested twice", file=PEM_FILE)
    return found


def read_issuers(files: Mapping[str, bytes], most: int) -> tuple[Placed, ...]:
    """The chain above the attested keys: ``most`` certificates with the root, one fewer without.

    Raises ``Unavailable("no-chain-file")`` when there is no file, ``Malformed("chain-length")`` for another number.
    """
    if CHAIN_FILE not in files:
        raise Unavailable(
            "no-chain-file", "the certificates of the signing key are missing", expected=CHAIN_FILE,
            hint=f"add the device's and the maker's certificates as {CHAIN_FILE}",
        )  # fmt: skip
    found = _read_pem(files[CHAIN_FILE], CHAIN_FILE, 2 * most)
    if len(found) not in (most - 1, most):
        raise Malformed(
            "chain-length", "a chain has another number of certificates than its maker's", file=CHAIN_FILE,
            expected=f"{most - 1}, or {most} with the root", found=str(len(found)),
        )  # fmt: skip
    return found


def _read_pem(data: bytes, file: str, maximum: int) -> tuple[Placed, ...]:
    try:
        blocks = read_pem(data, labels={CERTIFICATE}, maximum=maximum)
    except VaultproofError as error:
        raise error.in_file(file) from None
    return tuple(_parse(block.data, file, block.index) for block in blocks)


def _parse(data: bytes, file: str, block: int | None) -> Placed:
    try:
        return Placed(certificate=parse_certificate(data), file=file, block=block)
    except VaultproofError as error:
        raise error.in_file(file) from None


def issuing_link(placed: Placed, role: Role) -> Link:
    """A link of the chain above the attested keys; every one of them is an authority."""
    return link_of(placed.certificate, role, _ISSUING, placed.source(placed.certificate.element))


def key_statement(index: int, placed: Placed) -> Statement:
    """An attested key's certificate as what it is: a statement that the signing key made."""
    certificate = placed.certificate
    signed = SignedBytes(
        message=certificate.tbs.raw, signature=certificate.signature, algorithm=certificate.signature_algorithm
    )
    return Statement(name=f"keys/{index}", signed=signed)


def key_findings(index: int, placed: Placed, chain: Chain) -> Iterator[Finding]:
    """What a certificate in a chain is asked, asked of an attested key's: names, role, form, and dates.

    Yubico: the dates are copied from the attesting certificate; so they hold when that one's do, if they are equal.
    """
    leaf = link_of(placed.certificate, Role.ATTESTED_KEY, _LEAF, placed.source(placed.certificate.element))
    alone, pair = Chain(links=(leaf,)), Chain(links=(leaf, chain.links[0]))
    for finding in (*name_findings(pair), *position_findings(alone), *oddity_findings(alone)):
        yield replace(finding, subject=f"keys/{index}/certificate")
    signer = chain.links[0].certificate
    if signer is not None:
        yield same_finding(
            "validity", f"keys/{index}/certificate", _dates(signer), _dates(placed.certificate), leaf.source
        )


def _dates(certificate: Certificate) -> str:
    return f"{format_time(certificate.not_before)} to {format_time(certificate.not_after)}"


def same_finding(what: str, subject: str, expected: str, found: str, source: Source) -> Finding:
    """Whether two readings of one thing agree: ``what-same`` or ``what-differs``."""
    same = expected == found
    return Finding(
        code=f"{what}-same" if same else f"{what}-differs",
        outcome=Outcome.PROVEN if same else Outcome.FAILED,
        subject=subject,
        expected=expected,
        found=found,
        source=source,
    )


def shown(code: str, subject: str, found: str, source: Source) -> Finding:
    """Something that the device states and nobody compares: shown, of no effect."""
    return Finding(
        code=code, outcome=Outcome.NOTED, subject=subject, found=found, required=False, grade=Grade.ATTESTED,
        source=source,
    )  # fmt: skip


def unread_findings(files: Mapping[str, bytes]) -> Iterator[Finding]:
    """Files that are not read."""
    for name in sorted(set(files) - {PEM_FILE, DER_FILE, CHAIN_FILE}):
        yield Finding(code="unread-file", outcome=Outcome.NOTED, subject=name, required=False)


def other_extensions(index: int, placed: Placed, known: frozenset[str]) -> Iterator[UnknownClaim]:
    """Extensions of an attested key's certificate that the adapter does not interpret."""
    for extension in placed.certificate.unknown_extensions:
        if extension.oid not in known:
            yield UnknownClaim(
                place=f"keys/{index}", type=extension.oid, raw=extension.value.content,
                source=placed.source(extension.value),
            )  # fmt: skip


def version_text(octets: bytes, element: Element) -> str:
    """A firmware version of three bytes as dotted decimal: ``050207`` is 5.2.7.  Raises ``Malformed``."""
    if len(octets) != 3:
        raise bad("claim-value", "a firmware version is not three bytes", element.offset, found=octets[:8].hex())
    return ".".join(map(str, octets))


def serial_text(placed: Placed, element: Element) -> str:
    """A device serial number, a DER INTEGER, as the decimal number that is printed on the device."""
    with placed.reading():
        number = element.nested("a serial number").integer("a serial number")
        if not 0 < number <= MAX_SERIAL:
            raise bad("claim-value", "a serial number is out of range", element.offset)
    return str(number)


def evidence_digest(attested: tuple[Placed, ...]) -> str:
    """SHA-256 (hex) of the attested keys' certificates one after the other, in the order of the file."""
    return hashlib.sha256(b"".join(placed.certificate.raw for placed in attested)).hexdigest()
