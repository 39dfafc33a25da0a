"""A client of the service that costs little: prebuilt bytes over plain sockets, one thread, no library for HTTP.

    python -m benchmarks.load PORT ARCHIVE SECONDS CONNECTIONS RATE

With a rate of 0 so many connections ask one after another, each as soon as its last answer is whole; with another one
requests begin at even distances, answered or not, as long as fewer than ``CONNECTIONS`` are open (those that could not
begin are counted).  Each request has a connection of its own; they come from 64 addresses in turn.  Answers count
for the time in which requests begin, so that what is answered afterwards flatters no rate.  Prints one JSON object:
answers in time by status, seconds that good ones took, what went wrong, and the processor seconds that this took.
"""

from __future__ import annotations

import errno
import json
import resource
import select
import socket
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from pathlib import Path

ADDRESSES = 64
PATIENCE_SECONDS = 30
"""How long the last answers are waited for."""

IP_BIND_ADDRESS_NO_PORT = 24
"""Linux: the port is chosen when connecting, so that 64 addresses have 64 times as many."""


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as far as they are."""

    connection: socket.socket
    started: float
    left: memoryview
    answer: bytearray = field(default_factory=bytearray)
    events: int = 0

    def outcome(self) -> str:
        """The status, or what is wrong with the answer."""
        head, end, body = bytes(self.answer).partition(b"\r\n\r\n")
        lines = head.split(b"\r\n")
        if not end or not lines[0].startswith(b"HTTP/1.1 "):
            return "no answer"
        lengths = [int(line.split(b":")[1]) for line in lines if line.lower().startswith(b"content-length:")]
        return lines[0][9:12].decode("ascii") if lengths == [len(body)] else "not whole"


@dataclass(kw_only=True)
class Load:
    """The state of one run."""

    port: int
    request: bytes
    seconds: float
    connections: int
    rate: float
    poll: select.epoll = field(default_factory=select.epoll)
    open: dict[int, Exchange] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    late: Counter[str] = field(default_factory=Counter)
    took: deque[float] = field(default_factory=deque)
    begun: int = 0
    unbegun: int = 0
    most: int = 0
    end: float = 0.0

    def run(self) -> None:
        """Ask until the time is over, and wait for what is under way."""
        start = time.monotonic()
        self.end = start + self.seconds
        due = 0
        while (now := time.monotonic()) < self.end + PATIENCE_SECONDS:
            if now < self.end and self.rate:
                should = int((now - start) * self.rate)
                while due < should:
                    due += 1
                    self._begin_if_room()
            elif now < self.end:
                while len(self.open) < self.connections:
                    self._begin()
            elif not self.open:
                break
            wait = max(0.0, start + (due + 1) / self.rate - now) if self.rate and now < self.end else 0.05
            for descriptor, events in self.poll.poll(wait):
                self._go_on(descriptor, events)
        self.late["never answered"] += len(self.open)

    def _begin_if_room(self) -> None:
        if len(self.open) < self.connections:
            self._begin()
        else:
            self.unbegun += 1

    def _begin(self) -> None:
        connection = socket.socket()
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1)
        connection.bind((f"127.0.0.{1 + self.begun % ADDRESSES}", 0))
        self.begun += 1
        result = connection.connect_ex(("127.0.0.1", self.port))
        exchange = Exchange(connection, time.monotonic(), memoryview(self.request))
        self.open[connection.fileno()] = exchange
        self.most = max(self.most, len(self.open))
        if result not in (0, errno.EINPROGRESS):
            self._finish(exchange, errno.errorcode[result])
            return
        exchange.events = select.EPOLLIN | select.EPOLLOUT
        self.poll.register(connection.fileno(), exchange.events)

    def _go_on(self, descriptor: int, events: int) -> None:
        exchange = self.open[descriptor]
        try:
            if events & select.EPOLLOUT and exchange.left:
                self._send(descriptor, exchange)
            if events & (select.EPOLLIN | select.EPOLLHUP | select.EPOLLERR):
                data = exchange.connection.recv(262144)
                exchange.answer += data
                if not data:
                    self._finish(exchange, exchange.outcome())
        except BlockingIOError:
            return
        except OSError as error:
            name = errno.errorcode.get(error.errno or 0, "?")
            self._finish(exchange, f"{name} after {exchange.outcome()}" if exchange.answer else name)

    def _send(self, descriptor: int, exchange: Exchange) -> None:
        try:
            exchange.left = exchange.left[exchange.connection.send(exchange.left) :]
        except (BrokenPipeError, ConnectionResetError):
            exchange.left = memoryview(b"")  # the other side wants no more; what it says can still be read
        if not exchange.left:
            self.poll.modify(descriptor, select.EPOLLIN)

    def _finish(self, exchange: Exchange, outcome: str) -> None:
        now = time.monotonic()
        del self.open[exchange.connection.fileno()]
        exchange.connection.close()
        if now > self.end:
            self.late[outcome] += 1
            return
        self.told[outcome] += 1
        if outcome == "200":
            self.took.append(now - exchange.started)


def main() -> None:
    """Run and print."""
    port, archive, seconds, connections, rate = sys.argv[1:6]
    body = Path(archive).read_bytes()
    head = (f"POST /api/v1/verify HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/zip\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")  # fmt: skip
    load = Load(port=int(port), request=head.encode("ascii") + body, seconds=float(seconds),
                connections=int(connections), rate=float(rate))  # fmt: skip
    load.run()
    used = resource.getrusage(resource.RUSAGE_SELF)
    print(json.dumps({
        "told": load.told, "late": load.late, "took": list(load.took), "begun": load.begun, "unbegun": load.unbegun,
        "most": load.most, "processor": used.ru_utime + used.ru_stime,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
