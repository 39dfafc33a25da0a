"""The steps about signer, operator, log and history, on changed copies of a rehearsal, beside the planted faults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.cases import harness
from tests.cases.library import run
from vaultproof.evidence.ceremony import witness_message
from vaultproof.report import Report, Status, StepResult
from vaultproof.strict.encodings import format_base64

MANIFEST = {"op": "manifest"}


def report(*changes: dict[str, Any], trust: tuple[dict[str, Any], ...] = (), name: str = "over-the-air") -> Report:
    case = harness.load(name)
    return run(
        harness.Case(
            name=name,
            files=harness.changed(case.files, [*changes, MANIFEST] if changes else []),
            trust=harness.changed(case.trust, list(trust)),
            clock=case.clock,
            evidence_digest=None,
            expected=case.expected,
        )
    )


def announced(pointer: str, value: Any) -> dict[str, Any]:
    return {"op": "set", "path": "deployment.json", "pointer": pointer, "value": value}


def substep(step: StepResult, id: str) -> tuple[Status, str]:
    found = [(item.status, item.code) for item in step.substeps if item.id == id]
    assert found, [item.id for item in step.substeps]
    return found[0]


def trusted(pointer: str, value: Any) -> dict[str, Any]:
    return {"op": "set", "path": "rehearsal/trust.json", "pointer": pointer, "value": value}


def test_a_second_key_of_the_operator_does_not_get_in_the_way() -> None:
    case = harness.load("over-the-air")
    keys = json.loads(case.trust["rehearsal/trust.json"])["operators"][0]["keys"]
    other = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key()
    spki = other.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    second = {**keys[0], "algorithm": "ed25519", "public_key": format_base64(spki)}
    unnamed = {"op": "unset", "path": "bundle/proof.json", "pointer": "/counter_key_id"}
    for order in ([second, *keys], [*keys, second]):
        pins = (trusted("/operators/0/keys", order),)
        assert report(trust=pins).step("counter-signature").status is Status.MATCH
        assert report(unnamed, trust=pins).step("counter-signature").status is Status.MATCH
    assert report(trust=(trusted("/operators/0/keys", [second]),)).step("counter-signature").code == "unrecognised-key"
    alone = report(unnamed, trust=(trusted("/operators/0/keys", [second]),)).step("counter-signature")
    assert alone.status is Status.MISMATCH


def test_a_witness_may_sign_with_any_pinned_key() -> None:
    """A witness with two keys was once only believed with the first."""
    case = harness.load("over-the-air")
    private = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    signature = private.sign(witness_message(case.files["ceremony/record.json"])).hex()
    witness = json.loads(case.files["ceremony/record.json"])["witnesses"][0]
    pinned = json.loads(case.trust["rehearsal/trust.json"])["witnesses"]
    index = next(number for number, item in enumerate(pinned) if item["id"] == witness)
    second = {**pinned[index]["keys"][0], "public_key": format_base64(spki)}
    resigned = {"op": "write", "path": f"ceremony/witnesses/{witness}.sig", "text": signature + "\n"}
    both = (trusted(f"/witnesses/{index}/keys", [*pinned[index]["keys"], second]),)
    assert report(resigned, trust=both).step("ceremony").status is Status.MATCH
    assert report(resigned).step("ceremony").code == "bad-signature"


@pytest.mark.parametrize("text", ["", "\n", "zz\n", "AA\n", "aa", "aa\n\n", "aa\r\n", " aa\n", "é\n"])
def test_a_witness_file_is_hexadecimal_and_one_line_feed(text: str) -> None:
    case = harness.load("over-the-air")
    witness = json.loads(case.files["ceremony/record.json"])["witnesses"][0]
    step = report({"op": "write", "path": f"ceremony/witnesses/{witness}.sig", "text": text}).step("ceremony")
    assert step.status is Status.MISMATCH
    (item,) = [item for item in step.substeps if item.subject == witness]
    assert item.code in ("bad-hex", "signature-length")
    assert any(fact.label == "place" and witness in str(fact.found) for fact in item.facts)


def test_a_witness_signature_of_another_record_does_not_hold() -> None:
    case = harness.load("over-the-air")
    other = harness.load("over-the-air-first")
    witness = json.loads(case.files["ceremony/record.json"])["witnesses"][0]
    path = f"ceremony/witnesses/{witness}.sig"
    step = report({"op": "write", "path": path, "text": other.files[path].decode()}).step("ceremony")
    assert step.code == "bad-signature"


def test_the_log_may_name_no_root_yet_and_still_names_the_namespace() -> None:
    rootless = {"op": "set", "path": "audit/namespace.json", "pointer": "/root", "value": None}
    renamed = {"op": "set", "path": "audit/namespace.json", "pointer": "/name", "value": "another"}
    assert report(rootless).step("audit-log").status is Status.MATCH
    for changes in ((renamed,), (rootless, renamed)):
        step = report(*changes).step("audit-log")
        assert substep(step, "namespace-answer") == (Status.MISMATCH, "namespace-answer-same-differs")


def test_a_root_that_re_formats_to_another_number_is_refused() -> None:
    case = harness.load("over-the-air")
    root = json.loads(case.files["audit/namespace.json"])["root"]
    step = report({"op": "text", "path": "audit/namespace.json", "old": root, "new": "0" + root}).step("audit-log")
    assert substep(step, "namespace-answer") == (Status.MISMATCH, "bad-decimal")


def test_a_log_without_its_date_or_its_answer_is_not_published() -> None:
    for path in ("audit/fetched.json", "audit/namespace.json"):
        step = report({"op": "remove", "path": path}).step("audit-log")
        assert step.status is Status.NOT_PUBLISHED


def test_a_record_under_another_number_is_misplaced() -> None:
    step = report(
        {"op": "move", "path": "audit/1.json", "to": "audit/9.json"},
        {"op": "move", "path": "audit/2.json", "to": "audit/1.json"},
        {"op": "move", "path": "audit/9.json", "to": "audit/2.json"},
    ).step("audit-log")
    assert substep(step, "record") == (Status.MISMATCH, "record-misplaced")
    assert substep(step, "root") == (Status.MISMATCH, "root-same-differs")
    assert substep(step, "times")[0] is Status.MISMATCH


def test_every_epoch_is_announced_once_and_every_announcement_is_logged() -> None:
    history = json.loads(harness.load("over-the-air").files["deployment.json"])["history"]
    for changed, code in (
        ([*history, {"epoch": 4, "deployment": "rehearsal-x"}], "announced-not-logged"),
        ([*history, {"epoch": 1, "deployment": "rehearsal-x"}], "epoch-announced-twice"),
        ([item for item in history if item["epoch"] != 2], "unannounced-epoch"),
        ([item for item in history if item["epoch"] != 3], "unannounced-epoch"),
    ):
        step = report(announced("/history", changed)).step("history")
        assert step.status is Status.MISMATCH
        assert code in [item.code for item in step.substeps]


def test_a_threshold_beyond_the_members_or_below_half_is_no_majority() -> None:
    for threshold in (3, 8):
        assert report(announced("/threshold", threshold)).step("fleet").status is Status.MISMATCH


def test_a_member_that_is_announced_twice_under_two_names_is_found() -> None:
    case = harness.load("over-the-air")
    members = json.loads(case.files["deployment.json"])["members"]
    twin = [{**members[0], "name": "hsm-99"}, *members]
    copies = [
        {"op": "write", "path": "attestations/hsm-99/chain.pem",
         "text": case.files["attestations/hsm-01/chain.pem"].decode()},
    ]  # fmt: skip
    found = report(announced("/members", twin), *copies)
    assert found.verdict.outcome.value != "verified"


@pytest.mark.parametrize("path", ["bundle/fleet-keys.json", "bundle/proof.json"])
def test_a_bundle_that_is_not_published_is_not_a_contradiction(path: str) -> None:
    found = report({"op": "remove", "path": path})
    assert found.step("digest").status is Status.NOT_PUBLISHED
    assert found.verdict.outcome.value == "incomplete"
    assert found.step("signer").because == "digest"


KEY = "ab" * 32
ADVERTISED = {
    "as pinned": ([], "advertised-keys-pinned", []),
    "another one": (
        [{"op": "set", "path": "audit/info.json", "pointer": "/keys/0/public_key", "value": KEY}],
        "advertised-keys-differ",
        ["advertised-not-pinned", "pinned-not-advertised"],
    ),
    "one less": (
        [{"op": "unset", "path": "audit/info.json", "pointer": "/keys/0"}],
        "advertised-keys-differ",
        ["pinned-not-advertised"],
    ),
    "unreadable": ([{"op": "write", "path": "audit/info.json", "text": "{"}], "advertised-keys-unread", ["place"]),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "code", "labels"), ADVERTISED.values(), ids=ADVERTISED)
def test_keys_that_the_log_advertises_are_noted_and_decide_nothing(
    changes: list[dict[str, Any]], code: str, labels: list[str]
) -> None:
    plain, changed = report(), report(*changes)
    assert substep(changed.step("audit-log"), "advertised-keys") == (Status.NOT_APPLICABLE, code)
    (note,) = (item for item in changed.step("audit-log").substeps if item.id == "advertised-keys")
    assert [fact.label for fact in note.facts if fact.label != "expected"][: len(labels)] == labels
    assert not any(fact.compared for fact in note.facts)
    assert [step.status for step in changed.steps] == [step.status for step in plain.steps]
    assert changed.verdict.outcome is plain.verdict.outcome


def test_a_log_without_its_list_of_keys_is_checked_as_ever() -> None:
    changed = report({"op": "remove", "path": "audit/info.json"})
    assert changed.verdict.outcome is report().verdict.outcome
    assert [item for item in changed.step("audit-log").substeps if item.id == "advertised-keys"] == []


def test_a_good_list_of_keys_makes_nothing_hold() -> None:
    broken = {"op": "set", "path": "audit/1.json", "pointer": "/timestamp", "value": 1}
    step = report(broken).step("audit-log")
    assert substep(step, "advertised-keys") == (Status.NOT_APPLICABLE, "advertised-keys-pinned")
    assert step.status is Status.MISMATCH
