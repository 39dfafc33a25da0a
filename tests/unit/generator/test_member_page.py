"""The page of one HSM: what it shows is what the report and the files say, and every byte is there once."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Callable, Mapping

import pytest

from generator.annotated import Mark, Part, annotate_rows, hex_dump
from generator.annotated_der import der_parts, value_text
from generator.annotated_forms import cbor_parts, xml_parts
from generator.carried import runs
from generator.checking import Checked, check_all
from generator.pages.deployment import DeploymentContext
from generator.pages.frame import Assets
from generator.pages.member import MemberPage, member_pages
from generator.pages.member_bytes import Bytes, ClaimView
from generator.rehearsal import RehearsalOptions, rehearse, write_rehearsal
from generator.sources import Sources, read_sources
from tests.cases.harness import EVIDENCE
from tests.unit.generator.conftest import ENGINE, Site
from tests.unit.generator.html_reader import read
from vaultproof.asn1.der import parse_window
from vaultproof.asn1.pem import CERTIFICATE, read_pem, write_pem
from vaultproof.attestation.claim_rows import claim_rows
from vaultproof.attestation.pkix_evidence import PkixEvidenceAdapter
from vaultproof.attestation.pkix_evidence_profile import OID_NAMES
from vaultproof.cbor import encode
from vaultproof.errors import VaultproofError

ID = "rehearsal-messenger-2026"
NAME = "hsm-01"
LARGEST = 250_000

TREE = """\
 0 +22 Common name | 2 parts SEQUENCE | 30 14
 2 +5   Identifier 2.5.4.3 | CN OBJECT IDENTIFIER | 06 03 55 04 03
 7 +15   Common name | Backup vault! UTF8String | 0c 0d 42 61 63 6b 75 70 20 76 61 75 6c 74 21"""


def tree_of(parts: tuple[Part, ...], data: bytes) -> str:
    """Rows as text: offset, length, meaning by depth, value, bytes."""
    return "\n".join(
        f"{row.offset:>2} +{row.length} {'  ' * row.depth}{f'{row.meaning} {row.name}'.strip()} "
        f"| {row.value} {row.form} | {row.hex}"
        for row in annotate_rows(data, parts, (), "b")
    )


@pytest.fixture(scope="module")
def made(checked: dict[str, Checked], sources: Sources) -> Mapping[str, MemberPage | bytes]:
    """All that one deployment's HSM pages consist of, by path."""
    clock = max(sources.dates)
    context = DeploymentContext(
        sources=sources,
        others={},
        clock=clock,
        assets=Assets(stylesheet="s", icon="i"),
        raw="evidence",
        downloads={},
        logs=(),
    )
    return dict(member_pages(checked[ID], context))


@pytest.fixture(scope="module")
def page(made: Mapping[str, MemberPage | bytes]) -> MemberPage:
    found = made[f"hsm/{NAME}/index.html"]
    assert isinstance(found, MemberPage)
    return found


@pytest.fixture(scope="module")
def files(checked: dict[str, Checked]) -> dict[str, bytes]:
    """The files of one HSM by name."""
    prefix = f"attestations/{NAME}/"
    given = checked[ID].source.files
    return {path.removeprefix(prefix): data for path, data in given.items() if path.startswith(prefix)}


def claims_of(page: MemberPage) -> list[ClaimView]:
    return [claim for group in page.groups for claim in group.claims]


def bytes_of(document: Bytes) -> bytes:
    """The bytes that the rows of a document show, one after the other."""
    shown = bytearray()
    for row in document.rows:
        assert row.cut == 0
        lines = [row.hex] if row.dump is None else [line.lstrip().split("  ", 1)[1] for line in row.dump.splitlines()]
        shown += bytes.fromhex(" ".join(lines))
    return bytes(shown)


# --- what it says ----------------------------------------------------------------------------------------------------


def test_every_claim_is_there_with_its_value_and_grade(page: MemberPage, files: dict[str, bytes]) -> None:
    rows = claim_rows(PkixEvidenceAdapter().read(files).claims)
    shown = claims_of(page)
    assert sorted(claim.path for claim in shown) == sorted(row.path for row in rows)
    assert len({claim.id for claim in shown}) == len(shown)
    grades = {claim.path: claim.grade for claim in shown}
    assert grades == {row.path: row.grade.value for row in rows}
    assert grades["evidence/iat"] == "asserted"
    values = {claim.path: claim.lines for claim in shown}
    assert values["attester/hwserial"] == (page.member.serial,)
    assert values["keys/0/extractable"] == ("no",)
    assert {claim.label for claim in shown} >= {"Serial number", "Debugging", "May leave the HSM"}


def test_every_claim_leads_to_bytes_that_decode_to_its_value(page: MemberPage, files: dict[str, bytes]) -> None:
    carried = {run.place: run.data for run in runs(files)}
    rows = {row.id: row for document in page.documents for row in document.rows if row.id is not None}
    compared = 0
    for claim, found in zip(claims_of(page), claim_rows(PkixEvidenceAdapter().read(files).claims), strict=True):
        assert claim.row is not None, claim.path
        row = rows[claim.row]
        assert (row.offset, row.length) == (found.source.offset, found.source.length), claim.path
        assert claim.id in {mark.anchor for mark in row.marks}
        data = carried[found.source.file, found.source.block]
        element = parse_window(data, row.offset, row.offset + row.length)
        if claim.path == "attester/device_identity":
            assert hashlib.sha256(element.raw).hexdigest() == found.value
        elif found.value in ("true", "false") or element.tag in (0x0C, 0x18):
            assert claim.lines == (value_text(element, {}),)
            compared += 1
        elif claim.path in ("evidence/nonce", "keys/0/spki", "attester/oemid"):
            assert element.content.hex() == found.value
            compared += 1
    assert compared > 12


def test_every_byte_is_shown_once(page: MemberPage, files: dict[str, bytes]) -> None:
    assert [bytes_of(document) for document in page.documents] == [run.data for run in runs(files)]
    assert {document.form for document in page.documents} == {"DER"}
    assert [document.opened for document in page.documents] == [True, False, False, False]


def test_certificates_are_cut_out_as_they_were(
    page: MemberPage, made: Mapping[str, MemberPage | bytes], files: dict[str, bytes]
) -> None:
    blocks = read_pem(files["chain.pem"], labels={CERTIFICATE})
    folder = f"hsm/{NAME}/"
    ders = [made[folder + href] for item in page.certificates for name, href in item.hrefs if name.endswith(".der")]
    pems = [made[folder + href] for item in page.certificates for name, href in item.hrefs if name.endswith(".pem")]
    assert ders == [block.data for block in blocks]
    for pem, block in zip(pems, blocks, strict=True):
        assert isinstance(pem, bytes)
        assert pem in files["chain.pem"]
        assert read_pem(pem, labels={CERTIFICATE})[0].data == block.data
    assert [item.sha256 for item in page.certificates] == [hashlib.sha256(block.data).hexdigest() for block in blocks]


def test_the_chain_stands_from_the_pinned_root_down(page: MemberPage) -> None:
    (chain,) = page.chains
    assert [row.role for row in chain.rows] == ["Root", "Device", "Attestation key"]
    assert [row.anchor for row in chain.rows] == ["rehearsal-hsm-works-root-1", None, None]
    assert chain.pinned is not None
    assert chain.pinned[0] == "rehearsal-hsm-works-root-1"
    assert {row.status for row in chain.rows} == {line.status for line in chain.picture.lines} == {"match"}
    titles = [node.title for node in chain.picture.nodes]
    assert titles == ["Root, pinned", "Device", "Attestation key", "What this HSM says"]
    assert len(chain.picture.lines) == len(titles) - 1


# --- pages as built --------------------------------------------------------------------------------------------------


def test_every_hsm_has_a_page_that_says_rehearsal_and_is_small(site: Site) -> None:
    pages = {path: html for path, html in site.pages.items() if "/hsm/" in path}
    assert len(pages) == 21
    for path, html in pages.items():
        assert read(html).title.startswith("REHEARSAL"), path
        assert '<use href="#s-match"/>' not in html
        assert len(html.encode()) < LARGEST
        for table in html.split("<table")[1:]:
            assert "<caption" in table.split("<thead")[0]
            assert 'scope="col"' in table


def test_the_matrix_leads_to_each_check_of_each_hsm(site: Site) -> None:
    html = site.deployment_pages[ID]
    links = re.findall(r'href="hsm/(hsm-\d\d)/#check-([a-z-]+)"', html)
    assert len(links) == len(set(links)) == 7 * 9
    assert {f"check-{check}" for _, check in links} <= set(
        read(site.pages[f"deployments/{ID}/hsm/{NAME}/index.html"]).ids
    )
    assert "measured (the device states digests of its code)" in html
    assert "Sites, by their weakest source" in html


def test_a_failing_hsm_shows_what_fails_first(failing_site: Site) -> None:
    html = failing_site.pages["deployments/rehearsal-debug/hsm/hsm-03/index.html"]
    alarm, rest = html.split('<header class="masthead">')
    assert 'href="#check-debug"' in alarm
    assert "debug-differs" in alarm
    order = re.findall(r'<li class="step" id="check-([a-z-]+)">', rest)
    assert order[0] == "debug"
    opened = rest.split('id="check-debug"')[1].split("</li>")[0]
    assert '<details class="more" open>' in opened


def test_an_hsm_without_fault_in_a_failing_fleet_says_that_the_fleet_fails(failing_site: Site) -> None:
    html = failing_site.pages["deployments/rehearsal-unconfirmed/hsm/hsm-01/index.html"]
    assert 'class="alarm" role="alert"' in html


# --- bytes beside their meaning --------------------------------------------------------------------------------------


def test_a_tiny_element_is_annotated() -> None:
    data = bytes.fromhex("3014 0603550403 0c0d 4261636b7570207661756c7421")
    assert tree_of(der_parts(data, OID_NAMES), data) == TREE


def test_an_extension_is_opened_in_place() -> None:
    data = bytes.fromhex("a30f 300d 300b 0603551d0f 0404 030205a0")
    rows = annotate_rows(data, der_parts(data, {}), (), "b")
    assert [(row.offset, row.depth, row.meaning) for row in rows[-2:]] == [
        (11, 3, "What the key may be used for"),
        (13, 4, "Bits"),
    ]
    assert rows[-1].value == "3 bits"


def test_cbor_shows_keys_beside_their_values() -> None:
    data = encode({"module_id": "i-1", "digest": b"\x00" * 4})
    rows = annotate_rows(data, cbor_parts(data, {}), (), "b")
    assert [(row.name, row.value) for row in rows] == [("", "2 entries"), ("module_id", "i-1"), ("digest", "4 bytes")]
    assert bytes.fromhex("".join(row.hex for row in rows)) == data


def test_a_cbor_value_that_holds_nothing_is_not_taken_for_a_document() -> None:
    with pytest.raises(VaultproofError):
        cbor_parts(b"\x07", {})


def test_xml_shows_end_tags_as_bytes_of_their_own() -> None:
    data = b"<a><serial>7</serial></a>"
    rows = annotate_rows(data, xml_parts(data, {}), (), "b")
    assert [(row.form, row.name, row.offset) for row in rows] == [
        ("element", "a", 0),
        ("element", "serial", 3),
        ("bytes", "", 21),
    ]


def test_bytes_that_nothing_explains_are_shown_all_the_same() -> None:
    data = bytes(range(40))
    (row,) = annotate_rows(data, (), (), "b")
    assert row.dump == hex_dump(data, 0, 40)
    assert row.dump.splitlines()[1].startswith("16  10 11")


def test_a_claim_stands_at_the_least_part_that_holds_it() -> None:
    data = bytes.fromhex("3003020107")
    rows = annotate_rows(data, der_parts(data, {}), [Mark(start=4, end=5, label="x", anchor="claim")], "b")
    assert [row.id for row in rows] == [None, "b-2"]


def test_parts_that_overlap_are_a_fault() -> None:
    parts = [Part(depth=0, start=0, end=3, own=3, form="a"), Part(depth=0, start=2, end=4, own=4, form="b")]
    with pytest.raises(ValueError, match="byte 2"):
        annotate_rows(b"1234", parts, (), "b")


def test_what_a_file_carries_stands_by_itself() -> None:
    pem = b"words before\n" + write_pem(CERTIFICATE, b"\x30\x00") + write_pem("EVIDENCE", b"\x30\x00")
    found = runs({"all.pem": pem, "note.txt": b"words", "broken.pem": b"-----BEGIN X-----\n"})
    assert [(run.file, run.block, run.label) for run in found] == [
        ("all.pem", 1, "EVIDENCE"),
        ("broken.pem", None, None),
        ("note.txt", None, None),
        ("all.pem", 0, CERTIFICATE),
    ]
    assert found[-1].text == write_pem(CERTIFICATE, b"\x30\x00")


# --- two layers -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def layered(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str | None], MemberPage]:
    """The page of one HSM of a rehearsal in two layers, with a fault or without one."""

    def make(fault: str | None) -> MemberPage:
        evidence = tmp_path_factory.mktemp("layers") / "evidence"
        shutil.copytree(EVIDENCE / "trust", evidence / "trust")
        shutil.copytree(EVIDENCE / "procedure", evidence / "procedure")
        options = RehearsalOptions(seed="page", id="rehearsal-layers", two_layers=True, members=3, sites=1, fault=fault)
        write_rehearsal(rehearse(options), evidence / "deployments" / "rehearsal-layers")
        sources = read_sources(evidence)
        clock = max(sources.dates)
        publish = () if fault is None else ("rehearsal-layers",)
        (checked,) = check_all(sources, clock=clock, engine=ENGINE, publish_failing=publish)
        context = DeploymentContext(
            sources=sources, others={}, clock=clock, assets=Assets(stylesheet="s", icon="i"), raw="evidence",
            downloads={},
        logs=(),
        )  # fmt: skip
        found = dict(member_pages(checked, context))["hsm/hsm-03/index.html"]
        assert isinstance(found, MemberPage)
        return found

    return make


def test_both_layers_stand_on_the_page(layered: Callable[[str | None], MemberPage]) -> None:
    page = layered(None)
    assert page.layered
    grades = {claim.path: claim.grade_label for claim in claims_of(page)}
    assert grades["attester/hwserial"] == "attested by the device or its maker"
    assert grades["platform/measurements"] == "signed by a key that the maker attested"
    titles = [group.title for group in page.groups]
    assert "The key that signs what the maker does not, as the maker attests it" in titles
    assert "By the maker's layer alone: what runs on it" in titles
    maker, owner = page.chains
    assert [node.title for node in maker.picture.nodes][-2:] == [
        "Key that the maker attests",
        "What a program in this HSM says",
    ]
    assert maker.rows[-1].role == "Key that the maker attests"
    assert maker.rows[-1].sha256 == owner.rows[-1].sha256
    assert {line.status for chain in page.chains for line in chain.picture.lines} == {"match"}
    assert {file.name for file in page.files} == {"chain.pem", "evidence.der", "maker-chain.pem", "maker-evidence.der"}


def test_the_tie_that_does_not_hold_is_seen_on_the_page(layered: Callable[[str | None], MemberPage]) -> None:
    """Every signature holds; only the line from the maker's statement to the key that signs does not."""
    page = layered("layers-other-key")
    maker, owner = page.chains
    assert [line.status for line in maker.picture.lines] == ["match", "match", "mismatch", "match"]
    assert {line.status for line in owner.picture.lines} == {"match"}
    assert maker.rows[-1].status == "mismatch"
    assert not page.vouched
