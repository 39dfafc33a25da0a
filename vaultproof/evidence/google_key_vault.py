"""The over-the-air key list of Google's Cloud Key Vault: ``cert.xml``, signed in ``cert.sig.xml``.

The list has a serial number, the digest of the list before it, and one certificate for each cohort of HSMs that backups
may be encrypted to.  Read as Android does (AOSP, ``android.security.keystore.recovery``: exactly one serial number, one
signing certificate, one signature, at least one endpoint), with an XML reader that knows neither document types nor
entities.  Nothing in these files attests an HSM: they show whose list it is, and nothing of what holds the keys.

``read_signature`` reads the small file that must be read to check anything; the list itself is read by
``read_key_list``, only after its signature held (``google_key_vault_check.py``).
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from vaultproof.asn1.x509 import Certificate, parse_certificate
from vaultproof.errors import Malformed, VaultproofError
from vaultproof.frozen import field, frozen
from vaultproof.strict.encodings import parse_base64, parse_decimal
from vaultproof.strict.xml import XmlElement, read_xml

LIST_FILE = "cert.xml"
SIGNATURE_FILE = "cert.sig.xml"
MAX_ENDPOINTS = 64
MAX_INTERMEDIATES = 8
_MAX_SERIAL = 2**53 - 1
_MAX_SECONDS = 2**32 - 1
"""Far enough (the year 2106), and no sum of two of them leaves the calendar."""
_DIGEST_BYTES = 32


@frozen
class Previous:
    """The list before: its serial number, and the SHA-256 of its file in lower-case hex."""

    serial: int
    sha256: str


@frozen
class KeyList:
    """``cert.xml``: ``created`` is its maker's own time, ``refresh`` the seconds after which to ask for a newer one."""

    serial: int
    created: datetime
    refresh: int
    previous: Previous | None
    intermediates: tuple[Certificate, ...]
    endpoints: tuple[Certificate, ...]
    sha256: str


@frozen
class ListSignature:
    """``cert.sig.xml``: the one signing certificate, others that may stand between it and a root, the signature."""

    intermediates: tuple[Certificate, ...]
    signer: Certificate
    value: bytes = field(repr=False)


def read_signature(data: bytes, *, file: str = SIGNATURE_FILE) -> ListSignature:
    """The signature file.  Raises ``Malformed``, in ``file``, for whatever is not exactly what Android reads."""
    try:
        fields = _fields(read_xml(data), "signature", ("intermediates", "certificate", "value"))
        return ListSignature(
            intermediates=_certificates(fields["intermediates"], 0, MAX_INTERMEDIATES),
            signer=_certificate(fields["certificate"]),
            value=parse_base64(_text(fields["value"])),
        )
    except VaultproofError as error:
        raise error.in_file(file) from None


def read_key_list(data: bytes, *, file: str = LIST_FILE) -> KeyList:
    """The list of keys.  Raises ``Malformed``, in ``file``, for a repeated or missing part, or one that is unknown."""
    try:
        fields = _fields(read_xml(data), "certificate", ("metadata", "intermediates", "endpoints"))
        metadata = fields["metadata"]
        names = ["serial", "creation-time", "refresh-interval"]
        if any(child.name == "previous" for child in metadata.children):
            names.append("previous")
        about = _fields(metadata, "metadata", tuple(names))
        return KeyList(
            serial=_number(about["serial"], _MAX_SERIAL),
            created=datetime.fromtimestamp(_number(about["creation-time"], _MAX_SECONDS), UTC),
            refresh=_number(about["refresh-interval"], _MAX_SECONDS),
            previous=_previous(about["previous"]) if "previous" in about else None,
            intermediates=_certificates(fields["intermediates"], 0, MAX_INTERMEDIATES),
            endpoints=_certificates(fields["endpoints"], 1, MAX_ENDPOINTS),
            sha256=hashlib.sha256(data).hexdigest(),
        )
    except VaultproofError as error:
        raise error.in_file(file) from None


def _fields(element: XmlElement, name: str, wanted: tuple[str, ...]) -> dict[str, XmlElement]:
    """The children of an element: each of the wanted ones exactly once, and no other."""
    found = dict(element.fields())
    if element.name != name or element.attributes or set(found) != set(wanted):
        raise Malformed(
            "key-list-fields", f"an element is not as in Google's lists, at byte {element.offset}",
            expected=f"{name} with {', '.join(wanted)}", found=f"{element.name} with {', '.join(found) or 'nothing'}",
        )  # fmt: skip
    return found


def _text(element: XmlElement) -> str:
    if element.children or element.attributes:
        raise Malformed(
            "key-list-fields", f"an element is not as in Google's lists, at byte {element.offset}",
            expected=f"{element.name} with text alone",
        )  # fmt: skip
    return element.text


def _number(element: XmlElement, maximum: int) -> int:
    return parse_decimal(_text(element), maximum=maximum)


def _previous(element: XmlElement) -> Previous:
    fields = _fields(element, "previous", ("serial", "hash"))
    digest = parse_base64(_text(fields["hash"]))
    if len(digest) != _DIGEST_BYTES:
        raise Malformed(
            "key-list-hash", "the digest of the list before is not SHA-256", expected=f"{_DIGEST_BYTES} bytes",
            found=f"{len(digest)}",
        )  # fmt: skip
    return Previous(serial=_number(fields["serial"], _MAX_SERIAL), sha256=digest.hex())


def _certificates(element: XmlElement, least: int, most: int) -> tuple[Certificate, ...]:
    others = [child.name for child in element.children if child.name != "cert"]
    if others or element.attributes or element.text.strip() or not least <= len(element.children) <= most:
        raise Malformed(
            "key-list-fields", f"an element is not as in Google's lists, at byte {element.offset}",
            expected=f"{element.name} with {least} to {most} cert", found=f"{len(element.children)}",
        )  # fmt: skip
    return tuple(_certificate(child) for child in element.children)


def _certificate(element: XmlElement) -> Certificate:
    return parse_certificate(parse_base64(_text(element)))
