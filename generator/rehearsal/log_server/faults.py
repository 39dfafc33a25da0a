"""What a log, or whatever stands between it and us, can do wrong: one kind a run, chosen by option."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from generator.rehearsal.authorities import SignerKey, signer_keys, stray_signer_key
from generator.rehearsal.plan import EpochPlan
from generator.rehearsal.signer import record
from vaultproof.evidence.epoch import read_epoch

PYTHON_AGENTS = ("python-urllib", "python-requests", "urllib3", "python-httpx", "aiohttp")
"""Beginnings of the user agents that the live server answers with 403 (as captured in October 2026)."""


class FaultKind(StrEnum):
    """The faults, in the words of the option; ``FAULT_WORDS`` says what each does."""

    SLOW = "slow"
    DRIP = "drip"
    FORBIDDEN = "forbidden"
    ABSENT_AT_FIRST = "absent-at-first"
    ABSENT = "absent"
    TRUNCATED = "truncated"
    FORK = "fork"
    CHANGED_PAST = "changed-past"
    ROTATED_KEY = "rotated-key"
    SERVER_ERROR = "server-error"
    WRONG_LENGTH = "wrong-length"
    HUGE = "huge"
    REDIRECT = "redirect"
    RESET = "reset"


FAULT_WORDS = {
    FaultKind.SLOW: "the answer begins only after the delay",
    FaultKind.DRIP: "the answer comes byte by byte, with the delay between",
    FaultKind.FORBIDDEN: "403 to everybody",
    FaultKind.ABSENT_AT_FIRST: "404 the first time (or --fault-times), then the record",
    FaultKind.ABSENT: "404, whatever the log holds",
    FaultKind.TRUNCATED: "JSON that is cut short",
    FaultKind.FORK: "every second answer is another record of the same epoch, signed too",
    FaultKind.CHANGED_PAST: "always another record than the one that was logged, signed too",
    FaultKind.ROTATED_KEY: "from the epoch on, records by a key that is advertised in place of the pinned ones",
    FaultKind.SERVER_ERROR: "500",
    FaultKind.WRONG_LENGTH: "fewer bytes than Content-Length says",
    FaultKind.HUGE: "a body without an end",
    FaultKind.REDIRECT: "a redirect to another host",
    FaultKind.RESET: "the connection is reset",
}

OF_ONE_EPOCH = frozenset({FaultKind.FORK, FaultKind.CHANGED_PAST, FaultKind.ABSENT_AT_FIRST, FaultKind.ABSENT})
"""These concern one epoch: the newest where none is named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """Which fault, and where.

    ``epoch`` None: every request (of kinds that concern one epoch, the newest); ``times``: only the first so many
    requests of each address, None for all; ``delay`` in seconds.
    """

    kind: FaultKind
    epoch: int | None = None
    times: int | None = None
    delay: float = 1.0


class Faults:
    """Decides for each request whether the planned fault befalls it.  May be used by many threads."""

    def __init__(self, plan: FaultPlan | None) -> None:
        self.plan = plan
        self._lock = Lock()
        self._asked: Counter[str] = Counter()

    def befalls(self, path: str, epoch: int | None, head: int | None) -> FaultKind | None:
        """The fault of this request for ``path``, if any; ``epoch`` is None where no epoch is asked for."""
        with self._lock:
            self._asked[path] += 1
            asked = self._asked[path]
        plan = self.plan
        if plan is None or not _concerns(plan, epoch, head):
            return None
        if plan.kind is FaultKind.FORK:
            return plan.kind if asked % 2 == 0 else None
        times = 1 if plan.times is None and plan.kind is FaultKind.ABSENT_AT_FIRST else plan.times
        return plan.kind if times is None or asked <= times else None


def _concerns(plan: FaultPlan, epoch: int | None, head: int | None) -> bool:
    if plan.kind is FaultKind.ROTATED_KEY:
        return epoch is None or epoch >= (plan.epoch or 1)
    wanted = plan.epoch if plan.epoch is not None or plan.kind not in OF_ONE_EPOCH else head
    return wanted is None or epoch == wanted


def refuses(agent: str) -> bool:
    """Whether the live server would not talk to this user agent."""
    return agent.lower().startswith(PYTHON_AGENTS)


def other_record(body: bytes, kind: FaultKind) -> bytes:
    """Another signed record for the same epoch: of other content, or under the rotated key."""
    genuine = read_epoch(body, file="record")
    rotated = kind is FaultKind.ROTATED_KEY
    digest = genuine.digest if rotated else hashlib.sha256(b"REHEARSAL: another history" + genuine.digest).digest()
    key = stray_signer_key() if rotated else _key(genuine.key_id)
    return record(
        EpochPlan(
            number=genuine.epoch, artifact=b"", timestamp=genuine.timestamp, namespace=genuine.namespace, key=key,
            digest=digest,
        )
    )  # fmt: skip


def _key(key_id: int | None) -> SignerKey:
    return next((key for key in signer_keys() if key.key_id == key_id), signer_keys()[-1])


def advertised(kind: FaultKind | None) -> tuple[SignerKey, ...]:
    """The keys that ``/info`` names."""
    return (stray_signer_key(),) if kind is FaultKind.ROTATED_KEY else signer_keys()
