"""The manifest: path, size, SHA-256, media type and origin of every published file; canonical JSON, generated.

Everything in it follows from the files themselves, so that a reader can make it anew and compare it byte for byte: no
byte of a manifest can change without being seen.  Its SHA-256 is the *evidence digest*.
"""

from __future__ import annotations

from typing import Any

from vaultproof.evidence.files import MANIFEST, Files, sha256_hex
from vaultproof.frozen import frozen
from vaultproof.strict.json import dumps_canonical, loads
from vaultproof.strict.records import Reader

MAX_MANIFEST_BYTES = 4 * 1024 * 1024

_MEDIA_TYPES = {
    ".json": "application/json",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".log": "text/plain; charset=utf-8",
    ".pem": "application/x-pem-file",
    ".der": "application/octet-stream",
    ".cbor": "application/cbor",
    ".xml": "application/xml",
    ".zip": "application/zip",
    ".apk": "application/vnd.android.package-archive",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".pdf": "application/pdf",
}

_ORIGINS = (
    ("bundle/proof.json", "independent-signer"),
    ("audit/fetched.json", "operator"),
    ("audit/artifacts/", "operator"),
    ("audit/", "independent-signer"),
    ("attestations/", "hsm-vendor"),
    ("ceremony/witnesses/", "witness"),
)


@frozen
class Entry:
    """One published file: ``size`` in bytes, ``sha256`` in lower-case hex, ``origin`` who made it."""

    path: str
    size: int
    sha256: str
    media_type: str
    origin: str

    def to_json(self) -> dict[str, Any]:
        """The entry as it stands in the manifest."""
        return {
            "path": self.path,
            "size": self.size,
            "sha256": self.sha256,
            "media_type": self.media_type,
            "origin": self.origin,
        }


@frozen
class Manifest:
    """The list of all files of a deployment but the manifest itself, sorted by path."""

    deployment: str
    entries: tuple[Entry, ...]

    def to_bytes(self) -> bytes:
        """Canonical JSON (RFC 8785)."""
        return dumps_canonical(
            {
                "schema": "vaultproof/manifest@1",
                "deployment": self.deployment,
                "files": [entry.to_json() for entry in self.entries],
            }
        )


def describe(path: str, data: bytes) -> Entry:
    """The manifest entry that these bytes at this path must have."""
    dot = path.rfind(".")
    return Entry(
        path=path,
        size=len(data),
        sha256=sha256_hex(data),
        media_type=_MEDIA_TYPES.get(path[dot:].lower() if dot > path.rfind("/") else "", "application/octet-stream"),
        origin=next((origin for prefix, origin in _ORIGINS if path.startswith(prefix)), "operator"),
    )


def make_manifest(deployment: str, files: Files) -> Manifest:
    """The manifest of these files (a ``manifest.json`` among them is left out)."""
    paths = sorted(path for path in files if path != MANIFEST)
    return Manifest(deployment=deployment, entries=tuple(describe(path, files[path]) for path in paths))


def read_manifest(data: bytes) -> Manifest:
    """A typed manifest from its bytes.  Raises ``Malformed`` (or ``Unsupported`` when its schema is newer)."""
    reader = Reader(loads(data, file=MANIFEST, max_bytes=MAX_MANIFEST_BYTES), file=MANIFEST)
    reader.schema("manifest")
    deployment = reader.text("deployment", maximum=100)
    entries = []
    for item in reader.objects("files"):
        entries.append(
            Entry(
                path=item.text("path", maximum=200),
                size=item.integer("size"),
                sha256=item.hex("sha256", length=32).hex(),
                media_type=item.text("media_type", maximum=100),
                origin=item.text("origin", maximum=40),
            )
        )
        item.done()
    reader.done()
    return Manifest(deployment=deployment, entries=tuple(entries))
