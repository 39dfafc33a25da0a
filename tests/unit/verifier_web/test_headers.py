"""The production headers: what every answer carries, and that pages, runtime and raw files differ where they must."""

from __future__ import annotations

import pytest

from verifier_web.headers import (
    ALWAYS,
    IMMUTABLE,
    LOG_API_PATTERNS,
    PAGE_POLICY,
    RAW_POLICY,
    REVALIDATE,
    UNKNOWN_TYPE,
    headers_file,
    headers_for,
    media_type,
)


def _directives(policy: str) -> dict[str, list[str]]:
    parts = (part.split() for part in policy.split(";"))
    return {name: values for name, *values in parts}


@pytest.mark.parametrize("path", ["/", "/deployments/x/", "/style.css", "/runtime/worker.0.mjs", "/a/evidence/b.json"])
def test_every_answer_carries_what_always_holds(path: str) -> None:
    headers = headers_for(path)
    assert headers.items() >= ALWAYS.items()
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert list(headers) == sorted(headers)


def test_a_page_may_load_only_from_its_own_site() -> None:
    directives = _directives(headers_for("/deployments/x/")["Content-Security-Policy"])
    assert directives == {
        "default-src": ["'none'"],
        "script-src": ["'self'", "'wasm-unsafe-eval'"],
        "connect-src": ["'self'"],
        "worker-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "style-src": ["'self'"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
        "frame-ancestors": ["'none'"],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["verifier-worker"],
    }


def test_a_worker_is_bound_by_the_policy_of_its_own_script() -> None:
    assert headers_for("/runtime/worker.0123.mjs")["Content-Security-Policy"] == PAGE_POLICY


@pytest.mark.parametrize(
    ("path", "raw"),
    [
        ("/deployments/x/evidence/statement.md", True),
        ("/deployments/x/evidence/ceremony/photo.svg", True),
        ("/trust/evidence/trust.json", True),
        ("/deployments/x/", False),
        ("/deployments/evidence", False),  # a file of that name is no folder
        ("/evidence-page/", False),
        ("/deployments/x/evidence/", True),
    ],
)
def test_a_raw_file_can_do_nothing(path: str, raw: bool) -> None:
    policy = headers_for(path)["Content-Security-Policy"]
    assert policy == (RAW_POLICY if raw else PAGE_POLICY)
    assert ("sandbox" in _directives(policy)) == raw


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/runtime/pyodide.asm.0123.wasm", IMMUTABLE),
        ("/runtime/verify-panel.0123.mjs", IMMUTABLE),
        ("/deployments/runtime/", REVALIDATE),
        ("/runtime", REVALIDATE),
        ("/", REVALIDATE),
        ("/deployments/x/evidence/manifest.json", REVALIDATE),
    ],
)
def test_only_the_runtime_is_kept_unasked(path: str, expected: str) -> None:
    assert headers_for(path)["Cache-Control"] == expected


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", "text/html; charset=utf-8"),
        ("/deployments/x/", "text/html; charset=utf-8"),
        ("/a/worker.mjs", "text/javascript; charset=utf-8"),
        ("/a/pyodide.asm.WASM", "application/wasm"),
        ("/a/x.zip", "application/zip"),
        ("/a/statement.md", "text/plain; charset=utf-8"),
        ("/a/SHA256SUMS", "text/plain; charset=utf-8"),
        ("/a/evidence.der", UNKNOWN_TYPE),
        ("/a/no-ending", UNKNOWN_TYPE),
        ("/a/page.htm", UNKNOWN_TYPE),
        ("/a/script.js", UNKNOWN_TYPE),
    ],
)
def test_what_is_not_known_is_bytes(path: str, expected: str) -> None:
    assert media_type(path) == expected


def _from_file(text: str) -> dict[str, dict[str, str]]:
    blocks: dict[str, dict[str, str]] = {}
    pattern = ""
    for line in filter(None, text.split("\n")):
        if line.startswith("  "):
            name, _, value = line.strip().partition(": ")
            blocks[pattern][name] = value
        else:
            pattern = line
            blocks[pattern] = {}
    return blocks


def test_the_file_for_static_hosts_says_the_same() -> None:
    blocks = _from_file(headers_file())
    assert blocks == {
        "/*": {**ALWAYS, "Content-Security-Policy": PAGE_POLICY},
        "/runtime/*": {"Cache-Control": IMMUTABLE},
        "/deployments/:deployment/evidence/*": {"Content-Security-Policy": RAW_POLICY},
        **dict.fromkeys(LOG_API_PATTERNS, API),
    }
    page = headers_for("/deployments/x/")
    assert blocks["/*"].items() <= page.items()
    assert blocks["/runtime/*"].items() <= headers_for("/runtime/worker.0123.mjs").items()


def test_the_file_for_static_hosts_names_every_raw_folder_it_is_told() -> None:
    blocks = _from_file(headers_file(("/deployments/:id/evidence/*", "/trust/evidence/*")))
    raw = ["/deployments/:id/evidence/*", "/trust/evidence/*"]
    assert list(blocks) == ["/*", "/runtime/*", *raw, *LOG_API_PATTERNS]


API = {"Content-Security-Policy": RAW_POLICY, "Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("path", "of_log"),
    [
        ("/info", True),
        ("/namespaces", True),
        ("/namespaces/", True),
        ("/namespaces/x", True),
        ("/namespaces/x/index.html", True),
        ("/namespaces/x/audits/1", True),
        ("/log-api/signer/info", True),
        ("/log-api/signer/namespaces/x/audits/1", True),
        ("/info/", False),
        ("/log/x/", False),
        ("/log/namespaces/", False),
        ("/namespaces-of-others/", False),
        ("/deployments/info", False),
    ],
)
def test_answers_of_the_log_are_json_and_can_do_nothing(path: str, of_log: bool) -> None:
    assert (headers_for(path).items() >= API.items()) == of_log
