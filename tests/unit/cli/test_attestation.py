"""``vaultproof attestation``: the committed rehearsal holds as one, a changed byte does not, genuine files are said."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

import vaultproof
from tests.unit.attestation.test_thales_luna import ecc_files
from tests.unit.cli.conftest import EVIDENCE, Run
from vaultproof.cli.exit_codes import ExitCode

MEMBER = EVIDENCE / "deployments/rehearsal-messenger-2026/attestations/hsm-01"
SCHEMA = json.loads((Path(vaultproof.__file__).parent / "schema" / "attestation-check.schema.json").read_bytes())


def test_a_rehearsal_attestation_holds_and_is_called_one(run: Run) -> None:
    ran = run("attestation", MEMBER / "evidence.der", "--chain", MEMBER / "chain.pem")
    assert (ran.code, ran.err) == (ExitCode.VERIFIED, "")
    assert "Technology  pkix-evidence\n" in ran.out
    assert "Roots       REHEARSAL: pinned for rehearsals only" in ran.out
    assert "REHEARSAL, HOLDS: everything that this attestation can be asked by itself holds\n" in ran.out
    assert re.search(r"attester/hwserial +REHEARSAL-\w+-01  \(attested; file 1, bytes \d+ to \d+\)", ran.out)
    assert "  - when it was made: no nonce was given to compare (--nonce)\n" in ran.out
    assert "What does not hold:" not in ran.out


def test_a_folder_stands_for_its_files(run: Run) -> None:
    ran = run("attestation", MEMBER, "--format", "json")
    value = json.loads(ran.out)
    jsonschema.validate(value, SCHEMA)
    assert ran.code == ExitCode.VERIFIED
    assert (value["answer"], value["roots"], value["error"]) == ("holds", "rehearsal", None)
    assert sorted(name for file in value["files"] for name in file["read_as"]) == ["chain.pem", "evidence.der"]


def test_standard_input_is_a_file(run: Run) -> None:
    data = (MEMBER / "evidence.der").read_bytes()
    ran = run("attestation", "-", "--chain", MEMBER / "chain.pem", stdin=data)
    assert ran.code == ExitCode.VERIFIED


def test_a_changed_byte_contradicts(run: Run, tmp_path: Path) -> None:
    data = bytearray((MEMBER / "evidence.der").read_bytes())
    data[data.index(b"4.3.0") + 4] = ord("1")
    (tmp_path / "changed").write_bytes(data)
    ran = run("attestation", tmp_path / "changed", "--chain", MEMBER / "chain.pem")
    assert ran.code == ExitCode.CONTRADICTED
    failed = ran.out.split("What does not hold:\n")[1].split("\n\n")[0]
    assert "[bad-signature] evidence" in failed
    assert "[swversion-differs] platform/swversion" in failed
    assert "CONTRADICTED: something that this attestation was asked does not hold" in ran.out


def test_the_nonce_counts_when_it_is_given(run: Run) -> None:
    value = json.loads(run("attestation", MEMBER, "--format", "json").out)
    (nonce,) = [claim["value"] for claim in value["claims"] if claim["path"] == "evidence/nonce"]
    good, bad = (run("attestation", MEMBER, "--nonce", item) for item in (nonce.upper(), "00"))
    assert (good.code, bad.code) == (ExitCode.VERIFIED, ExitCode.CONTRADICTED)
    assert "[nonce-matches]" in good.out
    assert "when it was made" not in good.out
    assert "[nonce-differs]" in bad.out


def test_the_time_asked_for_decides(run: Run) -> None:
    ran = run("attestation", MEMBER, "--at", "2020-01-01T00:00:00Z")
    assert ran.code == ExitCode.CONTRADICTED
    assert "dates: Not yet valid as of the time asked for [not-yet-valid-at-deployment]" in ran.out
    assert "dates: Valid as of now [valid-now]" in ran.out


def test_what_cannot_be_told_is_could_not_check(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"hello \x1b[31m")
    ran = run("attestation", tmp_path / "x")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "It was not read:\n  no attestation technology that is known here" in ran.out
    assert "NOT COMPLETE: nothing was found wrong" in ran.out
    assert "\x1b" not in ran.out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "missing argument 'FILE...'"),
        (("--technology", "abacus", "x"), "invalid value for '--technology'"),
        (("--nonce", "zz", "x"), "invalid value for '--nonce'"),
        (("--nonce", "", "x"), "invalid value for '--nonce'"),
        (("--at", "yesterday", "x"), "invalid value for '--at'"),
        (("x", "x"), "the same file is given twice"),
        (("x", "--chain", "x"), "the same file is given twice"),
    ],
)
def test_a_command_that_is_not_understood(run: Run, arguments: tuple[str, ...], message: str) -> None:
    ran = run("attestation", *arguments)
    assert (ran.code, ran.out) == (ExitCode.USAGE, "")
    assert message in ran.err


def test_files_that_cannot_be_loaded(run: Run, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "large").write_bytes(b"0" * 65537)
    absent, empty, large = (run("attestation", tmp_path / name) for name in ("absent", "empty", "large"))
    assert (absent.code, empty.code, large.code) == (2, 2, 1)
    assert "[cannot-read]" in absent.err
    assert "there is no file in this folder" in empty.err
    assert "[file-too-large]" in large.err


def test_the_lenient_reading_is_off_by_default_and_a_warning_when_on(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "pkc.p7b"
    file.write_bytes(ecc_files(odd=True, unsigned=True)["pkc.p7b"])
    strict, lenient = run("attestation", file), run("attestation", file, "--unsigned-ecdsa")
    assert "[non-der-signature]" in strict.out
    assert "WARNING" not in strict.out
    assert "WARNING: keys/0/certificate was read leniently" in lenient.out
    assert "[unsigned-ecdsa-signature]" in lenient.out
    assert lenient.out.index("WARNING") < lenient.out.index("It does not establish")
    value = json.loads(run("attestation", file, "--unsigned-ecdsa", "--format", "json").out)
    jsonschema.validate(value, SCHEMA)
    assert value["lenient"]
    assert {item["code"] for item in value["warnings"]} == {"unsigned-ecdsa-signature"}


def test_a_member_in_two_layers(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "rehearsal-layers"
    run("rehearse", out, "--two-layers", "--members", "3", "--sites", "1")
    member = out / "attestations" / "hsm-01"
    ran = run("attestation", member, "--at", "2026-08-01T00:00:00Z", "--format", "json")
    value = json.loads(ran.out)
    jsonschema.validate(value, SCHEMA)
    assert (ran.code, value["technology"], value["answer"]) == (0, "evidence-over-pkix-evidence", "holds")
    grades = {claim["path"]: claim["grade"] for claim in value["claims"]}
    assert (grades["attester/hwserial"], grades["platform/measurements"]) == ("attested", "attested-by-key")
    (member / "maker-evidence.der").unlink()
    (member / "maker-chain.pem").unlink()
    alone = run("attestation", member, "--technology", "evidence-over-pkix-evidence")
    assert alone.code == 2
    assert "[no-maker-layer]" in alone.out


# --- genuine files --------------------------------------------------------------------------------------------------

KEY = "sigstore-yubikey-piv/key_certs/13078778_2021-06-18_84887939a07a.pem"
SIGNER = "sigstore-yubikey-piv/device_certs/f9_e4e5233563dc.pem"
OTHER_SIGNER = "sigstore-yubikey-piv/device_certs/f9_556cd0b72ddc.pem"
THEN = "2021-06-18T00:00:00Z"
HSM = [f"yubihsm2/{name}.pem" for name in ("31650425_key7e57", "31650425_device", "subca_6742036")]
PRIMUS = [
    f"securosys-primus/{name}" for name in ("securosys.xml", "securosys.sig", "attestation_key.pem", "device.pem")
]
GENUINE = [
    ("yubihsm2", HSM, None, 0),
    ("yubikey-piv", [KEY, SIGNER], THEN, 2),
    ("yubikey-piv", [KEY, SIGNER], None, 1),  # an advisory since
    ("yubikey-piv", [KEY, OTHER_SIGNER], THEN, 1),
    ("aws-nitro", ["aws-nitro/ev_valid.bin"], "2022-10-13T09:00:00Z", 2),
    ("aws-nitro", ["aws-nitro/ppmag_debug.bin"], "2021-03-05T17:02:00Z", 1),
    ("thales-luna", ["thales-luna/rsa-pkc.p7b"], None, 2),
    ("marvell-liquidsecurity", ["marvell-gcp/gcp_ec_attestation.dat.gz", "marvell-gcp/gcp_ec_chain.pem"], None, 2),
    ("securosys-primus", PRIMUS, None, 2),
    ("pkix-evidence", [f"pkix-evidence/{name}" for name in ("evidence1.pem", "ak.crt", "int.crt")], None, 2),
]
"""Technology, files, the time asked for, and the exit code that they deserve by themselves."""


@pytest.mark.interop
@pytest.mark.parametrize(("technology", "files", "at", "code"), GENUINE)
def test_genuine_files_are_told_and_answered(
    run: Run, vectors: Path, technology: str, files: list[str], at: str | None, code: int
) -> None:
    given = [vectors / "attestation" / name for name in files]
    ran = run("attestation", *given, *(["--at", at] if at else []), "--format", "json")
    value = json.loads(ran.out)
    jsonschema.validate(value, SCHEMA)
    assert (ran.code, value["technology"], value["recognised_as"]) == (code, technology, [technology])
    assert value["roots"] == "production"
    assert {claim["place"]["file"] for claim in value["claims"]} <= set(map(str, given))
    assert len(value["claims"]) > 5
