"""Typed answers of the log's read API.  Epochs are read by ``evidence/epoch.py``.

Shapes: the signer's own types (cloudflare/plexi, ``plexi_core``: ``auditor.rs``, ``namespaces.rs``, ``lib.rs``), its
documentation and live answers.  Live answers are wider than either: ``log_directory`` is null, empty, an address or a
bare host; ``signature_version`` and ``ciphersuite`` mirror each other and either may be missing; a status may come in
small letters; a root need not have 32 bytes; an entry of the list may lack what the documentation's example lacks.
None of these answers is signed: they are compared with what is pinned, and never stand in for it.

A field that is not known is ``Unsupported``, never passed over: it may be a known one that was renamed to hide it.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from vaultproof.errors import Malformed, Mismatch, Unsupported
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import MAX_MILLISECONDS, clip, parse_decimal
from vaultproof.strict.json import MAX_SAFE_INTEGER, loads
from vaultproof.strict.records import Reader

MAX_KEYS = 100
MAX_NAMESPACES = 10_000
ANNOTATION = "_note"
"""A field by whoever kept a copy: kept and not read, as in records."""

_UUID = r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

T = TypeVar("T")


class NamespaceStatus(StrEnum):
    """What the signer says of a namespace; compared without regard to case."""

    ONLINE = "online"
    INITIALIZATION = "initialization"
    DISABLED = "disabled"


@frozen
class AdvertisedKey:
    """A key that the signer says it signs with: 32 bytes of Ed25519, and from when, in milliseconds since 1970."""

    public_key: bytes
    not_before: int

    @property
    def key_id(self) -> int:
        """The last byte of the key: how records name it."""
        return self.public_key[-1]


@frozen
class Info:
    """``GET /info``: the keys that the signer advertises; ``logs`` are ids whose meaning it does not document."""

    keys: tuple[AdvertisedKey, ...]
    logs: tuple[str, ...]


@frozen
class Root:
    """A namespace's first epoch and its digest, in hexadecimal as it was written."""

    epoch: int
    digest: str

    def __str__(self) -> str:
        return f"{self.epoch}/{self.digest}"


@frozen
class NamespaceEntry:
    """What the signer says of one namespace.

    ``root`` is None before the first epoch; ``ciphersuite`` None where neither field is there; ``log_directory`` is
    where proofs are, as it was written: None for null, empty or absent.  ``last_verified_epoch`` is in newer answers.
    """

    name: str
    status: NamespaceStatus
    root: Root | None
    ciphersuite: int | None
    log_directory: str | None
    last_verified_epoch: int | None


@frozen
class LastVerified:
    """``GET .../last-verified-epoch``: the last epoch whose proof was checked: a hint where the head may be."""

    epoch: int
    timestamp: int
    start_hash: bytes
    end_hash: bytes


def read_info(data: bytes, *, file: str = "info") -> Info:
    """A typed answer of ``GET /info``.  Raises ``Malformed`` or ``Unsupported``, as all of these do."""
    reader = Reader(loads(data, file=file), file=file)
    keys = tuple(_whole(item, _key) for item in reader.objects("keys", maximum=MAX_KEYS))
    if not keys:
        raise reader.wrong("keys", "at least one key", [])
    logs = reader.texts("logs", maximum=1000)
    _refuse_unknown(reader)
    return Info(keys=keys, logs=logs)


def read_namespaces(data: bytes, *, file: str = "namespaces") -> tuple[NamespaceEntry, ...]:
    """A typed answer of ``GET /namespaces``, in its order."""
    reader = Reader(loads(data, file=file), file=file)
    reader.list("namespaces", maximum=MAX_NAMESPACES)  # an answer without a list is not an empty one
    entries = tuple(_whole(item, _entry) for item in reader.objects("namespaces", maximum=MAX_NAMESPACES))
    _refuse_unknown(reader)
    return entries


def read_namespace_entry(data: bytes, *, file: str = "namespace") -> NamespaceEntry:
    """A typed answer of ``GET /namespaces/{ns}``."""
    return _whole(Reader(loads(data, file=file), file=file), _entry)


def read_last_verified(data: bytes, *, file: str = "last-verified-epoch") -> LastVerified:
    """A typed answer of ``GET /namespaces/{ns}/last-verified-epoch``."""
    return _whole(Reader(loads(data, file=file), file=file), _last_verified)


def read_root(reader: Reader, *, digest: str = r"[0-9a-f]{1,64}") -> Root | None:
    """The root in a reader's field of that name: ``<epoch>/<digest>``; None where there is none yet.

    ``digest`` is the pattern of digests that are taken: the signer itself lists some that are no SHA-256.
    """
    text = reader.optional_text("root", maximum=100, pattern=rf"[0-9]+/{digest}")
    if text is None:
        return None
    epoch, _, hexadecimal = text.partition("/")
    try:
        number = parse_decimal(epoch, maximum=MAX_SAFE_INTEGER, pointer=reader.at("root"))
    except Malformed as error:
        raise error.in_file(reader.file) from None
    return Root(epoch=number, digest=hexadecimal)


def _key(reader: Reader) -> AdvertisedKey:
    return AdvertisedKey(
        public_key=reader.hex("public_key", length=32),
        not_before=reader.integer("not_before", maximum=MAX_MILLISECONDS),
    )


def _entry(reader: Reader) -> NamespaceEntry:
    entry = NamespaceEntry(
        name=reader.text("name", maximum=200),
        status=_status(reader),
        root=read_root(reader),
        ciphersuite=_ciphersuite(reader),
        log_directory=_optional_or_empty(reader, "log_directory"),
        last_verified_epoch=reader.optional_integer("last_verified_epoch"),
    )
    for name in ("reports_uri", "audits_uri"):
        reader.optional_text(name)  # paths of the API, which follow from the name: never followed
    return entry


def _last_verified(reader: Reader) -> LastVerified:
    reader.text("job_id", maximum=36, pattern=_UUID)
    return LastVerified(
        epoch=reader.integer("epoch"),
        timestamp=reader.integer("timestamp", maximum=MAX_MILLISECONDS),
        start_hash=reader.hex("start_hash"),
        end_hash=reader.hex("end_hash"),
    )


def _status(reader: Reader) -> NamespaceStatus:
    written = reader.text("status", maximum=40)
    try:
        return NamespaceStatus(written.lower())
    except ValueError:
        raise Unsupported(
            "namespace-status", "the log gives a namespace a status that this verifier does not know", file=reader.file,
            pointer=reader.at("status"), expected=", ".join(NamespaceStatus), found=clip(written),
            hint="update the verifier",
        ) from None  # fmt: skip


def _ciphersuite(reader: Reader) -> int | None:
    suite = reader.optional_integer("ciphersuite", maximum=2**32 - 1)
    version = reader.optional_integer("signature_version", maximum=2**32 - 1)
    if suite is not None and version is not None and suite != version:
        raise Mismatch(
            "suite-conflict", "signature_version and ciphersuite differ", file=reader.file,
            pointer=reader.at("signature_version"), expected=str(suite), found=str(version),
        )  # fmt: skip
    return version if suite is None else suite


def _optional_or_empty(reader: Reader, key: str) -> str | None:
    """A text that may also be empty, as the live API writes an absent one."""
    return None if reader.is_empty_text(key) else reader.optional_text(key)


def _whole(reader: Reader, read: Callable[[Reader], T]) -> T:
    value = read(reader)
    _refuse_unknown(reader)
    return value


def _refuse_unknown(reader: Reader) -> None:
    unknown = sorted(name for name in reader.rest() if name != ANNOTATION)
    if unknown:
        raise Unsupported(
            "unknown-answer-field", "the log's answer has a field this verifier does not know", file=reader.file,
            pointer=reader.at(unknown[0]), found=clip(unknown[0]), hint="update the verifier",
        )  # fmt: skip
