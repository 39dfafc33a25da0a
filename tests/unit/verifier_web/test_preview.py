"""The static preview: the production headers, compressed copies, and nothing outside its folder."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from verifier_web.headers import headers_for
from verifier_web.preview import LOOPBACK, PreviewServer, accepted_codings, find_file, preview

Answer = tuple[int, dict[str, str], bytes]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "deployments/x/evidence").mkdir(parents=True)
    (site / "runtime").mkdir()
    (site / "empty").mkdir()
    (site / "index.html").write_text("front")
    (site / "404.html").write_text("nothing here")
    (site / "deployments/x/index.html").write_text("page")
    (site / "namespaces/x/audits").mkdir(parents=True)
    (site / "namespaces/index.html").write_text('{"namespaces":[]}')
    (site / "namespaces/x/index.html").write_text("{}")
    (site / "namespaces/x/audits/1").write_text('{"epoch":1}')
    (site / "deployments/x/evidence/a b%20c.json").write_text("{}")
    (site / "runtime/worker.0.mjs").write_text("export {};")
    (site / "runtime/worker.0.mjs.br").write_text("brotli")
    (site / "runtime/worker.0.mjs.gz").write_text("gzip")
    (tmp_path / "secret.txt").write_text("secret")
    (site / "leads-out.txt").symlink_to(tmp_path / "secret.txt")
    return site


@pytest.fixture
def server(root: Path) -> Iterator[PreviewServer]:
    with preview(root) as running:
        yield running


def _ask(server: PreviewServer, path: str, method: str = "GET", **headers: str) -> Answer:
    connection = http.client.HTTPConnection(LOOPBACK, server.server_port, timeout=10)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, dict(answer.getheaders()), answer.read()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/namespaces", b'{"namespaces":[]}'),
        ("/namespaces/", b'{"namespaces":[]}'),
        ("/namespaces/x", b"{}"),
        ("/namespaces/x/audits/1", b'{"epoch":1}'),
    ],
)
def test_what_is_a_file_and_a_folder_of_the_logs_api_is_answered_as_json(
    server: PreviewServer, path: str, body: bytes
) -> None:
    status, headers, content = _ask(server, path)
    assert (status, headers["Content-Type"], content) == (200, "application/json", body)
    assert "sandbox" in headers["Content-Security-Policy"]


@pytest.mark.parametrize("path", ["/namespaces/x/audits", "/namespaces/x/audits/", "/namespaces/y", "/info"])
def test_what_the_log_did_not_answer_is_not_found(server: PreviewServer, path: str) -> None:
    assert _ask(server, path)[0] == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [("/", b"front"), ("/deployments/x/", b"page"), ("/deployments/x/?query#part", b"page"), ("/index.html", b"front")],
)
def test_files_are_served_with_the_production_headers(server: PreviewServer, path: str, body: bytes) -> None:
    status, headers, content = _ask(server, path)
    assert (status, content) == (200, body)
    assert headers.items() >= headers_for(path.partition("?")[0]).items()
    assert headers["Content-Length"] == str(len(body))


def test_names_with_blanks_and_per_cent_signs_are_found(server: PreviewServer) -> None:
    assert _ask(server, "/deployments/x/evidence/a%20b%2520c.json")[2] == b"{}"


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/deployments/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/..%5csecret.txt",
        "/deployments/x/%2e%2e/%2e%2e/%2e%2e/secret.txt",
        "/leads-out.txt",
        "//etc/passwd",
        "/./index.html",
        "/deployments//x/",
        "/index.html%00.txt",
        "/index.html/",
        "/empty/",
        "/empty",
        "/%ff",
        "/nowhere",
        "http://127.0.0.1/index.html",
        "*",
    ],
)
def test_nothing_else_is_served(server: PreviewServer, path: str) -> None:
    status, headers, content = _ask(server, path)
    assert (status, content) == (404, b"nothing here")
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "ETag" not in headers


def test_the_same_holds_for_bytes_straight_from_a_socket(server: PreviewServer) -> None:
    with socket.create_connection((LOOPBACK, server.server_port), timeout=10) as connection:
        connection.sendall(b"GET /../secret.txt HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 404")
    assert b"secret" not in answer


@pytest.mark.parametrize("address", ["", "index.html", "/a/../index.html", "/index.html\\", "/\n"])
def test_odd_addresses_find_nothing(root: Path, address: str) -> None:
    assert find_file(root.resolve(), address) is None


def test_a_folder_without_its_slash_is_sent_to_the_one_with_it(server: PreviewServer) -> None:
    status, headers, _ = _ask(server, "/deployments/x?query")
    assert (status, headers["Location"]) == (301, "/deployments/x/")


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("//deployments/x", "/deployments/x/"),
        ("//example.com", None),
        ("//example.com/%2e%2e", None),
        ("/\\example.com", None),
        ("/%2fdeployments/x", None),
    ],
)
def test_no_redirect_leads_to_another_host(server: PreviewServer, path: str, location: str | None) -> None:
    _, headers, _ = _ask(server, path)
    assert headers.get("Location") == location


@pytest.mark.parametrize(
    ("accepted", "coding", "body"),
    [
        ("gzip, deflate, br", "br", b"brotli"),
        ("gzip", "gzip", b"gzip"),
        ("br;q=0, gzip;q=0.5", "gzip", b"gzip"),
        ("identity", None, b"export {};"),
        ("", None, b"export {};"),
        ("br;q=0.000", None, b"export {};"),
        ("BR", "br", b"brotli"),
    ],
)
def test_compressed_copies_go_to_those_who_take_them(
    server: PreviewServer, accepted: str, coding: str | None, body: bytes
) -> None:
    _, headers, content = _ask(server, "/runtime/worker.0.mjs", Accept_Encoding=accepted)
    assert (headers.get("Content-Encoding"), content) == (coding, body)
    assert headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert headers["Vary"] == "Accept-Encoding"


def test_a_file_without_a_compressed_copy_is_sent_as_it_is(server: PreviewServer) -> None:
    _, headers, content = _ask(server, "/", Accept_Encoding="br, gzip")
    assert content == b"front"
    assert "Content-Encoding" not in headers


def test_what_has_not_changed_is_not_sent_again(server: PreviewServer, root: Path) -> None:
    _, headers, _ = _ask(server, "/")
    tag = headers["ETag"]
    status, headers, content = _ask(server, "/", If_None_Match=f'"other", {tag}')
    assert (status, content) == (304, b"")
    assert headers["ETag"] == tag
    (root / "index.html").write_text("changed")
    status, headers, content = _ask(server, "/", If_None_Match=tag)
    assert (status, content) == (200, b"changed")
    assert headers["ETag"] != tag


def test_each_coding_has_a_tag_of_its_own(server: PreviewServer) -> None:
    tags = {_ask(server, "/runtime/worker.0.mjs", Accept_Encoding=coding)[1]["ETag"] for coding in ("", "br", "gzip")}
    assert len(tags) == 3


def test_head_is_get_without_the_body(server: PreviewServer) -> None:
    status, headers, content = _ask(server, "/", method="HEAD")
    assert (status, headers["Content-Length"], content) == (200, "5", b"")


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_other_methods_are_not_answered(server: PreviewServer, method: str) -> None:
    assert _ask(server, "/", method=method)[0] == 501


def test_it_listens_on_the_loopback_address_only(server: PreviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.address == f"http://127.0.0.1:{server.server_port}/"


def test_a_listener_hears_of_each_request(root: Path) -> None:
    heard: list[str] = []
    with preview(root) as server:
        server.log = heard.append
        _ask(server, "/nowhere")
    assert heard == ['"GET /nowhere HTTP/1.1" 404 -']


def test_another_table_can_be_given(root: Path) -> None:
    with preview(root, table=lambda path: {"X-Path": path}) as server:
        headers = _ask(server, "/deployments/x/")[1]
    assert headers["X-Path"] == "/deployments/x/"
    assert "Content-Security-Policy" not in headers


def test_without_a_page_for_it_nothing_is_an_empty_answer(root: Path) -> None:
    (root / "404.html").unlink()
    with preview(root) as server:
        assert _ask(server, "/nowhere")[::2] == (404, b"")


def test_the_empty_header_accepts_nothing() -> None:
    assert "br" not in accepted_codings("")
    assert accepted_codings("br;q=1.0,gzip;q=0") == {"br"}
