"""Style sheet, icon and runtime as files of the site."""

from __future__ import annotations

import hashlib
import re
import zlib
from pathlib import Path

import pytest

from generator.assets import site_assets
from generator.errors import BuildError
from tests.unit.generator.conftest import TEMPLATES
from verifier_web.packing.manifest import Role, RuntimeFile, RuntimeManifest

LARGEST_STYLE_SHEET = 8_000
"""Bytes on the wire, deflated: what a reader waits for."""

CSS = (TEMPLATES / "assets/site.css").read_text("utf-8")


def runtime(folder: Path) -> RuntimeManifest:
    """A runtime of two tiny scripts, one with a compressed copy."""
    folder.mkdir()
    files = []
    for role, name in ((Role.PAGE_ENTRY, "entry.mjs"), (Role.PAGE_SCRIPT, "part.mjs")):
        content = f"// {name}\n".encode()
        (folder / name).write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        files.append(RuntimeFile(name=name, role=role, source=name, size=9, sha256=digest, size_br=5, size_gz=6))
    (folder / "entry.mjs.br").write_bytes(b"br")
    return RuntimeManifest(files=tuple(files), pyodide_version="1", python_version="3")


def test_names_carry_the_hash_of_their_content() -> None:
    assets, files = site_assets(TEMPLATES, None, None)
    assert set(files) == {assets.stylesheet, assets.icon}
    for path, content in files.items():
        digest = hashlib.sha256(content).hexdigest()[:16]
        assert re.fullmatch(rf"assets/(site\.{digest}\.css|icon\.{digest}\.svg)", path)


def test_the_runtime_is_taken_with_its_compressed_copies(tmp_path: Path) -> None:
    manifest = runtime(tmp_path / "runtime")
    assets, files = site_assets(TEMPLATES, manifest, tmp_path / "runtime")
    assert {path for path in files if path.startswith("runtime/")} == {
        "runtime/entry.mjs",
        "runtime/entry.mjs.br",
        "runtime/part.mjs",
    }
    assert assets.entry is not None
    assert (assets.entry.path, assets.entry.integrity) == ("runtime/entry.mjs", manifest.entry.integrity)
    assert [script.path for script in assets.preloads] == ["runtime/part.mjs"]
    assert assets.transfer == 10


def test_a_runtime_file_that_is_not_the_packed_one_stops_the_build(tmp_path: Path) -> None:
    manifest = runtime(tmp_path / "runtime")
    (tmp_path / "runtime/part.mjs").write_text("// other\n")
    with pytest.raises(BuildError, match=r"part\.mjs"):
        site_assets(TEMPLATES, manifest, tmp_path / "runtime")


def test_a_runtime_without_its_folder_stops_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="without the folder"):
        site_assets(TEMPLATES, runtime(tmp_path / "runtime"), None)


def test_templates_without_a_style_sheet_stop_the_build(tmp_path: Path) -> None:
    with pytest.raises(BuildError, match=r"site\.css"):
        site_assets(tmp_path, None, None)


def test_the_style_sheet_loads_nothing_and_stays_small() -> None:
    assert "url(" not in CSS
    assert "@import" not in CSS
    assert len(zlib.compress(CSS.encode(), 9)) < LARGEST_STYLE_SHEET


def test_directions_are_logical() -> None:
    """Right-to-left pages need no style sheet of their own (``left`` stands for shell lines alone, which are never)."""
    physical = r"(?<![a-z-])(?:margin|padding|border|inset)-(?:left|right)|(?<![a-z-])(?:left|right):|text-align: right"
    assert re.findall(physical, CSS) == []
    assert CSS.count("text-align: left") == 1


def test_motion_and_forced_colours_are_respected() -> None:
    for query in ("prefers-reduced-motion: no-preference", "forced-colors: active", "prefers-color-scheme: dark"):
        assert query in CSS
    outside = CSS.split("@media (prefers-reduced-motion: no-preference)")[0]
    assert "animation" not in outside
    assert "transition" not in CSS


def _luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    digits = "".join(digit * 2 for digit in digits) if len(digits) == 3 else digits
    parts = [int(digits[start : start + 2], 16) / 255 for start in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours (WCAG 2.2, 1.4.3)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _themes() -> list[dict[str, str]]:
    blocks = re.findall(r":root \{([^}]*--paper[^}]*)\}", CSS)
    themes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{3,6})\b", block)) for block in blocks]
    return [themes[0], {**themes[0], **themes[1]}]


@pytest.mark.parametrize("theme", _themes(), ids=["light", "dark"])
def test_text_and_states_have_contrast_on_every_ground(theme: dict[str, str]) -> None:
    grounds = ("paper", "raised", "sunken")
    texts = ("ink", "soft", "accent", "match", "mismatch", "amber", "grey", "rehearsal")
    poor = {(text, ground): contrast(theme[text], theme[ground]) for text in texts for ground in grounds}
    poor |= {
        (f"{name}-wash", name): contrast(theme[name], theme[f"{name}-wash"])
        for name in texts
        if f"{name}-wash" in theme
    }
    poor |= {("accent-ink", "accent"): contrast(theme["accent-ink"], theme["accent"])}
    assert {pair: ratio for pair, ratio in poor.items() if ratio < 4.5} == {}


@pytest.mark.parametrize("theme", _themes(), ids=["light", "dark"])
def test_a_rehearsal_never_has_the_colour_of_a_real_match(theme: dict[str, str]) -> None:
    states = [theme[name] for name in ("match", "mismatch", "amber", "grey", "rehearsal", "accent")]
    assert len(set(states)) == len(states)
