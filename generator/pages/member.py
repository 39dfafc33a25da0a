"""The page of one HSM: what its checks came to, what it says and how well that is known, its attestation in bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import quote

from generator.carried import CutOut, cut_outs, runs
from generator.checking import Checked
from generator.formatting import count_text, size_text
from generator.matrix import HOLDS, Column, Matrix, fleet_matrix
from generator.pages.deployment import DeploymentContext
from generator.pages.frame import Frame, make_frame
from generator.pages.member_bytes import Bytes, ClaimGroup, annotated_bytes, claim_groups, place_text, run_title
from generator.pages.member_chain import ChainView, Walked, chain_views
from vaultproof.attestation.adapter import Adapter, Attestation
from vaultproof.attestation.chain import verify_chain
from vaultproof.attestation.claim_rows import claim_rows
from vaultproof.attestation.registry import adapter_for
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import run_to_completion
from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import sha256_hex
from vaultproof.presentation.view import StepView, SubstepView, step_view
from vaultproof.presentation.words import Words
from vaultproof.report import Report, Scope, Status
from vaultproof.steps.attestation import folder_of

ROOT = "../../../../"
FOLDER = "hsm"
CERTIFICATES = "certificates"
_WORST_FIRST = ("mismatch", "could_not_check", "not_published", "not_evaluated", "match", "not_applicable")
_VOUCHING = ("chain", "signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One check of this HSM: what it asks, what it came to, and the substeps of the report that say so."""

    check: str
    label: str
    status: str
    status_label: str
    step_id: str
    step_number: int
    substeps: tuple[SubstepView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RawFile:
    """One of this HSM's files as it was published."""

    name: str
    href: str
    size: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateFile:
    """One certificate by itself, as a file made from the published ones; ``sha256`` is that of its DER."""

    stem: str
    hrefs: tuple[tuple[str, str], ...]
    size: str
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberPage:
    """Everything that ``member.html`` shows.

    ``member`` is the HSM as announced; ``outcome`` and ``summary`` are the worst of its checks and how many came to
    what; ``probes`` stand worst first and ``trouble`` are those that do not match.  ``vouched`` is whether chain and
    signature both hold, so that the claims are more than what a file says; ``layered`` whether a program in the HSM
    signs some of them; ``unread`` says why there are no claims.
    """

    TEMPLATE: ClassVar[str] = "member.html"

    frame: Frame
    title: str
    deployment_title: str
    deployment_href: str
    rehearsal: bool
    failing: bool
    member: Column
    neighbours: tuple[tuple[str, str], ...]
    technology: str
    outcome: str
    outcome_label: str
    summary: str
    trouble: tuple[Probe, ...]
    probes: tuple[Probe, ...]
    step: StepView | None
    unread: str | None
    vouched: bool
    layered: bool
    groups: tuple[ClaimGroup, ...]
    chains: tuple[ChainView, ...]
    certificates: tuple[CertificateFile, ...]
    documents: tuple[Bytes, ...]
    files: tuple[RawFile, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fleet:
    """What the pages of one deployment have in common."""

    checked: Checked
    context: DeploymentContext
    words: Words
    matrix: Matrix
    steps: dict[str, StepView]
    names: tuple[str, ...]

    @property
    def evaluated(self) -> bool:
        """Whether the makers' attestations were looked at in this run."""
        step = self.steps.get("attestation")
        return step is not None and step.status != Status.NOT_EVALUATED.value


def member_pages(checked: Checked, context: DeploymentContext) -> Iterator[tuple[str, MemberPage | bytes]]:
    """Path (below the deployment's folder) and page or bytes: a page and its certificates for each announced HSM."""
    announced, report = checked.source.announcement, checked.report
    procedure = context.sources.procedures[report.procedure_version]
    words = Words(procedure, procedure.plan(announced.distribution), rehearsal=announced.rehearsal)
    fleet = _Fleet(
        checked=checked,
        context=context,
        words=words,
        matrix=fleet_matrix(report, announced, words),
        steps={step.id: step_view(procedure.steps[step.id], step, words) for step in report.steps},
        names=tuple(member.name for member in announced.members),
    )
    for index, name in enumerate(fleet.names):
        yield from _member(fleet, name, index)


def _member(fleet: _Fleet, name: str, index: int) -> Iterator[tuple[str, MemberPage | bytes]]:
    prefix = f"{folder_of(name)}/"
    published = fleet.checked.source.files
    files = {path.removeprefix(prefix): data for path, data in published.items() if path.startswith(prefix)}
    adapter, read, unread = _read(fleet.checked.source.announcement.technology, files)
    found = runs(files)
    cut = cut_outs(found, read)
    folder = f"{FOLDER}/{name}/"
    for item in cut.values():
        for file, data in item.files():
            yield f"{folder}{CERTIFICATES}/{file}", data
    rows = () if read is None else claim_rows(read.claims)
    documents = tuple(
        annotated_bytes(run, number, rows, adapter, run_title(run, read)) for number, run in enumerate(found)
    )
    probes = tuple(_probes(fleet, index))
    states = {probe.check: probe.status for probe in probes}
    announced = fleet.checked.source.announcement
    rehearsal = fleet.checked.report.verdict.scope is Scope.REHEARSAL
    worst = probes[0] if probes else None
    summary = _summary(probes)
    page = MemberPage(
        frame=make_frame(
            title=f"{announced.title}: {name}",
            description=f"{'REHEARSAL. ' if rehearsal else ''}One HSM of {announced.title}: {summary}",
            root=ROOT,
            section="deployment",
            clock=fleet.context.clock,
            assets=fleet.context.assets,
            rehearsal=rehearsal,
        ),
        title=name,
        deployment_title=announced.title,
        deployment_href="../../",
        rehearsal=rehearsal,
        failing=fleet.checked.failing,
        member=fleet.matrix.members[index],
        neighbours=tuple((other, f"../{quote(other)}/") for other in fleet.names),
        technology=announced.technology,
        outcome=worst.status if worst else Status.NOT_EVALUATED.value,
        outcome_label=worst.status_label if worst else fleet.words.status(Status.NOT_EVALUATED, ""),
        summary=summary,
        trouble=tuple(probe for probe in probes if probe.status in _WORST_FIRST[:3]),
        probes=probes,
        step=fleet.steps.get("attestation"),
        unread=unread,
        vouched=all(states.get(check) == Status.MATCH.value for check in _VOUCHING),
        layered=read is not None and read.claims.below is not None,
        groups=tuple(claim_groups(rows, documents, fleet.words)),
        chains=() if read is None else tuple(chain_views(_walked(fleet, read), cut, place_text)),
        certificates=tuple(_certificates(cut)),
        documents=documents,
        files=tuple(_raw(fleet.context.raw, prefix, file, files[file]) for file in sorted(files)),
    )
    yield f"{folder}index.html", page


def _certificates(cut: Mapping[bytes, CutOut]) -> Iterator[CertificateFile]:
    for item in cut.values():
        yield CertificateFile(
            stem=item.stem,
            hrefs=tuple((file, f"{CERTIFICATES}/{file}") for file, _ in item.files()),
            size=size_text(len(item.der)),
            sha256=sha256_hex(item.der),
        )


def _read(technology: str, files: dict[str, bytes]) -> tuple[Adapter | None, Attestation | None, str | None]:
    """What the adapter reads, or why it does not: then the bytes are shown all the same."""
    try:
        adapter = adapter_for(technology)
    except VaultproofError as error:
        return None, None, str(error)
    try:
        return adapter, adapter.read(files), None
    except VaultproofError as error:
        return adapter, None, str(error)


def _walked(fleet: _Fleet, read: Attestation) -> Walked:
    """The walk that the step made, once more for its details; not made where the step was not evaluated."""
    if not fleet.evaluated:
        return Walked(read=read, result=None, words=fleet.words)
    announced = fleet.checked.source.announcement
    anchors = fleet.context.sources.trust.select(rehearsal=announced.rehearsal).anchors
    walk = verify_chain(read, anchors, OpenSslBackend(), announced.deployed_at, fleet.context.clock)
    return Walked(read=read, result=run_to_completion(walk), words=fleet.words)


def _probes(fleet: _Fleet, index: int) -> list[Probe]:
    """Every row of the matrix for one HSM, the worst first, else in the matrix's order."""
    name = fleet.names[index]
    probes = [
        Probe(
            check=row.check,
            label=row.label,
            status=row.cells[index].status,
            status_label=row.cells[index].status_label,
            step_id=row.step_id,
            step_number=row.step_number,
            substeps=tuple(_substeps(fleet.checked.report, fleet.steps[row.step_id], row.check, name)),
        )
        for row in fleet.matrix.rows
    ]
    return sorted(probes, key=lambda probe: _WORST_FIRST.index(probe.status))


def _substeps(report: Report, step: StepView, check: str, name: str) -> Iterator[SubstepView]:
    (result,) = (item for item in report.steps if item.id == step.id)
    for substep, view in zip(result.substeps, step.substeps, strict=True):
        holds = any(fact.label == "key-attested" and fact.found == name for fact in substep.facts)
        if substep.id == check and (holds if check == HOLDS else substep.subject == name):
            yield view


def _summary(probes: Sequence[Probe]) -> str:
    """How many checks match, in one sentence."""
    matching = sum(probe.status == Status.MATCH.value for probe in probes)
    if not probes:
        return "No check was made."
    return f"{matching} of {count_text(len(probes), 'check')} {'matches' if matching == 1 else 'match'}."


def _raw(folder: str, prefix: str, file: str, data: bytes) -> RawFile:
    href = f"../../{folder}/{quote(prefix + file)}"
    return RawFile(name=file, href=href, size=size_text(len(data)), sha256=sha256_hex(data))
