"""The golden site: what the build makes of the committed evidence, without the browser's runtime.

``python -m tests.golden.golden_site`` writes it anew.  Look at the difference before you commit it: every line of it is
a change that readers see.
"""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

from generator.build import build_site

HERE = Path(__file__).parent
HASHES = HERE / "site.sha256"
FRONT_PAGE = HERE / "front-page.html"
EVIDENCE = HERE.parents[1] / "evidence"
ENGINE = {"name": "vaultproof build", "version": "0"}
"""Fixed, so that no golden file depends on the versions that are installed."""


def build() -> dict[str, bytes]:
    """Path to bytes of the site as it is built now."""
    with tempfile.TemporaryDirectory(prefix="vaultproof-golden-") as folder:
        out = Path(folder) / "site"
        build_site(evidence=EVIDENCE, out=out, engine=ENGINE)
        return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*") if path.is_file()}


def hash_list(files: dict[str, bytes]) -> str:
    """The tree as ``sha256sum`` prints it."""
    return "".join(f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n" for path in sorted(files))


def main() -> None:
    """Write the golden files anew."""
    files = build()
    HASHES.write_text(hash_list(files), "utf-8")
    FRONT_PAGE.write_bytes(files["index.html"])


if __name__ == "__main__":
    main()
