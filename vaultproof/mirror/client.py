"""Asking the log: one address at a time, patiently but not for ever, and never more than was asked for.

What comes of it is a value.  Only two answers are the log's own word: a body (200) and "no such thing" (404).  All else
is trouble on the way, which says nothing about the log.  TLS is verified; plain HTTP is for this computer only;
redirects to another host are not followed; bodies are taken as sent (no content coding), up to a cap.
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Event
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, IncompleteRead, NewConnectionError, ProtocolError, SSLError
from urllib3.exceptions import TimeoutError as SlowError

from vaultproof._version import __version__
from vaultproof.mirror.addresses import check_address
from vaultproof.strict.encodings import clip

USER_AGENT = f"vaultproof/{__version__} (+log mirror)"
"""The live log answers 403 to the default user agents of Python (captured in October 2026)."""

MAX_REDIRECTS = 3
MAX_ABSENT_BYTES = 4096
"""What is kept of the body of a 404, at most."""

_OK, _NOT_FOUND, _TOO_MANY = 200, 404, 429
_REFUSED = (401, 403, 451)
_REDIRECTS = (301, 302, 303, 307, 308)
_CHUNK = 65_536


class Trouble(StrEnum):
    """Why there was no answer."""

    REFUSED = "refused"
    BUSY = "busy"
    SERVER_ERROR = "server-error"
    REDIRECTED = "redirected"
    UNEXPECTED_STATUS = "unexpected-status"
    TOO_LARGE = "too-large"
    CUT_SHORT = "cut-short"
    TIMED_OUT = "timed-out"
    NO_CONNECTION = "no-connection"
    TLS = "tls"
    ENCODED = "encoded"


TROUBLE_WORDS = {
    Trouble.REFUSED: "it refuses to answer",
    Trouble.BUSY: "it asks for fewer questions",
    Trouble.SERVER_ERROR: "it has an error of its own",
    Trouble.REDIRECTED: "it points to another place, which was not followed",
    Trouble.UNEXPECTED_STATUS: "it answers in a way that its API does not have",
    Trouble.TOO_LARGE: "its answer is larger than any it can mean",
    Trouble.CUT_SHORT: "its answer ended too early",
    Trouble.TIMED_OUT: "it did not answer in time",
    Trouble.NO_CONNECTION: "it could not be reached",
    Trouble.TLS: "its certificate does not hold",
    Trouble.ENCODED: "its answer is compressed although that was not asked for",
}

_WORTH_ANOTHER_TRY = frozenset(
    {Trouble.BUSY, Trouble.SERVER_ERROR, Trouble.CUT_SHORT, Trouble.TIMED_OUT, Trouble.NO_CONNECTION}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The log answered with a body (200); ``at`` in milliseconds since 1970."""

    url: str
    body: bytes
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """The log said that there is no such thing (404), which may be stale; ``body`` is what it said, up to a cap."""

    url: str
    body: bytes
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """There was no answer; ``detail`` says more closely why.  It says nothing about the log."""

    url: str
    trouble: Trouble
    detail: str

    def __str__(self) -> str:
        return f"{TROUBLE_WORDS[self.trouble]} ({self.detail})"


Outcome = Answered | Absent | Unreachable


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to wait and how often to try; times in seconds.

    ``total`` limits one attempt from its first byte to its last; pauses between attempts double from ``pause`` on, up
    to ``longest_pause``, and are shortened at random by up to a half, so that many mirrors do not knock at once.
    """

    attempts: int = 4
    connect: float = 10
    read: float = 20
    total: float = 60
    pause: float = 0.5
    longest_pause: float = 30


class Client:
    """Asks one log.  May be used by several threads."""

    def __init__(
        self,
        address: str,
        *,
        patience: Patience | None = None,
        connections: int = 4,
        sleep: Callable[[float], object] | None = None,
        clock: Callable[[], float] = time.time,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """``clock`` gives seconds since 1970.  Raises ``Malformed`` for an address that cannot be a log's."""
        self.address = check_address(address)
        self._patience = patience or Patience()
        self._closed = Event()
        self._sleep = sleep or self._closed.wait  # a pause ends when nobody waits for the answer any more
        self._clock, self._chance = clock, chance
        self._pool = urllib3.PoolManager(
            maxsize=connections, block=True, retries=False, ssl_context=_tls(self.address),
            headers={"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=urllib3.Timeout(connect=self._patience.connect, read=self._patience.read),
        )  # fmt: skip

    def close(self) -> None:
        """Close all connections; questions that are under way are not asked again."""
        self._closed.set()
        self._pool.clear()

    def get(self, path: str, *, limit: int) -> Outcome:
        """Ask for ``path`` (which begins with ``/``), for at most ``limit`` bytes; tries again where that may help."""
        url = self.address + path
        outcome = self._once(url, limit)
        for attempt in range(1, self._patience.attempts):
            if not isinstance(outcome, _Failed) or outcome.trouble not in _WORTH_ANOTHER_TRY:
                break
            self._sleep(self._pause(attempt, outcome.wait))
            if self._closed.is_set():
                break
            outcome = self._once(url, limit)
        if isinstance(outcome, _Failed):
            return Unreachable(url=url, trouble=outcome.trouble, detail=outcome.detail)
        return outcome

    def _pause(self, attempt: int, asked: float | None) -> float:
        longest = self._patience.longest_pause
        if asked is not None:
            return min(asked, longest)
        usual: float = self._patience.pause * 2 ** (attempt - 1)
        return min(usual, longest) * (1 - self._chance() / 2)

    def _once(self, url: str, limit: int) -> Answered | Absent | _Failed:
        try:
            return self._follow(url, limit)
        except _Failed as failed:
            return failed
        except SSLError as error:
            return _Failed(Trouble.TLS, _reason(error))
        except NewConnectionError as error:  # a kind of time-out to urllib3
            return _Failed(Trouble.NO_CONNECTION, _reason(error))
        except SlowError:
            return _Failed(Trouble.TIMED_OUT, f"nothing for {self._patience.read:g} s")
        except (HTTPError, OSError) as error:
            return _Failed(Trouble.NO_CONNECTION, _reason(error))

    def _follow(self, url: str, limit: int) -> Answered | Absent:
        place = url
        for _ in range(MAX_REDIRECTS + 1):
            response = self._pool.request("GET", place, redirect=False, preload_content=False, decode_content=False)
            try:
                if response.status not in _REDIRECTS:
                    return self._read(response, url, limit)
                place = _target(place, response.headers.get("Location", ""))
                response.drain_conn()
            finally:
                response.release_conn()
        raise _Failed(Trouble.REDIRECTED, f"more than {MAX_REDIRECTS} times")

    def _read(self, response: urllib3.BaseHTTPResponse, url: str, limit: int) -> Answered | Absent:
        if response.status not in (_OK, _NOT_FOUND):
            trouble = _trouble(response.status)
            response.close()
            raise _Failed(trouble, f"status {response.status}", wait=_retry_after(response))
        coding = response.headers.get("Content-Encoding", "identity")
        if coding.lower() != "identity":
            response.close()
            raise _Failed(Trouble.ENCODED, clip(coding))
        if response.status == _NOT_FOUND:
            return Absent(url=url, body=self._body(response, MAX_ABSENT_BYTES, cut=True), at=self._now())
        return Answered(url=url, body=self._body(response, limit, cut=False), at=self._now())

    def _body(self, response: urllib3.BaseHTTPResponse, limit: int, *, cut: bool) -> bytes:
        """All of the body; more than ``limit`` is cut or refused, and not read to its end."""
        deadline = time.monotonic() + self._patience.total
        parts, size = [], 0
        while part := _part(response):
            parts.append(part)
            size += len(part)
            if size > limit:
                response.close()
                if cut:
                    break
                raise _Failed(Trouble.TOO_LARGE, f"more than {limit:,} bytes")
            if time.monotonic() > deadline:
                response.close()
                raise _Failed(Trouble.TIMED_OUT, f"not complete after {self._patience.total:g} s")
        return b"".join(parts)[:limit]

    def _now(self) -> int:
        return int(self._clock() * 1000)


class _Failed(Exception):
    """One attempt that failed; ``wait`` is how many seconds the log asks to be left alone."""

    def __init__(self, trouble: Trouble, detail: str, *, wait: float | None = None) -> None:
        super().__init__(detail)
        self.trouble, self.detail, self.wait = trouble, detail, wait


def _part(response: urllib3.BaseHTTPResponse) -> bytes:
    try:
        return response.read1(_CHUNK)
    except IncompleteRead as error:
        detail = f"{error.partial} bytes came, {error.expected} more were announced"
        raise _Failed(Trouble.CUT_SHORT, detail) from error
    except ProtocolError as error:
        raise _Failed(Trouble.CUT_SHORT, _reason(error)) from error


def _tls(address: str) -> ssl.SSLContext | None:
    """Verifies names and chains under the system's roots; none on this computer, for loading them takes time."""
    if not address.startswith("https:"):
        return None
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _trouble(status: int) -> Trouble:
    if status in _REFUSED:
        return Trouble.REFUSED
    if status == _TOO_MANY:
        return Trouble.BUSY
    return Trouble.SERVER_ERROR if 500 <= status < 600 else Trouble.UNEXPECTED_STATUS


def _retry_after(response: urllib3.BaseHTTPResponse) -> float | None:
    """``Retry-After`` in seconds (RFC 9110, 10.2.3); its form as a date is left to our own pause."""
    value = response.headers.get("Retry-After", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 6 else None


def _target(place: str, location: str) -> str:
    """Where a redirect leads, if that is the same scheme, host and port."""
    target = urljoin(place, location)
    here, there = urlsplit(place), urlsplit(target)
    if not location or (here.scheme, here.netloc) != (there.scheme, there.netloc):
        raise _Failed(Trouble.REDIRECTED, f"to {clip(location) or 'nowhere'}")
    return target


def _reason(error: Exception) -> str:
    """The innermost reason, without the names of classes around it."""
    while error.__cause__ is not None and isinstance(error.__cause__, Exception):
        error = error.__cause__
    return clip(str(error) or type(error).__name__)
