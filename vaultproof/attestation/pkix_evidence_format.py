"""The structure of PKIX Evidence (draft-07, 5): elements, claims and signature blocks in place, not yet interpreted.

What the profile allows is narrower than the draft, and checked here: one signature block; one transaction, one
platform, at most 64 key elements; no claim twice in an element; no known claim outside its element; limits on
everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Cursor, Element, Limits, Tag, context, parse
from vaultproof.asn1.keyinfo import AlgorithmIdentifier, PublicKeyInfo, read_algorithm, read_public_key
from vaultproof.asn1.x509 import Certificate, read_certificate
from vaultproof.attestation.claims import Claim, Grade, Source, T, UnknownClaim
from vaultproof.attestation.pkix_evidence_profile import CLAIMS_BY_OID, ELEMENTS_BY_OID, ElementType
from vaultproof.errors import Malformed, Unsupported
from vaultproof.frozen import frozen
from vaultproof.strict.text import is_plain

EVIDENCE_LIMITS = Limits(size=64 * 1024, depth=32, elements=16_384)
MAX_ELEMENTS = 128
MAX_KEYS = 64
MAX_CLAIMS = 64
MAX_INTERMEDIATES = 8
MAX_TEXT = 256
MAX_PURPOSES = 32
VERSION = 1


@frozen
class Place:
    """The file (and PEM block) whose bytes are being read."""

    file: str
    block: int | None

    def source(self, element: Element) -> Source:
        """Where ``element`` stands, header included."""
        length = element.header_length + element.length
        return Source(file=self.file, block=self.block, offset=element.offset, length=length)


@frozen
class ReportedElement:
    """One element: its kind, and its known claims by name as values in place.  Each getter gives None when absent.

    ``place`` is the claim path that findings use (``platform``, ``keys/0``).
    """

    type: ElementType
    place: str
    element: Element
    where: Place
    values: Mapping[str, Element]
    unknown: tuple[UnknownClaim, ...]

    def value(self, name: str) -> Element | None:
        """The value of a claim as it stands in the file."""
        return self.values.get(name)

    def octets(self, name: str) -> Claim[bytes] | None:
        """A claim that is an OCTET STRING, of at least one octet."""
        value = self.value(name)
        if value is None:
            return None
        if not value.length:
            raise self._wrong(name, "at least one octet")
        return self._claim(value, value.octets(name))

    def text(self, name: str) -> Claim[str] | None:
        """A claim that is a UTF8String: 1 to 256 printable characters, so that showing it cannot mislead."""
        value = self.value(name)
        if value is None:
            return None
        text = value.utf8(name)
        if not 0 < len(text) <= MAX_TEXT or not is_plain(text):
            raise self._wrong(name, f"1 to {MAX_TEXT} printable characters")
        return self._claim(value, text)

    def boolean(self, name: str) -> Claim[bool] | None:
        """A claim that is a BOOLEAN."""
        value = self.value(name)
        return None if value is None else self._claim(value, value.boolean(name))

    def number(self, name: str, *, minimum: int = 0, maximum: int = 2**53 - 1) -> Claim[int] | None:
        """A claim that is an INTEGER within bounds, both included."""
        value = self.value(name)
        if value is None:
            return None
        number = value.integer(name)
        if not minimum <= number <= maximum:
            raise self._wrong(name, f"{minimum} to {maximum}")
        return self._claim(value, number)

    def time(self, name: str, grade: Grade = Grade.ATTESTED) -> Claim[datetime] | None:
        """A claim that is a GeneralizedTime."""
        value = self.value(name)
        return None if value is None else self._claim(value, value.generalized_time(name), grade)

    def required(self, name: str, claim: Claim[T] | None) -> Claim[T]:
        """``claim`` itself; ``Malformed("missing-claim")`` when the profile demands it and it is absent."""
        if claim is None:
            raise bad("missing-claim", f"the {self.type} element has no {name} claim", self.element.offset)
        return claim

    def _claim(self, value: Element, meaning: T, grade: Grade = Grade.ATTESTED) -> Claim[T]:
        return Claim(value=meaning, grade=grade, source=self.where.source(value))

    def _wrong(self, name: str, expected: str) -> Malformed:
        value = self.values[name]
        return bad("claim-value", f"the {name} claim has a value that is not allowed", value.offset, expected=expected)


@frozen
class SignatureBlock:
    """One signature over ``tbs`` and the three ways in which a signer may be named, at least one of them.

    ``certificate`` is not yet read: where it is the chain's first one, byte for byte, it has been read there.
    """

    element: Element
    key_id: bytes | None
    public_key: PublicKeyInfo | None
    certificate: Element | None
    algorithm: AlgorithmIdentifier
    signature: bytes


@frozen
class Evidence:
    """A whole Evidence in place; ``tbs`` is what was signed."""

    element: Element
    tbs: Element
    transaction: ReportedElement
    platform: ReportedElement
    keys: tuple[ReportedElement, ...]
    unknown: tuple[UnknownClaim, ...]
    block: SignatureBlock
    intermediates: tuple[Certificate, ...]


def read_evidence(data: bytes, where: Place) -> Evidence:
    """The Evidence that is all of ``data``.

    Raises ``Malformed`` with the byte at fault; ``Unsupported("evidence-version")`` when its version is not 1.
    """
    root = parse(data, EVIDENCE_LIMITS)
    fields = root.sequence("Evidence")
    tbs = fields.take("tbs")
    elements, unknown = _read_tbs(tbs, where)
    blocks = tuple(fields.sequence("signatures").rest())
    held = fields.optional(context(0))
    fields.finish()
    if len(blocks) != 1:
        raise bad(
            "signature-count", "Evidence must have one signature", root.offset, expected="1", found=str(len(blocks))
        )
    return Evidence(
        element=root,
        tbs=tbs,
        transaction=_only(elements, ElementType.TRANSACTION, tbs),
        platform=_only(elements, ElementType.PLATFORM, tbs),
        keys=tuple(element for element in elements if element.type is ElementType.KEY),
        unknown=unknown,
        block=_read_block(blocks[0]),
        intermediates=() if held is None else _read_intermediates(held),
    )


def _read_tbs(tbs: Element, where: Place) -> tuple[list[ReportedElement], tuple[UnknownClaim, ...]]:
    fields = tbs.sequence("TbsEvidence")
    version = fields.take("version")
    if version.integer("version") != VERSION:
        raise Unsupported(
            "evidence-version", "Evidence of a version that this verifier does not know", expected=str(VERSION)
        )
    members = tuple(fields.sequence("reportedElements").rest())
    fields.finish()
    if not 0 < len(members) <= MAX_ELEMENTS:
        raise bad(
            "element-count", "Evidence reports too many elements or none", tbs.offset, expected=f"1 to {MAX_ELEMENTS}"
        )
    known: list[ReportedElement] = []
    unknown: list[UnknownClaim] = []
    for member in members:
        fields = member.sequence("a reported element")
        oid = fields.oid("element type")
        claims = fields.sequence("claims")
        fields.finish()
        kind = ELEMENTS_BY_OID.get(oid)
        if kind is None:
            unknown.append(UnknownClaim(place=oid, type=oid, raw=member.raw, source=where.source(member)))
            continue
        keys = sum(element.type is ElementType.KEY for element in known)
        place = f"keys/{keys}" if kind is ElementType.KEY else kind.value
        known.append(_read_element(kind, place, member, claims, where))
        if keys >= MAX_KEYS:
            raise bad("element-count", "Evidence reports too many keys", member.offset, expected=f"at most {MAX_KEYS}")
    return known, tuple(unknown)


def _read_element(kind: ElementType, place: str, element: Element, claims: Cursor, where: Place) -> ReportedElement:
    values: dict[str, Element] = {}
    unknown: list[UnknownClaim] = []
    for count, claim in enumerate(claims.rest(), 1):
        if count > MAX_CLAIMS:
            raise bad("claim-count", "an element has too many claims", claim.offset, expected=f"at most {MAX_CLAIMS}")
        fields = claim.sequence("a claim")
        oid = fields.oid("claim type")
        value = fields.take("value") if fields.more else None
        fields.finish()
        known = CLAIMS_BY_OID.get(oid)
        if known is None:
            unknown.append(UnknownClaim(place=place, type=oid, raw=claim.raw, source=where.source(claim)))
            continue
        if known.element is not kind:
            raise bad("misplaced-claim", f"a {known.name} claim stands in a {kind} element", claim.offset)
        if known.name in values:
            raise bad("repeated-claim", f"a {known.name} claim stands twice in one element", claim.offset)
        if value is None:
            raise bad("claim-without-value", f"a {known.name} claim has no value", claim.offset)
        values[known.name] = value
    if not values and not unknown:
        raise bad("claim-count", "an element has no claims", element.offset, expected="at least one")
    return ReportedElement(
        type=kind, place=place, element=element, where=where, values=MappingProxyType(values), unknown=tuple(unknown)
    )


def _only(elements: list[ReportedElement], kind: ElementType, tbs: Element) -> ReportedElement:
    """The one element of a kind (draft-07, 5.1 and 5.3: several make Evidence malformed; the profile wants one)."""
    found = [element for element in elements if element.type is kind]
    if len(found) != 1:
        raise bad(
            f"{kind}-count", f"Evidence must have one {kind} element", tbs.offset, expected="1", found=str(len(found))
        )
    return found[0]


def _read_block(element: Element) -> SignatureBlock:
    fields = element.sequence("a signature block")
    signer = fields.sequence("signer")
    key_id, key, certificate = (signer.optional(context(number)) for number in range(3))
    signer.finish()
    if key_id is None and key is None and certificate is None:
        raise bad("signer-unnamed", "a signature block names no signer", element.offset)
    algorithm = read_algorithm(fields.take("signature algorithm"), "the signature algorithm of Evidence")
    signature = fields.octets("signature")
    fields.finish()
    return SignatureBlock(
        element=element,
        key_id=None if key_id is None else key_id.explicit(0, "keyId").octets("keyId"),
        public_key=None if key is None else read_public_key(key.explicit(1, "signer's key"), "the signer's key"),
        certificate=None if certificate is None else certificate.explicit(2, "certificate"),
        algorithm=algorithm,
        signature=signature,
    )


def _read_intermediates(held: Element) -> tuple[Certificate, ...]:
    members = tuple(held.children())
    if len(members) == 1 and _holds_certificates(members[0]):
        members = tuple(members[0].children())
    if len(members) > MAX_INTERMEDIATES:
        raise bad(
            "certificate-count",
            "too many intermediate certificates",
            held.offset,
            expected=f"at most {MAX_INTERMEDIATES}",
        )
    return tuple(read_certificate(member) for member in members)


def _holds_certificates(element: Element) -> bool:
    """Whether this is the list of certificates, not yet a certificate.

    The draft's module has EXPLICIT tags, its samples are encoded as if ``[0]`` were IMPLICIT.  Both are read: a list
    holds SEQUENCEs that begin with a SEQUENCE, where a certificate's first part begins with a version or a number.
    """
    inner = next(element.children(), None)
    first = None if inner is None else next(inner.children(), None)
    return first is None or first.tag == Tag.SEQUENCE
