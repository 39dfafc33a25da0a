"""The files of one deployment as given: path to exact bytes, within caps that are checked before any parsing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping

from vaultproof.errors import Malformed, Unavailable
from vaultproof.strict.paths import check_paths

MAX_FILES = 10_000
MAX_TOTAL_BYTES = 256 * 1024 * 1024
MAX_ATTESTATION_BYTES = 64 * 1024

MANIFEST = "manifest.json"
DEPLOYMENT = "deployment.json"
FLEET_KEYS = "bundle/fleet-keys.json"
PROOF = "bundle/proof.json"
AUDIT_FOLDER = "audit/"
FETCHED = "audit/fetched.json"
INFO = "audit/info.json"
NAMESPACE = "audit/namespace.json"
CEREMONY = "ceremony/record.json"

_LAYOUT = re.compile(
    r"(manifest|deployment)\.json|statement(\.[A-Za-z-]{2,12})?\.md"
    r"|bundle/(fleet-keys|proof)\.json"
    r"|audit/([1-9][0-9]{0,15}|namespace|info|fetched)\.json|audit/artifacts/[1-9][0-9]{0,15}\.json"
    r"|attestations/[^/]+/[^/]+|(ceremony|app|documents)/.+",
    re.ASCII,
)
"""Every place that the format has.  A file anywhere else would be published, hashed and read by nobody."""

Files = Mapping[str, bytes]


def check_caps(files: Files) -> None:
    """Refuse what is too much, or named in a way that is not portable, before any parsing.  Raises ``Malformed``."""
    if len(files) > MAX_FILES:
        raise Malformed("too-many-files", "too many files", expected=f"<= {MAX_FILES}", found=str(len(files)))
    total = sum(len(data) for data in files.values())
    if total > MAX_TOTAL_BYTES:
        raise Malformed(
            "deployment-too-large", "the files are too large together", expected=f"<= {MAX_TOTAL_BYTES} B",
            found=f"{total} B",
        )  # fmt: skip
    check_paths(files)
    for path, data in files.items():
        if path.startswith("attestations/") and len(data) > MAX_ATTESTATION_BYTES:
            raise Malformed(
                "attestation-too-large", "an attestation file is too large", file=path,
                expected=f"<= {MAX_ATTESTATION_BYTES} B", found=f"{len(data)} B",
            )  # fmt: skip


def is_in_format(path: str) -> bool:
    """Whether the evidence format has a place for this path."""
    return _LAYOUT.fullmatch(path) is not None


def required(files: Files, path: str) -> bytes:
    """The bytes of a file; ``Unavailable("not-published")`` when the deployment does not have it."""
    try:
        return files[path]
    except KeyError:
        raise Unavailable("not-published", "the file is not published", file=path) from None


def sha256_hex(data: bytes) -> str:
    """SHA-256 as lower-case hexadecimal."""
    return hashlib.sha256(data).hexdigest()
