"""The guard against the network is itself a check: it must fail what it exists for, and nothing else."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"
# Addresses set aside for documentation (RFC 5737, RFC 3849) and a name that never resolves (RFC 6761).
ELSEWHERE = ["192.0.2.1", "2001:db8::1"]
NAME_ELSEWHERE = "elsewhere.invalid"


@pytest.mark.parametrize("host", ELSEWHERE)
def test_connecting_to_another_machine_is_refused(host: str, network_attempts: list[str]) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe, pytest.raises(RuntimeError, match="use no network"):
        probe.connect((host, 443))
    assert network_attempts == [f"socket.connect to {host!r}"]
    network_attempts.clear()


def test_a_datagram_to_another_machine_is_refused(network_attempts: list[str]) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, pytest.raises(RuntimeError, match="use no network"):
        probe.sendto(b"hello", (ELSEWHERE[0], 53))
    network_attempts.clear()


def test_asking_for_another_machines_address_is_refused(network_attempts: list[str]) -> None:
    with pytest.raises(RuntimeError, match="use no network"):
        socket.getaddrinfo(NAME_ELSEWHERE, 443)
    network_attempts.clear()


def test_this_machine_may_be_reached() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1])) as client,
        server.accept()[0] as accepted,
    ):
        client.sendall(b"hello")
        assert accepted.recv(5) == b"hello"


def test_an_attempt_whose_error_is_swallowed_still_fails_the_test(tmp_path: Path) -> None:
    shutil.copy(CONFTEST, tmp_path / "conftest.py")
    (tmp_path / "test_swallows.py").write_text(
        "import contextlib, socket\n"
        "def test_swallows():\n"
        "    with contextlib.suppress(Exception), socket.socket() as probe:\n"
        f"        probe.connect(({ELSEWHERE[0]!r}, 443))\n"
    )
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "test_swallows.py"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "tests use no network: socket.connect to '192.0.2.1'" in run.stdout
