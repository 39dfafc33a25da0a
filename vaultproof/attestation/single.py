"""One attestation by itself: what it is, what it claims, and what of that holds, without any deployment around it.

This answers what a single file can be asked: the chain to a pinned root, the signatures, the dates at two instants, and
the reference values.  It does not say whose key it is, whether the fleet is complete, or (without a nonce) when it was
made.  Pure: bytes, pins and instants in, an answer out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from vaultproof.attestation.adapter import LENIENT, Adapter, Attestation, Lenient, maker_of
from vaultproof.attestation.appraisal import appraise
from vaultproof.attestation.chain import ChainResult, verify_chain
from vaultproof.attestation.checks import CHECKS, grouped
from vaultproof.attestation.claims import Claim
from vaultproof.attestation.detection import arranged, recognised
from vaultproof.attestation.findings import AsOf, Finding, Outcome, fold
from vaultproof.attestation.given import Arrangement, Given
from vaultproof.attestation.registry import ADAPTERS, adapter_for, adapters
from vaultproof.crypto.port import Backend
from vaultproof.errors import Malformed, Mismatch, Unsupported, Untrusted, VaultproofError
from vaultproof.frozen import frozen
from vaultproof.trust.configuration import TrustConfiguration, TrustSet

FRESHNESS = "freshness"
NONCE = "evidence/nonce"


class Answer(StrEnum):
    """What the whole came to; only ``holds`` is a pass."""

    HOLDS = "holds"
    CONTRADICTED = "contradicted"
    COULD_NOT_CHECK = "could-not-check"


@frozen
class Question:
    """What is asked: the files (the chain in files of its own or not), and everything that the answer depends on.

    ``technology`` is None when it should be told from the bytes; ``at`` is the instant that decides, ``now`` the clock
    (both time-zone aware); ``nonce`` what the attestation must carry, None when nobody asked for one.  ``lenient``
    turns on a technology's one lenient reading, if it has one; what was read so is in ``SingleCheck.warnings``.
    """

    given: tuple[Given, ...]
    chain: tuple[Given, ...] = ()
    technology: str | None = None
    at: datetime
    now: datetime
    nonce: bytes | None = None
    lenient: bool = False


@frozen
class SingleCheck:
    """The answer about one attestation.

    ``recognised`` lists the technologies that its bytes may be of; ``technology`` the one that it was read as;
    ``error`` says why it was not read (then there is no ``attestation``, and no check was made).  ``trust`` is the
    configuration whose roots and reference values were used: production's unless only a rehearsal root is reached.
    ``checks`` holds the findings of each check of ``CHECKS`` that was made, their sources in the files as given.
    """

    question: Question
    recognised: tuple[str, ...]
    technology: str | None
    trust: TrustConfiguration
    arrangement: Arrangement | None = None
    attestation: Attestation | None = None
    chain: ChainResult | None = None
    checks: Mapping[str, tuple[Finding, ...]]
    error: VaultproofError | None = None

    @property
    def answer(self) -> Answer:
        """The worst of all checks as of ``at``; what could not be read was refused, or not understood."""
        if self.error is not None:
            refused = isinstance(self.error, Malformed | Mismatch | Untrusted)
            return Answer.CONTRADICTED if refused else Answer.COULD_NOT_CHECK
        return answer_of([finding for findings in self.checks.values() for finding in findings])

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What was read leniently: it holds only because somebody asked for that."""
        return tuple(item for findings in self.checks.values() for item in findings if item.code in LENIENT)


def answer_of(findings: Sequence[Finding]) -> Answer:
    """The answer of some findings as of the instant asked for; nothing asked is nothing held."""
    outcome = fold(findings, AsOf.DEPLOYMENT)
    return {Outcome.PROVEN: Answer.HOLDS, Outcome.FAILED: Answer.CONTRADICTED}.get(outcome, Answer.COULD_NOT_CHECK)


async def check_single(question: Question, trust: TrustSet, backend: Backend) -> SingleCheck:
    """Ask one attestation everything that it can be asked.

    Raises ``Malformed`` only for ambiguous anchors, a fault of the trust configuration; whatever else is wrong is in
    the answer.  Raises ``ValueError`` when no file is given.
    """
    if not question.given:
        raise ValueError("there is no file to check")
    candidates = recognised((*question.given, *question.chain), adapters())
    try:
        technology = question.technology or _one_of(candidates, question)
        adapter = _as_asked(adapter_for(technology), question)
    except VaultproofError as error:
        return SingleCheck(
            question=question, recognised=candidates, technology=question.technology, trust=trust.production,
            checks={}, error=error,
        )  # fmt: skip
    arrangement = arranged(technology, question.given, question.chain)
    try:
        read = adapter.read(arrangement.files)
    except VaultproofError as error:
        return SingleCheck(
            question=question, recognised=candidates, technology=technology, trust=trust.production,
            arrangement=arrangement, checks={}, error=_as_given(error, arrangement),
        )  # fmt: skip
    configuration, chain = await _walked(read, trust, backend, question)
    appraisal = appraise(read, configuration.reference_values, question.at, question.now, question.nonce)
    asked = [item for item in appraisal.findings if item.subject != NONCE]
    groups = grouped(read, chain, [*asked, _freshness(read, question.nonce)])
    return SingleCheck(
        question=question,
        recognised=candidates,
        technology=technology,
        trust=configuration,
        arrangement=arrangement,
        attestation=read,
        chain=chain,
        checks={
            check: tuple(_placed(item, arrangement) for item in groups[check]) for check in CHECKS if check in groups
        },
    )


def _as_asked(adapter: Adapter, question: Question) -> Adapter:
    return adapter.leniently() if question.lenient and isinstance(adapter, Lenient) else adapter


def _one_of(candidates: tuple[str, ...], question: Question) -> str:
    """The one technology that fits; of several, the one whose adapter can read the files."""
    if not candidates:
        raise Unsupported(
            "technology-not-recognised",
            "no attestation technology that is known here has the marks of these files",
            expected=", ".join(ADAPTERS),
            hint="name it with --technology to see where it differs",
        )
    readable = [item for item in candidates if _can_read(item, question)] if len(candidates) > 1 else list(candidates)
    # Who gives both layers asks about both: either of them by itself could be read too.
    readable = [item for item in readable if maker_of(item) is not None] or readable
    if len(readable) != 1:
        raise Unsupported(
            "technology-ambiguous",
            "these files have the marks of several attestation technologies",
            expected="one",
            found=", ".join(candidates),
            hint="name the one you mean with --technology",
        )
    return readable[0]


def _can_read(technology: str, question: Question) -> bool:
    try:
        adapter_for(technology).read(arranged(technology, question.given, question.chain).files)
    except VaultproofError:
        return False
    return True


async def _walked(
    read: Attestation, trust: TrustSet, backend: Backend, question: Question
) -> tuple[TrustConfiguration, ChainResult]:
    """The walk with production's roots; with rehearsal's only where these are reached and production's are not."""
    result = await verify_chain(read, trust.production.anchors, backend, question.at, question.now)
    names = {chain.name for chain in read.chains}
    if set(result.anchors) == names:
        return trust.production, result
    rehearsed = await verify_chain(read, trust.rehearsal.anchors, backend, question.at, question.now)
    if names and set(rehearsed.anchors) == names:
        return trust.rehearsal, rehearsed
    return trust.production, result


def _freshness(read: Attestation, nonce: bytes | None) -> Finding:
    """The nonce against the one given; without one, freshness is nothing that a single file can be asked."""
    claim = read.claims.evidence.nonce
    if nonce is None:
        found = "none" if claim is None else claim.value.hex()
        return Finding(code="nonce-not-asked", outcome=Outcome.NOTED, subject=NONCE, found=found, required=False)
    if claim is None:
        return Finding(code="claim-absent", outcome=Outcome.NOT_EVALUATED, subject=NONCE, expected=nonce.hex())
    return _compared_nonce(claim, nonce)


def _compared_nonce(claim: Claim[bytes], nonce: bytes) -> Finding:
    same = claim.value == nonce
    return Finding(
        code="nonce-matches" if same else "nonce-differs",
        outcome=Outcome.PROVEN if same else Outcome.FAILED,
        subject=NONCE,
        expected=nonce.hex(),
        found=claim.value.hex(),
        grade=claim.grade,
        source=claim.source,
    )


def _placed(finding: Finding, arrangement: Arrangement) -> Finding:
    return finding if finding.source is None else replace(finding, source=arrangement.source(finding.source))


def _as_given(error: VaultproofError, arrangement: Arrangement) -> VaultproofError:
    """The error with the name that the file was given, where it is about one file."""
    names = {origin.file for (role, _), origin in arrangement.origins.items() if role == error.file}
    if len(names) == 1:
        (error.file,) = names
    return error
