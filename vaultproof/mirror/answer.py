"""What a mirror keeps: one answer of the log (or of a second source), as it came."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

HTTP_OK = 200
HTTP_NOT_FOUND = 404

MAX_RECORD_BYTES = 16_384
"""A record is about 600 bytes; the longest that its format allows is some 1,500."""
MAX_ABOUT_BYTES = 1_048_576
"""Of what the log says of itself."""
MAX_ARTIFACT_BYTES = 4 * 1024 * 1024
"""A file of a second source is at most this large; a fleet-key bundle is some kilobytes."""


class Resource(StrEnum):
    """What was asked for.  The first five are resources of the signer's read API; the signer holds no others."""

    INFO = "info"
    NAMESPACES = "namespaces"
    NAMESPACE = "namespace"
    LAST_VERIFIED_EPOCH = "last-verified-epoch"
    AUDIT = "audit"
    ARTIFACT = "artifact"
    COUNTER_SIGNATURE = "counter-signature"


NEVER_CHANGES = frozenset({Resource.AUDIT, Resource.ARTIFACT, Resource.COUNTER_SIGNATURE})
"""What was said once of an epoch stays so: another answer differs from the first one, and is not an update of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer, as it came.

    ``namespace`` and ``epoch`` are what was asked for, None where the resource has none; ``status`` is the HTTP status
    (200 for a file); ``origin`` is the address or the path it came from; ``at`` is when, in milliseconds since 1970.
    ``last_at`` is when the same bytes were last seen, for an answer that another mirror kept; None means ``at``.
    ``fetched`` is False for what somebody's copy holds: its origin and its times are then the word of whoever made it.
    """

    resource: Resource
    namespace: str | None = None
    epoch: int | None = None
    status: int = HTTP_OK
    body: bytes
    origin: str
    at: int
    last_at: int | None = None
    fetched: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """An answer as the store holds it: the same bytes again only move ``last_seen`` (milliseconds since 1970).

    ``id`` rises in the order in which answers were first kept.  ``readable`` tells a record that parses from one that
    does not (cut short, say); of other resources it is always true.  ``fetched`` as in ``Answer``: once this mirror was
    given the same bytes itself it is true for good, and origin and times are this mirror's own.
    """

    id: int
    resource: Resource
    namespace: str | None
    epoch: int | None
    status: int
    body: bytes
    sha256: bytes
    origin: str
    first_seen: int
    last_seen: int
    readable: bool
    fetched: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What keeping an answer found out.

    ``new`` is False when the same bytes were there already; ``readable`` as in ``StoredAnswer``.  ``differs_from`` are
    the ids of other answers to the same question, of what never changes, that were given with status 200 and could be
    read: kept side by side.
    """

    id: int
    new: bool
    readable: bool = True
    differs_from: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EpochSpan:
    """Which epochs of a namespace have a record: the first, the last, and how many; gaps where ``count`` is short."""

    first: int
    last: int
    count: int

    @property
    def complete(self) -> bool:
        """Whether every epoch between the first and the last is here."""
        return self.count == self.last - self.first + 1
