"""The signer's API over HTTP, on this computer alone.

Paths, shapes and statuses are those of the signer's public client and documentation (cloudflare/plexi, ``client``;
Cloudflare, Key Transparency Auditor, "Namespaces" and "Epochs").  Two things differ: the live server asks writers for a
client certificate, and which status it gives to an epoch that breaks a rule is only documented for a disabled namespace
(400), so that is what every refusal gets.
"""

from __future__ import annotations

import json
import re
import socket
import struct
import time
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from generator.rehearsal.log_server.faults import FaultKind, FaultPlan, Faults, advertised, other_record, refuses
from generator.rehearsal.log_server.ledger import Ledger, RefusedError, epoch_request
from vaultproof.errors import VaultproofError

LOOPBACK = "127.0.0.1"
BANNER = "REHEARSAL"
ELSEWHERE = "http://elsewhere.invalid"
"""A host that never resolves (RFC 6761), for redirects."""

MAX_REQUEST_BYTES = 10_000
_EPOCH = re.compile(r"/namespaces/([^/]+)/audits/([0-9]{1,16})", re.ASCII)
_NAMESPACE = re.compile(r"/namespaces/([^/]+)", re.ASCII)
_LAST = re.compile(r"/namespaces/([^/]+)/last-verified-epoch", re.ASCII)
_AUDITS = re.compile(r"/namespaces/([^/]+)/audits", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """A status and a body."""

    status: HTTPStatus
    body: bytes
    kind: str = "application/json"


def _json(value: dict[str, Any], status: HTTPStatus = HTTPStatus.OK) -> Reply:
    return Reply(status=status, body=json.dumps(value, separators=(",", ":")).encode("ascii"))


def _text(status: HTTPStatus, text: str) -> Reply:
    return Reply(status=status, body=f"{BANNER}: {text}\n".encode(), kind="text/plain; charset=utf-8")


ABSENT = _text(HTTPStatus.NOT_FOUND, "there is nothing here")


class LogServer(ThreadingHTTPServer):
    """Serves one ledger; ``verified`` is the epoch that ``last-verified-epoch`` names (None: 404, as without proofs).

    ``requests`` counts the requests that were answered or failed on purpose.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(
        self,
        ledger: Ledger,
        *,
        port: int = 0,
        fault: FaultPlan | None = None,
        verified: int | None = None,
        log: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.ledger = ledger
        self.faults = Faults(fault)
        self.verified = verified
        self.requests = 0
        self._log = log

    @property
    def address(self) -> str:
        """Where it is."""
        return f"http://{LOOPBACK}:{self.server_port}"

    def note(self, text: str) -> None:
        """Count a request, and tell of it whoever wants to know."""
        self.requests += 1
        if self._log is not None:
            self._log(text)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that goes away, or was reset on purpose, is no event."""

    # What is answered

    def get(self, path: str, fault: FaultKind | None) -> Reply:
        """The answer to ``GET path``."""
        if path == "/info":
            keys = [{"public_key": key.public.hex(), "not_before": key.not_before} for key in advertised(fault)]
            return _json({"keys": keys, "logs": []})
        if path == "/namespaces":
            return _json({"namespaces": [namespace.fields() for namespace in self.ledger.namespaces()]})
        if match := _EPOCH.fullmatch(path):
            return self._record(match[1], int(match[2]), fault)
        try:
            if match := _LAST.fullmatch(path):
                return self._last_verified(match[1])
            if match := _NAMESPACE.fullmatch(path):
                return _json(self.ledger.namespace(match[1]).fields())
        except KeyError:
            return ABSENT
        return ABSENT

    def _record(self, name: str, number: int, fault: FaultKind | None) -> Reply:
        body = self.ledger.record(name, number)
        if body is None or fault in (FaultKind.ABSENT, FaultKind.ABSENT_AT_FIRST):
            return ABSENT
        if fault in (FaultKind.FORK, FaultKind.CHANGED_PAST, FaultKind.ROTATED_KEY):
            body = other_record(body, fault)
        return Reply(status=HTTPStatus.OK, body=body)

    def _last_verified(self, name: str) -> Reply:
        self.ledger.namespace(name)
        if self.verified is None:
            return ABSENT
        body = self.ledger.record(name, self.verified)
        before = self.ledger.record(name, self.verified - 1)
        if body is None:
            return ABSENT
        record = json.loads(body)
        return _json(
            {
                "job_id": "00000000-0000-4000-8000-000000000000",
                "epoch": self.verified,
                "start_hash": json.loads(before)["digest"] if before else "00" * 32,
                "end_hash": record["digest"],
                "timestamp": record["timestamp"],
            }
        )

    def post(self, path: str, body: bytes, now: int) -> Reply:
        """The answer to ``POST path``: a new namespace, or a new epoch."""
        try:
            if path == "/namespaces":
                return _json(self._create(body).fields())
            if match := _AUDITS.fullmatch(path):
                self.ledger.namespace(match[1])
                number, digest = epoch_request(body)
                return Reply(status=HTTPStatus.OK, body=self.ledger.publish(match[1], number, digest, now=now))
        except KeyError:
            return ABSENT
        except RefusedError as refusal:
            return _text(HTTPStatus.BAD_REQUEST, str(refusal))
        except VaultproofError as error:
            return _text(HTTPStatus.BAD_REQUEST, error.message)
        return ABSENT

    def _create(self, body: bytes) -> Any:
        try:
            value = json.loads(body)
            name, root = value["name"], value.get("root")
            directory = value.get("log_directory", "")
        except (ValueError, KeyError, AttributeError, TypeError):
            raise RefusedError("Expected a JSON object with name and root.") from None
        if not isinstance(name, str) or not name.startswith("rehearsal."):
            raise RefusedError("Namespaces of this log begin with rehearsal.")
        if not isinstance(directory, str | None) or not _is_root(root):
            raise RefusedError("root is an epoch, a slash and a digest of 32 bytes, hex encoded.")
        return self.ledger.create(name, root=root, log_directory=directory)

    def head_of(self, path: str) -> tuple[int | None, int | None]:
        """The epoch that ``path`` asks for, and the newest of its namespace; None where there is none."""
        match = _EPOCH.fullmatch(path)
        if match is None:
            return None, None
        try:
            return int(match[2]), self.ledger.namespace(match[1]).head
        except KeyError:
            return int(match[2]), None


def _is_root(root: object) -> bool:
    return root is None or (isinstance(root, str) and re.fullmatch(r"[1-9][0-9]{0,15}/[0-9a-f]{64}", root) is not None)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server_version = f"{BANNER}-signer-log"
    sys_version = ""
    timeout = 60
    wbufsize = -1
    disable_nagle_algorithm = True
    server: LogServer

    def do_GET(self) -> None:
        """Answer, or fail in the way that was asked for."""
        path = urlsplit(self.path).path
        fault = self.server.faults.befalls(path, *self.server.head_of(path))
        self.server.note(f"GET {path}" + (f" [{fault}]" if fault else ""))
        if refuses(self.headers.get("User-Agent", "")):
            self._send(_text(HTTPStatus.FORBIDDEN, "this user agent is not answered"))
            return
        reply = self.server.get(path, fault)
        failing = _FAILING.get(fault) if fault else None
        if failing is None:
            self._send(reply)
        else:
            failing(self, reply)

    def do_POST(self) -> None:
        """Take a new epoch or namespace."""
        self.server.note(f"POST {self.path}")
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
            self.close_connection = True
            self._send(_text(HTTPStatus.BAD_REQUEST, "the request is too large, or does not say its length"))
            return
        now = time.time_ns() // 1_000_000
        self._send(self.server.post(urlsplit(self.path).path, self.rfile.read(int(length)), now))

    def _send(self, reply: Reply, *, length: int | None = None) -> None:
        self._head(reply, len(reply.body) if length is None else length)
        self.wfile.write(reply.body)

    def _head(self, reply: Reply, length: int | None) -> None:
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.kind)
        if length is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Requests are told by ``LogServer.note``."""

    # Ways to fail

    @property
    def _delay(self) -> float:
        plan = self.server.faults.plan
        return plan.delay if plan else 0

    def _slowly(self, reply: Reply) -> None:
        time.sleep(self._delay)
        self._send(reply)

    def _drip(self, reply: Reply) -> None:
        self._head(reply, len(reply.body))
        for byte in reply.body:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(self._delay)

    def _forbidden(self, _reply: Reply) -> None:
        self._send(_text(HTTPStatus.FORBIDDEN, "nobody is answered"))

    def _server_error(self, _reply: Reply) -> None:
        self._send(_text(HTTPStatus.INTERNAL_SERVER_ERROR, "something went wrong on purpose"))

    def _truncated(self, reply: Reply) -> None:
        self._send(Reply(status=reply.status, body=reply.body[: len(reply.body) // 2], kind=reply.kind))

    def _wrong_length(self, reply: Reply) -> None:
        self.close_connection = True
        self._send(reply, length=len(reply.body) + 100)

    def _huge(self, reply: Reply) -> None:
        self._head(reply, None)
        while True:  # until the other side has had enough: writing fails then
            self.wfile.write(b" " * 65536)

    def _redirect(self, _reply: Reply) -> None:
        self.send_response(HTTPStatus.FOUND)
        self.send_header("Location", ELSEWHERE + self.path)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _reset(self, _reply: Reply) -> None:
        self.close_connection = True
        # Closing with nothing to linger for sends a reset in place of an end.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()


_FAILING: dict[FaultKind, Callable[[_Handler, Reply], None]] = {
    FaultKind.SLOW: _Handler._slowly,
    FaultKind.DRIP: _Handler._drip,
    FaultKind.FORBIDDEN: _Handler._forbidden,
    FaultKind.SERVER_ERROR: _Handler._server_error,
    FaultKind.TRUNCATED: _Handler._truncated,
    FaultKind.WRONG_LENGTH: _Handler._wrong_length,
    FaultKind.HUGE: _Handler._huge,
    FaultKind.REDIRECT: _Handler._redirect,
    FaultKind.RESET: _Handler._reset,
}
"""Faults of the line; the others are of what is said, and ``LogServer.get`` tells them."""
