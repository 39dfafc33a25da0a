"""The README's lines for nginx, as they stand there: the site's copy of the log, served by it, is the log's API."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from generator.build import build_site
from generator.rehearsal.signer import NAMESPACE
from tests.interop.test_plexi_client import PLEXI
from vaultproof.mirror.client import Client, Patience
from vaultproof.mirror.fetch import FetchPlan, fetch
from vaultproof.mirror.store import Store

ROOT = Path(__file__).parents[2]
NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
pytestmark = [pytest.mark.interop, pytest.mark.skipif(NGINX is None, reason="nginx is not installed here")]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The committed evidence as a site, served by nginx with the README's lines."""
    folder = tmp_path_factory.mktemp("nginx")
    build_site(evidence=ROOT / "evidence", out=folder / "site")
    (lines,) = re.findall(r"```nginx\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    temporary = "".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "user root;" if os.geteuid() == 0 else ""  # else its worker could not read a folder of root's
    (folder / "nginx.conf").write_text(
        f"daemon off; {user} worker_processes 1; pid {folder}/pid; error_log {folder}/errors; events {{}}\n"
        f"http {{ access_log off; {temporary} types {{ text/html html; }} server {{ listen 127.0.0.1:{port};"
        f" root {folder}/site;\n{lines}}} }}\n"
    )
    process = subprocess.Popen([str(NGINX), "-c", str(folder / "nginx.conf"), "-e", str(folder / "errors")])
    try:
        _wait_for(port, process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=30)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        assert process.poll() is None
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise TimeoutError


def get(address: str, path: str) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "file"),
    [
        ("/info", "info"),
        ("/namespaces", "namespaces/index.html"),
        (f"/namespaces/{NAMESPACE}", f"namespaces/{NAMESPACE}/index.html"),
        (f"/namespaces/{NAMESPACE}/", f"namespaces/{NAMESPACE}/index.html"),
        (f"/namespaces/{NAMESPACE}/audits/2", f"namespaces/{NAMESPACE}/audits/2"),
    ],
)
def test_every_answer_is_json_in_a_sandbox(
    address: str, tmp_path_factory: pytest.TempPathFactory, path: str, file: str
) -> None:
    status, headers, body = get(address, path)
    assert status == 200
    assert body in {found.read_bytes() for found in tmp_path_factory.getbasetemp().glob(f"nginx*/site/{file}")}
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"].endswith("sandbox")


def test_pages_are_pages_and_what_is_not_there_is_not_there(address: str) -> None:
    assert get(address, f"/log/{NAMESPACE}/")[1]["Content-Type"] == "text/html"
    assert get(address, f"/namespaces/{NAMESPACE}/audits/99")[0] == 404


def test_our_own_client_takes_it_for_the_log(address: str, tmp_path: Path) -> None:
    client = Client(address, patience=Patience())
    try:
        with Store.open(tmp_path / "log.sqlite", create=True) as store:
            outcome = fetch(client, store, FetchPlan(namespace=NAMESPACE))
            assert (outcome.complete, outcome.kept) == (True, 3)
    finally:
        client.close()


@pytest.mark.skipif(PLEXI is None, reason="the signer's client is not built here: make plexi (needs Rust, protoc)")
def test_the_signers_own_client_lists_and_audits_it(address: str) -> None:
    for arguments, told in (
        (("ls",), NAMESPACE), (("audit", "--namespace", NAMESPACE, "--epoch", "2"), "success"),
    ):  # fmt: skip
        ran = subprocess.run(
            [str(PLEXI), *arguments, "--remote-url", address],
            capture_output=True, text=True, check=False, env={"NO_COLOR": "1", "NO_PROXY": "*"},
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr
        assert told in ran.stdout + ran.stderr
