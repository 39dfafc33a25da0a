"""One connection: received, cut off when it is too slow, and, when its request is turned away, left kindly.

A refusal is written where requests are received, without a thread and without the application, as soon as the head
has told what is asked: under overload this is what most requests cost.  Then our side of the connection is closed, and
what the client still sends is dropped for a while (as nginx' ``lingering_close`` does): closing at once would have
the kernel answer those bytes with a reset, which takes away the answer from clients that send first and read later.
"""

from __future__ import annotations

import socket
import sys
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask

from verifier_web.service.configuration import Configuration
from verifier_web.service.problems import Problem
from verifier_web.service.receiving import Parser, Refusal

if TYPE_CHECKING:
    from verifier_web.service.server import Server

_HEAD_BYTES = 8 * 1024
"""How much is read before it is known what is asked: most heads, and little of what will be refused."""

_DISCARD = socket.MSG_TRUNC if sys.platform == "linux" else 0
"""Linux drops what is received on TCP without copying it (tcp(7))."""

_WITH_THE_END = socket.MSG_MORE if sys.platform == "linux" else 0
"""Linux sends what is written now and the end that follows at once as one packet (send(2))."""


class RefusalTask(ErrorTask):
    """Writes what could not be read as a request at all in the service's own form, with its headers."""

    def execute(self) -> None:
        """Answer, and close the connection."""
        error = self.request.error
        if isinstance(error, Refusal):
            problem = error.problem
        else:
            code = "head-too-large" if error.code == HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE else "bad-request"
            problem = Problem(code=code, title=error.reason.lower(), status=error.code)
        server = self.channel.server
        status, headers, body = server.refusal(problem, getattr(self.request, "address", "/"))
        server.metrics.count("requests", f"{problem.status // 100}xx")
        self.status = status
        self.response_headers.extend(headers)
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class AnswerTask(WSGITask):
    """Has the application answer; waitress would end a body in pieces after a HEAD, too, where none has begun."""

    def finish(self) -> None:
        """End the answer."""
        if self.request.command == "HEAD":
            if not self.wrote_header:
                self.write(b"")
            self.chunked_response = False
        super().finish()


class Channel(HTTPChannel):
    """One connection."""

    task_class = AnswerTask
    error_task_class = RefusalTask

    def __init__(self, server: Server, sock: Any, addr: Any, adj: Adjustments, map: Any = None) -> None:
        self.parser_class = partial(Parser, server=server, peer=addr[0])
        self._peer = str(addr[0])
        self.admitted: str | None = None
        self._left_since = 0.0
        self._to_come: int | None = 0
        self._dropped = 0
        super().__init__(server, sock, addr, adj, map=map)
        if server.too_many_of(addr[0]):
            self.will_close = True

    def readable(self) -> bool:
        """Also while a refusal is still being sent: a client may be unable to take it before it has sent."""
        return bool(super().readable()) or (self._left_since > 0 and not self.will_close)

    def handle_read(self) -> None:
        """Take what has come, or drop it."""
        if self._left_since:
            self._drop()
            return
        try:
            data = self.socket.recv(self.adj.recv_bytes if self.request is not None else _HEAD_BYTES)
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()
            return
        if data:
            self.last_activity = time.time()
            self.received(data)
        else:
            self.handle_close()

    def handle_write(self) -> None:
        """Send what waits; once a refusal is out, leave."""
        super().handle_write()
        if self._left_since and self.connected:
            self._leave()

    def handle_close(self) -> None:
        """Let go of a request that did not arrive whole, too."""
        request, self.request = self.request, None
        if request is not None:
            request.close()
        super().handle_close()

    def add_channel(self, map: Any = None) -> None:
        """Count it among those of its client."""
        super().add_channel(map)
        self.server.counted(self._peer, 1)

    def del_channel(self, map: Any = None) -> None:
        """It counts no more; safe to repeat."""
        if self._fileno in self.server.active_channels:
            self.server.counted(self._peer, -1)
        super().del_channel(map)

    def service(self) -> None:
        """Answer one request, in a thread; a check is over once its answer is made."""
        admitted, self.admitted = self.admitted, None
        try:
            super().service()
        finally:
            if admitted is not None:
                self.server.let_go(admitted)

    def turn_away(self) -> bool:
        """Answer the only request here and now if it is refused; whether it was.

        Runs where requests are received; the caller holds ``requests_lock``.
        """
        request = self.requests[0]
        if not isinstance(request.error, Refusal):
            return False
        self.requests.clear()
        request.close()
        self._left_since, self._to_come = time.time(), request.to_come
        answer = self.server.refusal_bytes(request.error.problem, request.address, head=request.command == "HEAD")
        try:
            sent = self.socket.send(answer, _WITH_THE_END)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.handle_close()
            return True
        if sent < len(answer):
            with self.outbuf_lock:
                self.outbufs[-1].append(answer[sent:])
                self.total_outbufs_len += len(answer) - sent
        elif self._to_come == 0 or not self._drop():
            self._leave()
        return True

    def expire(self, now: float, configuration: Configuration) -> None:
        """Cut off what is too slow."""
        silent = now - self.last_activity
        if self._left_since:
            late = now - self._left_since > configuration.receive_seconds
            self.will_close = self.will_close or late or silent > configuration.linger_seconds
        elif self.request is not None and now - self.request.started > configuration.receive_seconds:
            self._answer_late(configuration.receive_seconds)
        elif self.total_outbufs_len and silent > configuration.send_seconds and not self.will_close:
            self.server.metrics.count("turned_away", "slow")
            self.will_close = True
        elif not self.requests and self.request is None and not self.total_outbufs_len:
            self.will_close = self.will_close or silent > configuration.idle_seconds

    def _leave(self) -> None:
        """Close our side once the refusal is out, and all of it once the client has sent what it announced."""
        if self.total_outbufs_len:
            return
        if self.will_close or self._to_come == 0 or self.server.crowded:
            self.handle_close()
            return
        with suppress(OSError):  # the client is gone: reading will tell
            self.socket.shutdown(socket.SHUT_WR)

    def _drop(self) -> bool:
        """Take what has come off the kernel's hands; whether that was the end of this connection."""
        try:
            count = self.socket.recv_into(bytearray(self.adj.recv_bytes), self.adj.recv_bytes, _DISCARD)
        except BlockingIOError:
            return False
        except OSError:
            count = 0
        self.last_activity = time.time()
        self._dropped += count
        if self._to_come is not None:
            self._to_come = max(0, self._to_come - count)
        heard = self._to_come == 0 and not self.total_outbufs_len
        ended = count == 0 or heard or self._dropped > self.server.configuration.refused_bytes
        if ended:
            self.handle_close()
        return ended

    def _answer_late(self, seconds: int) -> None:
        """408 in place of the request; runs where requests are received, so nothing arrives in between."""
        problem = Problem(code="too-slow", title="the request did not arrive in time", status=408,
                          expected=f"<= {seconds} s")  # fmt: skip
        self.server.metrics.count("turned_away", "slow")
        with self.requests_lock:
            request, self.request = self.request, None
            request.refuse(problem)
            self.requests.append(request)
            if len(self.requests) == 1:
                self.server.add_task(self)
