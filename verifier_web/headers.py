"""The one table of production headers: the static preview, the Flask service and ``_headers`` files are made from it.

The browser's check needs no cross-origin isolation (COEP): it uses no shared memory.  ``same-origin`` opener and
resource policies keep other sites' pages away from these all the same.

Sources: W3C CSP Level 3 and Trusted Types; RFC 9110, 9111 and 8246 (``immutable``); Fetch (``nosniff``, CORP); HTML
(COOP); RFC 6797 (HSTS).
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

RUNTIME_FOLDER = "runtime"
"""The folder of a site that holds the verifier's files: their names carry their hash, so they never change."""

RAW_FOLDER = "evidence"
"""Folders with this name hold files exactly as they were published; nothing in them may act as a page of ours."""

RAW_PATTERN = f"/deployments/:deployment/{RAW_FOLDER}/*"

LOG_API_FOLDER = "log-api"
"""The folder of copies of logs that do not stand at the site's root."""

LOG_API_PATTERNS = ("/info", "/namespaces", "/namespaces/*", f"/{LOG_API_FOLDER}/*")
"""Where copies of the signer's log stand, under the paths of its API: JSON, whatever a file's name is."""

PAGE_POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; "
    "img-src 'self' data:; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types verifier-worker"
)
"""Workers are bound by the policy that comes with their own script, so scripts are sent with it too."""

RAW_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox"
"""A raw file that is opened as a document can load nothing and run nothing."""

SERVICE_POLICY = (
    "default-src 'none'; img-src 'self' data:; style-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""Pages of the service run no script at all; their forms go to the service alone."""

DATA_POLICY = RAW_POLICY
"""Answers for programs are no pages either."""

ALWAYS = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
}

IMMUTABLE = "public, max-age=31536000, immutable"
UNKEPT = "no-store"
"""What was made for one request is for nobody else, and rests in no cache."""

REVALIDATE = "no-cache"
"""May be kept, must be asked about each time: a page or a raw file is never shown without asking if it is current."""

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".json": "application/json",
    ".md": "text/plain; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".toml": "text/plain; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".xml": "application/xml",
    ".zip": "application/zip",
}
TEXT_NAMES = frozenset({"SHA256SUMS"})
UNKNOWN_TYPE = "application/octet-stream"


def media_type(path: str) -> str:
    """The media type of a file by its name; what is not known is bytes, which browsers save and never interpret."""
    name = PurePosixPath(path)
    if path.endswith("/"):
        return MEDIA_TYPES[".html"]
    if name.name in TEXT_NAMES:
        return MEDIA_TYPES[".txt"]
    return MEDIA_TYPES.get(name.suffix.lower(), UNKNOWN_TYPE)


def is_log_api(path: str) -> bool:
    """Whether an address below the site's root is one of the log's API: its answers are raw data."""
    folders = PurePosixPath(path.lstrip("/")).parts
    return path == "/info" or folders[:1] in (("namespaces",), (LOG_API_FOLDER,))


def headers_for(path: str) -> dict[str, str]:
    """All headers that depend on nothing but the address, by name, sorted.

    ``path`` is the address below the site's root as a browser asks for it (``/deployments/x/``, ``/runtime/y.mjs``).
    """
    folders = PurePosixPath(path.lstrip("/")).parts[: None if path.endswith("/") else -1]
    of_log = is_log_api(path)
    raw = of_log or RAW_FOLDER in folders
    headers = {
        **ALWAYS,
        "Cache-Control": IMMUTABLE if folders[:1] == (RUNTIME_FOLDER,) else REVALIDATE,
        "Content-Security-Policy": RAW_POLICY if raw else PAGE_POLICY,
        "Content-Type": MEDIA_TYPES[".json"] if of_log else media_type(path),
    }
    return dict(sorted(headers.items()))


def service_headers(*, data: bool = False, cached: bool = False, shared: bool = False) -> dict[str, str]:
    """The headers of an answer that the service makes itself, by name, sorted; its media type is the answer's own.

    ``data`` is for programs, not a page; ``cached`` answers may be kept if they are asked about each time; ``shared``
    ones may be read by scripts of any site (CORS), because they are public and no cookie or password opens more.
    """
    headers = {
        **ALWAYS,
        "Cache-Control": REVALIDATE if cached else UNKEPT,
        "Content-Security-Policy": DATA_POLICY if data else SERVICE_POLICY,
    }
    if shared:
        headers |= {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
    return dict(sorted(headers.items()))


def headers_file(raw_patterns: tuple[str, ...] = (RAW_PATTERN,)) -> str:
    """The same table as a ``_headers`` file, which several static hosts read (a path pattern, then indented headers).

    ``raw_patterns`` says where the site has raw folders, in these hosts' notation: ``:name`` for one segment, ``*`` at
    the end for the rest.  Hosts add up the headers of all patterns that fit, and send a policy twice when two fit:
    browsers then enforce both, so raw files get the stricter of each rule.  What a host sets by itself (media types,
    revalidation) is left to it, but for the log's API, whose files have no ending that tells.
    """
    blocks: tuple[tuple[str, Mapping[str, str]], ...] = (
        ("/*", {**ALWAYS, "Content-Security-Policy": PAGE_POLICY}),
        (f"/{RUNTIME_FOLDER}/*", {"Cache-Control": IMMUTABLE}),
        *((pattern, {"Content-Security-Policy": RAW_POLICY}) for pattern in raw_patterns),
        *(
            (pattern, {"Content-Security-Policy": RAW_POLICY, "Content-Type": MEDIA_TYPES[".json"]})
            for pattern in LOG_API_PATTERNS
        ),
    )
    lines = []
    for pattern, headers in blocks:
        lines += [pattern, *(f"  {name}: {value}" for name, value in sorted(headers.items())), ""]
    return "\n".join(lines)
