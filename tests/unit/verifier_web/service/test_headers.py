"""One table of headers: real answers of the preview and of the service, and what a ``_headers`` file says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests import served
from verifier_web.headers import (
    ALWAYS,
    PAGE_POLICY,
    RAW_POLICY,
    SERVICE_POLICY,
    headers_file,
    headers_for,
    service_headers,
)
from verifier_web.preview import preview
from verifier_web.service.configuration import Configuration

DEPLOYMENT = served.DEPLOYMENTS[0]
OF_EVERY_SERVER = {"date", "content-length", "connection", "transfer-encoding", "etag", "vary", "server"}
"""What differs between servers or answers and is no policy; no server may send the last one."""


@pytest.fixture(scope="module")
def addresses(site: Path) -> Iterator[dict[str, str]]:
    configuration = Configuration(site=site, listen="127.0.0.1:0")
    app = served.application(configuration)
    with preview(site) as static, served.running(app, configuration) as service:
        yield {"preview": static.address, "service": service.address}


@contextmanager
def asked(address: str, path: str, method: str = "GET") -> Iterator[HTTPResponse]:
    parts = urlsplit(address)
    connection = HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.request(method, path)
        yield connection.getresponse()
    finally:
        connection.close()


def policy(response: HTTPResponse) -> dict[str, str]:
    """The headers of an answer that come from the table, by the names that it uses."""
    names = {name.lower(): name for name in (*ALWAYS, "Cache-Control", "Content-Security-Policy", "Content-Type")}
    found = {name.lower(): value for name, value in response.getheaders() if name.lower() not in OF_EVERY_SERVER}
    return {names.get(name, name): value for name, value in found.items()}


def stylesheet(site: Path) -> str:
    return "/" + next(site.glob("assets/site.*.css")).relative_to(site).as_posix()


def paths(site: Path) -> list[str]:
    return [
        "/", f"/deployments/{DEPLOYMENT}/", f"/deployments/{DEPLOYMENT}/evidence/manifest.json",
        f"/deployments/{DEPLOYMENT}/evidence/statement.md", f"/deployments/{DEPLOYMENT}/{DEPLOYMENT}.zip",
        f"/deployments/{DEPLOYMENT}/SHA256SUMS", "/procedure/", "/trust/", "/data/trust/trust.json", "/404.html",
        "/robots.txt", "/site-manifest.json", stylesheet(site),
    ]  # fmt: skip


def test_preview_and_service_send_what_the_table_says(site: Path, addresses: dict[str, str]) -> None:
    for path in paths(site):
        for name, address in addresses.items():
            with asked(address, path) as response:
                assert (name, path, response.status) == (name, path, 200)
                assert policy(response) == headers_for(path), (name, path)


def test_the_bytes_are_the_same_too(site: Path, addresses: dict[str, str]) -> None:
    for path in paths(site):
        bodies = set()
        for address in addresses.values():
            with asked(address, path) as response:
                bodies.add(response.read())
        assert len(bodies) == 1, path


def applied(path: str) -> dict[str, str]:
    """What a static host that reads ``_headers`` sends: the sum of the patterns that fit, a policy twice as a list."""
    found: dict[str, str] = {}
    for block in filter(None, headers_file().split("\n\n")):
        pattern, *lines = block.strip("\n").split("\n")
        expression = re.escape(pattern).replace(r"\*", ".*")
        if not re.fullmatch(re.sub(r":[a-z]+", "[^/]+", expression.replace(r"\:", ":")), path):
            continue
        for line in lines:
            name, _, value = line.strip().partition(": ")
            found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def test_a_static_host_sends_no_less(site: Path) -> None:
    for path in [*paths(site), "/runtime/worker.0123.mjs"]:
        table, host = headers_for(path), applied(path)
        for name in ALWAYS:
            assert host[name] == table[name]
        policies = host["Content-Security-Policy"].split(", ")
        assert table["Content-Security-Policy"] in policies
        assert set(policies) <= {PAGE_POLICY, RAW_POLICY}


@pytest.mark.parametrize(
    ("path", "status", "expected"),
    [
        ("/verify", 200, service_headers()),
        ("/limits", 200, service_headers()),
        (f"/verify/{DEPLOYMENT}", 200, {**service_headers(), "x-accel-buffering": "no"}),
        ("/verify/none", 404, service_headers()),
        ("/api/v1/", 200, service_headers(cached=True)),
        ("/api/v1/openapi.json", 200, service_headers(data=True, cached=True, shared=True)),
        ("/api/v1/deployments", 200, service_headers(data=True, cached=True, shared=True)),
        (f"/api/v1/deployments/{DEPLOYMENT}/check", 200, service_headers(data=True, shared=True)),
        ("/api/v1/none", 404, service_headers(data=True, shared=True)),
        ("/healthz", 200, service_headers(data=True)),
        ("/readyz", 200, service_headers(data=True)),
        ("/metrics", 200, service_headers(data=True)),
    ],
)
def test_the_services_own_answers(path: str, status: int, expected: dict[str, str], addresses: dict[str, str]) -> None:
    with asked(addresses["service"], path) as response:
        assert response.status == status
        found = {name: value for name, value in policy(response).items() if name != "Content-Type"}
        # http.client and waitress spell names each in their own way
        assert {name.lower(): value for name, value in found.items()} == {
            name.lower(): value for name, value in expected.items()
        }


def test_no_answer_names_the_server(addresses: dict[str, str]) -> None:
    for path in ("/", "/verify", "/api/v1/none", "/nothing", "/deployments", "/healthz"):
        with asked(addresses["service"], path) as response:
            assert response.getheader("Server") is None
            assert response.getheader("Via") is None
            assert response.getheader("Set-Cookie") is None


def test_what_no_page_of_the_site_may_do_no_page_of_the_service_may() -> None:
    def directives(text: str) -> dict[str, str]:
        return {name: values for name, _, values in (part.strip().partition(" ") for part in text.split(";"))}

    site, service = directives(PAGE_POLICY), directives(SERVICE_POLICY)
    assert service["default-src"] == "'none'"
    assert "script-src" not in service
    assert "connect-src" not in service
    assert service["form-action"] == "'self'"
    for name in ("base-uri", "frame-ancestors", "require-trusted-types-for", "img-src", "style-src"):
        assert service[name] == site[name]


def test_only_reading_is_shared_with_other_sites(addresses: dict[str, str]) -> None:
    with asked(addresses["service"], "/api/v1/deployments") as response:
        assert response.getheader("Access-Control-Allow-Origin") == "*"
    with asked(addresses["service"], "/api/v1/verify", "POST") as response:
        assert response.status == 422
        assert response.getheader("Access-Control-Allow-Origin") is None
    with asked(addresses["service"], "/api/v1/verify", "OPTIONS") as response:
        assert response.getheader("Access-Control-Allow-Methods") is None


def test_a_copy_that_is_current_is_not_sent_again(site: Path) -> None:
    client = served.application(Configuration(site=site)).test_client()
    for path in ("/api/v1/deployments", f"/api/v1/deployments/{DEPLOYMENT}/report", "/api/v1/openapi.json", "/"):
        first = client.get(path)
        again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
        other = client.get(path, headers={"If-None-Match": '"other"'})
        assert (first.status_code, again.status_code, other.status_code) == (200, 304, 200)
        assert again.data == b""
        assert other.headers["ETag"] == first.headers["ETag"]
        for response in (first, again, other):
            response.close()


def test_a_folder_without_its_slash_leads_to_it(addresses: dict[str, str]) -> None:
    with asked(addresses["service"], f"/deployments/{DEPLOYMENT}") as response:
        assert (response.status, response.getheader("Location")) == (301, f"{DEPLOYMENT}/")
    with asked(addresses["service"], "//example.org") as response:
        assert response.status == 404


@pytest.mark.parametrize(
    "path", ["/../etc/passwd", "/%2e%2e/x", "/deployments/%2e%2e/%2e%2e/x", "/a%5cb", "/%00", "/%ff"]
)
def test_nothing_outside_the_site_is_served(path: str, addresses: dict[str, str]) -> None:
    with asked(addresses["service"], path) as response:
        assert response.status in (400, 404)


def test_another_host_name_is_not_answered(site: Path) -> None:
    client = served.application(Configuration(site=site, hosts=("example.org", ".example.net"))).test_client()
    assert client.get("/limits", headers={"Host": "example.org"}).status_code == 200
    assert client.get("/limits", headers={"Host": "a.example.net:8080"}).status_code == 200
    refused = client.get("/api/v1/deployments", headers={"Host": "evil.example"})
    assert (refused.status_code, refused.get_json()["code"]) == (400, "host")
    assert client.get("/healthz", headers={"Host": "10.1.2.3:8080"}).status_code == 200


@pytest.mark.parametrize("path", ["/", "/verify", "/limits", "/fleet-key", "/api/v1/verify", "/api/v1/deployments"])
def test_an_answer_about_methods_has_the_headers_too(path: str, addresses: dict[str, str]) -> None:
    with asked(addresses["service"], path, "OPTIONS") as response:
        assert response.status == 200
        assert "GET" in response.getheader("Allow", "") or "POST" in response.getheader("Allow", "")
        found = policy(response)
        found.pop("allow")
        assert found == {**service_headers(data=True), "Content-Type": "text/plain; charset=utf-8"}
