"""Step ``files``: are these the published files?"""

from __future__ import annotations

from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import DEPLOYMENT, MANIFEST, Files, is_in_format, required, sha256_hex
from vaultproof.evidence.manifest import Manifest, describe, make_manifest, read_manifest
from vaultproof.report import Origin, Status
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown


async def files(context: Context) -> Finding:
    """Compare every file with the manifest, and the manifest with one made anew from the files."""
    return check_files(context.files, context.deployment.id, context.expected_digest)


def check_files(files: Files, deployment: str | None, expected_digest: str | None) -> Finding:
    """The step itself, which also runs when ``deployment.json`` cannot be read (``deployment`` is None then)."""
    substeps = Substeps()
    try:
        data = required(files, MANIFEST)
        manifest = read_manifest(data)
    except VaultproofError as error:
        substeps.trouble("manifest", error)
        return substeps.finding()
    _compare_entries(substeps, files, manifest)
    digest = sha256_hex(data)
    if not any(item.status is Status.MISMATCH for item in substeps.items):
        # Made anew from changed files, it would only accuse a manifest that may be the published one.
        remade = sha256_hex(make_manifest(deployment or manifest.deployment, files).to_bytes())
        fact = compared("evidence-digest", digest, remade, Origin.COMPUTED, file=MANIFEST)
        substeps.compare("manifest", "manifest-same", fact)
    if expected_digest is not None and expected_digest != digest:
        substeps.mismatch(
            "opened", "other-evidence", compared("opened-digest", digest, expected_digest, Origin.COMPUTED)
        )
    if deployment is None:
        substeps.mismatch("announcement", "announcement-unreadable", shown("place", DEPLOYMENT, Origin.COMPUTED))
    return substeps.finding()


def _compare_entries(substeps: Substeps, files: Files, manifest: Manifest) -> None:
    """One substep for all files that match, and one for each that does not."""
    listed = {entry.path: entry for entry in manifest.entries}
    matching = 0
    for path, entry in listed.items():
        if path not in files:
            substeps.mismatch(
                "file", "file-missing", compared("sha256", None, entry.sha256, Origin.COMPUTED, file=path), subject=path
            )
            continue
        actual = describe(path, files[path])
        if actual.sha256 != entry.sha256:
            fact = compared("sha256", actual.sha256, entry.sha256, Origin.COMPUTED, file=path)
            substeps.mismatch("file", "file-differs", fact, subject=path)
        elif actual != entry:
            fact = compared("manifest-entry", _entry_text(entry), _entry_text(actual), Origin.PUBLISHED_FILE, file=path)
            substeps.mismatch("file", "entry-differs", fact, subject=path)
        else:
            matching += 1
    for path in sorted(files):
        if path not in listed and path != MANIFEST:
            substeps.mismatch(
                "file", "file-not-listed",
                compared("sha256", sha256_hex(files[path]), None, Origin.COMPUTED, file=path), subject=path,
            )  # fmt: skip
        elif not is_in_format(path):
            substeps.mismatch("file", "file-not-in-format", shown("place", path, Origin.COMPUTED), subject=path)
    if matching == len(listed) and matching:
        substeps.match("file", "files-match", compared("files", matching, len(listed), Origin.COMPUTED))


def _entry_text(entry: object) -> str:
    return " ".join(str(getattr(entry, name)) for name in ("size", "media_type", "origin"))
