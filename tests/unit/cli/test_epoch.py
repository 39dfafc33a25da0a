"""``vaultproof epoch``: genuine records hold, and no record that differs from one in a bit does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.conftest import EVIDENCE, Run
from vaultproof.cli.engine import backend
from vaultproof.cli.epoch_answers import Answer, Asked, GivenKey, PinnedKeys, check_records, read_records
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.cli.sources import load_trust
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.report import Status

AUDIT = EVIDENCE / "deployments/rehearsal-messenger-2026/audit"
TOY_KEY = "606a878700158d92b3a14a0fd37ec82e0f05f92fcf23146abfda2e3a2f10a9bc"
CLOUDFLARE_KEY = "2bbfbb39997fdb95feee40ef9f8827de0256732be06f64ed6408cc7e97c7f4d4"


@pytest.fixture
def genuine(vectors: Path) -> Path:
    """The genuine record that the signer's own README shows."""
    return vectors / "cloudflare-plexi/whatsapp_v1_epoch489193.json"


@pytest.fixture
def toys(vectors: Path) -> Path:
    """The two vectors of the signer's own unit tests, by a key that everybody has."""
    return vectors / "cloudflare-plexi/plexi_core_test_vectors.json"


def record(number: int) -> dict[str, Any]:
    """A record of the rehearsal log."""
    value: dict[str, Any] = json.loads((AUDIT / f"{number}.json").read_bytes())
    return value


def answers(data: bytes, keys: PinnedKeys | GivenKey) -> tuple[Answer, ...]:
    records = read_records(data, file="record", maximum=1024 * 1024)
    return run_to_completion(check_records(records, keys, Asked(), backend()))


# --- genuine records ------------------------------------------------------------------------------------------------


@pytest.mark.interop
def test_the_genuine_record_holds_under_the_pinned_key(run: Run, genuine: Path) -> None:
    ran = run("epoch", genuine)
    assert (ran.code, ran.err) == (ExitCode.VERIFIED, "")
    assert "whatsapp.key-transparency.v1 epoch 489193: the signature holds under a pinned key\n" in ran.out
    assert f"key        {CLOUDFLARE_KEY} (Cloudflare" in ran.out
    assert "REHEARSAL" not in ran.out
    assert "It does not establish that these records are in the public log" in ran.out


@pytest.mark.interop
def test_the_genuine_record_holds_from_standard_input_and_in_json(run: Run, genuine: Path) -> None:
    ran = run("epoch", "-", "--format", "json", stdin=genuine.read_bytes())
    value = json.loads(ran.out)
    assert ran.code == ExitCode.VERIFIED
    assert (value["schema"], value["against"]) == ("vaultproof/epoch-check@1", "pinned-keys")
    (told,) = value["records"]
    assert (told["status"], told["key"], told["scope"]) == ("match", CLOUDFLARE_KEY, "production")
    assert (told["epoch"], told["namespace_pinned"], told["own_key"]) == (489193, False, None)


@pytest.mark.interop
def test_the_signers_own_vectors_hold_under_their_key_and_it_is_said_so(run: Run, toys: Path) -> None:
    ran = run("epoch", toys, "--key", TOY_KEY)
    assert (ran.code, ran.err) == (ExitCode.VERIFIED, "")
    assert ran.out.count("the signature holds under the key you gave\n") == 2
    assert "2 of 2 records verified" in ran.out
    assert f"Checked against the key you gave, {TOY_KEY}: it says nothing about pinned keys." in ran.out


@pytest.mark.interop
def test_a_record_is_not_verified_by_the_key_it_brings(run: Run, toys: Path) -> None:
    ran = run("epoch", toys)
    assert ran.code == ExitCode.CONTRADICTED
    assert ran.out.count("NOT verified\n") == 2
    assert ran.out.count("\n  valid under its own key, which is not pinned\n") == 2


@pytest.mark.interop
def test_a_record_that_does_not_even_hold_under_its_own_key_says_so(run: Run, toys: Path) -> None:
    toy = json.loads(toys.read_bytes())[0]
    for change in ({"epoch": 2}, {"verifying_key": "00" * 32}, {"verifying_key": "zz"}):
        ran = run("epoch", "-", stdin=json.dumps(toy | change).encode())
        assert ran.code == ExitCode.CONTRADICTED
        assert "\n  invalid under its own key, which is not pinned\n" in ran.out


@pytest.mark.interop
def test_the_documentations_sample_is_not_verified(run: Run, vectors: Path) -> None:
    sample = vectors / "cloudflare-plexi/docs_epoch_sample_NOT_VERIFIABLE.json"
    for key in ([], ["--key", CLOUDFLARE_KEY], ["--key", TOY_KEY]):
        assert run("epoch", sample, *key).code == ExitCode.CONTRADICTED


@pytest.mark.interop
def test_the_genuine_record_is_not_by_another_key(run: Run, genuine: Path) -> None:
    ran = run("epoch", genuine, "--key", TOY_KEY)
    assert ran.code == ExitCode.CONTRADICTED
    assert "the record names another key than the given one; expected 188; found 212 [other-key]" in ran.out


def bit_flips(data: bytes) -> Iterator[bytes]:
    """Every copy of ``data`` that differs from it in one bit."""
    for position in range(len(data)):
        for bit in range(8):
            changed = bytearray(data)
            changed[position] ^= 1 << bit
            yield bytes(changed)


@pytest.mark.interop
@pytest.mark.parametrize("keys", ["pinned", "given"])
def test_no_changed_bit_of_the_genuine_record_verifies(genuine: Path, keys: str) -> None:
    """Every bit of every byte of the file, but for the notes that whoever kept it added."""
    value = json.loads(genuine.read_bytes())
    data = json.dumps({name: field for name, field in value.items() if not name.startswith("_")}, indent=1).encode()
    against = PinnedKeys(load_trust()) if keys == "pinned" else GivenKey(bytes.fromhex(CLOUDFLARE_KEY))
    assert [answer.status for answer in answers(data, against)] == [Status.MATCH]
    verified = 0
    for changed in bit_flips(data):
        try:
            told = answers(changed, against)
        except VaultproofError:
            continue
        verified += any(answer.status is Status.MATCH for answer in told)
    assert verified == 0


@pytest.mark.interop
def test_no_changed_bit_of_the_signers_vectors_verifies(toys: Path) -> None:
    for toy in json.loads(toys.read_bytes()):
        data = json.dumps({name: field for name, field in toy.items() if not name.endswith("ing_key")}).encode()
        given = GivenKey(bytes.fromhex(TOY_KEY))
        assert [answer.status for answer in answers(data, given)] == [Status.MATCH]
        for changed in bit_flips(data):
            try:
                told = answers(changed, given)
            except VaultproofError:
                continue
            assert [answer.status for answer in told if answer.status is Status.MATCH] == []


# --- rehearsal records ----------------------------------------------------------------------------------------------


def test_a_rehearsal_record_holds_and_says_that_it_is_one(run: Run) -> None:
    ran = run("epoch", AUDIT / "3.json")
    assert ran.code == ExitCode.VERIFIED
    assert ran.out.startswith("REHEARSAL  ")
    assert "pinned for rehearsals only)" in ran.out
    assert "namespace  pinned too, and fits" in ran.out
    assert json.loads(run("epoch", AUDIT / "3.json", "--format", "json").out)["records"][0]["scope"] == "rehearsal"


def test_a_list_is_as_good_as_its_worst_record(run: Run) -> None:
    records = [record(1), record(2), record(3)]
    assert run("epoch", "-", stdin=json.dumps(records).encode()).code == ExitCode.VERIFIED
    records[1]["digest"] = records[0]["digest"]
    del records[1]["serialized_message"]
    ran = run("epoch", "-", stdin=json.dumps(records).encode())
    assert ran.code == ExitCode.CONTRADICTED
    assert "2 of 3 records verified" in ran.out
    assert "[bad-signature]" in ran.out


def test_the_same_record_twice_is_no_contradiction(run: Run) -> None:
    assert run("epoch", "-", stdin=json.dumps([record(2), record(2)]).encode()).code == ExitCode.VERIFIED


def test_two_answers_for_one_epoch_are_both_contradicted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both hold under the signer's key: that is the worst a log can do, and must never look like two good records."""

    async def holds(self: GivenKey, value: Any, place: str, backend: object) -> Answer:
        return Answer(place=place, status=Status.MATCH, record=value, key=self.public_key)

    monkeypatch.setattr(GivenKey, "check", holds)
    other = deepcopy(record(2)) | {"digest": "00" * 32}
    data = json.dumps([record(1), record(2), other]).encode()
    told = answers(data, GivenKey(bytes(32)))
    assert [answer.status for answer in told] == [Status.MATCH, Status.MISMATCH, Status.MISMATCH]
    assert [answer.error.code for answer in told if answer.error] == ["two-answers", "two-answers"]


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (["--namespace", "rehearsal.encrypted_backups.fleet_keys.v1", "--epoch", "3"], ExitCode.VERIFIED),
        (["--namespace", "meta.encrypted_backups.fleet_keys.v1"], ExitCode.CONTRADICTED),
        (["--epoch", "2"], ExitCode.CONTRADICTED),
    ],
)
def test_what_was_asked_for_is_compared_with_what_was_signed(run: Run, asked: list[str], code: ExitCode) -> None:
    assert run("epoch", AUDIT / "3.json", *asked).code == code


@pytest.mark.parametrize(
    ("change", "code"),
    [({"root_digest": "00" * 32}, "root-differs"), ({"ciphersuite": 2}, "ciphersuite-differs"),
     ({"root_epoch": 2}, "before-root")],
)  # fmt: skip
def test_a_pinned_namespace_binds_its_records(run: Run, tmp_path: Path, change: dict[str, Any], code: str) -> None:
    trust = tmp_path / "trust"
    for name in ("trust.json", "reference-values.json", "rehearsal/trust.json", "rehearsal/reference-values.json"):
        (trust / name).parent.mkdir(parents=True, exist_ok=True)
        (trust / name).write_bytes((EVIDENCE / "trust" / name).read_bytes())
    assert run("epoch", AUDIT / "1.json", "--trust", trust).code == ExitCode.VERIFIED
    value = json.loads((trust / "rehearsal/trust.json").read_bytes())
    value["namespaces"][0] |= change
    (trust / "rehearsal/trust.json").write_text(json.dumps(value))
    ran = run("epoch", AUDIT / "1.json", "--trust", trust)
    assert ran.code == ExitCode.CONTRADICTED
    assert f"[{code}]" in ran.out


@pytest.mark.parametrize(
    ("change", "code", "exit_code"),
    [
        ({"key_id": 1}, "unrecognised-key", ExitCode.CONTRADICTED),
        ({"timestamp": 1}, "serialized-message", ExitCode.CONTRADICTED),
        ({"ciphersuite": 3, "version": 3}, "ciphersuite", ExitCode.COULD_NOT_CHECK),
        ({"a_new_field": 1}, "unknown-record-field", ExitCode.COULD_NOT_CHECK),
        ({"digest": "AB" * 32}, "bad-hex", ExitCode.CONTRADICTED),
        ({"epoch": 0}, "wrong-value", ExitCode.CONTRADICTED),
        ({"epoch": None}, "wrong-value", ExitCode.CONTRADICTED),
    ],
)
def test_each_way_not_to_verify_has_its_code(run: Run, change: dict[str, Any], code: str, exit_code: ExitCode) -> None:
    ran = run("epoch", "-", stdin=json.dumps(record(3) | change).encode())
    assert (ran.code, ran.err) == (exit_code, "")
    assert f"[{code}]" in ran.out
    told = json.loads(run("epoch", "-", "--format", "json", stdin=json.dumps(record(3) | change).encode()).out)
    assert told["records"][0]["code"] == code


@pytest.mark.parametrize(
    ("content", "code", "told"),
    [
        (b"", ExitCode.CONTRADICTED, "not JSON"),
        (b"{", ExitCode.CONTRADICTED, "not JSON"),
        (b"[]", ExitCode.COULD_NOT_CHECK, "the list holds no record"),
        (b"[" + b"1," * 10_000 + b"1]", ExitCode.CONTRADICTED, "too many records"),
    ],
)
def test_files_that_hold_no_records_are_refused(run: Run, content: bytes, code: ExitCode, told: str) -> None:
    ran = run("epoch", "-", stdin=content)
    assert (ran.code, ran.out) == (code, "")
    assert told in ran.err


@pytest.mark.parametrize("content", [b"1", b'"text"', b"[1]", b"null", b"{}"])
def test_values_that_are_no_records_are_not_verified(run: Run, content: bytes) -> None:
    ran = run("epoch", "-", stdin=content)
    assert ran.code == ExitCode.CONTRADICTED
    assert "NOT verified" in ran.out


def test_a_folder_is_no_record(run: Run) -> None:
    ran = run("epoch", AUDIT)
    assert (ran.code, ran.out) == (ExitCode.COULD_NOT_CHECK, "")


def test_without_any_pinned_signer_nothing_verifies(run: Run, tmp_path: Path) -> None:
    trust = tmp_path / "trust"
    for folder in ("", "rehearsal/"):
        (trust / folder).mkdir(exist_ok=True, parents=True)
        value = json.loads((EVIDENCE / "trust" / folder / "trust.json").read_bytes())
        (trust / folder / "trust.json").write_text(json.dumps(value | {"signers": [], "namespaces": []}))
        reference = (EVIDENCE / "trust" / folder / "reference-values.json").read_bytes()
        (trust / folder / "reference-values.json").write_bytes(reference)
    ran = run("epoch", AUDIT / "3.json", "--trust", trust)
    assert ran.code == ExitCode.CONTRADICTED
    assert "no signer's key is pinned" in ran.out
