"""The attestation document of an AWS Nitro Enclave, as its bytes stand: COSE_Sign1 around a CBOR map.

Layout and sizes follow AWS, "Verifying the root of trust" (Nitro Enclaves user guide); COSE_Sign1 follows RFC 9052,
4.2 and 4.4.  Only the one form that the Nitro hypervisor writes is read: protected header ``{1: -35}`` (ES384), no
unprotected header, a signature of 96 bytes.  Anything else is refused, so that nothing unsigned has a meaning.
"""

from __future__ import annotations

from vaultproof.asn1.der import parse_window
from vaultproof.asn1.x509 import Certificate, read_certificate
from vaultproof.attestation.claims import Source
from vaultproof.cbor import Item, Key, decode, decode_window, encode
from vaultproof.errors import Malformed, Unsupported
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import MAX_MILLISECONDS
from vaultproof.strict.text import is_plain

ES384 = -35
"""COSE algorithm: ECDSA with SHA-384 (RFC 9053, 2.1), on the P-384 keys of Nitro certificates."""

SIGNATURE_BYTES = 96
DIGEST = "SHA384"
PCR_BYTES = 48
PCR_COUNT = 32
MAX_CERTIFICATE = 1024
MAX_PUBLIC_KEY = 1024
MAX_USER_DATA = 512
MAX_MODULE_ID = 128

_ALGORITHM_HEADER = 1
_REQUIRED = ("module_id", "digest", "timestamp", "pcrs", "certificate", "cabundle")
_OPTIONAL = ("public_key", "user_data", "nonce")


@frozen
class Place:
    """A document's file; gives the source of a value in it."""

    file: str

    def of(self, item: Item) -> Source:
        """Where a value stands, head included."""
        return Source(file=self.file, offset=item.offset, length=item.end - item.offset)

    def span(self, offset: int, length: int) -> Source:
        """Where ``length`` bytes from ``offset`` stand."""
        return Source(file=self.file, offset=offset, length=length)


@frozen
class Document:
    """One document: its fields in place, its certificates opened, and what was signed by the key of ``certificate``.

    ``bundle`` is root first, as in the file.  The optional fields are None when absent or null; ``unknown`` are the
    fields that the specification does not have.
    """

    to_be_signed: bytes
    signature: bytes
    module_id: Item
    timestamp: Item
    pcrs: dict[int, Item]
    certificate: Certificate
    bundle: tuple[Certificate, ...]
    public_key: Item | None
    user_data: Item | None
    nonce: Item | None
    unknown: tuple[tuple[str, Item], ...]


def read_document(data: bytes) -> Document:
    """Read a document.

    Raises ``Malformed`` for bytes that the specification does not allow, ``Unsupported("cose-algorithm")`` for another
    signature algorithm, ``Unsupported("digest-algorithm")`` for other registers than SHA-384 ones.
    """
    protected, unprotected, payload, signature = decode(data).array("a COSE_Sign1 message", minimum=4, maximum=4)
    _require_headers(data, protected, unprotected)
    body = payload.octets("the payload", minimum=1)
    fields = decode_window(data, payload.content_offset, payload.end).map("the document")
    missing = [name for name in _REQUIRED if name not in fields]
    if missing:
        raise Malformed("missing-claim", "the document lacks a field", expected=", ".join(missing))
    _require_digest(fields["digest"])
    fields["module_id"].text("module_id", minimum=1, maximum=MAX_MODULE_ID)
    fields["timestamp"].integer("timestamp", minimum=1, maximum=MAX_MILLISECONDS)
    return Document(
        to_be_signed=encode(["Signature1", protected.octets("the protected header"), b"", body]),
        signature=signature.octets("the signature", minimum=SIGNATURE_BYTES, maximum=SIGNATURE_BYTES),
        module_id=fields["module_id"],
        timestamp=fields["timestamp"],
        pcrs=_registers(fields["pcrs"]),
        certificate=_certificate(data, fields["certificate"], "certificate"),
        bundle=tuple(_certificate(data, item, "cabundle") for item in fields["cabundle"].array("cabundle", minimum=1)),
        public_key=_optional(fields.get("public_key"), "public_key", 1, MAX_PUBLIC_KEY),
        user_data=_optional(fields.get("user_data"), "user_data", 0, MAX_USER_DATA),
        nonce=_optional(fields.get("nonce"), "nonce", 0, MAX_USER_DATA),
        unknown=tuple((_name(key), item) for key, item in fields.items() if key not in (*_REQUIRED, *_OPTIONAL)),
    )


def _require_headers(data: bytes, protected: Item, unprotected: Item) -> None:
    protected.octets("the protected header", minimum=1)
    headers = decode_window(data, protected.content_offset, protected.end).map("the protected header")
    algorithm = headers.get(_ALGORITHM_HEADER)
    if algorithm is None or len(headers) != 1:
        raise Malformed("cose-header", "the protected header is not the algorithm alone", found=str(list(headers)))
    number = algorithm.integer("the algorithm", minimum=-(2**64), maximum=2**64 - 1)
    if number != ES384:
        raise Unsupported(
            "cose-algorithm", "a signature algorithm that Nitro documents do not use",
            expected=f"{ES384} (ES384)", found=str(number),
        )  # fmt: skip
    if unprotected.map("the unprotected header"):
        raise Malformed("cose-header", "the unprotected header is not empty", expected="nothing that is not signed")


def _require_digest(item: Item) -> None:
    name = item.text("digest", maximum=16)
    if name != DIGEST:
        raise Unsupported("digest-algorithm", "registers by another digest", expected=DIGEST, found=name)


def _registers(item: Item) -> dict[int, Item]:
    registers: dict[int, Item] = {}
    for key, register in item.map("pcrs", minimum=1, maximum=PCR_COUNT).items():
        if not isinstance(key, int) or not 0 <= key < PCR_COUNT:
            raise Malformed("claim-value", "a register has no number of one", expected="0 to 31", found=_name(key))
        # AWS allows 32, 48 or 64 bytes; a SHA-384 digest has 48.
        register.octets(f"pcr{key}", minimum=PCR_BYTES, maximum=PCR_BYTES)
        registers[key] = register
    return registers


def _certificate(data: bytes, item: Item, what: str) -> Certificate:
    item.octets(what, minimum=1, maximum=MAX_CERTIFICATE)
    return read_certificate(parse_window(data, item.content_offset, item.end))


def _optional(item: Item | None, what: str, minimum: int, maximum: int) -> Item | None:
    if item is None or item.is_null:
        return None
    item.octets(what, minimum=minimum, maximum=maximum)
    return item


def _name(key: Key) -> str:
    return ascii(key)[:80] if isinstance(key, str) and not is_plain(key) else str(key)[:80]
