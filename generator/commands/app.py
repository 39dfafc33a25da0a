"""Block for step ``app-pin``: the app package and the keys in it."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Iterator

from generator.commands.block import CommandBlock, chain, quoted
from vaultproof.evidence.deployment import App
from vaultproof.evidence.files import Files
from vaultproof.evidence.fleet_keys import FleetKey

_LARGEST = 512 * 1024 * 1024


def app_block(files: Files, app: App, keys: tuple[FleetKey, ...]) -> Iterator[CommandBlock]:
    """The package's SHA-256, and each key as text in its unpacked contents; nothing where a key is in no text form."""
    if app.path is None or app.path not in files:
        return
    texts = _as_text(files[app.path], keys)
    if texts is None:
        return
    said = f"the app package is the announced one, and holds {len(texts)} keys"
    yield CommandBlock(
        id="app-pin",
        title="Does the app carry these keys?",
        step_id="app-pin",
        about="The package has the announced SHA-256, and each published key is in its contents, written as base64 or"
        " hexadecimal. This block needs unzip too.",
        lines=chain(
            f"printf '%s  %s\\n' {app.sha256} \\\n  {quoted(app.path)} | sha256sum --check --quiet",
            f'unzip -p {quoted(app.path)} > "$t/unpacked"',
            *(f'LC_ALL=C grep -qF {quoted(text)} "$t/unpacked"' for text in texts),
            f"echo '{said}'",
        ),
        expect=said,
    )


def _as_text(package: bytes, keys: tuple[FleetKey, ...]) -> list[str] | None:
    """For each key the text under which ``grep`` finds it in the package's contents; None when one is not found."""
    try:
        with zipfile.ZipFile(io.BytesIO(package)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > _LARGEST:
                return None
            contents = b"\n".join(archive.read(entry) for entry in archive.infolist())
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return None  # step app-pin says what it makes of such a package
    found = []
    for key in keys:
        forms = (base64.b64encode(key.key), base64.urlsafe_b64encode(key.key).rstrip(b"="), key.key.hex().encode())
        text = next((form for form in forms if form in contents), None)
        if text is None:
            return None
        found.append(text.decode("ascii"))
    return found
