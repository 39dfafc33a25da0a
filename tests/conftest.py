"""What all tests share: the foreign vectors, a guard against the network, and how to repeat a run."""

from __future__ import annotations

import ipaddress
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# Machines are shared and slow at times, so no deadline; a failing example prints what repeats it.
settings.register_profile("vaultproof", deadline=None, print_blob=True)
settings.load_profile("vaultproof")

# --- no network -----------------------------------------------------------------------------------------------------
# A test may talk to this machine (a preview server, a browser's control channel) and to nothing else.  An audit hook
# sees every socket of this process, however it was made; child processes are watched by the tests that start them.

_CONNECTING = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_RESOLVING = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_attempts: list[str] = []


class NetworkUsedError(RuntimeError):
    """A test reached for another machine."""


def _is_here(host: object) -> bool:
    """Whether a host as given to the socket module is this machine: loopback by number or by its fixed name."""
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if host is None or host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(str(host)).is_loopback
    except ValueError:
        return False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _CONNECTING:
        address = arguments[1]
        # Unix sockets have a path for an address, netlink a pair of numbers: neither leaves the machine.
        host = address[0] if isinstance(address, tuple) and address and isinstance(address[0], (str, bytes)) else None
    elif event in _RESOLVING:
        host = arguments[0]
    else:
        return
    if not _is_here(host):
        attempt = f"{event} to {host!r}"
        _attempts.append(attempt)
        raise NetworkUsedError(f"tests use no network: {attempt}")


sys.addaudithook(_watch)


@pytest.fixture(autouse=True)
def network_attempts() -> Iterator[list[str]]:
    """Attempts to reach another machine: a test that leaves one here fails, also when it swallowed the error."""
    yield _attempts
    left = tuple(_attempts)
    _attempts.clear()
    if left:
        pytest.fail("tests use no network: " + "; ".join(left), pytrace=False)


# --- foreign data ---------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of genuine foreign data that VAULTPROOF_VECTORS names; skips, with the reason, where it is not set."""
    named = os.environ.get("VAULTPROOF_VECTORS")
    if not named:
        pytest.skip("VAULTPROOF_VECTORS names no folder of genuine foreign data")
    folder = Path(named)
    if not folder.is_dir():
        pytest.fail(f"VAULTPROOF_VECTORS names {named}, which is not a folder", pytrace=False)
    return folder.resolve()


# --- repeating a run ------------------------------------------------------------------------------------------------


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say how to repeat a run that failed, order included."""
    seed = config.getoption("randomly_seed", default=None)
    if isinstance(seed, int) and terminalreporter.stats.keys() & {"failed", "error"}:
        terminalreporter.write_line(f"to repeat this order: pytest --randomly-seed={seed}")
