"""The structure of an attestation message of a Crypto4A QASM: claims, signature blocks and certificates, in place.

DER throughout, as the one message that Crypto4A has published is encoded (PKI Consortium, Remote Key Attestation,
validation/crypto4a-qasm.md, contributed by Crypto4A; the format is that of its document C4A-302-0043)::

    Message     ::= SEQUENCE { version INTEGER (1), claims SetOfClaims, blocks SEQUENCE OF Block,
                               related [0] IMPLICIT SEQUENCE OF Certificate OPTIONAL }
    SetOfClaims ::= SEQUENCE { version INTEGER (1), SEQUENCE OF Claim }
    Claim       ::= SEQUENCE { predicate OBJECT IDENTIFIER, subject [0] Subject OPTIONAL,
                               complement [1] Complement OPTIONAL }
    Subject     ::= CHOICE { uuid [0] IMPLICIT OCTET STRING }
    Complement  ::= CHOICE { [0] IMPLICIT OCTET STRING, [1] IMPLICIT UTF8String, [2] IMPLICIT GeneralizedTime,
                             [3] IMPLICIT INTEGER }
    Block       ::= SEQUENCE { SEQUENCE { keyId [0] OCTET STRING OPTIONAL, certificate [2] Certificate },
                               AlgorithmIdentifier, signature BIT STRING }

Each block signs ``claims``, as it stands.  Blocks and certificates are signed by nobody: they can be taken away.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from vaultproof.asn1.content import bad
from vaultproof.asn1.der import Cursor, Element, Limits, Tag, context, parse
from vaultproof.asn1.keyinfo import AlgorithmIdentifier, read_algorithm
from vaultproof.asn1.x509 import Certificate, read_certificate
from vaultproof.attestation.claims import Claim, Grade, T
from vaultproof.attestation.placed import Place
from vaultproof.errors import Malformed, Unavailable, Unsupported
from vaultproof.frozen import frozen
from vaultproof.strict.text import is_plain

VERSION = 1
LIMITS = Limits(size=64 * 1024, depth=32, elements=16_384)
MAX_CLAIMS = 512
MAX_BLOCKS = 2
MAX_TEXT = 256
UUID_BYTES = 16
MAX_NUMBER_BYTES = 8

_OCTETS, _TEXT, _TIME, _NUMBER = (context(number, constructed=False) for number in range(4))


@frozen
class Said:
    """One claim in place: what is said (``predicate``), of which object (its UUID, or the device itself), and how.

    The typed readers raise ``Malformed("claim-value")`` for a complement that is absent or of another type.
    """

    predicate: str
    subject: str | None
    complement: Element | None
    element: Element
    place: Place

    def octets(self) -> Claim[bytes]:
        """A complement that is octets."""
        return self._claim(self._complement(_OCTETS, "octets").implicit(Tag.OCTET_STRING).octets())

    def uuid(self) -> Claim[str]:
        """A complement that is a UUID, in its usual form."""
        value = self.octets().value
        if len(value) != UUID_BYTES:
            raise self._wrong(f"{UUID_BYTES} octets")
        return self._claim(_uuid_text(value))

    def text(self) -> Claim[str]:
        """A complement of 1 to 256 printable characters, so that showing it cannot mislead."""
        value = self._complement(_TEXT, "a text").implicit(Tag.UTF8_STRING).utf8()
        if not 0 < len(value) <= MAX_TEXT or not is_plain(value):
            raise self._wrong(f"1 to {MAX_TEXT} printable characters")
        return self._claim(value)

    def time(self) -> Claim[datetime]:
        """A complement that is a time, by the device's own clock: only asserted."""
        value = self._complement(_TIME, "a time").implicit(Tag.GENERALIZED_TIME).generalized_time()
        return self._claim(value, Grade.ASSERTED)

    def number(self) -> int:
        """A complement that is a number of at most eight octets."""
        value = self._complement(_NUMBER, "a number")
        if value.length > MAX_NUMBER_BYTES:
            raise self._wrong(f"a number of at most {MAX_NUMBER_BYTES} octets")
        return value.implicit(Tag.INTEGER).integer()

    def plain(self) -> Said:
        """This claim, which needs no complement.  Refused with one: it would say more than is known here."""
        if self.complement is not None:
            raise self._wrong("no complement")
        return self

    def _complement(self, tag: int, expected: str) -> Element:
        if self.complement is None or self.complement.tag != tag:
            raise self._wrong(expected)
        return self.complement

    def _claim(self, value: T, grade: Grade = Grade.ATTESTED) -> Claim[T]:
        return Claim(value=value, grade=grade, source=self.place.whole(self.complement or self.element))

    def _wrong(self, expected: str) -> Malformed:
        return bad(
            "claim-value", f"the claim {self.predicate} is not what it must be", self.element.offset, expected=expected
        )


@frozen
class Block:
    """One signature over the claims, and the certificate of the key that is said to have made it."""

    certificate: Certificate
    algorithm: AlgorithmIdentifier
    signature: bytes


@frozen
class Message:
    """A whole message in place; ``signed`` is what every block signs.

    ``related`` holds each certificate once, in the order of the file; ``repeated`` those that stand in it again (the
    device repeats the authorities for each of its keys).
    """

    signed: Element
    said: tuple[Said, ...]
    blocks: tuple[Block, ...]
    related: tuple[Certificate, ...]
    repeated: tuple[Certificate, ...]


def read_message(data: bytes, place: Place) -> Message:
    """The message that is all of ``data``.

    Raises ``Malformed`` with the byte at fault, ``Unsupported`` for another version or another way to name a signer,
    ``Unavailable("signer-unresolved")`` for a signer without a certificate.
    """
    fields = parse(data, LIMITS).sequence("a message")
    _require_version(fields)
    signed = fields.take("claims")
    blocks = tuple(fields.sequence("signature blocks").rest())
    held = fields.optional(context(0))
    fields.finish()
    if not 0 < len(blocks) <= MAX_BLOCKS:
        raise bad(
            "signature-count", "a message has another number of signatures than its maker's", fields.element.offset,
            expected=f"1 to {MAX_BLOCKS}", found=str(len(blocks)),
        )  # fmt: skip
    said = _read_claims(signed, place)
    related, repeated = ((), ()) if held is None else _read_related(held, len(blocks))
    return Message(signed=signed, said=said, blocks=tuple(map(_read_block, blocks)), related=related, repeated=repeated)


def _require_version(fields: Cursor) -> None:
    version = fields.take("version")
    if version.integer("version") != VERSION:
        raise Unsupported(
            "evidence-version", f"a version that this verifier does not know, at byte {version.offset}",
            expected=str(VERSION),
        )  # fmt: skip


def _read_claims(signed: Element, place: Place) -> tuple[Said, ...]:
    fields = signed.sequence("the set of claims")
    _require_version(fields)
    members = tuple(fields.sequence("claims").rest())
    fields.finish()
    if not 0 < len(members) <= MAX_CLAIMS:
        raise bad("claim-count", "a message has no claims or too many", signed.offset, expected=f"1 to {MAX_CLAIMS}")
    if len({member.raw for member in members}) != len(members):
        raise bad("repeated-claim", "a claim stands twice", signed.offset)
    return tuple(_read_claim(member, place) for member in members)


def _read_claim(element: Element, place: Place) -> Said:
    fields = element.sequence("a claim")
    predicate = fields.oid("predicate")
    subject, complement = fields.optional(context(0)), fields.optional(context(1))
    fields.finish()
    return Said(
        predicate=predicate,
        subject=None if subject is None else _subject(subject),
        complement=None if complement is None else complement.explicit(1, "a complement"),
        element=element,
        place=place,
    )


def _subject(element: Element) -> str:
    octets = element.explicit(0, "a subject").expect(_OCTETS, "a subject's UUID").content
    if len(octets) != UUID_BYTES:
        raise bad("claim-value", "a subject is no UUID", element.offset, expected=f"{UUID_BYTES} octets")
    return _uuid_text(octets)


def _uuid_text(octets: bytes) -> str:
    """Sixteen octets as UUIDs are written (RFC 9562, 4)."""
    text = octets.hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def _read_block(element: Element) -> Block:
    fields = element.sequence("a signature block")
    signer = fields.take("signer")
    algorithm = read_algorithm(fields.take("signature algorithm"), "the algorithm of a signature block")
    signature = fields.bits("signature")
    fields.finish()
    if signature.unused:
        raise bad("signature-bits", "a signature is not whole octets", element.offset)
    return Block(certificate=_signer(signer), algorithm=algorithm, signature=signature.octets)


def _signer(element: Element) -> Certificate:
    """The signer's certificate; its key id (the object's UUID in the device) is read as what it is and not used."""
    members = Counter(member.tag for member in element.expect(Tag.SEQUENCE, "a signer").children())
    if members.keys() - {context(0), context(2)} or any(count > 1 for count in members.values()):
        raise Unsupported("signer-form", f"a signer is named in a way that is not known here, at byte {element.offset}")
    fields = element.sequence("a signer")
    key_id, certificate = fields.optional(context(0)), fields.optional(context(2))
    fields.finish()
    if key_id is not None and len(key_id.explicit(0, "key id").octets("key id")) != UUID_BYTES:
        raise bad("claim-value", "a signer's key id is no UUID", key_id.offset, expected=f"{UUID_BYTES} octets")
    if certificate is None:
        raise Unavailable(
            "signer-unresolved", f"a signature has no certificate of its key, at byte {element.offset}",
            hint="name the certificate of each attesting key when the attestation is made",
        )  # fmt: skip
    return read_certificate(certificate.explicit(2, "a signer's certificate"))


def _read_related(held: Element, blocks: int) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    """The certificates, each once, and those that stand again: at most once for each signature block."""
    found = [read_certificate(member) for member in held.children()]
    counted = Counter(certificate.raw for certificate in found)
    if any(count > blocks for count in counted.values()):
        raise bad("same-certificate-twice", "a certificate stands more often than there are signatures", held.offset)
    once = {certificate.raw: certificate for certificate in reversed(found)}
    distinct = tuple(once[raw] for raw in counted)
    return distinct, tuple(certificate for certificate in distinct if counted[certificate.raw] > 1)
