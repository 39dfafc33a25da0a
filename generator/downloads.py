"""What a reader can take away: raw files, an archive of them, and lists of digests."""

from __future__ import annotations

import json
from collections.abc import Mapping

from vaultproof.archive import write_stored_zip
from vaultproof.evidence.files import Files, sha256_hex


def sha256sums(files: Files) -> bytes:
    """A list as ``sha256sum --check`` reads it: digest, two spaces, path; sorted by path."""
    return "".join(f"{sha256_hex(files[path])}  {path}\n" for path in sorted(files)).encode("utf-8")


def archive(files: Files) -> bytes:
    """All files of a deployment as a stored zip: the same bytes for the same files, on every machine."""
    return write_stored_zip(files)


def site_manifest(files: Mapping[str, bytes]) -> bytes:
    """Every file of the site with size and SHA-256, sorted by path, as JSON that people can read too."""
    listed = [{"path": path, "sha256": sha256_hex(files[path]), "size": len(files[path])} for path in sorted(files)]
    value = {"schema": "vaultproof/site-manifest@1", "files": listed}
    return json.dumps(value, ensure_ascii=False, indent=1).encode("utf-8") + b"\n"
