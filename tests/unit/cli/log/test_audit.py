"""``vaultproof log audit``, ``reconcile`` and ``fork``: what they print, and how they end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from generator.rehearsal.authorities import signer_keys
from generator.rehearsal.signer import NAMESPACE
from tests.unit.cli.conftest import Run
from tests.unit.cli.log.rehearsed import (
    AT,
    DEPLOYMENTS,
    append,
    keep,
    record_like,
    rehearsed,
    with_key,
    with_role,
)
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.mirror.answer import Resource
from vaultproof.mirror.store import Store
from vaultproof.presentation.log_english import CODES

SCHEMAS = Path(__file__).parents[4] / "vaultproof" / "schema"


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return rehearsed(tmp_path / "log.sqlite")


def validator(name: str) -> Draft202012Validator:
    from referencing import Registry
    from referencing import Resource as Schema

    schemas = {path.name: json.loads(path.read_bytes()) for path in SCHEMAS.glob("*.schema.json")}
    registry: Any = Registry().with_resources(
        (schema["$id"], Schema.from_contents(schema)) for schema in schemas.values()
    )
    return Draft202012Validator(schemas[f"{name}.schema.json"], registry=registry)


def as_json(out: str, schema: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(out)
    validator(schema).validate(value)
    return value


def codes(value: dict[str, Any]) -> list[str]:
    return [finding.get("finding", finding)["code"] for finding in value["findings"]]


def planted() -> str:
    """The fingerprint of the key that ``with_key`` adds."""
    import hashlib

    return hashlib.sha256(hashlib.sha256(b"planted").digest()).hexdigest()


# --- audit ----------------------------------------------------------------------------------------------------------


def test_a_log_that_holds(run: Run, store: Path) -> None:
    told = run("log", "audit", NAMESPACE, "--store", store)
    assert told.code == ExitCode.VERIFIED
    assert told.out.startswith(f"REHEARSAL  {NAMESPACE}, signed by")
    assert "3 records, from epoch 1 to 3; 3 hold" in told.out
    assert "a full walk, from epoch 1 to 3" in told.out
    assert "epoch 1, the first: 7 keys" in told.out
    assert "Holds\nEverything that was looked at holds: 3 epochs, 1 to 3, and the signature of each." in told.out
    assert "It does not establish:\n  - That the signer gives everybody the same records" in told.out
    assert told.err == ""


def test_going_on_says_so(run: Run, store: Path) -> None:
    run("log", "audit", NAMESPACE, "--store", store)
    told = run("log", "audit", NAMESPACE, "--store", store, "--continue")
    assert told.code == ExitCode.VERIFIED
    assert "continued: up to epoch 3 everything held in an earlier audit; nothing is new" in told.out
    value = as_json(run("log", "audit", NAMESPACE, "--store", store, "--continue", "--format", "json").out, "log-audit")
    assert (value["mode"], value["continued_from"], value["walked"]) == ("continued", 3, None)


def test_the_json_follows_its_schema(run: Run, store: Path) -> None:
    value = as_json(run("log", "audit", NAMESPACE, "--store", store, "--format", "json").out, "log-audit")
    assert value["conclusion"] == "holds"
    assert value["scope"] == "rehearsal"
    assert value["epochs"] == {"first": 1, "last": 3, "count": 3}
    assert [change["epoch"] for change in value["key_history"]] == [1, 2, 3]
    assert sum(use["records"] for use in value["signed_by"]) == 3


def test_a_planted_key_a_fork_a_digest_and_a_role_are_found_named_and_explained(run: Run, store: Path) -> None:
    append(store, 4, with_key())
    append(store, 5, with_key(), like=3)  # the same digest again
    append(store, 6, with_role("not-a-session"))
    with Store.open(store) as mirror:
        keep(mirror, Resource.AUDIT, record_like(2, artifact=b"other"), 2)
    told = run("log", "audit", NAMESPACE, "--store", store)
    assert told.code == ExitCode.CONTRADICTED
    for code in ("fork", "record-digest-reused", "role-changed-in-log"):
        assert CODES[code] in told.out
        assert f"[{code}]" in told.out
    assert f"epoch 4: 8 keys\n    + {planted()[:16]}...  session" in told.out
    value = as_json(run("log", "audit", NAMESPACE, "--store", store, "--format", "json").out, "log-audit")
    assert {"fork", "record-digest-reused", "role-changed-in-log", "keys-changed"} <= set(codes(value))
    assert value["conclusion"] == "contradicted"


def test_without_key_files_the_history_could_not_be_checked_unless_left_out(run: Run, tmp_path: Path) -> None:
    store = rehearsed(tmp_path / "bare.sqlite", keys=False)
    told = run("log", "audit", NAMESPACE, "--store", store)
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert "[artifact-missing]" in told.out
    assert "Nothing was found wrong." in told.out
    left_out = run("log", "audit", NAMESPACE, "--store", store, "--no-keys")
    assert left_out.code == ExitCode.VERIFIED
    assert "Fleet keys" not in left_out.out


def test_many_findings_of_one_kind_are_counted(run: Run, store: Path) -> None:
    for number in range(5, 80, 2):
        append(store, number, with_key(name=str(number)), keys=False)
    told = run("log", "audit", NAMESPACE, "--store", store)
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert "and 18 more of this kind, which are counted and not listed [epochs-missing]" in told.out


def test_a_namespace_that_is_not_pinned_could_not_be_checked(run: Run, store: Path) -> None:
    told = run("log", "audit", "whatsapp.key-transparency.v2", "--store", store)
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert "[log-namespace-not-pinned]" in told.out
    assert "[no-records]" in told.out
    assert "No key history" in told.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("audit",), "missing argument 'NAMESPACE'"),
        (("audit", "a/b"), "is not a namespace"),
        (("audit", "nobody.knows", "--signer", "nobody"), "say whose log it is: cloudflare"),
        (("audit", NAMESPACE, "--signer", "cloudflare"), "is pinned as a namespace of"),
        (("audit", NAMESPACE, "--processes", "0"), "invalid value for '--processes'"),
        (("reconcile", NAMESPACE), "say where published deployments are"),
        (("reconcile", NAMESPACE, "--grace", "-1", "--evidence", "x"), "invalid value for '--grace'"),
        (("fork",), "missing argument 'FILE'"),
    ],
)
def test_what_is_not_understood_is_usage(run: Run, arguments: tuple[str, ...], told: str) -> None:
    ran = run("log", *arguments)
    assert ran.code == ExitCode.USAGE
    assert told in ran.err


def test_without_a_mirror_there_is_nothing_to_check(run: Run, tmp_path: Path) -> None:
    told = run("log", "audit", NAMESPACE, "--store", tmp_path / "none.sqlite")
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert "[no-store]" in told.err
    assert not (tmp_path / "none.sqlite").exists()


# --- forks ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def fork(run: Run, store: Path, tmp_path: Path) -> Path:
    with Store.open(store) as mirror:
        keep(mirror, Resource.AUDIT, record_like(2, artifact=b"other"), 2, at=AT + 5)
    told = run("log", "audit", NAMESPACE, "--store", store, "--forks", tmp_path / "forks")
    (path,) = (tmp_path / "forks").iterdir()
    assert told.err == f"vaultproof: wrote {path}\n"
    return path


def test_a_fork_is_written_and_checked_by_itself(run: Run, fork: Path) -> None:
    validator("fork-proof").validate(json.loads(fork.read_bytes()))
    told = run("log", "fork", fork)
    assert told.code == ExitCode.VERIFIED
    assert told.out.startswith(f"REHEARSAL  {NAMESPACE} epoch 2: two signed records")
    assert "It holds: both records are signed under the keys in the file" in told.out
    value = as_json(run("log", "fork", fork, "--format", "json").out, "fork-check")
    assert (value["epoch"], value["scope"], len(value["records"])) == (2, "rehearsal", 2)
    assert run("log", "fork", "-", stdin=fork.read_bytes()).code == ExitCode.VERIFIED


def test_a_fork_behind_an_answer_that_does_not_hold_is_written_too(run: Run, store: Path, tmp_path: Path) -> None:
    """Else a log could hide a fork by answering with anything else before."""
    with Store.open(store) as mirror:
        real = record_like(3, number=4, artifact=b"real")
        unpinned = json.loads(real) | {"key_id": 1}
        assert not {key.key_id for key in signer_keys()} & {1}
        for body in (json.dumps(unpinned).encode(), real, record_like(3, number=4, artifact=b"other")):
            keep(mirror, Resource.AUDIT, body, 4)
    told = run("log", "audit", NAMESPACE, "--store", store, "--forks", tmp_path / "forks")
    assert told.code == ExitCode.CONTRADICTED
    (path,) = (tmp_path / "forks").iterdir()
    assert run("log", "fork", path).code == ExitCode.VERIFIED


def test_a_file_that_shows_no_fork_is_contradicted(run: Run, fork: Path) -> None:
    value = json.loads(fork.read_bytes())
    value["answers"][1] = value["answers"][0]
    fork.write_text(json.dumps(value))
    told = run("log", "fork", fork)
    assert told.code == ExitCode.CONTRADICTED
    assert "this is no fork" in told.err


def test_a_fork_by_keys_of_ones_own_is_nobodys(run: Run, tmp_path: Path) -> None:
    from tests.unit.signer_log.test_rivals_and_forks import fork_file

    path = tmp_path / "own.json"
    path.write_text(json.dumps(fork_file()))
    told = run("log", "fork", path)
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert "Anybody can make such a file" in told.out
    assert as_json(run("log", "fork", path, "--format", "json").out, "fork-check")["signer"] is None


# --- reconcile ------------------------------------------------------------------------------------------------------


def test_the_log_and_the_published_rehearsals_agree(run: Run, store: Path) -> None:
    told = run("log", "reconcile", NAMESPACE, "--store", store, "--evidence", DEPLOYMENTS)
    assert told.code == ExitCode.VERIFIED
    assert "3 epochs, 2 published deployments" in told.out
    assert "grace period: 31 days, either way" in told.out
    assert "epoch 2: rehearsal-messenger-2026 (an earlier epoch of it, by its own history)" in told.out


def test_a_planted_key_belongs_to_no_published_deployment(run: Run, store: Path) -> None:
    append(store, 4, with_key())
    arguments = ("log", "reconcile", NAMESPACE, "--store", store, "--evidence", DEPLOYMENTS)
    told = run(*arguments)
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert CODES["epoch-without-evidence"] in told.out
    assert "Key added (SHA-256): " in told.out
    assert "Age: " in told.out
    waiting = as_json(run(*arguments, "--grace", "366", "--format", "json").out, "log-reconciliation")
    assert (waiting["conclusion"], waiting["grace_days"], codes(waiting)) == ("holds", 366, ["epoch-awaits-evidence"])
    assert waiting["findings"][0]["age_days"] > 31


def test_evidence_that_is_not_in_the_copy_of_the_log_is_told(run: Run, tmp_path: Path) -> None:
    short = rehearsed(tmp_path / "short.sqlite", last=1)
    told = run("log", "reconcile", NAMESPACE, "--store", short, "--evidence", DEPLOYMENTS / "rehearsal-messenger-2025",
               "--evidence", DEPLOYMENTS / "rehearsal-messenger-2026")  # fmt: skip
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert CODES["evidence-without-epoch"] in told.out


def test_a_deployment_that_cannot_be_read_is_told_and_not_passed_over(run: Run, store: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "deployments"
    shutil.copytree(DEPLOYMENTS, folder)
    (folder / "rehearsal-messenger-2026/deployment.json").write_bytes(b"{}")
    told = run("log", "reconcile", NAMESPACE, "--store", store, "--evidence", folder)
    assert told.code == ExitCode.COULD_NOT_CHECK
    assert "[evidence-unreadable]" in told.out
    assert "rehearsal-messenger-2026" in told.out


def test_real_evidence_is_never_matched_with_a_rehearsals_log(run: Run, store: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "one"
    shutil.copytree(DEPLOYMENTS / "rehearsal-messenger-2025", folder)
    record = json.loads((folder / "deployment.json").read_bytes())
    (folder / "deployment.json").write_text(json.dumps(record | {"rehearsal": False}))
    told = run("log", "reconcile", NAMESPACE, "--store", store, "--evidence", folder, "--grace", "366")
    assert "3 epochs, 0 published deployments" in told.out
