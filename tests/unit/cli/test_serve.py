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


def test_the_settings_of_the_service_are_listed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text("queue_length = 7\n")
    ran = run("serve", "--settings", "--config", file)
    assert ran.code == ExitCode.VERIFIED
    assert "queue_length = 7" in ran.out
    assert "# How many requests may wait for a check to begin." in ran.out


def test_settings_of_another_kind_are_told(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "service.toml"
    file.write_text("queue_length = 'long'\n")
    ran = run("serve", "--service", "--config", file)
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "[service-configuration]" in ran.err
    assert "--settings" in ran.err


def test_a_file_of_settings_belongs_to_the_service(run: Run, tmp_path: Path) -> None:
    ran = run("serve", "--config", tmp_path / "service.toml")
    assert ran.code == ExitCode.USAGE
    assert "--config belongs to --service" in ran.err


def test_a_service_without_a_site_does_not_start(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONMALLOC", "pymalloc")  # chosen already, so the command does not begin again
    ran = run("serve", tmp_path, "--service", "--port", "0")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "there is no built site" in ran.err


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
