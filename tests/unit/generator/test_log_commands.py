"""The commands that the log's pages print, run as they are printed, against the site as it is served."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from generator.rehearsal.signer import NAMESPACE
from tests.interop.test_plexi_client import PLEXI
from tests.unit.generator.conftest import Site
from verifier_web.preview import preview

LOG = f"log/{NAMESPACE}/"
TOOLS = pytest.mark.skipif(
    not all(map(shutil.which, ("openssl", "sha256sum"))), reason="openssl or sha256sum is not installed"
)
Block = tuple[str, str]


def blocks(html: str) -> dict[str, Block]:
    """What a page prints, by the id of the block: the lines, and what they must print."""
    found = {}
    for part in html.split('<li id="command-')[1:]:
        lines = re.search(r'<pre class="shell"[^>]*><code>(.*?)</code></pre>', part, re.DOTALL)
        expect = re.search(r'<code class="expect">(.*?)</code>', part, re.DOTALL)
        assert lines is not None
        found[part.split('"')[0]] = (unescape(lines[1]), f"{unescape(expect[1])}\n" if expect else "")
    return found


def downloads(site: Site, page: str, folder: Path) -> None:
    """What the page offers for download, under the names that it gives."""
    html = site.pages[f"{page}index.html"]
    for href, name in re.findall(r'<a href="([^"]+)" download="([^"]+)">', html):
        shutil.copyfile((site.folder / page / href).resolve(), folder / name)


def run(lines: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    shell = {"PATH": "/usr/bin:/bin", "TMPDIR": str(folder), "LC_ALL": "C", **environment}
    return subprocess.run(["sh", "-c", lines], cwd=folder, env=shell, capture_output=True, text=True, check=False)


@contextmanager
def plain_server(folder: Path) -> Iterator[str]:
    """A web server that knows nothing of this site, and where it is."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder))) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def address(site: Site) -> Iterator[str]:
    """The site as it is served, without a slash at the end."""
    with preview(site.folder) as server:
        yield server.address.rstrip("/")


@TOOLS
@pytest.mark.parametrize("epoch", [1, 2, 3])
def test_an_epoch_is_checked_with_openssl_alone(site: Site, tmp_path: Path, epoch: int) -> None:
    page = f"{LOG}epochs/{epoch}/"
    downloads(site, page, tmp_path)
    printed = blocks(site.pages[f"{page}index.html"])
    assert list(printed) == ["prepare", "signature", "digest"]
    for name in ("signature", "digest"):
        lines, expect = printed[name]
        done = run(f"{printed['prepare'][0]}\n{lines}\n", tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (0, expect, "")


@TOOLS
@pytest.mark.parametrize(
    ("name", "file", "old", "new"),
    [
        ("signature", "epoch-2.json", b"1778490000710", b"1778490000711"),
        ("signature", "epoch-2.json", b'"epoch":2', b'"epoch":3'),
        ("signature", "epoch-2.json", b"rehearsal.encrypted", b"rehearsed.encrypted"),
        ("signature", "epoch-2.json", b"6f51011d", b"6f51011e"),
        ("digest", "key-file-2.json", b"session", b"sessiom"),
    ],
)
def test_what_was_changed_is_noticed(site: Site, tmp_path: Path, name: str, file: str, old: bytes, new: bytes) -> None:
    page = f"{LOG}epochs/2/"
    downloads(site, page, tmp_path)
    data = (tmp_path / file).read_bytes()
    assert old in data
    (tmp_path / file).write_bytes(data.replace(old, new))
    printed = blocks(site.pages[f"{page}index.html"])
    done = run(f"{printed['prepare'][0]}\n{printed[name][0]}\n", tmp_path)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "does NOT match")


def test_the_copy_is_fetched_and_audited_by_our_command_line(site: Site, tmp_path: Path, address: str) -> None:
    printed = blocks(site.pages[f"{LOG}index.html"])
    assert list(printed) == ["site", "audit", "plexi"]
    lines, expect = printed["audit"]
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = run(f"{printed['site'][0]}\n{lines}\n", tmp_path, PATH=path, SITE=address)
    assert (done.returncode, done.stdout) == (0, expect), done.stderr


@pytest.mark.interop
@pytest.mark.skipif(PLEXI is None, reason="the signer's client is not built here: make plexi (needs Rust, protoc)")
@pytest.mark.parametrize("server", ["ours", "another"])
def test_the_signers_own_client_takes_the_copy_for_the_log(
    site: Site, tmp_path: Path, address: str, server: str
) -> None:
    """Another server knows nothing of the log: it sends folders to their slash, and answers as pages."""
    assert PLEXI is not None
    printed = blocks(site.pages[f"{LOG}index.html"])
    lines, expect = printed["plexi"]
    path = f"{PLEXI.parent}:/usr/bin:/bin"
    if server == "ours":
        done = run(f"{printed['site'][0]}\n{lines}\n", tmp_path, PATH=path, SITE=address)
    else:
        with plain_server(site.folder) as plain:
            done = run(f"{printed['site'][0]}\n{lines}\n", tmp_path, PATH=path, SITE=plain)
    assert (done.returncode, done.stdout) == (0, expect), done.stderr


@pytest.mark.interop
@pytest.mark.skipif(PLEXI is None, reason="the signer's client is not built here: make plexi (needs Rust, protoc)")
@pytest.mark.parametrize(("epoch", "code"), [(1, 0), (2, 0), (3, 0), (4, 1)])
def test_the_signers_own_client_audits_every_epoch(address: str, epoch: int, code: int) -> None:
    command = [str(PLEXI), "audit", "--quiet", "--remote-url", address, "--namespace", NAMESPACE, "--epoch", str(epoch)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PATH": os.environ["PATH"]})
    assert (done.returncode, done.stdout.strip()) == (code, "success" if code == 0 else "")


@pytest.mark.interop
@pytest.mark.skipif(PLEXI is None, reason="the signer's client is not built here: make plexi (needs Rust, protoc)")
def test_the_signers_own_client_refuses_a_changed_copy(site: Site, tmp_path: Path) -> None:
    shutil.copytree(site.folder / "namespaces", tmp_path / "namespaces")
    shutil.copyfile(site.folder / "info", tmp_path / "info")
    record = tmp_path / f"namespaces/{NAMESPACE}/audits/3"
    record.write_bytes(record.read_bytes().replace(b'"timestamp":1', b'"timestamp":2'))
    with preview(tmp_path) as server:
        command = [str(PLEXI), "audit", "--quiet", "--remote-url", server.address, "--namespace", NAMESPACE, "--epoch",
                   "3"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "signature does not verify" in done.stdout
