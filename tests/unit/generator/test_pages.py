"""What pages say, and in which order."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from generator.build import build_site
from generator.checking import Checked
from generator.pages.deployment import published_keys
from generator.pages.frame import Assets, make_frame
from generator.rehearsal.faults import FAULTS
from tests.unit.generator.conftest import EVIDENCE, FAILING, ROOT, Site, bare_evidence, plant
from tests.unit.generator.html_reader import read
from tests.unit.generator.test_assets import runtime
from vaultproof.errors import VaultproofError
from vaultproof.evidence.deployment import read_deployment

SECTIONS = ["verdict", "check", "who", "steps", "picture", "fleet", "keys", "changes", "statement", "files", "commands",
            "report", "downloads"]  # fmt: skip
NEVER = re.compile(
    r"\b(?:secure|securely|guarantee[sd]?|proves?|proven|trusted|trustworthy|impossible|no one can|unbreakable)\b", re.I
)


def sections(html: str) -> list[str]:
    return [found["id"] or "" for tag, found in read(html).tags if tag == "section" and found.get("id") in SECTIONS]


# --- rehearsals ------------------------------------------------------------------------------------------------------


def test_a_rehearsal_says_so_in_title_banner_heading_and_verdict(site: Site) -> None:
    for html in site.deployment_pages.values():
        document = read(html)
        assert document.title.startswith("REHEARSAL")
        assert 'data-scope="rehearsal"' in html.split("<head>")[0]
        assert html.index('class="rehearsal"') < html.index('class="masthead"') < html.index("<h1>REHEARSAL")
        assert "REHEARSAL: Verified" in html
        assert re.search(r'<meta name="description" content="REHEARSAL', html)


def test_a_rehearsal_shows_no_mark_of_a_real_match(site: Site) -> None:
    """Shapes of a real match stand in a rehearsal's page only where a script may need them for another copy."""
    for html in site.deployment_pages.values():
        served = html.split("<template")[0]
        assert '<use href="#s-rehearsal"/>' in served
        assert '<use href="#s-match"/>' not in served


def test_the_front_page_tells_rehearsals_from_fleets(site: Site) -> None:
    html = site.pages["index.html"]
    assert "No evidence of a real fleet is published here yet." in html
    assert html.count('<li class="fleet" data-scope="rehearsal">') == 3  # two fleets, and their log
    assert '<use href="#s-match"/>' not in html
    assert "Superseded by REHEARSAL: backup key vault for Messenger, 2026." in html


def test_other_pages_are_no_rehearsals(site: Site) -> None:
    for path, html in site.pages.items():
        if not path.startswith(("deployments/", "log/")):
            assert not read(html).title.startswith("REHEARSAL"), path


def test_a_title_says_rehearsal_once() -> None:
    assets = Assets(stylesheet="s", icon="i")

    def title(text: str) -> str:
        moment = datetime(2026, 1, 1, tzinfo=UTC)
        return make_frame(
            title=text, description="", root="", section="", clock=moment, assets=assets, rehearsal=True
        ).title

    assert title("A fleet") == "REHEARSAL: A fleet - vaultproof"
    assert title("REHEARSAL of a fleet") == "REHEARSAL of a fleet - vaultproof"


# --- a deployment's page ---------------------------------------------------------------------------------------------


def test_sections_stand_in_their_order(site: Site) -> None:
    assert sections(site.deployment_pages["rehearsal-messenger-2026"]) == SECTIONS
    without = [name for name in SECTIONS if name != "changes"]
    assert sections(site.deployment_pages["rehearsal-messenger-2025"]) == without
    assert sections(site.deployment_pages["rehearsal-whatsapp-2025"]) == without


def test_every_step_is_there_with_its_number_and_state(site: Site, checked: dict[str, Checked]) -> None:
    for id, html in site.deployment_pages.items():
        found = re.findall(r'<li class="step" id="step-([a-z-]+)" data-status="([a-z_]+)">', html.split("<template")[0])
        assert found == [(step.id, step.status.value) for step in checked[id].report.steps]


def test_limits_stand_beside_the_verdict_in_the_same_form(site: Site) -> None:
    for html in site.deployment_pages.values():
        verdict = html.split('<section class="verdict" id="verdict"')[1].split('<section class="section" id="check"')[0]
        assert verdict.count("<h3>It establishes</h3>") == verdict.count("<h3>It does not establish</h3>") == 1
        assert verdict.count('class="claim claim--yes"') == verdict.count('class="claim claim--no"') == 1
        for limit in ("maker or its firmware has no fault", "administrator credential", "your app uses this fleet"):
            assert limit in verdict
        assert "As of 22 November 2026, 00:00 UTC, by vaultproof build 0" in verdict


def test_keys_are_shown_by_digits_words_and_code(site: Site, checked: dict[str, Checked]) -> None:
    for id, html in site.deployment_pages.items():
        compact = html.replace("</span><span>", "")
        for key in published_keys(checked[id].source.files):
            assert f"<span>{key.fingerprint}</span>" in compact
            assert f"<title>QR code of the fingerprint {key.fingerprint}</title>" in html


def test_what_is_superseded_links_to_what_took_its_place(site: Site) -> None:
    assert 'href="../../deployments/rehearsal-messenger-2026/"' in site.deployment_pages["rehearsal-messenger-2025"]
    assert 'href="../../deployments/rehearsal-messenger-2025/"' in site.deployment_pages["rehearsal-messenger-2026"]
    assert "A newer fleet has taken its place" not in site.deployment_pages["rehearsal-messenger-2026"]


def test_our_own_text_never_says_more_than_a_check_shows(site: Site, failing_site: Site) -> None:
    for built in (site, failing_site):
        for path, html in built.pages.items():
            ours = re.sub(r'<div class="statement">.*?</div>', "", html, flags=re.DOTALL)
            assert NEVER.findall(read(ours).text) == [], path


# --- failing ones ----------------------------------------------------------------------------------------------------


def test_a_failing_deployment_says_so_before_anything_else(failing_site: Site) -> None:
    for id, html in failing_site.deployment_pages.items():
        body = html.split("</svg>\n", 1)[1]
        first = body.index('<div class="alarm" role="alert">')
        assert first < body.index('class="rehearsal"') < body.index("<h1>")
        assert "This deployment does not verify" in body
        assert FAILING[id] in ("attestation-debug-enabled", "counter-signature-missing")


def test_the_alarm_says_what_is_wrong_and_where(failing_site: Site) -> None:
    alarm = failing_site.deployment_pages["rehearsal-debug"].split('<header class="masthead">')[0]
    for text in ("Step 7 (Makers&#39; attestations)", "debug-differs", "expected disabled; found enabled", "hsm-03"):
        assert text in alarm
    assert "step 8 (Keys in the HSMs); step 9 (Whole fleet)" in alarm
    assert 'href="#step-attestation"' in alarm


def test_the_first_trouble_is_opened(failing_site: Site) -> None:
    html = failing_site.deployment_pages["rehearsal-debug"].split("<template")[0]
    opened = [step for step in html.split('<li class="step" ')[1:] if 'data-part="details" open>' in step]
    assert [step.split('"')[1] for step in opened] == ["step-attestation"]


@pytest.mark.slow
def test_every_fault_can_be_published_as_failing(tmp_path: Path) -> None:
    """A page is made of whatever can be read, and says what is wrong with it."""
    evidence = bare_evidence(tmp_path / "evidence")
    for name, fault in FAULTS.items():
        if fault.distribution != "hardcoded":
            plant(evidence, f"rehearsal-{name}", name)
    for folder in list((evidence / "deployments").iterdir()):
        try:
            read_deployment((folder / "deployment.json").read_bytes())
        except (VaultproofError, FileNotFoundError):
            for path in sorted(folder.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            folder.rmdir()
    ids = {folder.name for folder in (evidence / "deployments").iterdir()}
    assert len(ids) > 60
    built = Site(tmp_path / "out", build_site(evidence=evidence, out=tmp_path / "out", publish_failing=ids))
    for id, html in built.deployment_pages.items():
        document = read(html)
        assert document.problems == [], id
        assert "This deployment does not verify" in html, id
        assert 'data-outcome="verified"' not in html, id


# --- the panel that the script brings to life ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A page with the browser's check, up to the end of its panel."""
    folder = tmp_path_factory.mktemp("panel")
    manifest = runtime(folder / "runtime")
    build_site(evidence=EVIDENCE, out=folder / "out", runtime=manifest, runtime_folder=folder / "runtime")
    return (folder / "out/deployments/rehearsal-messenger-2026/index.html").read_text("utf-8")


def documented(heading: str) -> list[str]:
    """Names in the first column of a table of the panel's README."""
    text = (ROOT / "verifier_web/browser/README.md").read_text("utf-8").split(heading)[1].split("\n### ")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return [name for cell in cells for name in re.findall(r"`([a-z-]+)`", cell)]


def test_the_page_has_every_part_that_the_script_asks_for(panel: str) -> None:
    inside = panel.split("<vault-verify")[1].split("</vault-verify>", maxsplit=1)[0]
    parts = documented("### Parts")
    assert {"start", "steps", "verdict", "texts"} <= set(parts)
    assert [name for name in parts if f'data-part="{name}"' not in inside] == []


def test_the_page_has_every_template_that_the_script_fills(panel: str) -> None:
    names = documented("### Templates")
    assert {"step", "substep", "fact", "line", "cannot-other"} <= set(names)
    assert [name for name in names if f'<template data-template="{name}">' not in panel] == []


def test_the_page_has_every_text_that_the_script_says(panel: str) -> None:
    text = (ROOT / "verifier_web/browser/README.md").read_text("utf-8").split("### Texts")[1]
    names = re.findall(r"`([a-z-]+)`", text.split("\n\n")[1])
    assert {"again", "begun", "checked-copy"} <= set(names)
    assert [name for name in names if f'data-text="{name}"' not in panel] == []


def test_every_way_of_not_checking_says_that_nothing_was_found_wrong(panel: str) -> None:
    found = re.findall(r'<template data-template="cannot-[a-z-]+">(.*?)</template>', panel, flags=re.DOTALL)
    assert len(found) == 9
    for template in found:
        assert "Nothing was found wrong." in template
        assert "vaultproof verify" in template
        assert "fail" not in template.replace("The verifier itself failed", "")


def test_scripts_are_loaded_with_their_hash_and_only_where_they_are_used(panel: str, site: Site) -> None:
    assert re.search(
        r'<script type="module" src="\.\./\.\./runtime/entry\.mjs" integrity="sha256-[^"]+"></script>', panel
    )
    assert re.search(r'<link rel="modulepreload" href="\.\./\.\./runtime/part\.mjs" integrity="sha256-[^"]+">', panel)
    for html in site.pages.values():
        assert "<script" not in html


def test_a_site_without_the_runtime_offers_no_button_and_says_why(site: Site) -> None:
    html = site.deployment_pages["rehearsal-messenger-2026"]
    assert 'data-part="start"' not in html
    assert "built without the check in the browser" in html


def test_only_pages_for_a_service_lead_to_one(site: Site, tmp_path: Path) -> None:
    page = "deployments/rehearsal-messenger-2026/index.html"
    assert "on this server" not in site.deployment_pages["rehearsal-messenger-2026"]
    build_site(evidence=EVIDENCE, out=tmp_path / "site", service=True)
    html = (tmp_path / "site" / page).read_text("utf-8")
    assert 'href="../../verify/rehearsal-messenger-2026"' in html
    assert "Then you rely on the server" in html
