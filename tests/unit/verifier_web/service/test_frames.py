"""Frames between processes: exact, bounded, and never half."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest

from verifier_web.service import frames
from verifier_web.service.frames import BrokenFrameError, Frame, receive, required, send


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    one, other = socket.socketpair()
    one.settimeout(5)
    other.settimeout(5)
    with one, other:
        yield one, other


@pytest.mark.parametrize("size", [0, 1, 1000, 3 * 1024 * 1024])
def test_a_frame_arrives_as_it_was_sent(pair: tuple[socket.socket, socket.socket], size: int) -> None:
    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    sending = threading.Thread(target=send, args=(pair[0], Frame("check", {"a": "\u00e9", "b": None}, body)))
    sending.start()
    found = required(receive(pair[1]))
    sending.join()
    assert (found.kind, found.values, bytes(found.body)) == ("check", {"a": "\u00e9", "b": None}, body)


def test_an_end_between_frames_is_an_end_and_one_within_is_broken(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[0].sendall(struct.pack(">IQ", 10, 0) + b"short")
    pair[0].shutdown(socket.SHUT_WR)
    with pytest.raises(BrokenFrameError):
        receive(pair[1])
    assert receive(pair[1]) is None
    with pytest.raises(BrokenFrameError):
        required(None)


@pytest.mark.parametrize(
    "data",
    [
        struct.pack(">IQ", frames.LARGEST_HEAD + 1, 0),
        struct.pack(">IQ", 2, frames.LARGEST_BODY + 1),
        struct.pack(">IQ", 2, 0) + b"{}",
        struct.pack(">IQ", 2, 0) + b"[]",
        struct.pack(">IQ", 2, 0) + b"{x",
        struct.pack(">IQ", 1, 0) + b"\xff",
    ],
)
def test_what_is_no_frame_is_refused(pair: tuple[socket.socket, socket.socket], data: bytes) -> None:
    pair[0].sendall(data)
    with pytest.raises(BrokenFrameError):
        receive(pair[1])


def test_a_silent_side_is_not_waited_for_without_end(pair: tuple[socket.socket, socket.socket]) -> None:
    pair[1].settimeout(0.05)
    with pytest.raises(TimeoutError):
        receive(pair[1])


def test_no_frame_shows_its_body() -> None:
    assert "canary" not in repr(Frame("check", {}, b"canary"))
