"""What the serving process and a worker say to each other: a small JSON head and a body, over a socket pair.

A frame is the length of its head (4 bytes) and of its body (8 bytes), both big-endian, then both.  The two sides are
one program; what a worker answers is nevertheless read within bounds, because a worker reads hostile uploads.
"""

from __future__ import annotations

import json
import socket
import struct
from dataclasses import dataclass, field
from typing import Any

_LENGTHS = struct.Struct(">IQ")
LARGEST_HEAD = 1024 * 1024
LARGEST_BODY = 1024 * 1024 * 1024
_READ = 256 * 1024


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: its kind, its values, and bytes beside them (which no ``repr`` shows)."""

    kind: str
    values: dict[str, Any] = field(default_factory=dict)
    body: bytes | bytearray = field(default=b"", repr=False)


class BrokenFrameError(Exception):
    """The other side sent what is no frame, or ended in the middle of one."""


def send(channel: socket.socket, frame: Frame) -> None:
    """Send a frame.  Raises ``OSError`` when nobody listens, ``TimeoutError`` past the channel's time-out."""
    head = json.dumps({"kind": frame.kind, **frame.values}, separators=(",", ":")).encode("utf-8")
    lengths = _LENGTHS.pack(len(head), len(frame.body)) + head
    if len(frame.body) < _READ:
        channel.sendall(lengths + frame.body)
    else:
        channel.sendall(lengths)
        channel.sendall(frame.body)


def receive(channel: socket.socket) -> Frame | None:
    """The next frame; None when the other side has closed between two frames.

    Raises ``BrokenFrameError``, ``OSError``, and ``TimeoutError`` past the channel's time-out.
    """
    start = _exactly(channel, _LENGTHS.size, may_end=True)
    if start is None:
        return None
    head_length, body_length = _LENGTHS.unpack(start)
    if head_length > LARGEST_HEAD or body_length > LARGEST_BODY:
        raise BrokenFrameError("too long")
    head = _exactly(channel, head_length)
    body = _exactly(channel, body_length) if body_length else b""
    if head is None or body is None:
        raise BrokenFrameError("ended in the middle")
    try:
        values = json.loads(head)
    except ValueError:
        raise BrokenFrameError("no head") from None
    if not isinstance(values, dict) or not isinstance(values.get("kind"), str):
        raise BrokenFrameError("no head")
    return Frame(values.pop("kind"), values, body)


def required(frame: Frame | None) -> Frame:
    """The frame that must be there.  Raises ``BrokenFrameError`` where the other side has closed instead."""
    if frame is None:
        raise BrokenFrameError("ended before its turn")
    return frame


def _exactly(channel: socket.socket, length: int, *, may_end: bool = False) -> bytearray | None:
    data = bytearray(length)
    view, at = memoryview(data), 0
    while at < length:
        count = channel.recv_into(view[at:], min(length - at, _READ))
        if count == 0:
            if may_end and at == 0:
                return None
            raise BrokenFrameError("ended in the middle")
        at += count
    return data
