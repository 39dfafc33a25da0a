"""The built tree: the same bytes anywhere, every link leads somewhere, every byte is as it was given."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import subprocess
import zipfile
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import pytest

from generator.build import build_site
from generator.checking import Checked
from generator.site import PROCEDURE_DATA, TRUST_DATA
from tests.unit.generator.conftest import ENGINE, EVIDENCE, ROOT, TEMPLATES, Site
from tests.unit.generator.html_reader import read
from vaultproof.archive import read_zip

VNU = ROOT / "node_modules/vnu-jar/build/dist/vnu.jar"


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_same_evidence_gives_the_same_bytes_on_another_path(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence, templates = tmp_path / "über da/evidence", tmp_path / "elsewhere"
    shutil.copytree(EVIDENCE, evidence)
    shutil.copytree(TEMPLATES, templates)
    for name, value in {"TZ": "Asia/Kolkata", "LC_ALL": "de_DE.UTF-8", "LANG": "ar", "USER": "somebody"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    build_site(evidence=evidence, out=Path("out"), templates=templates, engine=ENGINE)
    assert tree(tmp_path / "out") == tree(site.folder)


def test_source_date_epoch_is_the_clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1800000000")
    summary = build_site(evidence=EVIDENCE, out=tmp_path / "out", engine=ENGINE)
    assert summary.clock.timestamp() == 1800000000
    assert "as of 15 January 2027, 08:00 UTC" in (tmp_path / "out/index.html").read_text()


def test_the_manifest_lists_every_other_file(site: Site) -> None:
    files = tree(site.folder)
    listed = json.loads(files.pop("site-manifest.json"))["files"]
    assert [item["path"] for item in listed] == sorted(files)
    for item in listed:
        assert item["sha256"] == hashlib.sha256(files[item["path"]]).hexdigest()
        assert item["size"] == len(files[item["path"]])


def test_raw_files_are_as_they_were_given(site: Site, checked: dict[str, Checked]) -> None:
    for id, item in checked.items():
        assert tree(site.folder / "deployments" / id / "evidence") == dict(item.source.files)
    assert tree(site.folder / TRUST_DATA) == tree(EVIDENCE / "trust")
    published = {path: data for path, data in tree(EVIDENCE / "procedure").items() if path.endswith(".md")}
    assert tree(site.folder / PROCEDURE_DATA) == published


def test_the_archive_is_stored_and_holds_the_files(site: Site, checked: dict[str, Checked]) -> None:
    for id, item in checked.items():
        data = (site.folder / "deployments" / id / f"{id}.zip").read_bytes()
        assert read_zip(data) == dict(item.source.files)
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = [entry.filename for entry in archive.infolist()]
            assert names == sorted(names)
            for entry in archive.infolist():
                assert (entry.compress_type, entry.date_time, entry.extra) == (0, (1980, 1, 1, 0, 0, 0), b"")
                assert entry.external_attr >> 16 == 0o100644


def test_the_list_of_digests_is_one_that_sha256sum_takes(site: Site) -> None:
    for id in site.deployment_pages:
        folder = site.folder / "deployments" / id
        command = ["sha256sum", "--check", "--strict", "--quiet", "../SHA256SUMS"]
        done = subprocess.run(command, cwd=folder / "evidence", capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_report_is_the_one_of_the_page(site: Site, checked: dict[str, Checked]) -> None:
    for id, item in checked.items():
        report = json.loads((site.folder / "deployments" / id / "report.json").read_bytes())
        assert report["report_digest"] == item.report.digest
        assert f'data-report-digest="{item.report.digest}"' in site.deployment_pages[id]
        assert f'data-evidence-digest="{item.report.evidence_digest}"' in site.deployment_pages[id]


def test_the_list_for_the_browser_names_files_that_are_there(site: Site) -> None:
    for id in site.deployment_pages:
        page = f"/deployments/{id}/"
        value = json.loads((site.folder / page.strip("/") / "site-files.json").read_bytes())
        assert value["schema"] == "vaultproof/site-files@1"
        for part in ("deployment", "trust", "procedures"):
            base = urljoin(page, value[part]["base"])
            assert value[part]["files"]
            for item in value[part]["files"]:
                path = site.folder / (base + item["path"]).lstrip("/")
                assert path.stat().st_size == item["size"]


# --- links -----------------------------------------------------------------------------------------------------------


def test_every_link_leads_to_a_file_or_a_place_in_a_page(site: Site, failing_site: Site, log_site: Site) -> None:
    for built in (site, failing_site, log_site):
        documents = {path: read(html) for path, html in built.pages.items()}
        for path, document in documents.items():
            for link in [*document.links, *document.sources]:
                address = urlsplit(urljoin(f"https://site.test/{path}", link))
                if address.netloc != "site.test":
                    assert address.scheme in ("https", "mailto"), link
                    continue
                target = unquote(address.path.lstrip("/"))
                target = f"{target}index.html" if target in ("",) or target.endswith("/") else target
                assert (built.folder / target).is_file(), (path, link)
                if address.fragment:
                    known = documents[target].ids + _symbols(built.pages[target])
                    assert address.fragment in known, (path, link)


def _symbols(html: str) -> list[str]:
    return [part.split('"')[0] for part in html.split('<symbol id="')[1:]]


def test_pages_ask_nobody_else_for_anything(site: Site) -> None:
    for path, html in site.pages.items():
        document = read(html)
        loaded = [*document.sources, *(found.get("href") or "" for tag, found in document.tags if tag == "link")]
        assert [address for address in loaded if "//" in address] == [], path


def test_every_digest_on_a_page_is_of_a_file_or_of_a_thing_it_names(site: Site, checked: dict[str, Checked]) -> None:
    """Digests in the tables of files and downloads, against the bytes that their links lead to."""
    for id, html in site.deployment_pages.items():
        folder = site.folder / "deployments" / id
        compact = html.replace("</span><span>", "").replace("<wbr>", "")
        for path in [*checked[id].source.files]:
            digest = hashlib.sha256((folder / "evidence" / path).read_bytes()).hexdigest()
            row = compact.split(f'<a href="evidence/{path}">')[1].split("</tr>")[0]
            assert digest in row
        for name in (f"{id}.zip", "SHA256SUMS", "report.json"):
            digest = hashlib.sha256((folder / name).read_bytes()).hexdigest()
            assert digest in compact.split(f'<a href="{name}" download>')[1].split("</li>")[0]


# --- HTML ------------------------------------------------------------------------------------------------------------


def test_html_is_well_formed(site: Site, failing_site: Site, log_site: Site) -> None:
    for built in (site, failing_site, log_site):
        for path, html in built.pages.items():
            document = read(html)
            assert document.problems == [], path
            assert len(document.ids) == len(set(document.ids)), path
            assert set(document.references) <= set(document.ids), path
            assert document.language == "en"
            assert html.startswith("<!doctype html>\n")


def test_headings_go_down_one_level_at_a_time(site: Site, log_site: Site) -> None:
    for path, html in [*site.pages.items(), *log_site.pages.items()]:
        levels = read(html).headings
        assert levels.count(1) == 1, path
        for before, after in pairwise(levels):
            assert after <= before + 1, (path, levels)


@pytest.mark.slow
def test_the_validator_finds_no_error(site: Site, failing_site: Site, log_site: Site) -> None:
    if shutil.which("java") is None or not VNU.is_file():
        pytest.skip("the validator (vnu-jar) or Java is not installed")
    pages = [str(built.folder / path) for built in (site, failing_site, log_site) for path in built.pages]
    command = ["java", "-jar", str(VNU), "--format", "json", "--errors-only", "--exit-zero-always", *pages]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = [item["message"] for item in json.loads(done.stderr)["messages"]]
    # Every browser has webkitdirectory; the standard calls it by the name of the interface alone.
    assert [message for message in found if "webkitdirectory" not in message] == []
