"""``vaultproof log fetch``, ``export``, ``import`` and ``serve``: what they print, and what they refuse."""

from __future__ import annotations

import shutil
import subprocess
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path

import pytest

from generator.rehearsal.log_server.faults import FaultKind
from generator.rehearsal.signer import NAMESPACE
from tests.unit.cli.conftest import EVIDENCE, ROOT, Run
from tests.unit.cli.log.served import log_server
from tests.unit.mirror.served import made_ledger, serving
from vaultproof.cli.exit_codes import ExitCode
from vaultproof.mirror.answer import Answer, Resource
from vaultproof.mirror.store import Store
from vaultproof.strict.encodings import MAX_MILLISECONDS

TAKEN = "  but for signatures that hold they are the copy's word; to hear the log itself: vaultproof log fetch"


def test_a_rehearsal_log_is_served_fetched_copied_and_taken_in(run: Run, tmp_path: Path) -> None:
    store, copy = tmp_path / "log.sqlite", tmp_path / "copy"
    with log_server("--import", EVIDENCE / "deployments") as address:
        ran = run(
            "log", "fetch", NAMESPACE, "--url", address, "--store", store, "--artifacts", EVIDENCE / "deployments"
        )
    assert ran.code == ExitCode.VERIFIED
    assert ran.out == (
        f"{NAMESPACE}, read from {address}\n"
        f"  the mirror {store} holds 3 records from epoch 1 to 3; 3 of them came now\n"
        "  the log says that epoch 3 is its newest\n"
        f"  {EVIDENCE / 'deployments'}: 5 files that the log names came now\n"
        "All of it is here, and what was read again is as it was.\n"
    )
    assert ran.err == ""
    told = run("log", "export", copy, "--store", store)
    assert (told.code, told.out) == (ExitCode.VERIFIED, f"12 answers written to {copy}\n")
    told = run("log", "import", copy, "--store", tmp_path / "other.sqlite")
    assert (told.code, told.out) == (ExitCode.VERIFIED, f"12 answers read from {copy}, 12 of them new\n{TAKEN}\n")
    with Store.open(store) as first, Store.open(tmp_path / "other.sqlite") as second:
        taken = [replace(answer, fetched=True) for answer in second.all_answers()]
        assert list(first.all_answers()) == taken, "all of it is there, and nobody here fetched it"
        assert not any(answer.fetched for answer in second.all_answers())


def test_a_second_source_that_is_silent_is_told_and_everything_else_is_kept(run: Run, tmp_path: Path) -> None:
    store = tmp_path / "log.sqlite"
    with serving(made_ledger(2)) as server:
        ran = run(
            "log", "fetch", NAMESPACE, "--url", server.address, "--first", "1", "--store", store, "--attempts", "1",
            "--artifacts", "http://127.0.0.1:1/{epoch}",
        )  # fmt: skip
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "http://127.0.0.1:1/{epoch}: 0 files that the log names came now" in ran.out
    assert "http://127.0.0.1:1/2: it could not be reached" in ran.out
    assert ran.out.endswith("Nothing was found wrong; what came is kept: run it again later.\n")
    with Store.open(store) as mirror:
        assert len(list(mirror.records(NAMESPACE, 1, 9))) == 2


def test_an_empty_mirror_is_told(run: Run, tmp_path: Path) -> None:
    ran = run("log", "fetch", NAMESPACE, "--url", "http://127.0.0.1:1", "--attempts", "1", "--store", tmp_path / "x")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert f"  the mirror {tmp_path / 'x'} holds no record\n" in ran.out


def test_the_log_of_a_pinned_namespace_is_found_and_others_need_an_address(run: Run, tmp_path: Path) -> None:
    ran = run("log", "fetch", "rehearsal.unknown", "--store", tmp_path / "x")
    assert ran.code == ExitCode.USAGE
    assert "it is not known where the log of rehearsal.unknown is: give --url" in ran.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        ("fetch", "../x", "--url", "https://log.example"),
        ("fetch", NAMESPACE, "--connections", "0"),
        ("serve", "--fault", "gossip"),
        ("serve", "--namespace", "meta.real"),
        ("fetch",),
    ],
)
def test_what_is_not_understood_is_usage(run: Run, arguments: tuple[str, ...]) -> None:
    ran = run("log", *arguments)
    assert ran.code == ExitCode.USAGE
    assert ran.out == ""


@pytest.mark.parametrize(
    ("option", "value"),
    [("--url", "http://log.example"), ("--artifacts", "https://x.example/"), ("--counter-signatures", "x")],
)
def test_an_address_that_cannot_be_one_is_refused_before_anything_is_asked(
    run: Run, tmp_path: Path, option: str, value: str
) -> None:
    url = () if option == "--url" else ("--url", "http://127.0.0.1:1")
    ran = run("log", "fetch", NAMESPACE, *url, option, value, "--store", tmp_path / "x")
    assert ran.code == ExitCode.USAGE, "a slip of the hand accuses nobody"
    assert f"{option}: this cannot be" in ran.err
    assert not (tmp_path / "x").exists()


def test_without_a_mirror_there_is_nothing_to_export(run: Run, tmp_path: Path) -> None:
    ran = run("log", "export", tmp_path / "copy", "--store", tmp_path / "none.sqlite")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "there is no mirror of the log here" in ran.err
    assert "hint: make one: vaultproof log fetch NAMESPACE" in ran.err
    assert not (tmp_path / "none.sqlite").exists()


def test_without_a_copy_no_mirror_is_made(run: Run, tmp_path: Path) -> None:
    ran = run("log", "import", tmp_path / "nowhere", "--store", tmp_path / "new.sqlite")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "there is no copy of the log here; expected a folder with index.jsonl" in ran.err
    assert not (tmp_path / "new.sqlite").exists()


def test_a_file_of_something_else_is_left_alone(run: Run, tmp_path: Path) -> None:
    diary = tmp_path / "diary.txt"
    diary.write_text("Dear diary")
    copy = tmp_path / "empty copy"
    copy.mkdir()
    (copy / "index.jsonl").write_bytes(b'{"schema":"vaultproof/log-copy@1"}\n')
    for command in (
        ("fetch", NAMESPACE, "--url", "http://127.0.0.1:1", "--store", diary),
        ("import", copy, "--store", diary),
        ("export", tmp_path / "copy", "--store", diary),
        ("serve", diary),
    ):
        ran = run("log", *command)
        assert ran.code == ExitCode.COULD_NOT_CHECK
        assert "it was left as it is" in ran.err
    assert diary.read_text() == "Dear diary"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["diary.txt", "empty copy"]


def test_the_faults_are_listed(run: Run) -> None:
    ran = run("log", "serve", "--list-faults")
    assert ran.code == ExitCode.VERIFIED
    assert [line.split()[0] for line in ran.out.splitlines()] == list(FaultKind)


def test_serving_over_a_port_that_is_taken_is_told(run: Run) -> None:
    with serving(made_ledger(0)) as server:
        ran = run("log", "serve", "--port", server.server_port)
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "cannot be used" in ran.err


def test_a_log_that_contradicts_the_served_one_is_not_taken(run: Run, tmp_path: Path) -> None:
    made_ledger(3, tmp_path / "ledger").close()
    ran = run("log", "serve", tmp_path / "ledger", "--import", EVIDENCE / "deployments", "--port", "0")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "the log did not take it" in ran.err


def test_a_fault_is_chosen_by_option_and_named_at_the_start() -> None:
    arguments = ["--namespace", "rehearsal.empty", "--fault", "forbidden", "--port", "0", "--verbose"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vaultproof.cli", "log", "serve", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    address = process.stdout.readline().split()[0]
    request = urllib.request.Request(f"{address}/info", headers={"User-Agent": "x"})  # noqa: S310 - on this machine
    with pytest.raises(urllib.request.HTTPError, match="403") as caught:
        urllib.request.urlopen(request, timeout=30)  # noqa: S310 - as above
    caught.value.close()
    process.terminate()
    _, err = process.communicate(timeout=30)
    assert "REHEARSAL: a log for rehearsals, with the fault forbidden" in err
    assert "GET /info [forbidden]" in err
    assert err.endswith("vaultproof: stopped\n")


@pytest.mark.skipif(shutil.which("unshare") is None or sys.platform != "linux", reason="needs a small disk of its own")
def test_a_full_disk_is_told_and_what_was_kept_stays(tmp_path: Path) -> None:
    """On a file system of 400 KB, in a mount namespace of its own; skipped where the machine does not allow that."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = f"mount -t tmpfs -o size=400k none {disk}"
    inside = ["unshare", "--mount", "sh", "-c"]
    if subprocess.run([*inside, mount], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine does not allow a file system of one's own")
    made_ledger(1_000, tmp_path / "ledger").close()
    with log_server(tmp_path / "ledger") as address:
        fetch = f"{sys.executable} -m vaultproof.cli log fetch {NAMESPACE} --url {address} --store {disk}/log.sqlite"
        export = f"{sys.executable} -m vaultproof.cli log export {tmp_path}/copy --store {disk}/log.sqlite"
        script = f"{mount} && {fetch}; echo exit $?; {export}; echo exit $?"
        ran = subprocess.run([*inside, script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert "the disk is full; the mirror could not be written" in ran.stderr
    assert "what was kept before is still there" in ran.stderr
    assert ran.stdout.splitlines()[0] == f"exit {int(ExitCode.COULD_NOT_CHECK)}"
    assert "answers written to" in ran.stdout
    assert len(list((tmp_path / "copy").rglob("audits/*.json"))) > 10


def test_a_copy_that_is_dated_ahead_is_not_taken(run: Run, tmp_path: Path) -> None:
    with Store.open(tmp_path / "ahead.sqlite", create=True) as store:
        store.put_answer(Answer(resource=Resource.INFO, body=b"{}", origin="x", at=1, last_at=MAX_MILLISECONDS))
    assert run("log", "export", tmp_path / "copy", "--store", tmp_path / "ahead.sqlite").code == ExitCode.VERIFIED
    ran = run("log", "import", tmp_path / "copy", "--store", tmp_path / "new.sqlite")
    assert ran.code == ExitCode.COULD_NOT_CHECK
    assert "info.json is dated ahead of this clock" in ran.err
