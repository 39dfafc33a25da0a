"""Style sheet, icon and the browser's runtime as files of the site, under names that carry their hash."""

from __future__ import annotations

import hashlib
from pathlib import Path

from generator.errors import BuildError
from generator.pages.frame import Assets, Script
from verifier_web.headers import RUNTIME_FOLDER
from verifier_web.packing.manifest import RuntimeFile, RuntimeManifest

FOLDER = "assets"
STYLESHEET = "site.css"
ICON = "icon.svg"
HASH_DIGITS = 16
ENCODINGS = (".br", ".gz")


def site_assets(
    templates: Path, runtime: RuntimeManifest | None, runtime_folder: Path | None
) -> tuple[Assets, dict[str, bytes]]:
    """What pages load, and the files themselves by path.

    Raises ``BuildError`` when style sheet or icon are missing, or a file of the runtime is not the one in its manifest.
    """
    sheet, sheet_bytes = _asset(templates, STYLESHEET)
    icon, icon_bytes = _asset(templates, ICON)
    files = {sheet: sheet_bytes, icon: icon_bytes}
    if runtime is None:
        return Assets(stylesheet=sheet, icon=icon), files
    if runtime_folder is None:
        raise BuildError("the browser's runtime was named without the folder that holds it")
    files.update(_runtime_files(runtime, runtime_folder))
    assets = Assets(
        stylesheet=sheet,
        icon=icon,
        entry=_script(runtime.entry),
        preloads=tuple(_script(file) for file in runtime.preloads),
        transfer=runtime.transfer,
    )
    return assets, files


def _asset(templates: Path, name: str) -> tuple[str, bytes]:
    """A file of the templates' assets, with its path in the site, which carries its hash."""
    path = templates / FOLDER / name
    if not path.is_file():
        raise BuildError(f"there is no {FOLDER}/{name} among the templates in {templates}")
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:HASH_DIGITS]
    return f"{FOLDER}/{path.stem}.{digest}{path.suffix}", content


def _script(file: RuntimeFile) -> Script:
    return Script(path=f"{RUNTIME_FOLDER}/{file.name}", integrity=file.integrity)


def _runtime_files(runtime: RuntimeManifest, folder: Path) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for file in runtime.files:
        content = (folder / file.name).read_bytes()
        if hashlib.sha256(content).hexdigest() != file.sha256:
            raise BuildError(f"{file.name} in {folder} is not the file that was packed", hint="pack the runtime anew")
        found[f"{RUNTIME_FOLDER}/{file.name}"] = content
        for ending in ENCODINGS:
            compressed = folder / f"{file.name}{ending}"
            if compressed.is_file():
                found[f"{RUNTIME_FOLDER}/{file.name}{ending}"] = compressed.read_bytes()
    return found
