"""The genuine message of a Crypto4A QASM (QSM000129) that its maker published, with what is pinned for production."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.interop.attested import check_cuts, codes, judge, production
from tests.interop.damaged import flipped, held, said
from vaultproof.asn1.der import Element, parse
from vaultproof.asn1.pem import read_pem
from vaultproof.attestation.claims import CodeGrade, ExportPath, Grade
from vaultproof.attestation.crypto4a_claims import OID_NAMES, TECHNOLOGY
from vaultproof.attestation.crypto4a_qasm import DER_FILE, PEM_FILE, PEM_LABEL
from vaultproof.attestation.findings import AsOf, Outcome

pytestmark = pytest.mark.interop

AT = datetime(2026, 1, 1, tzinfo=UTC)
MESSAGE_SHA256 = "95d26fc9bac25840b6949cd84bcaa50da65cd2807826cc47ceea277549426eb9"
"""As niklasgillstrom/hsm states it for the same message, in src/test/resources/vendor-fixtures/crypto4a/NOTICE.md."""


@pytest.fixture
def folder(vectors: Path) -> Path:
    found = vectors / "attestation" / "crypto4a-qasm"
    if not found.is_dir():
        pytest.skip("the folder of genuine foreign data has no crypto4a-qasm")
    return found


@pytest.fixture
def armoured(folder: Path) -> dict[str, bytes]:
    return {PEM_FILE: (folder / PEM_FILE).read_bytes()}


@pytest.fixture
def files(armoured: Mapping[str, bytes]) -> dict[str, bytes]:
    (block,) = read_pem(armoured[PEM_FILE], labels={PEM_LABEL})
    return {DER_FILE: block.data}


def parts(data: bytes) -> tuple[Element, ...]:
    """Version, claims, signature blocks, related certificates."""
    return tuple(parse(data).children())


def test_every_genuine_file_is_used_and_is_the_published_one(folder: Path, files: dict[str, bytes]) -> None:
    assert {path.name for path in folder.iterdir()} == {PEM_FILE}
    assert hashlib.sha256(files[DER_FILE]).hexdigest() == MESSAGE_SHA256


def test_the_pin_is_the_key_of_the_genuine_root(files: dict[str, bytes]) -> None:
    link = judge(TECHNOLOGY, files, AT).attestation.chains[0].links[-1]
    (pinned,) = [root for root in production().vendor_roots if root.anchor.technology == TECHNOLOGY]
    assert (pinned.anchor.spki_sha256, pinned.anchor.spki) == (link.key.sha256, link.key.raw)
    assert link.certificate is not None
    assert any(link.certificate.sha256 in item.source for item in pinned.provenance)


def test_every_signature_that_can_be_checked_holds_under_the_genuine_root(
    files: dict[str, bytes], armoured: dict[str, bytes]
) -> None:
    for given in (files, armoured):
        result = judge(TECHNOLOGY, given, AT).chain
        assert result.outcome(AsOf.DEPLOYMENT) is result.outcome(AsOf.NOW) is Outcome.PROVEN
        assert {name: anchor.id for name, anchor in result.anchors.items()} == {
            "manufacturer": "crypto4a-root",
            "hash-based": "crypto4a-root",
        }
        assert [item.subject for item in result.findings if item.code == "signature-holds"] == [
            "manufacturer/0", "manufacturer/1", "hash-based/0", "hash-based/1", "attestation",
        ]  # fmt: skip
        assert codes(result.findings, Outcome.NOTED) == {
            "certificate-repeated", "signature-not-checked", "dates-not-judged",
        }  # fmt: skip


def test_the_claims_are_those_that_the_makers_own_tool_shows(files: dict[str, bytes]) -> None:
    """Its output stands under the message on the page that publishes it."""
    claims = judge(TECHNOLOGY, files, AT).attestation.claims
    (key,) = claims.keys
    attester, version, iat = claims.attester, claims.platform.swversion, claims.evidence.iat
    assert {
        "uuid": attester.instance_id and (attester.instance_id.value, attester.instance_id.grade),
        "hwserial": attester.hwserial and (attester.hwserial.value, attester.hwserial.grade),
        "vendor": attester.vendor and (attester.vendor.value, attester.vendor.grade),
        "swversion": version and (version.value, version.grade),
        "iat": iat and (iat.value, iat.grade),
        "identifier": key.identifier and key.identifier.value,
        "spki": key.spki and key.spki.value.hex(),
        "flags": [flag and (flag.value, flag.grade) for flag in (key.local, key.extractable, key.never_extractable)],
        "path": key.exportable_path and key.exportable_path.value,
        "unknown": [OID_NAMES[claim.type] for claim in claims.unknown],
    } == {
        "uuid": ("8817407a-d04d-e944-e4d6-eadfcdb9494d", Grade.ATTESTED),
        "hwserial": ("QSM000129", Grade.ATTESTED),
        "vendor": ("Crypto4A", Grade.IMPLIED),
        "swversion": ("4.0.2.493", Grade.ATTESTED),
        "iat": (datetime(2024, 6, 12, 14, 33, 7, tzinfo=UTC), Grade.ASSERTED),
        "identifier": "ba17a9b1-3663-4f18-98da-f1bd5bdbf96a",
        "spki": "3059301306072a8648ce3d020106082a8648ce3d03010703420004c5ddf0d66dd21a0bf1a82649484769045d9c26655de903"
        "2ce8dce4d4facc176e60af9f4700f69da2f3007f6ad41100c5eacf19b4e250578a827731bb3fa897a6",
        "flags": [(True, Grade.IMPLIED), (False, Grade.IMPLIED), (True, Grade.IMPLIED)],
        "path": ExportPath.NONE,
        "unknown": [
            "object-keystore", "key-is-hardware-generated", "key-has-capability", "key-does-not-have-capability",
        ],
    }  # fmt: skip
    assert claims.platform.code_grade is CodeGrade.VERSION_ASSERTED
    assert (attester.hwmodel, claims.evidence.nonce, key.purposes, key.sensitive) == (None, None, None, None)


def test_appraisal_proves_the_keys_protection_and_says_what_it_cannot_know(files: dict[str, bytes]) -> None:
    judged = judge(TECHNOLOGY, files, AT)
    assert codes(judged.appraisal.findings, Outcome.FAILED) == set()
    assert codes(judged.appraisal.findings, Outcome.PROVEN) == {
        "key-local-matches", "key-extractable-matches", "key-never-extractable-matches", "key-export-path-matches",
    }  # fmt: skip
    assert codes(judged.appraisal.findings, Outcome.NOT_EVALUATED) == {"nothing-allowed"}
    assert codes(judged.appraisal.findings, Outcome.ASSERTED_ONLY) == {"listed-in-manifest"}
    assert not judged.appraisal.code_allowed


def test_a_file_cut_anywhere_does_not_hold(files: dict[str, bytes], armoured: dict[str, bytes]) -> None:
    check_cuts(TECHNOLOGY, DER_FILE, files, AT)
    whole = armoured[PEM_FILE].rstrip(b"\n")
    for length in range(len(whole)):
        assert held(TECHNOLOGY, {PEM_FILE: whole[:length]}, AT) is None, f"{length} bytes"


def damaged(data: bytes, hash_based: Element) -> Iterator[tuple[int, bytes]]:
    """Copies with one bit of one byte changed; of the hash-based signature, which nothing reads, every 64th byte."""
    for offset, changed in flipped(data):
        if offset % 64 == 0 or not hash_based.content_offset <= offset < hash_based.end:
            yield offset, changed


@pytest.mark.slow
def test_a_changed_byte_never_holds_with_other_claims(files: dict[str, bytes]) -> None:
    """What still holds is what nobody signed: the hash-based signature and the ids of the attestation keys."""
    data = files[DER_FILE]
    original = held(TECHNOLOGY, files, AT)
    assert original is not None
    first, second = parts(data)[2].children()
    key_ids = [next(next(block.children()).children()) for block in (first, second)]
    hash_based = tuple(second.children())[-1]
    spans = [(item.content_offset, item.end) for item in (*key_ids, hash_based)]
    still = set()
    for offset, changed in damaged(data, hash_based):
        claims = held(TECHNOLOGY, {DER_FILE: changed}, AT)
        if claims is not None:
            assert said(claims) == said(original), f"byte {offset}"
            still.add(offset)
    assert [offset for offset in still if not any(start <= offset < end for start, end in spans)] == []
    for start, end in spans:
        assert still & set(range(start, end)), "and these are really not signed"


def test_a_changed_bit_of_the_armour_is_refused_or_says_the_same(armoured: dict[str, bytes]) -> None:
    claims = held(TECHNOLOGY, armoured, AT)
    assert claims is not None
    data = armoured[PEM_FILE]
    for offset in range(0, len(data), 97):
        changed = bytearray(data)
        changed[offset] ^= 1 << (offset % 8)
        found = held(TECHNOLOGY, {PEM_FILE: bytes(changed)}, AT)
        assert found is None or found.attester == claims.attester, f"byte {offset}"
        assert found is None or found.keys == claims.keys, f"byte {offset}"
