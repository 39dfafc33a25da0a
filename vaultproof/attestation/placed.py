"""Where things were read, certificates of a file in place, and the findings that several adapters word alike."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from vaultproof.asn1 import oids
from vaultproof.asn1.der import Element, parse
from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.attestation.adapter import Chain, Link, LinkRules, Role, link_of
from vaultproof.attestation.anchors import DEFAULT_RSA_EXPONENT
from vaultproof.attestation.claims import Claim, Grade, Source
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.frozen import frozen

T = TypeVar("T")


@frozen
class Place:
    """A run of bytes that things are read from: a file, or what ``block`` of it carries (PEM, gzip, base64)."""

    file: str
    block: int | None = None

    def source(self, offset: int, length: int) -> Source:
        """A span of these bytes."""
        return Source(file=self.file, block=self.block, offset=offset, length=length)

    def whole(self, element: Element) -> Source:
        """A DER value with its header."""
        return self.source(element.offset, element.header_length + element.length)

    def claim(self, value: T, offset: int, length: int, grade: Grade = Grade.ATTESTED) -> Claim[T]:
        """A value that was read from a span of these bytes."""
        return Claim(value=value, grade=grade, source=self.source(offset, length))


@frozen
class Placed:
    """A certificate and where it was read."""

    certificate: Certificate
    place: Place

    @property
    def source(self) -> Source:
        """The whole certificate."""
        return self.place.whole(self.certificate.element)

    def claim(self, value: T, element: Element, grade: Grade = Grade.ATTESTED) -> Claim[T]:
        """A claim that was read from a part of the certificate."""
        return Claim(value=value, grade=grade, source=self.place.whole(element))

    def subject_claim(self, value: T) -> Claim[T]:
        """A claim that was read from the subject's name."""
        return self.claim(value, self.certificate.subject.element)

    def key_claim(self) -> Claim[str]:
        """The key as a device's identity: SHA-256 (hex) of its SubjectPublicKeyInfo."""
        return self.claim(self.certificate.public_key.sha256, self.certificate.public_key.element)

    def subject_attribute(self, oid: str) -> str:
        """The one attribute of that type in the subject; nothing when there is not exactly one."""
        values = self.certificate.subject.all(oid)
        return values[0] if len(values) == 1 else ""

    @property
    def common_name(self) -> str:
        """The one common name of the subject; nothing when there is not exactly one."""
        return self.subject_attribute(oids.COMMON_NAME)

    def link(self, role: Role, rules: LinkRules) -> Link:
        """The certificate as a link of a chain."""
        return link_of(self.certificate, role, rules, self.source)


def require_file(files: Mapping[str, bytes], name: str, code: str = "no-evidence") -> bytes:
    """The bytes of a member's file.  Raises ``Unavailable`` with ``code`` when it is not there."""
    if name not in files:
        raise Unavailable(
            code, "a member lacks a file", expected=name, found=", ".join(sorted(files)) or "no files",
            hint=f"add it as {name}",
        )  # fmt: skip
    return files[name]


def read_certificates(data: bytes, file: str, maximum: int) -> tuple[Placed, ...]:
    """The certificates of a PEM file, in its order.  Raises ``Malformed``, in ``file``, for whatever else it holds."""
    try:
        blocks = read_pem(data, labels={CERTIFICATE}, maximum=maximum)
        found = tuple(
            Placed(certificate=parse_certificate(block.data), place=Place(file=file, block=block.index))
            for block in blocks
        )
    except VaultproofError as error:
        raise error.in_file(file) from None
    if len({placed.certificate.raw for placed in found}) != len(found):
        raise Malformed("same-certificate-twice", "a certificate stands twice", file=file)
    return found


def agreement(name: str, subject: str, expected: str, found: str, source: Source | None = None) -> Finding:
    """Whether two readings of one thing agree: ``<name>-same``, or ``<name>-differs``, which fails."""
    same = expected == found
    return Finding(
        code=f"{name}-same" if same else f"{name}-differs",
        outcome=Outcome.PROVEN if same else Outcome.FAILED,
        subject=subject,
        expected=expected,
        found=found,
        source=source,
    )


def noted(code: str, subject: str, found: str, source: Source | None = None) -> Finding:
    """Something that is shown and of no effect."""
    return Finding(code=code, outcome=Outcome.NOTED, subject=subject, found=found, required=False, source=source)


def unread_findings(files: Collection[str], read: Collection[str]) -> Iterator[Finding]:
    """Files of a member that nothing was read from."""
    for name in sorted(set(files) - set(read)):
        yield Finding(code="unread-file", outcome=Outcome.NOTED, subject=name, required=False)


def root_findings(chain: Chain) -> Iterator[Finding]:
    """What is old-fashioned in a root that a file includes: harmless where its key is pinned, and shown.

    A small exponent is checked like any other (the whole padding is compared, RFC 8017, 8.2.2), but only for a pinned
    key whose anchor allows it; a root's own signature shows nothing and is not checked.
    """
    root, subject = chain.links[-1], f"{chain.name}/{len(chain.links) - 1}"
    if root.role is not Role.ROOT or root.certificate is None:
        return
    exponent = _exponent(root)
    if exponent is not None and exponent != DEFAULT_RSA_EXPONENT:
        yield noted("rsa-exponent", subject, str(exponent), root.source)
    if root.certificate.signature_algorithm.oid == oids.SHA1_WITH_RSA:
        yield noted("sha1-self-signature", subject, oids.name_of(oids.SHA1_WITH_RSA), root.source)


def _exponent(link: Link) -> int | None:
    if link.key.algorithm.oid != oids.RSA_ENCRYPTION:
        return None
    fields = parse(link.key.key.octets).sequence("an RSA public key")
    fields.integer("modulus")
    exponent = fields.integer("public exponent")
    fields.finish()
    return exponent
