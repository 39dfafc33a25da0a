"""The commands that pages print, run exactly as they are printed, on the very files that a reader downloads."""

from __future__ import annotations

import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest

from generator.checking import Checked
from generator.commands import CommandBlock, commands_for, steps_without_commands
from generator.commands.block import readable_fields, verify_line
from generator.downloads import archive, sha256sums
from generator.rehearsal.options import RehearsalOptions
from generator.rehearsal.rehearsing import rehearse
from generator.sources import Sources
from tests.unit.generator.conftest import Site
from vaultproof.archive import read_zip
from vaultproof.crypto.port import Algorithm
from vaultproof.evidence.deployment import read_deployment

DEPLOYMENTS = ["rehearsal-messenger-2025", "rehearsal-messenger-2026", "rehearsal-whatsapp-2025"]
SHELLS = [["sh"], ["bash"], ["bash", "--posix"]]

pytestmark = pytest.mark.skipif(
    not all(map(shutil.which, ("openssl", "sha256sum", "unzip"))), reason="openssl, sha256sum or unzip is not installed"
)


def unpack(folder: Path, files: dict[str, bytes]) -> Path:
    """A folder with the contents of the archive, and ``SHA256SUMS`` beside it, as the page tells its reader."""
    place = folder / "unpacked"
    for path, data in read_zip(archive(files)).items():
        (place / path).parent.mkdir(parents=True, exist_ok=True)
        (place / path).write_bytes(data)
    (folder / "SHA256SUMS").write_bytes(sha256sums(files))
    return place


def blocks_of(files: dict[str, bytes], sources: Sources) -> dict[str, CommandBlock]:
    announced = read_deployment(files["deployment.json"])
    trust = sources.trust.select(rehearsal=announced.rehearsal)
    return {block.id: block for block in commands_for(files, announced, trust)}


def run(
    block: CommandBlock, place: Path, blocks: dict[str, CommandBlock], shell: list[str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run one block as printed, after the one that prepares."""
    script = f"{blocks['prepare'].text}\n{block.text}\n"
    environment = {"PATH": "/usr/bin:/bin", "TMPDIR": str(place.parent), "LC_ALL": "C"}
    return subprocess.run(
        [*(shell or ["sh"]), "-c", script], cwd=place, env=environment, capture_output=True, text=True, check=False
    )


def holds(done: subprocess.CompletedProcess[str], block: CommandBlock) -> bool:
    return done.returncode == 0 and done.stdout == f"{block.expect}\n"


@pytest.mark.parametrize("shell", SHELLS, ids=" ".join)
@pytest.mark.parametrize("id", DEPLOYMENTS)
def test_every_block_prints_what_the_page_says(
    id: str, shell: list[str], checked: dict[str, Checked], sources: Sources, tmp_path: Path
) -> None:
    files = dict(checked[id].source.files)
    blocks = blocks_of(files, sources)
    place = unpack(tmp_path, files)
    for block in list(blocks.values())[1:]:
        done = run(block, place, blocks, shell)
        assert (done.stderr, done.stdout, done.returncode) == ("", f"{block.expect}\n", 0), block.id


@pytest.mark.parametrize("id", DEPLOYMENTS)
def test_the_page_prints_the_blocks_as_they_are_run(
    id: str, checked: dict[str, Checked], sources: Sources, site: Site
) -> None:
    page = site.deployment_pages[id]
    for block in blocks_of(dict(checked[id].source.files), sources).values():
        assert f"<code>{block.text}</code>" in unescape(page)


@pytest.mark.parametrize(
    ("id", "steps"),
    [
        ("rehearsal-messenger-2025", ("history", "fleet", "evidence-log", "your-app")),
        ("rehearsal-messenger-2026", ("fleet", "evidence-log", "your-app")),
        ("rehearsal-whatsapp-2025", ("fleet", "evidence-log", "your-app")),
    ],
)
def test_which_steps_have_no_commands(
    id: str, steps: tuple[str, ...], checked: dict[str, Checked], sources: Sources
) -> None:
    blocks = blocks_of(dict(checked[id].source.files), sources).values()
    order = [step.id for step in checked[id].report.steps]
    assert steps_without_commands(order, blocks) == steps


# --- tampered files: one bit of what a block is about -----------------------------------------------------------------

TAMPERED = [
    ("files", "statement.md", 40),
    ("files", "manifest.json", 100),
    ("sums", "attestations/hsm-01/chain.pem", 500),
    ("digest", "bundle/fleet-keys.json", 60),
    ("signer", "bundle/fleet-keys.json", 60),
    ("ceremony", "ceremony/record.json", 200),
    ("ceremony", "ceremony/witnesses/rehearsal-notary.sig", 3),
    ("attestation", "attestations/hsm-01/evidence.der", 300),
    ("attestation", "attestations/hsm-07/evidence.der", 1790),
    ("keys", "attestations/hsm-01/evidence.der", 970),
    ("history", "audit/artifacts/1.json", 60),
]


@pytest.mark.parametrize(("name", "path", "offset"), TAMPERED)
def test_a_changed_bit_is_noticed(
    name: str, path: str, offset: int, checked: dict[str, Checked], sources: Sources, tmp_path: Path
) -> None:
    files = dict(checked["rehearsal-messenger-2026"].source.files)
    blocks = blocks_of(files, sources)
    place = unpack(tmp_path, files)
    assert holds(run(blocks[name], place, blocks), blocks[name])
    content = bytearray(files[path])
    content[offset] ^= 1
    (place / path).write_bytes(content)
    done = run(blocks[name], place, blocks)
    assert done.returncode != 0
    assert done.stdout.splitlines()[-1] == "does NOT match"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("digest", "digest"),
        ("signer", "signature"),
        ("signer", "epoch"),
        ("signer", "timestamp"),
        ("signer", "namespace"),
        ("counter-signature", "signature"),
        ("counter-signature", "counter_signature"),
        ("audit-log", "signature"),
        ("audit-log", "key_id"),
    ],
)
def test_a_changed_field_of_the_proof_is_noticed(
    name: str, field: str, checked: dict[str, Checked], sources: Sources, tmp_path: Path
) -> None:
    files = dict(checked["rehearsal-messenger-2026"].source.files)
    blocks = blocks_of(files, sources)
    place = unpack(tmp_path, files)
    proof = (place / "bundle/proof.json").read_text()
    start = proof.index(f'"{field}": ') + len(f'"{field}": ') + 1
    changed = proof[:start] + ("2" if proof[start] != "2" else "3") + proof[start + 1 :]
    (place / "bundle/proof.json").write_text(changed)
    assert run(blocks[name], place, blocks).returncode != 0


def test_a_file_too_many_and_a_file_too_few_are_noticed(
    checked: dict[str, Checked], sources: Sources, tmp_path: Path
) -> None:
    files = dict(checked["rehearsal-messenger-2025"].source.files)
    blocks = blocks_of(files, sources)
    place = unpack(tmp_path, files)
    (place / "extra").write_text("x")
    assert run(blocks["files"], place, blocks).returncode != 0
    (place / "extra").unlink()
    (place / "statement.md").unlink()
    assert run(blocks["files"], place, blocks).returncode != 0


# --- planted faults: consistent evidence that is wrong in one way ----------------------------------------------------

FAULTS = [
    "file-extra",
    "artifact-swapped",
    "signer-bad-signature",
    "signer-unknown-key",
    "signer-wrong-epoch",
    "signer-serialized-message",
    "signer-before-key-validity",
    "counter-signature-wrong-key",
    "counter-signature-over-other-bytes",
    "log-gap",
    "log-goes-on",
    "log-digest-reused",
    "log-root-differs",
    "log-two-answers",
    "history-artifact-swapped",
    "attestation-bad-signature",
    "attestation-expired",
    "key-not-attested",
    "key-unpublished",
    "key-shared-between-members",
    "ceremony-witness-bad",
]
STEP_OF = {"file": "files", "artifact": "digest", "log": "audit-log", "key": "keys", "counter": "counter-signature"}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_noticed_by_the_commands_of_its_step(fault: str, sources: Sources, tmp_path: Path) -> None:
    files = rehearse(RehearsalOptions(seed="commands", id="rehearsal-commands", members=3, sites=2, fault=fault))
    blocks = blocks_of(files, sources)
    head = fault.partition("-")[0]
    block = blocks[STEP_OF.get(head, head)]
    assert run(block, unpack(tmp_path, files), blocks).returncode != 0


# --- the parts -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "readable"),
    [
        ('{"epoch": 3}', True),
        ('{"epoch":3,"x":1}', True),
        ('{"x": {"epoch": 4}, "epoch": 3}', False),
        ('{"other": 3}', False),
        ('{"epoch" : 3}', False),
    ],
)
def test_only_files_that_sed_reads_rightly_get_commands(text: str, readable: bool) -> None:
    assert readable_fields(text.encode(), "epoch") is readable


@pytest.mark.parametrize("algorithm", list(Algorithm))
def test_every_algorithm_has_a_command(algorithm: Algorithm) -> None:
    line = verify_line(algorithm, key="k", message="m", signature="s")
    assert line.startswith("openssl pkeyutl" if algorithm is Algorithm.ED25519 else "openssl dgst -sha")
    assert ("rsa_padding_mode:pss" in line) is ("pss" in algorithm.value)


def test_a_deployment_without_files_gets_no_commands_but_the_preparation(
    checked: dict[str, Checked], sources: Sources
) -> None:
    announced = checked["rehearsal-messenger-2025"].source.announcement
    assert [block.id for block in commands_for({}, announced, sources.trust.rehearsal)] == ["prepare"]
