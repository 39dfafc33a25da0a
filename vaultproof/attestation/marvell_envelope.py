"""The envelopes in which clouds hand out Marvell attestations: Google's gzip file, and Azure's JSON answer.

Google Cloud (``KeyOperationAttestation``): ``attestation.dat.gz`` is the content as downloaded (format
CAVIUM_V2_COMPRESSED), ``attestation.dat`` the same unpacked, ``chain.pem`` the certificate chains, in any order.  Azure
Managed HSM: ``attestation.json`` is the whole answer of *get key attestation*, with the blobs and certificates inside.
"""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping

from vaultproof.attestation.marvell_blob import MAX_BLOB_BYTES, Blob, read_blob
from vaultproof.attestation.placed import Place, Placed, read_certificates, require_file
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError
from vaultproof.frozen import frozen
from vaultproof.strict.json import loads
from vaultproof.strict.records import Reader

GZIP_FILE = "attestation.dat.gz"
PLAIN_FILE = "attestation.dat"
CHAIN_FILE = "chain.pem"
AZURE_FILE = "attestation.json"
AZURE_VERSION = "MRVL-1"
GOOGLE_PROFILE = "google-cloud-hsm"
AZURE_PROFILE = "azure-managed-hsm"

MAX_CERTIFICATES = 8
MAX_RATIO = 64
"""Most bytes out of one byte of gzip: a genuine blob gives three."""

_BASE64URL = re.compile(r"[A-Za-z0-9_-]*", re.ASCII)
_WITHIN = "/attributes/attestation"


@frozen
class PlacedBlob:
    """A blob, what to call it, its bytes, and where they came from."""

    name: str
    data: bytes
    blob: Blob
    place: Place


@frozen
class Envelope:
    """What a member's files hold: blobs, certificates, the cloud's profile, and the names of the files read."""

    profile: str
    blobs: tuple[PlacedBlob, ...]
    certificates: tuple[Placed, ...]
    files: tuple[str, ...]


def read_envelope(files: Mapping[str, bytes]) -> Envelope:
    """The envelope that a member's files are.

    Raises ``Unavailable`` when a file is missing, ``Malformed`` for two envelopes or one that is not as it must be,
    ``Unsupported`` for another version of Azure's.
    """
    found = [name for name in (GZIP_FILE, PLAIN_FILE, AZURE_FILE) if name in files]
    if not found:
        raise Unavailable(
            "no-evidence", "a member has no attestation file", expected=f"{GZIP_FILE}, {PLAIN_FILE} or {AZURE_FILE}",
            found=", ".join(sorted(files)) or "no files",
        )  # fmt: skip
    if len(found) > 1:
        raise Malformed(
            "two-evidence-files", "a member has two attestation files", expected="one", found=" and ".join(found)
        )
    return _azure(files[AZURE_FILE]) if found == [AZURE_FILE] else _google(files, found[0])


def _google(files: Mapping[str, bytes], name: str) -> Envelope:
    chain = require_file(files, CHAIN_FILE, "no-chain-file")
    try:
        packed = name == GZIP_FILE
        data = gunzip(files[name]) if packed else files[name]
        place = Place(file=name, block=0 if packed else None)
        blob = PlacedBlob(name="attestation", data=data, blob=read_blob(data), place=place)
    except VaultproofError as error:
        raise error.in_file(name) from None
    return Envelope(
        profile=GOOGLE_PROFILE,
        blobs=(blob,),
        certificates=read_certificates(chain, CHAIN_FILE, MAX_CERTIFICATES),
        files=(name, CHAIN_FILE),
    )


def gunzip(data: bytes) -> bytes:
    """The content of a gzip file with exactly one member (RFC 1952), at most ``MAX_BLOB_BYTES``.

    Raises ``Malformed``: ``gzip-size``, ``gzip-format`` (its checksum too), ``gzip-trailing-bytes``.
    """
    if len(data) > MAX_BLOB_BYTES:
        raise Malformed(
            "gzip-size", "a gzip file is too large", expected=f"at most {MAX_BLOB_BYTES} bytes", found=f"{len(data)}"
        )
    limit = min(MAX_BLOB_BYTES, MAX_RATIO * len(data))
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        content = unpacker.decompress(data, limit + 1)
    except zlib.error:
        raise Malformed("gzip-format", "a gzip file is broken") from None
    if len(content) > limit:
        raise Malformed("gzip-size", "a gzip file holds too much", expected=f"at most {limit} bytes")
    if not unpacker.eof:
        raise Malformed("gzip-format", "a gzip file is cut off")
    if unpacker.unused_data:
        raise Malformed(
            "gzip-trailing-bytes", "something follows the one member of a gzip file",
            expected="nothing", found=f"{len(unpacker.unused_data)} bytes",
        )  # fmt: skip
    return content


def _azure(data: bytes) -> Envelope:
    reader = Reader(loads(data, file=AZURE_FILE), file=AZURE_FILE).object("attributes").object("attestation")
    version = reader.text("version", maximum=40)
    if version != AZURE_VERSION:
        raise Unsupported(
            "azure-version", "an attestation of another version", file=AZURE_FILE, pointer=f"{_WITHIN}/version",
            expected=AZURE_VERSION, found=version,
        )  # fmt: skip
    keys = ["privateKeyAttestation", *(["publicKeyAttestation"] if reader.has("publicKeyAttestation") else [])]
    pem, where = _base64url(reader, "certificatePemFile")
    return Envelope(
        profile=AZURE_PROFILE,
        blobs=tuple(_azure_blob(reader, key) for key in keys),
        certificates=read_certificates(pem, where, MAX_CERTIFICATES),
        files=(AZURE_FILE,),
    )


def _azure_blob(reader: Reader, key: str) -> PlacedBlob:
    data, where = _base64url(reader, key)
    try:
        return PlacedBlob(name=key, data=data, blob=read_blob(data), place=Place(file=where, block=0))
    except VaultproofError as error:
        raise error.in_file(where) from None


def _base64url(reader: Reader, key: str) -> tuple[bytes, str]:
    """Bytes in base64url without padding (RFC 4648, 5), and the place: the file with a JSON pointer as its fragment."""
    text = reader.text(key, maximum=2 * MAX_BLOB_BYTES)
    padded = text + "=" * (-len(text) % 4)
    data = base64.urlsafe_b64decode(padded) if _BASE64URL.fullmatch(text) and len(text) % 4 != 1 else b""
    if base64.urlsafe_b64encode(data).decode("ascii") != padded:
        raise reader.wrong(key, "base64url without padding", text)
    return data, f"{AZURE_FILE}#{reader.at(key)}"
