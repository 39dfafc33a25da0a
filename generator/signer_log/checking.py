"""Auditing every copy of the signer's log before a page of it is written, and refusing what does not hold."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from generator.checking import Checked
from generator.errors import BuildError, LogTrouble, PublicationRefusedError, Refusal
from generator.signer_log.opened import OpenLog
from generator.sources import Sources
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import AUDIT_FOLDER
from vaultproof.mirror.auditing import Audit, AuditPlan, audit
from vaultproof.mirror.beside import ForkFile, fork_files
from vaultproof.mirror.matching import PublishedSet, match
from vaultproof.mirror.sources import take_record
from vaultproof.presentation.log_words import finding_words
from vaultproof.report import Scope
from vaultproof.signer_log.answers import Root
from vaultproof.signer_log.findings import Conclusion, FindingList, Findings, LogFinding, Standing, conclusion
from vaultproof.signer_log.reconcile import Published, Reconciliation, read_published
from vaultproof.signer_log.walk import Expected, reason
from vaultproof.trust.configuration import Namespace, Signer, TrustConfiguration
from vaultproof.trust.logs import LOGS_FILE, read_logs

OUTCOMES = {
    Conclusion.HOLDS: "verified",
    Conclusion.CONTRADICTED: "contradicted",
    Conclusion.COULD_NOT_CHECK: "incomplete",
}
"""Conclusions as verdicts on deployments are called, for programs and for colours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedLog:
    """A copy of the log and what the build's own audit found.

    ``trust`` is the configuration that pins the namespace; ``published`` are the deployments that it was matched with;
    ``findings`` are those of the audit and of the matching; ``now`` is the build's clock; ``failing`` says that it is
    published although it does not hold.
    """

    log: OpenLog
    trust: TrustConfiguration
    signer: Signer
    pinned: Namespace
    audit: Audit
    published: tuple[Published, ...]
    reconciliation: Reconciliation
    findings: FindingList
    forks: tuple[ForkFile, ...]
    now: datetime
    failing: bool

    @property
    def namespace(self) -> str:
        """Its name: of its folder and of its pages."""
        return self.log.namespace

    @property
    def rehearsal(self) -> bool:
        """Whether it is a rehearsal's log."""
        return self.trust.kind is Scope.REHEARSAL

    @property
    def conclusion(self) -> Conclusion:
        """What all findings come to."""
        return self.findings.conclusion

    def about(self, epoch: int) -> tuple[LogFinding, ...]:
        """The findings about one epoch."""
        return tuple(item for item in self.findings.items if item.epoch == epoch)


def check_logs(
    logs: Sequence[OpenLog], sources: Sources, deployments: Sequence[Checked], *, clock: datetime,
    publish_failing: Collection[str],
) -> tuple[CheckedLog, ...]:  # fmt: skip
    """Audit every copy and match it with the published deployments, as of ``clock``.

    Raises ``PublicationRefusedError`` when one does not hold and is not named in ``publish_failing``, and
    ``BuildError`` for one that is named and holds, or whose namespace is not pinned.
    """
    found = tuple(_check(log, sources, deployments, clock) for log in logs)
    named = [item.namespace for item in found if item.namespace in publish_failing and not item.failing]
    if named:
        raise BuildError(f"{', '.join(named)} holds, so it cannot be published as failing")
    refused = [item for item in found if item.failing and item.namespace not in publish_failing]
    if refused:
        raise PublicationRefusedError([_refusal(item) for item in refused])
    return found


def _check(log: OpenLog, sources: Sources, deployments: Sequence[Checked], clock: datetime) -> CheckedLog:
    trust, signer, pinned = _pinned(log.namespace, sources)
    expected = Expected(
        namespace=log.namespace, signer=signer, ciphersuite=pinned.ciphersuite,
        root=Root(epoch=pinned.root_epoch, digest=pinned.root_digest),
    )  # fmt: skip
    plan = AuditPlan(expected=expected, pinned=True, trust_digest=trust.digest)
    now = int(clock.timestamp() * 1000)
    published = _published(log.namespace, deployments, rehearsal=trust.kind is Scope.REHEARSAL)
    _take_records(log, deployments, now)
    try:
        grace = read_logs(sources.trust_files[LOGS_FILE]).grace
        audited = audit(log.store, plan, engine=OpenSslBackend, now=now)
        matched = match(log.store, expected, published, engine=OpenSslBackend, grace=grace, now=now,
                        held_through=audited.held_through)  # fmt: skip
    except VaultproofError as error:
        raise BuildError(f"{log.namespace}: {error}", hint=error.hint) from error
    together = Findings()
    for part in (audited.findings, matched.findings):
        together.add_all(part)
    findings = together.result()
    forks = tuple(fork_files(log.store, expected, OpenSslBackend(), findings.items))
    return CheckedLog(
        log=log, trust=trust, signer=signer, pinned=pinned, audit=audited, published=published.deployments,
        reconciliation=matched.reconciliation, findings=findings, forks=forks,
        now=clock, failing=findings.conclusion is not Conclusion.HOLDS,
    )  # fmt: skip


def _take_records(log: OpenLog, deployments: Sequence[Checked], now: int) -> None:
    """Hold the records that deployments publish against the copy's: two that are signed and differ are a fork."""
    for item in deployments:
        for path, body in item.source.files.items():
            if path.startswith(AUDIT_FOLDER):
                take_record(log.store, log.namespace, body, f"{item.id}/{path}", now)


def _pinned(namespace: str, sources: Sources) -> tuple[TrustConfiguration, Signer, Namespace]:
    for trust in (sources.trust.production, sources.trust.rehearsal):
        pinned = trust.namespace(namespace)
        signer = trust.signer(pinned.signer) if pinned is not None else None
        if pinned is not None and signer is not None:
            return trust, signer, pinned
    raise BuildError(
        f"the namespace {namespace} is not pinned, so a copy of it can be compared with nothing",
        hint="pin it in trust.json, or take the copy away",
    )


def _published(namespace: str, deployments: Sequence[Checked], *, rehearsal: bool) -> PublishedSet:
    """The deployments that announce this namespace, and a finding for each of them that cannot be read."""
    published, unread = [], []
    for item in deployments:
        announced = item.source.announcement
        if announced.namespace != namespace or announced.rehearsal != rehearsal:
            continue
        try:
            read = read_published(item.source.files)
        except VaultproofError as error:
            unread.append(
                LogFinding(
                    code="evidence-unreadable", namespace=namespace, epoch=announced.epoch, subject=item.id,
                    facts=reason(error),
                )
            )  # fmt: skip
            continue
        published += [read] if read is not None else []
    return PublishedSet(deployments=tuple(published), unread=tuple(unread))


def _refusal(checked: CheckedLog) -> Refusal:
    told = [item for item in checked.findings.items if item.standing is not Standing.NOTE]
    troubles = [LogTrouble(code=item.code, text=finding_words(item).title) for item in told]
    return Refusal(
        deployment=checked.namespace, outcome=OUTCOMES[conclusion(item.standing for item in told)],
        troubles=tuple(troubles),
    )  # fmt: skip
