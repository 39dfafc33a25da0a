"""One attestation by itself: told from its bytes, read from files of any name, and answered as good as it is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import vaultproof
from tests.unit.attestation import makers
from tests.unit.attestation.makers import AT, NOW
from tests.unit.attestation.test_thales_luna import ecc_files
from tests.unit.attestation.test_yubico import hsm_files, hsm_key, piv_files
from vaultproof.asn1.pem import CERTIFICATE, read_pem, write_pem
from vaultproof.attestation.claims import Source
from vaultproof.attestation.detection import FORMS, arranged, recognised
from vaultproof.attestation.findings import Outcome
from vaultproof.attestation.given import Given
from vaultproof.attestation.reference import ReferenceValues
from vaultproof.attestation.registry import ADAPTERS, adapters
from vaultproof.attestation.single import Answer, Question, SingleCheck, check_single
from vaultproof.attestation.single_json import as_json
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Unavailable
from vaultproof.report import Scope
from vaultproof.trust.configuration import Provenance, TrustConfiguration, TrustSet, VendorRoot

SCHEMA = json.loads((Path(vaultproof.__file__).parent / "schema" / "attestation-check.schema.json").read_bytes())
SOURCE = (Provenance(source="made for tests", captured="2026-11-22"),)
PKIX_POLICY: dict[str, Any] = {
    "technology": "pkix-evidence",
    "allowed": [{"id": "good", "swversion": "2.4.1"}],
    "denied": [
        {
            "id": "old", "below": "2.4.1",
            "advisory": {"id": "SA-1", "published": "2026-11-10", "url": "https://maker.example/SA-1"},
        }
    ],
    "keys": {"local": True, "extractable": False},
    "freshness": "nonce",
    "debug": "disabled",
}  # fmt: skip


def configuration(
    kind: Scope, root: str, *technologies: str, policies: tuple[dict[str, Any], ...]
) -> TrustConfiguration:
    values = {
        "schema": "vaultproof/reference-values@1",
        "technologies": list(policies),
        "fleet": {"minimum_members": 1, "code": "measured", "same_code": "equal", "keys": "one-holder"},
    }
    anchors = (makers.anchor(root, technology=technology, id=f"{kind}-{technology}") for technology in technologies)
    return TrustConfiguration(
        kind=kind, signers=(), namespaces=(), app_pinned=(), operators=(), witnesses=(),
        vendor_roots=tuple(VendorRoot(anchor=anchor, provenance=SOURCE) for anchor in anchors),
        reference_values=ReferenceValues.from_json(values), digest="0" * 63 + str(int(kind is Scope.REHEARSAL)),
    )  # fmt: skip


def trust(*, production: str = "root", rehearsal: str = "root-2", policy: Mapping[str, Any] | None = None) -> TrustSet:
    policies = ({**PKIX_POLICY, **(policy or {})},)
    return TrustSet(
        production=configuration(Scope.PRODUCTION, production, "pkix-evidence", policies=policies),
        rehearsal=configuration(Scope.REHEARSAL, rehearsal, "pkix-evidence", policies=policies),
    )


def given(files: Mapping[str, bytes], *names: str) -> tuple[Given, ...]:
    """The files under other names, as a person might have them."""
    renamed = names or tuple(f"saved/{number}.bin" for number in range(len(files)))
    return tuple(Given(name=name, data=data) for name, data in zip(renamed, files.values(), strict=True))


def ask(
    files: Mapping[str, bytes] | tuple[Given, ...], pins: TrustSet | None = None, **changes: Any
) -> SingleCheck:  # fmt: skip
    question = Question(
        given=files if isinstance(files, tuple) else given(files), at=makers.AT, now=makers.NOW, **changes
    )  # fmt: skip
    check = run_to_completion(check_single(question, pins or trust(), OpenSslBackend()))
    jsonschema.validate(as_json(check), SCHEMA)
    return check


def outcome_codes(check: SingleCheck, outcome: Outcome) -> set[str]:
    return {item.code for items in check.checks.values() for item in items if item.outcome is outcome and item.required}


# --- answers --------------------------------------------------------------------------------------------------------


def test_a_good_attestation_holds_without_anything_else() -> None:
    check = ask(makers.device("a").files())
    assert (check.answer, check.technology, check.recognised) == (Answer.HOLDS, "pkix-evidence", ("pkix-evidence",))
    assert check.trust.kind is Scope.PRODUCTION
    assert outcome_codes(check, Outcome.FAILED) == set()
    assert list(check.checks) == [
        "chain", "signature", "dates", "code", "advisories", "debug", "key-protection", "freshness",
    ]  # fmt: skip


ANSWERS: list[tuple[str, dict[str, Any], dict[str, Any], Answer, str]] = [
    ("nonce given and right", {"nonce": makers.NONCE}, {}, Answer.HOLDS, "nonce-matches"),
    ("nonce given and another", {"nonce": b"\x00" * 32}, {}, Answer.CONTRADICTED, "nonce-differs"),
    ("no root pinned", {"pins": trust(production="x", rehearsal="y")}, {}, Answer.CONTRADICTED, "unrecognised-root"),
    ("a version outside of the list", {"pins": trust(policy={"allowed": [{"id": "o", "swversion": "2.4"}]})}, {},
     Answer.CONTRADICTED, "swversion-differs"),
    ("nothing allowed", {"pins": trust(policy={"allowed": []})}, {}, Answer.COULD_NOT_CHECK, "nothing-allowed"),
    ("another policy's technology", {"pins": trust(policy={"technology": "yubihsm2"})}, {},
     Answer.COULD_NOT_CHECK, "no-reference-values"),
    ("a key that came from outside", {}, {"local": False}, Answer.CONTRADICTED, "key-local-differs"),
    ("a key of which nothing is said", {}, {"local": None}, Answer.COULD_NOT_CHECK, "claim-absent"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "key", "answer", "code"), [item[1:] for item in ANSWERS], ids=[a[0] for a in ANSWERS]
)
def test_the_answer_is_the_worst_of_what_was_asked(
    question: dict[str, Any], key: dict[str, Any], answer: Answer, code: str
) -> None:
    device = makers.device("a")
    device = replace(device, keys=tuple(replace(item, **key) for item in device.keys))
    asked = dict(question)
    check = ask(device.files(), asked.pop("pins", None), **asked)
    assert check.answer is answer
    assert code in {item.code for items in check.checks.values() for item in items}


def test_an_advisory_counts_as_of_the_time_asked_for_and_is_shown_as_of_now() -> None:
    device = makers.device("a")
    device = replace(device, platform=replace(device.platform, swversion="2.4.0"))
    pins = trust(policy={"allowed": [{"id": "good", "swversion": "2.4.0"}]})
    before = ask(device.files(), pins)
    assert before.answer is Answer.HOLDS
    assert [item.as_of.value for item in before.checks["advisories"] if item.outcome is Outcome.FAILED] == ["now"]
    question = Question(given=given(device.files()), at=makers.NOW, now=makers.NOW)
    assert run_to_completion(check_single(question, pins, OpenSslBackend())).answer is Answer.CONTRADICTED


def test_without_a_nonce_freshness_is_not_asked_and_what_is_carried_is_shown() -> None:
    (item,) = ask(makers.device("a").files()).checks["freshness"]
    assert (item.code, item.outcome, item.required) == ("nonce-not-asked", Outcome.NOTED, False)
    assert item.found == makers.NONCE.hex()


def test_rehearsal_roots_come_second_and_are_said_so() -> None:
    check = ask(makers.device("a").files(), trust(production="x", rehearsal="root"))
    assert (check.answer, check.trust.kind) == (Answer.HOLDS, Scope.REHEARSAL)
    assert as_json(check)["roots"] == "rehearsal"
    both = ask(makers.device("a").files(), trust(production="root", rehearsal="root"))
    assert both.trust.kind is Scope.PRODUCTION


def test_no_file_is_no_question() -> None:
    with pytest.raises(ValueError, match="no file"):
        ask(())


# --- what it is -----------------------------------------------------------------------------------------------------


MEMBERS = {"pkix-evidence": makers.device("a").files(), "yubihsm2": hsm_files(), "yubikey-piv": piv_files()}


@pytest.mark.parametrize("technology", MEMBERS)
def test_a_technology_is_told_from_bytes_under_any_name(technology: str) -> None:
    assert recognised(given(MEMBERS[technology]), adapters()) == (technology,)


@pytest.mark.parametrize("technology", MEMBERS)
def test_every_mark_has_an_adapter(technology: str) -> None:
    assert technology in FORMS
    assert set(FORMS) <= set(ADAPTERS)


@pytest.mark.parametrize(
    ("files", "marks", "code"),
    [
        ((Given(name="a", data=b"hello"),), (), "technology-not-recognised"),
        ((Given(name="a", data=b""),), (), "technology-not-recognised"),
        ((Given(name="a", data=b"\x30\x80"),), (), "technology-not-recognised"),
        ((Given(name="a", data=b"-----BEGIN NOTHING-----"),), (), "technology-not-recognised"),
        (
            (*given(hsm_files(), "a", "b"), *given(piv_files(), "c", "d")),
            ("yubihsm2", "yubikey-piv"),
            "technology-ambiguous",
        ),
    ],
)
def test_none_or_several_are_told_honestly(files: tuple[Given, ...], marks: tuple[str, ...], code: str) -> None:
    check = ask(files)
    assert check.error is not None
    assert (check.answer, check.recognised, check.error.code) == (Answer.COULD_NOT_CHECK, marks, code)
    assert (check.technology, check.checks, as_json(check)["claims"]) == (None, {}, [])


def test_of_several_the_one_that_can_be_read_is_taken() -> None:
    files = (*given(makers.device("a").files(), "e", "c"), Given(name="stray", data=b"\x1f\x8b nothing"))
    check = ask(files)
    marvell = "marvell-liquidsecurity"
    assert check.recognised == ("pkix-evidence", marvell, f"evidence-over-{marvell}")
    assert check.technology == "pkix-evidence"


class Abacus:
    """An adapter that nobody wrote marks for."""

    technology = "abacus"
    version = "1"
    oid_names: Mapping[str, str] = {}

    def read(self, member_files: Mapping[str, bytes]) -> Any:
        if "beads.txt" not in member_files:
            raise Unavailable("no-evidence", "a member has no beads")
        return None


def test_an_adapter_without_marks_is_asked_itself() -> None:
    assert recognised((Given(name="x/beads.txt", data=b""),), (Abacus(),)) == ("abacus",)
    assert recognised((Given(name="x/other.txt", data=b""),), (Abacus(),)) == ()
    files = arranged("abacus", (Given(name="x/beads.txt", data=b"b"),), (Given(name="y/more", data=b"m"),)).files
    assert files == {"beads.txt": b"b", "more": b"m"}


@pytest.mark.parametrize("technology", ADAPTERS)
def test_a_file_that_is_not_what_somebody_says_is_refused_or_not_understood(technology: str) -> None:
    check = ask((Given(name="mine", data=b"not at all"),), technology=technology)
    assert check.error is not None
    assert check.answer in (Answer.CONTRADICTED, Answer.COULD_NOT_CHECK)
    assert check.technology == technology


# --- where it was read ----------------------------------------------------------------------------------------------


def blocks(*files: bytes) -> bytes:
    return b"".join(files)


def test_leaf_and_chain_in_one_file_are_taken_apart_and_places_stay_true() -> None:
    files = hsm_files(hsm_key("fleet-a"), hsm_key("fleet-b", number=1))
    one = Given(name="all.pem", data=blocks(files["chain.pem"], files["attestation.pem"]))
    arrangement = arranged("yubihsm2", (one,))
    assert list(arrangement.files) == ["attestation.pem", "chain.pem"]
    assert arrangement.read_as("all.pem") == ("attestation.pem", "chain.pem")
    place = Source(file="attestation.pem", offset=5, length=2, block=1)
    chain_blocks = files["chain.pem"].count(b"BEGIN")
    assert arrangement.source(place) == replace(place, file="all.pem", block=chain_blocks + 1)


def test_a_claim_is_found_in_the_file_as_given_and_nowhere_else() -> None:
    files = makers.device("a").files()
    value = as_json(ask(given(files, "my evidence", "my chain")))
    (serial,) = [claim for claim in value["claims"] if claim["path"] == "attester/hwserial"]
    place = serial["place"]
    assert (place["file"], place["block"]) == ("my evidence", None)
    assert files["evidence.der"][place["offset"] : place["offset"] + place["length"]].endswith(b"SN-a")


def test_the_same_certificate_twice_stands_once() -> None:
    files = piv_files()
    twice = (Given(name="leaf", data=files["attestation.pem"]), Given(name="both", data=blocks(*files.values())))
    arrangement = arranged("yubikey-piv", twice)
    assert arrangement.files == files
    assert arrangement.read_as("leaf") == ("attestation.pem",)


def test_a_certificate_in_der_is_a_certificate() -> None:
    files = piv_files()
    (leaf,) = read_pem(files["attestation.pem"], labels={CERTIFICATE})
    arrangement = arranged(
        "yubikey-piv", (Given(name="leaf.der", data=leaf.data), Given(name="c", data=files["chain.pem"]))
    )
    assert arrangement.files == {"attestation.pem": write_pem(CERTIFICATE, leaf.data), "chain.pem": files["chain.pem"]}
    place = Source(file="attestation.pem", offset=0, length=4, block=0)
    assert arrangement.source(place) == replace(place, file="leaf.der", block=None)


def test_a_pointer_into_a_file_is_kept() -> None:
    arrangement = arranged("marvell-liquidsecurity", (Given(name="answer", data=b'{"privateKeyAttestation": 1}'),))
    place = Source(file="attestation.json#/attributes/x", offset=1, length=1, block=0)
    assert arrangement.source(place).file == "answer#/attributes/x"


def test_a_chain_that_cannot_be_read_is_not_passed_over() -> None:
    files = makers.device("a").files()
    broken = files["chain.pem"].replace(b"-----END CERTIFICATE-----", b"", 1)
    check = ask((Given(name="e", data=files["evidence.der"]), Given(name="c", data=broken)))
    assert check.error is not None
    assert (check.answer, check.error.file) == (Answer.CONTRADICTED, "c")


def test_a_file_that_nobody_reads_is_told() -> None:
    files = makers.device("a").files()
    check = ask((*given(files), Given(name="notes/readme.txt", data=b"hello")))
    noted = [item.subject for items in check.checks.values() for item in items if item.code == "unread-file"]
    assert (check.answer, noted) == (Answer.HOLDS, ["readme.txt"])


# --- the one lenient reading ------------------------------------------------------------------------------------------


def test_m11_the_lenient_reading_is_asked_for_by_name_and_is_a_warning() -> None:
    """Off by default; when it is on and was needed, the answer says so, whatever else it comes to."""
    files = (Given(name="pkc.p7b", data=ecc_files(odd=True, unsigned=True)["pkc.p7b"]),)
    strict, lenient = (
        run_to_completion(check_single(Question(given=files, at=AT, now=NOW, lenient=asked), trust(), OpenSslBackend()))
        for asked in (False, True)
    )
    assert strict.warnings == ()
    assert "non-der-signature" in {item.code for found in strict.checks.values() for item in found}
    assert {item.code for item in lenient.warnings} == {"unsigned-ecdsa-signature"}
    assert "non-der-signature" not in {item.code for found in lenient.checks.values() for item in found}
    assert [as_json(check)["lenient"] for check in (strict, lenient)] == [False, True]
    assert [bool(as_json(check)["warnings"]) for check in (strict, lenient)] == [False, True]


def test_where_nothing_was_read_leniently_there_is_no_warning() -> None:
    files = (Given(name="pkc.p7b", data=ecc_files(odd=True, unsigned=False)["pkc.p7b"]),)
    question = Question(given=files, at=AT, now=NOW, lenient=True)
    assert run_to_completion(check_single(question, trust(), OpenSslBackend())).warnings == ()
    question = Question(given=given(makers.device("a").files(), "e", "c"), at=AT, now=NOW, lenient=True)
    assert run_to_completion(check_single(question, trust(), OpenSslBackend())).warnings == ()
