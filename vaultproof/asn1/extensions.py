"""Certificate extensions (RFC 5280, 4.2): all kept with criticality and place, five of them interpreted."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from vaultproof.asn1 import oids
from vaultproof.asn1.der import Bits, Element, Tag, context
from vaultproof.errors import Malformed
from vaultproof.frozen import frozen

MAX_EXTENSIONS = 64
MAX_PATH_LENGTH = 255

INTERPRETED = frozenset(
    {
        oids.BASIC_CONSTRAINTS,
        oids.KEY_USAGE,
        oids.EXTENDED_KEY_USAGE,
        oids.SUBJECT_KEY_IDENTIFIER,
        oids.AUTHORITY_KEY_IDENTIFIER,
    }
)
"""The extensions whose meaning is known here; a critical one outside of these must be known to the caller."""

KEY_USAGES = (
    "digitalSignature",
    "contentCommitment",
    "keyEncipherment",
    "dataEncipherment",
    "keyAgreement",
    "keyCertSign",
    "cRLSign",
    "encipherOnly",
    "decipherOnly",
)
"""Names of the KeyUsage bits, bit 0 first (RFC 5280, 4.2.1.3)."""

Note = Callable[[str, int, str], None]
"""Records an oddity: code, offset, one line."""


@frozen
class Oddity:
    """Something genuine but not as the standard wants it: a stable code, the byte where it stands, one line."""

    code: str
    offset: int
    detail: str


@frozen
class Extension:
    """One extension: ``value`` is the OCTET STRING in place, whose contents its owner interprets."""

    oid: str
    critical: bool
    value: Element

    @property
    def name(self) -> str:
        """Its name for people; the dotted identifier when unknown."""
        return oids.name_of(self.oid)


@frozen
class BasicConstraints:
    """Whether the key may issue certificates, and how many authorities may follow below (None: no limit said)."""

    authority: bool
    path_length: int | None


def read_extensions(element: Element, note: Note) -> Mapping[str, Extension]:
    """All extensions by OID, in the file's order.  Raises ``Malformed`` when one stands twice or there is none."""
    found: dict[str, Extension] = {}
    for item in element.sequence("extensions").rest():
        fields = item.sequence("an extension")
        oid = fields.oid("extension type")
        flag = fields.optional(Tag.BOOLEAN)
        critical = flag is not None and flag.boolean()
        if flag is not None and not critical:
            note("explicit-default", flag.offset, "an extension says that it is not critical, which is the default")
        value = fields.take("extension value").expect(Tag.OCTET_STRING, "an extension value")
        fields.finish()
        if oid in found:
            raise Malformed(
                "x509-extension", f"an extension stands twice, at byte {item.offset}", found=oids.name_of(oid)
            )
        found[oid] = Extension(oid=oid, critical=critical, value=value)
    if not 0 < len(found) <= MAX_EXTENSIONS:
        raise Malformed("x509-extension", f"1 to {MAX_EXTENSIONS} extensions are allowed", found=str(len(found)))
    return MappingProxyType(found)


def basic_constraints(extensions: Mapping[str, Extension], note: Note) -> BasicConstraints | None:
    """The basicConstraints extension (RFC 5280, 4.2.1.9); None when absent."""
    extension = extensions.get(oids.BASIC_CONSTRAINTS)
    if extension is None:
        return None
    fields = extension.value.nested("basicConstraints").sequence("basicConstraints")
    flag = fields.optional(Tag.BOOLEAN)
    authority = flag is not None and flag.boolean()
    if flag is not None and not authority:
        note("explicit-default", flag.offset, "cA FALSE is the default and is written nevertheless")
    path_length = fields.integer("pathLenConstraint") if fields.more else None
    fields.finish()
    if path_length is not None:
        if not 0 <= path_length <= MAX_PATH_LENGTH:
            raise Malformed("x509-path-length", f"a path length is out of range, at byte {extension.value.offset}")
        if not authority:
            note("path-length-without-authority", extension.value.offset, "a path length where nothing may be issued")
    return BasicConstraints(authority=authority, path_length=path_length)


def key_usage(extensions: Mapping[str, Extension], note: Note) -> frozenset[str] | None:
    """The names of the key usages that are set (RFC 5280, 4.2.1.3); None when the extension is absent."""
    extension = extensions.get(oids.KEY_USAGE)
    if extension is None:
        return None
    bits = extension.value.nested("keyUsage").bits("keyUsage")
    if _has_padding(bits):
        note("padded-named-bits", extension.value.offset, "keyUsage has zero bits at its end (X.690, 11.2.2)")
    if len(bits.octets) > 2 or any(bits.has(number) for number in range(len(KEY_USAGES), 8 * len(bits.octets))):
        raise Malformed("x509-key-usage", f"keyUsage has unknown bits, at byte {extension.value.offset}")
    return frozenset(name for number, name in enumerate(KEY_USAGES) if bits.has(number))


def _has_padding(bits: Bits) -> bool:
    return bool(bits.octets) and not bits.octets[-1] & (1 << bits.unused)


def extended_key_usage(extensions: Mapping[str, Extension]) -> tuple[str, ...] | None:
    """The OIDs of the extended key usages (RFC 5280, 4.2.1.12); None when the extension is absent."""
    extension = extensions.get(oids.EXTENDED_KEY_USAGE)
    if extension is None:
        return None
    usages = tuple(item.oid("a key purpose") for item in extension.value.nested("extKeyUsage").sequence().rest())
    if not usages:
        raise Malformed("x509-extended-key-usage", f"extKeyUsage is empty, at byte {extension.value.offset}")
    return usages


def subject_key_id(extensions: Mapping[str, Extension]) -> bytes | None:
    """The subjectKeyIdentifier (RFC 5280, 4.2.1.2); None when absent."""
    extension = extensions.get(oids.SUBJECT_KEY_IDENTIFIER)
    return None if extension is None else extension.value.nested("subjectKeyIdentifier").octets("subjectKeyIdentifier")


def authority_key_id(extensions: Mapping[str, Extension]) -> bytes | None:
    """The keyIdentifier of authorityKeyIdentifier (RFC 5280, 4.2.1.1); None when absent."""
    extension = extensions.get(oids.AUTHORITY_KEY_IDENTIFIER)
    if extension is None:
        return None
    fields = extension.value.nested("authorityKeyIdentifier").sequence("authorityKeyIdentifier")
    key = fields.optional(context(0, constructed=False))
    fields.optional(context(1))
    fields.optional(context(2, constructed=False))
    fields.finish()
    return None if key is None else key.content
