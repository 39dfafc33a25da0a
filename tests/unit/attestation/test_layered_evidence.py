"""Evidence in two layers: a YubiHSM 2 attests a key, and that key signs PKIX Evidence; each case breaks one tie."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

import pytest

from tests.cases.harness import EVIDENCE, tree
from tests.unit.attestation import makers
from tests.unit.attestation.makers import AT, NONCE, NOW, Certified, Device, anchor, chain, name, pem, spki
from tests.unit.attestation.test_yubico import capabilities, hsm_files, hsm_key
from vaultproof.asn1 import writer
from vaultproof.attestation.adapter import Attestation, Role, maker_of
from vaultproof.attestation.appraisal import Appraisal, appraise
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.checks import grouped
from vaultproof.attestation.claim_rows import claim_rows
from vaultproof.attestation.claims import CodeGrade, Grade, SerialSource
from vaultproof.attestation.findings import AsOf, Finding, Outcome
from vaultproof.attestation.given import Given
from vaultproof.attestation.layered_evidence import LayeredEvidenceAdapter
from vaultproof.attestation.pkix_evidence import PkixEvidenceAdapter
from vaultproof.attestation.pkix_evidence_writer import KeyValues, Signer
from vaultproof.attestation.reference import ReferenceValues
from vaultproof.attestation.registry import adapter_for
from vaultproof.attestation.single import Answer, Question, SingleCheck, check_single
from vaultproof.attestation.yubihsm import ORIGIN
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import Malformed, Mismatch, Unavailable, VaultproofError
from vaultproof.trust.configuration import read_trust_set

TECHNOLOGY = "evidence-over-yubihsm2"
SERIAL = "31650425"
AK = "ak-a"
OWNERS_ROOT = Certified(label="owner-root", subject=name("Owner Root"), extensions=makers.authority())
OTHER_ROOT = replace(OWNERS_ROOT, label="owner-root-2")

Files = dict[str, bytes]


def upper(serial: str | None = SERIAL, **platform: Any) -> Device:
    """The program in the device: what it states of the device is its serial number alone, unless told otherwise."""
    made = Device()
    stated = replace(made.platform, vendor=None, oemid=None, hwmodel=None, hwserial=serial)
    return replace(made, platform=replace(stated, **platform))


def files(
    device: Device | None = None, *keys: Certified, signer: Signer | None = None, owner: Certified | None = None
) -> Files:
    """A member's files; ``owner`` is a root that certified the attestation key as well."""
    device = device or upper()
    made = {
        "evidence.der": device.evidence(signer=signer or Signer(spki=spki(AK))),
        **{f"maker-{file}": data for file, data in hsm_files(*(keys or (hsm_key(AK),))).items()},
    }
    if owner is not None:
        certificates = chain(device.links()[0], owner)
        made["chain.pem"] = pem(*certificates)
        made["evidence.der"] = device.evidence(signer=Signer(certificate=certificates[0]))
    return made


def read(made: Mapping[str, bytes]) -> Attestation:
    return adapter_for(TECHNOLOGY).read(made)


def verified(attestation: Attestation) -> ChainResult:
    pinned = (
        anchor(technology="yubihsm2"),
        anchor("owner-root", technology=TECHNOLOGY, purpose="owner", id="owners"),
    )
    return run_to_completion(verify_chain(attestation, pinned, OpenSslBackend(), AT, NOW))


MAKERS: Mapping[str, Any] = {
    "technology": "yubihsm2",
    "allowed": [{"id": "yubihsm-2.4", "swversion": "2.4.0"}],
    "denied": [
        {
            "id": "below-2.4", "below": "2.4.0",
            "advisory": {"id": "YSA-2024-03", "published": "2024-09-03", "url": "https://www.yubico.com/"},
        }
    ],
    "keys": {},
    "freshness": "manifest",
}  # fmt: skip
OURS: Mapping[str, Any] = {
    "technology": TECHNOLOGY,
    "allowed": [
        {
            "id": "program", "hwmodel": "YubiHSM 2", "swversion": "2.4.1",
            "measurements": [
                {"algorithm": item.algorithm, "digest": item.digest, "component": item.component}
                for item in (makers.FIRMWARE, makers.LOADER)
            ],
        }
    ],
    "denied": [],
    "keys": {"local": True, "extractable": False},
    "freshness": "nonce",
    "attestation_key": {
        "attributes": {"purposes": ["sign-ecdsa"]}, "used_only_by": "measured-code", "source": "a document",
    },
}  # fmt: skip


def judged(
    attestation: Attestation, ours: Mapping[str, Any] = OURS, maker: Mapping[str, Any] | None = MAKERS
) -> Appraisal:
    values = {
        "schema": "vaultproof/reference-values@1",
        "technologies": [dict(item) for item in (ours, maker) if item is not None],
        "fleet": {"minimum_members": 1, "code": "measured", "same_code": "equal", "keys": "one-holder"},
    }
    return appraise(attestation, ReferenceValues.from_json(values), AT, NOW, NONCE)


def failed(findings: tuple[Finding, ...]) -> set[tuple[str, str]]:
    return {
        (item.code, item.subject) for item in findings if item.outcome is Outcome.FAILED and item.as_of is not AsOf.NOW
    }


def test_both_layers_hold_and_say_which_is_which() -> None:
    attestation = read(files())
    walked, appraised = verified(attestation), judged(attestation)
    assert walked.outcome(AsOf.NOW) is appraised.outcome(AsOf.NOW) is Outcome.PROVEN
    assert appraised.code_allowed
    claims = appraised.claims
    assert claims.attester.hwserial is not None
    assert (claims.attester.hwserial.value, claims.attester.hwserial.grade) == (SERIAL, Grade.ATTESTED)
    assert claims.attester.hwserial_source is SerialSource.CERTIFICATE_EXTENSION
    assert claims.attester.hwserial.source.file == "maker-attestation.pem"
    assert claims.platform.measurements is not None
    assert claims.platform.measurements.grade is Grade.BY_KEY
    assert claims.platform.measurements.source.file == "evidence.der"
    assert claims.platform.code_grade is CodeGrade.MEASURED
    assert [key.spki_sha256 for key in claims.keys] == [sha256(spki("fleet-a")).hexdigest()]
    assert claims.attestation_key is not None
    assert claims.attestation_key.spki is not None
    assert claims.attestation_key.spki.value == spki(AK)
    assert claims.attester.device_identity is not None
    assert claims.attester.device_identity.value == sha256(spki("device-key")).hexdigest()


def test_every_claim_has_a_path_of_its_own() -> None:
    rows = claim_rows(read(files()).claims)
    paths = [row.path for row in rows]
    assert len(set(paths)) == len(paths)
    grades = {row.path: row.grade for row in rows}
    assert grades["maker/platform/swversion"] is Grade.ATTESTED
    assert grades["platform/swversion"] is Grade.BY_KEY
    assert grades["attestation-key/local"] is Grade.ATTESTED
    assert "maker/attester/hwserial" not in grades  # the record has it already


def test_findings_of_both_layers_fall_under_the_checks_of_the_matrix() -> None:
    attestation = read(files())
    groups = grouped(attestation, verified(attestation), judged(attestation).findings)
    codes = {check: {item.code for item in found} for check, found in groups.items()}
    assert "attestation-key-attested" in codes["chain"]
    assert {item.subject for item in groups["signature"]} == {"maker/keys/0", "evidence"}
    assert "maker/platform/swversion" in {item.subject for item in groups["code"]}
    assert {item.subject for item in groups["advisories"]} == {"maker/platform/swversion"}
    assert "attestation-key-use" in codes["key-protection"]


def test_the_evidence_is_checked_with_the_attested_key() -> None:
    made = files()
    made["evidence.der"] = made["evidence.der"][:-1] + bytes([made["evidence.der"][-1] ^ 1])
    assert {subject for _, subject in failed(verified(read(made)).findings)} == {"evidence"}


def test_another_key_attested_is_found() -> None:
    """Both layers are genuine by themselves; they only do not belong together."""
    attestation = read(files(None, hsm_key("another")))
    assert ("attestation-key-not-attested", "attestation-key") in failed(verified(attestation).findings)
    assert judged(attestation).outcome(AsOf.DEPLOYMENT) is not Outcome.PROVEN
    assert attestation.claims.attestation_key is None


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (hsm_key(AK, capabilities=capabilities(7, 16)), "key-extractable-differs"),
        (hsm_key(AK, capabilities=capabilities(7, 16)), "key-export-path-differs"),
        (hsm_key(AK, origin=makers.extension(ORIGIN, writer.bit_string(b"\x02"))), "key-local-differs"),
        (hsm_key(AK, capabilities=capabilities(7, 34)), "key-purposes-differs"),
    ],
)
def test_a_key_that_could_leave_speaks_for_nothing(key: Certified, code: str) -> None:
    attestation = read(files(None, key))
    assert verified(attestation).outcome(AsOf.DEPLOYMENT) is Outcome.PROVEN
    assert code in {found for found, subject in failed(judged(attestation).findings) if "attestation-key/" in subject}


@pytest.mark.parametrize(
    ("platform", "code"),
    [
        ({"serial": "31650426"}, "layer-serial-differs"),
        ({"hwmodel": "YubiHSM 3"}, "layer-model-differs"),
        ({"vendor": "Acme"}, "layer-vendor-differs"),
    ],
)
def test_layers_that_speak_of_two_devices_contradict(platform: dict[str, str], code: str) -> None:
    attestation = read(files(upper(**platform)))
    assert code in {found for found, _ in failed(verified(attestation).findings)}


def test_what_only_one_layer_states_is_no_contradiction() -> None:
    attestation = read(files(upper(serial=None)))
    assert verified(attestation).outcome(AsOf.NOW) is Outcome.PROVEN
    assert attestation.claims.attester.hwserial is not None
    assert attestation.claims.attester.hwserial.grade is Grade.ATTESTED


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        (..., "no rule about the key at all"),
        ({"attributes": {}, "used_only_by": "unknown", "source": "no document says"}, "nobody can say"),
    ],
)
def test_whoever_can_use_the_key_could_have_signed_it(rule: Any, reason: str) -> None:
    ours = {key: value for key, value in {**OURS, "attestation_key": rule}.items() if value is not ...}
    appraised = judged(read(files()), ours)
    assert appraised.outcome(AsOf.DEPLOYMENT) is Outcome.ASSERTED_ONLY, reason
    codes = {item.code for item in appraised.findings if item.outcome is Outcome.ASSERTED_ONLY}
    assert {"attestation-key-use-unknown", "measurements-asserted", "key-local-asserted"} <= codes
    assert appraised.claims.platform.code_grade is CodeGrade.NOT_ATTESTED
    assert not appraised.code_allowed
    assert "nonce-matches" in {item.code for item in appraised.findings if item.outcome is Outcome.PROVEN}


def test_the_makers_layer_is_judged_by_its_own_reference_values() -> None:
    attestation = read(files())
    assert judged(attestation, maker=None).outcome(AsOf.NOW) is Outcome.NOT_EVALUATED
    other = {**MAKERS, "allowed": [{"id": "x", "swversion": "2.5.0"}]}
    assert failed(judged(attestation, maker=other).findings) == {("swversion-differs", "maker/platform/swversion")}
    entry = {**MAKERS["denied"][0], "below": "2.4.9"}
    denied = judged(attestation, maker={**MAKERS, "denied": [entry]})
    assert ("denied-by-advisory", "maker/platform/swversion") in failed(denied.findings)
    assert not denied.code_allowed


def test_a_version_that_is_only_said_keeps_no_advisory_away() -> None:
    entry = {**MAKERS["denied"][0], "below": "2.4.0"}
    ours = {key: value for key, value in {**OURS, "denied": [entry]}.items() if key != "attestation_key"}
    found = judged(read(files()), ours).findings
    about = [item for item in found if item.advisory is not None and item.subject == "platform/swversion"]
    assert {(item.code, item.outcome) for item in about} == {("swversion-asserted", Outcome.ASSERTED_ONLY)}
    ours["denied"] = [{**entry, "below": "2.5.0"}]
    assert ("denied-by-advisory", "platform/swversion") in failed(judged(read(files()), ours).findings)


def test_without_reference_values_nothing_is_shown() -> None:
    values = {
        "schema": "vaultproof/reference-values@1", "technologies": [MAKERS],
        "fleet": {"minimum_members": 1, "code": "measured", "same_code": "equal", "keys": "one-holder"},
    }  # fmt: skip
    appraised = appraise(read(files()), ReferenceValues.from_json(values), AT, NOW, NONCE)
    assert appraised.outcome(AsOf.NOW) is Outcome.NOT_EVALUATED
    assert appraised.claims.platform.code_grade is CodeGrade.NOT_ATTESTED


def test_the_makers_roots_vouch_for_the_makers_layer_alone() -> None:
    attestation = read(files())
    pinned = (anchor(technology=TECHNOLOGY),)  # the right key, pinned for the wrong layer
    walked = run_to_completion(verify_chain(attestation, pinned, OpenSslBackend(), AT, NOW))
    assert walked.outcome(AsOf.NOW) is Outcome.COULD_NOT_CHECK
    assert walked.anchors == {}


def test_an_owner_may_have_certified_the_key_too() -> None:
    attestation = read(files(owner=OWNERS_ROOT))
    assert [chain.name for chain in attestation.chains] == ["maker/manufacturer", "attestation-key"]
    assert [link.role for link in attestation.chains[1].links] == [Role.ATTESTATION_KEY, Role.ROOT]
    walked = verified(attestation)
    assert walked.outcome(AsOf.NOW) is Outcome.PROVEN
    assert walked.anchors["attestation-key"].id == "owners"


def test_a_certificate_of_another_authority_is_found() -> None:
    found = failed(verified(read(files(owner=OTHER_ROOT))).findings)
    assert found == {("unrecognised-root", "attestation-key/anchor")}


def test_a_certificate_of_the_owner_is_no_attestation_of_the_maker() -> None:
    """The owner's root may certify any key: only the maker's layer says that it lives in the device."""
    attestation = read(files(None, hsm_key("another"), owner=OWNERS_ROOT))
    assert failed(verified(attestation).findings) == {("attestation-key-not-attested", "attestation-key")}


def test_a_key_that_both_layers_speak_of_is_described_alike() -> None:
    """The maker's word counts; what the program says beside it must not differ."""
    also = hsm_key("fleet-a", number=2)
    same = read(files(None, hsm_key(AK), also))
    assert verified(same).outcome(AsOf.NOW) is Outcome.PROVEN
    (key,) = same.claims.keys
    assert key.local is not None
    assert key.local.grade is Grade.ATTESTED
    exportable = hsm_key("fleet-a", number=2, capabilities=capabilities(7, 16))
    differs = read(files(None, hsm_key(AK), exportable))
    assert ("layer-key-differs", "keys/0/extractable") in failed(verified(differs).findings)
    assert ("key-extractable-differs", "keys/0/extractable") in failed(judged(differs).findings)


def test_a_key_that_the_maker_attests_beside_is_a_key_of_the_fleet() -> None:
    """It must then be published too: nothing that is attested may stay unspoken of."""
    attestation = read(files(None, hsm_key(AK), hsm_key("beside", number=2)))
    assert {key.spki_sha256 for key in attestation.claims.keys} == {
        sha256(spki(label)).hexdigest() for label in ("fleet-a", "beside")
    }


def test_the_signed_part_names_the_key_and_the_block_may_not_name_another() -> None:
    other = upper()
    for signer in (Signer(spki=spki("another")), Signer(spki=spki(AK), key_id=b"another")):
        with pytest.raises(Mismatch) as caught:
            read(files(other, signer=signer))
        assert caught.value.code == "ak-spki-differs"


def test_the_key_may_be_named_by_its_identifier() -> None:
    for key_id in (sha256(spki(AK)).digest(),):
        assert verified(read(files(signer=Signer(key_id=key_id)))).outcome(AsOf.NOW) is Outcome.PROVEN


def test_a_missing_layer_is_missing() -> None:
    whole = files()
    without_maker = {file: data for file, data in whole.items() if not file.startswith("maker-")}
    without_evidence = {file: data for file, data in whole.items() if file.startswith("maker-")}
    for made, code, file in ((without_maker, "no-maker-layer", None), (without_evidence, "no-evidence", None)):
        with pytest.raises(Unavailable) as caught:
            read(made)
        assert (caught.value.code, caught.value.file) == (code, file)


def test_an_error_says_in_which_layer_it_is() -> None:
    with pytest.raises(Malformed) as below:
        read({**files(), "maker-attestation.pem": b"nothing"})
    with pytest.raises(Malformed) as above:
        read({**files(), "evidence.der": b"nothing"})
    assert (below.value.file, above.value.file) == ("maker-attestation.pem", "evidence.der")


def test_files_that_nothing_is_read_from_are_named() -> None:
    made = {**files(), "notes.txt": b"x", "maker-more.txt": b"y"}
    found = {item.subject for item in read(made).findings if item.code == "unread-file"}
    assert found == {"notes.txt", "maker/more.txt"}


def test_layers_do_not_pile_up() -> None:
    with pytest.raises(ValueError, match="no layers of its own"):
        LayeredEvidenceAdapter(LayeredEvidenceAdapter(PkixEvidenceAdapter()))
    assert (maker_of(TECHNOLOGY), maker_of("yubihsm2")) == ("yubihsm2", None)


def test_a_makers_layer_may_be_evidence_itself() -> None:
    """A maker that attests in PKIX Evidence: the attestation key is then one of the keys in it."""
    below = makers.device("m")
    key = KeyValues(identifier="ak", spki=spki(AK), local=True, extractable=False, never_extractable=True)
    below = replace(below, keys=(key,))
    device = upper(serial="SN-m")
    made = {f"maker-{file}": data for file, data in below.files().items()}
    made["evidence.der"] = device.evidence(signer=Signer(spki=spki(AK)))
    attestation = adapter_for("evidence-over-pkix-evidence").read(made)
    walked = run_to_completion(verify_chain(attestation, (anchor(),), OpenSslBackend(), AT, NOW))
    assert walked.outcome(AsOf.NOW) is Outcome.PROVEN
    assert {item.subject for item in walked.findings if item.code == "signature-holds"} >= {
        "maker/evidence",
        "evidence",
    }


# --- one attestation by itself ----------------------------------------------------------------------------------------


def ask(made: Mapping[str, bytes], folder: str = "member/", technology: str | None = None) -> SingleCheck:
    given = tuple(Given(name=f"{folder}{file}", data=data) for file, data in made.items())
    question = Question(given=given, technology=technology, at=AT, now=NOW)
    return run_to_completion(check_single(question, read_trust_set(tree(EVIDENCE / "trust")), OpenSslBackend()))


def test_a_members_folder_is_recognised_as_two_layers() -> None:
    check = ask(files())
    assert check.recognised == (TECHNOLOGY,)
    assert check.technology == TECHNOLOGY
    assert check.error is None
    assert check.arrangement is not None
    assert check.arrangement.read_as("member/maker-attestation.pem") == ("maker-attestation.pem",)
    places = {item.source.file for found in check.checks.values() for item in found if item.source is not None}
    assert places <= {f"member/{file}" for file in files()}
    assert check.answer is Answer.CONTRADICTED  # its root is not pinned in production


def test_loose_files_of_both_layers_are_two_layers() -> None:
    loose = {file.replace("maker-", "m-"): data for file, data in files().items()}
    check = ask(loose, folder="")
    assert (check.technology, check.error) == (TECHNOLOGY, None)
    assert "yubihsm2" in check.recognised


def test_a_layer_alone_is_asked_for_the_other_one() -> None:
    alone = {file: data for file, data in files().items() if file == "evidence.der"}
    check = ask(alone, technology=TECHNOLOGY)
    assert isinstance(check.error, VaultproofError)
    assert (check.error.code, check.answer) == ("no-maker-layer", Answer.COULD_NOT_CHECK)
