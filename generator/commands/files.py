"""Blocks for step ``files``: the manifest's digest, every file that it lists, and no file more."""

from __future__ import annotations

from collections.abc import Iterator

from generator.commands.block import CommandBlock, chain, sha256_of
from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import MANIFEST, Files, required, sha256_hex
from vaultproof.evidence.manifest import read_manifest

_LISTED = (
    'sed \'s/"path":/\\',
    "/g' manifest.json |",
    'sed -n \'s/^"\\([^"]*\\)","sha256":"\\([0-9a-f]*\\)".*/\\2  \\1/p\' > "$t/listed"',
)
"""Every path of the manifest (canonical JSON) begins a line of its own; then path and digest change places."""


def file_blocks(files: Files) -> Iterator[CommandBlock]:
    """Against the manifest, whose digest the page names; and against ``SHA256SUMS``, which the page offers."""
    try:
        listed = len(read_manifest(required(files, MANIFEST)).entries)
    except VaultproofError:
        return  # there is nothing to compare with, and the step says so
    said = f"the manifest and its {listed} files match, and there is no other file"
    steps = chain(
        f"[ {sha256_of(MANIFEST)} = \\\n  {sha256_hex(files[MANIFEST])} ]",
        "\n".join(_LISTED),
        'sha256sum --check --quiet "$t/listed"',
        f"[ $(($(find . -type f | wc -l))) -eq {listed + 1} ]",
        f"echo '{said}'",
    )
    yield CommandBlock(
        id="files",
        title="Are these the published files?",
        step_id="files",
        about="The manifest has the evidence digest of this page, every file has the SHA-256 that the manifest lists,"
        " and no file is there that it does not list.",
        lines=steps,
        expect=said,
    )
    yield CommandBlock(
        id="sums",
        title="The same, by the list of digests",
        step_id="files",
        about="With the file SHA256SUMS of this page saved beside the folder, not in it.",
        lines=chain("sha256sum --check --quiet ../SHA256SUMS", "echo 'every file matches SHA256SUMS'"),
        expect="every file matches SHA256SUMS",
    )
