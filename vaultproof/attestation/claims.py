"""Normalised claims: one record per attested HSM, the same from every maker's format.

Names follow EAT (RFC 9711) where it has them.  What a device does not say is None, never a default; what it does say
knows how good it is (``Grade``) and where it was read (``Source``).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from vaultproof.frozen import frozen

T = TypeVar("T")
"""For functions that make a claim of whatever they are given."""

T_co = TypeVar("T_co", covariant=True)


class Grade(StrEnum):
    """How good a claim is.

    ``attested``: it stands in what the device or its maker signed.  ``attested-by-key``: it stands in what a key
    signed that the maker attested; the maker vouches for the key, not for what it is used for.
    ``implied-by-profile``: the maker says that this kind of statement is only ever made when it holds.  ``asserted``:
    somebody (an operator, a device's own clock) says so and nothing shows it.
    """

    ATTESTED = "attested"
    BY_KEY = "attested-by-key"
    IMPLIED = "implied-by-profile"
    ASSERTED = "asserted"


@frozen
class Source:
    """Where a value was read: ``offset`` and ``length`` in bytes within ``file``.

    When the file is an envelope, offsets count in the bytes that it carries: ``block`` says which block of a PEM file
    (0 is the first), and is 0 for what a gzip file or a base64 field holds.  A field of a JSON file is named by its
    pointer as a fragment: ``attestation.json#/attributes/attestation/certificatePemFile``.
    """

    file: str
    offset: int
    length: int
    block: int | None = None


@frozen
class Claim(Generic[T_co]):
    """A value, how good it is, and where it was read."""

    value: T_co
    grade: Grade
    source: Source


class SerialSource(StrEnum):
    """Which part of an attestation carries the device's serial number."""

    EVIDENCE_CLAIM = "evidence-claim"
    CERTIFICATE_EXTENSION = "certificate-extension"
    CERTIFICATE_SUBJECT = "certificate-subject"


class CodeGrade(StrEnum):
    """How well the running code is known: by digest, by a version string that the device states, or not at all."""

    MEASURED = "measured"
    VERSION_ASSERTED = "version-asserted"
    NOT_ATTESTED = "not-attested"


class DebugState(StrEnum):
    """The debug state of a device, worst first (RFC 9711, 4.2.9); ``unknown`` is a number that nobody has defined."""

    UNKNOWN = "unknown"
    ENABLED = "enabled"
    DISABLED = "disabled"
    DISABLED_SINCE_BOOT = "disabled-since-boot"
    DISABLED_PERMANENTLY = "disabled-permanently"
    DISABLED_FULLY_AND_PERMANENTLY = "disabled-fully-and-permanently"

    def at_least(self, wanted: DebugState) -> bool:
        """Whether this state is as closed as ``wanted`` or more so."""
        order = list(DebugState)
        return order.index(self) >= order.index(wanted)


class ExportPath(StrEnum):
    """By which way a private key may leave the device."""

    NONE = "none"
    WRAP = "wrap"
    ARCHIVE = "archive"
    UNKNOWN = "unknown"


class SiteSource(StrEnum):
    """Who says where a device stands, best first."""

    VENDOR_CHAIN = "vendor-chain"
    AUDITOR = "auditor-endorsement"
    OPERATOR = "operator-endorsement"
    NONE = "none"


@frozen
class Measurement:
    """A digest of code: ``algorithm`` by its name in RFC 9393 (``sha-256``), ``digest`` in lower-case hex, of what."""

    algorithm: str
    digest: str
    component: str

    @property
    def text(self) -> str:
        """The measurement in one line: ``component algorithm:digest``."""
        return f"{self.component} {self.algorithm}:{self.digest}"


@frozen
class AttesterClaims:
    """Which device speaks.

    ``oemid`` is lower-case hex; ``hwserial`` is in the maker's own form; ``device_identity`` is the SHA-256 (hex) of
    the SubjectPublicKeyInfo of the key that stands for this one device, None where the format has no such key.
    """

    technology: str
    adapter_version: str
    vendor: Claim[str] | None = None
    oemid: Claim[str] | None = None
    hwmodel: Claim[str] | None = None
    hwversion: Claim[str] | None = None
    hwserial: Claim[str] | None = None
    hwserial_source: SerialSource | None = None
    instance_id: Claim[str] | None = None
    device_identity: Claim[str] | None = None


@frozen
class TimeBounds:
    """Between which instants Evidence was signed, and who says so (a log, a time stamp)."""

    not_before: datetime | None
    not_after: datetime | None
    source: str


@frozen
class EvidenceClaims:
    """The Evidence itself: SHA-256 (hex) of its bytes, its profile, its nonce, and when the device says it made it."""

    digest: str
    profile: str
    nonce: Claim[bytes] | None = None
    iat: Claim[datetime] | None = None
    signed_at_bounds: TimeBounds | None = None


@frozen
class PlatformClaims:
    """What runs on the device and in which state.  ``uptime`` is in seconds."""

    swname: Claim[str] | None = None
    swversion: Claim[str] | None = None
    measurements: Claim[tuple[Measurement, ...]] | None = None
    dbgstat: Claim[DebugState] | None = None
    uptime: Claim[int] | None = None
    bootcount: Claim[int] | None = None
    fipsboot: Claim[bool] | None = None
    fipsver: Claim[str] | None = None
    fipslevel: Claim[int] | None = None
    fipsmodule: Claim[str] | None = None

    @property
    def code_grade(self) -> CodeGrade:
        """How well the running code is known from these claims alone; a claim that is only asserted counts nothing."""
        if _counts(self.measurements):
            return CodeGrade.MEASURED
        return CodeGrade.VERSION_ASSERTED if _counts(self.swversion) else CodeGrade.NOT_ATTESTED


def _counts(claim: Claim[object] | None) -> bool:
    return claim is not None and claim.grade is not Grade.ASSERTED


@frozen
class KeyClaims:
    """One key in the device; ``spki`` is its DER SubjectPublicKeyInfo, None for a key without a public half."""

    spki: Claim[bytes] | None = None
    identifier: Claim[str] | None = None
    role: Claim[str] | None = None
    local: Claim[bool] | None = None
    extractable: Claim[bool] | None = None
    never_extractable: Claim[bool] | None = None
    sensitive: Claim[bool] | None = None
    exportable_path: Claim[ExportPath] | None = None
    purposes: Claim[tuple[str, ...]] | None = None
    expiry: Claim[datetime] | None = None

    @property
    def spki_sha256(self) -> str | None:
        """SHA-256 of the SubjectPublicKeyInfo, lower-case hex: how keys are compared."""
        return None if self.spki is None else hashlib.sha256(self.spki.value).hexdigest()


@frozen
class SiteClaim:
    """Where the device stands, and who says so."""

    value: Claim[str]
    source: SiteSource


@frozen
class UnknownClaim:
    """A claim (or a whole element) that the adapter does not know: kept, shown, and of no effect.

    ``place`` is a claim path (``platform``, ``keys/0``, or the identifier of the element); ``type`` its identifier.
    """

    place: str
    type: str
    raw: bytes
    source: Source


@frozen
class Claims:
    """All that one attestation says of one HSM.

    In two layers, ``below`` is what the maker's layer says by itself and ``attestation_key`` what it says of the key
    that signs the upper one (None where it speaks of other keys).
    """

    attester: AttesterClaims
    evidence: EvidenceClaims
    platform: PlatformClaims
    keys: tuple[KeyClaims, ...] = ()
    site: SiteClaim | None = None
    unknown: tuple[UnknownClaim, ...] = ()
    attestation_key: KeyClaims | None = None
    below: Claims | None = None
