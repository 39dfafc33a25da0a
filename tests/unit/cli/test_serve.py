"""``vaultproof serve``: the shell around the preview."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.unit.cli.conftest import ROOT, Run
from vaultproof.cli.exit_codes import ExitCode


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "index.html").write_text("<!doctype html><title>x</title>")
    return tmp_path


def test_a_folder_without_a_site_is_not_served(run: Run, tmp_path: Path) -> None:
    ran = run("serve", tmp_path)
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert ran.err.endswith("vaultproof: hint: build it first: vaultproof build\n")


def test_a_port_that_is_taken_is_told(run: Run, site: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = run("serve", site, "--port", port)
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert f"port {port} cannot be used" in ran.err
    assert "hint: try another one" in ran.err


@pytest.mark.skipif(os.name == "nt", reason="stops the process with a POSIX signal")
def test_a_site_is_served_with_its_headers_until_it_is_stopped(site: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "vaultproof.cli", "serve", str(site), "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - the address was looked at above
            assert answer.read() == (site / "index.html").read_bytes()
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == ExitCode.VERIFIED
    assert "Traceback" not in err
