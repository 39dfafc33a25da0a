"""A preview of a built site on this machine, with the very headers that it is published with.

It serves files of one folder and nothing else: no listing of folders, nothing outside the folder by any spelling of an
address or by a link, GET and HEAD only, on the loopback address only.  For the world there are real web servers.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import quote, unquote

from verifier_web.headers import headers_for, is_log_api

LOOPBACK = "127.0.0.1"
INDEX = "index.html"
NOT_FOUND_PAGE = "404.html"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
"""Content codings by preference, and the ending of the file that holds the precompressed copy."""

HeaderTable = Callable[[str], Mapping[str, str]]
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f\\]")


def find_file(root: Path, address: str) -> Path | None:
    """The file of ``root`` (already resolved) that an address' path names, or None.

    ``address`` is percent-encoded, as it stands in a request.  Empty, ``.`` and ``..`` segments, backslashes and
    control characters are refused however they are encoded; so is a file that a link leads out of ``root``.
    """
    try:
        path = unquote(address, errors="strict")
    except UnicodeDecodeError:
        return None
    if not path.startswith("/") or _FORBIDDEN.search(path):
        return None
    segments = path[1:].split("/")
    if segments[-1] == "":
        segments[-1] = INDEX
    if any(segment in ("", ".", "..") for segment in segments):
        return None
    try:
        found = root.joinpath(*segments).resolve(strict=True)
    except OSError:
        return None
    return found if found.is_file() and found.is_relative_to(root) else None


def accepted_codings(header: str) -> frozenset[str]:
    """The content codings that an Accept-Encoding header allows (RFC 9110, 12.5.3); weights only matter when zero."""
    accepted = set()
    for item in header.lower().split(","):
        coding, _, parameters = item.partition(";")
        if not re.fullmatch(r"\s*q\s*=\s*0(\.0{0,3})?\s*", parameters):
            accepted.add(coding.strip())
    return frozenset(accepted)


def coded_file(file: Path, header: str) -> tuple[str | None, Path]:
    """The precompressed copy of a file that an Accept-Encoding header takes, if there is one, else the file itself."""
    accepted = accepted_codings(header)
    for coding, ending in ENCODINGS:
        copy = file.with_name(file.name + ending)
        if coding in accepted and copy.is_file():
            return coding, copy
    return None, file


@lru_cache(maxsize=4096)
def _digest(path: Path, _size: int, _changed: int) -> str:
    """The content's hash, computed once for each state of a file (its size, when it was changed)."""
    return hashlib.sha256(path.read_bytes()).hexdigest()[:32]


def entity_tag(path: Path, coding: str | None) -> str:
    """A strong entity tag: it differs between codings, as RFC 9110, 8.8.3.3 asks."""
    state = path.stat()
    return f'"{_digest(path, state.st_size, state.st_mtime_ns)}{"-" + coding if coding else ""}"'


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    protocol_version = "HTTP/1.1"
    server_version = "vaultproof-preview"
    sys_version = ""
    timeout = 60
    wbufsize = -1  # head and body in one packet: two small ones wait for each other (Nagle, delayed acknowledgement)
    disable_nagle_algorithm = True
    server: PreviewServer

    def do_GET(self) -> None:
        """Answer with the file and its body."""
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        """Answer as to GET, without the body."""
        self._answer(with_body=False)

    def _answer(self, *, with_body: bool) -> None:
        address = self.path.split("#", 1)[0].split("?", 1)[0]
        file = find_file(self.server.root, address)
        if file is not None:
            self._send(HTTPStatus.OK, address, file, with_body=with_body)
        elif address.startswith("/") and (index := find_file(self.server.root, f"{address}/")) is not None:
            if is_log_api(address):  # both a file and a folder there: the answer is the folder's index
                self._send(HTTPStatus.OK, address, index, with_body=with_body)
            else:
                self._redirect(address)
        else:
            self._send(HTTPStatus.NOT_FOUND, "/404.html", find_file(self.server.root, "/404.html"), with_body=with_body)

    def _redirect(self, address: str) -> None:
        """A folder asked for without its slash: relative links on its page need it."""
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        # find_file refused empty segments, so this cannot begin with two slashes and lead to another host.
        self.send_header("Location", quote(unquote(address)) + "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send(self, status: HTTPStatus, address: str, file: Path | None, *, with_body: bool) -> None:
        coding, path = coded_file(file, self.headers.get("Accept-Encoding", "")) if file is not None else (None, None)
        tag = entity_tag(path, coding) if path is not None else None
        if status is HTTPStatus.OK and tag is not None and tag in self.headers.get("If-None-Match", ""):
            status, path = HTTPStatus.NOT_MODIFIED, None
        body = path.read_bytes() if path is not None else b""
        self.send_response(status)
        for name, value in self.server.table(address).items():
            self.send_header(name, value)
        self.send_header("Vary", "Accept-Encoding")
        if coding is not None:
            self.send_header("Content-Encoding", coding)
        if tag is not None and status is not HTTPStatus.NOT_FOUND:
            self.send_header("ETag", tag)
        if status is not HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Tell the server's listener, if it has one; a preview is quiet by itself."""
        if self.server.log is not None:
            self.server.log(format % args)


class PreviewServer(ThreadingHTTPServer):
    """A preview of one folder; ``address`` is where to look at it."""

    daemon_threads = True

    def __init__(
        self,
        root: Path,
        *,
        port: int = 0,
        table: HeaderTable = headers_for,
        log: Callable[[str], None] | None = None,
    ) -> None:
        """Bind to the loopback address; port 0 takes any free one.  Raises ``OSError`` when the port is taken."""
        self.root = root.resolve(strict=True)
        self.table = table
        self.log = log
        super().__init__((LOOPBACK, port), _Handler)

    @property
    def address(self) -> str:
        """Where the site's front page is."""
        return f"http://{LOOPBACK}:{self.server_port}/"

    def handle_error(self, request: object, client_address: object) -> None:  # noqa: ARG002 - socketserver's signature
        """A client that went away is no event; anything else is told to the listener."""
        error = sys.exception()
        if not isinstance(error, ConnectionError | TimeoutError) and self.log is not None:
            self.log(f"{type(error).__name__}: {error}")


@contextmanager
def preview(root: Path, *, port: int = 0, table: HeaderTable = headers_for) -> Iterator[PreviewServer]:
    """A running preview, in a thread of its own, for as long as the context lasts."""
    with PreviewServer(root, port=port, table=table) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
