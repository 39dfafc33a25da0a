"""The walk up a maker's chain: explicit order, a fixed role for each position, and a root pinned by its key alone.

No path is searched for.  Each link must be signed by the key of the next, name it as its issuer, be what its position
asks, and the last must be, or be signed by, a pinned key.  Nothing is raised for bad evidence: every outcome is a
finding.  Subjects are ``chain/index`` (0 is the attesting key), ``chain/anchor``, or the name of a signed
statement.

Codes of findings, beside those of the oddities in x509.py, which are only noted:

``signature-holds``, ``bad-signature``, ``unsigned-link``, ``weak-key``, and whatever else the crypto port says of a
check; ``pinned-root``, ``signed-by-pinned-root``, ``unrecognised-root``, ``root-not-included``, ``no-anchor``,
``no-chain``; ``names-match``, ``name-mismatch``; ``right-role``, ``wrong-role``, ``path-length-exceeded``,
``unknown-critical-extension``; ``valid-at-deployment``, ``expired-at-deployment``, ``not-yet-valid-at-deployment``,
the same with ``-now`` and ``-at-signing``, ``no-signing-time``, ``dates-not-judged``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from vaultproof.asn1.keyinfo import PublicKeyInfo
from vaultproof.attestation.adapter import Attestation, Chain, Link, Role, SignedBytes, Statement
from vaultproof.attestation.anchors import DEFAULT_RSA_BITS, DEFAULT_RSA_EXPONENT, TrustAnchor, anchors_for
from vaultproof.attestation.chain_rules import date_findings, name_findings, oddity_findings, position_findings
from vaultproof.attestation.findings import AsOf, Finding, Outcome, fold
from vaultproof.crypto.port import Backend
from vaultproof.errors import Unavailable, Unsupported, VaultproofError
from vaultproof.frozen import frozen


@frozen
class Endorsement:
    """One certificate (or bare key) of a walked chain, for display.  Dates are None for a bare key."""

    role: Role
    subject: str
    issuer: str | None
    spki_sha256: str
    not_before: datetime | None
    not_after: datetime | None
    trust_anchor_id: str | None


@frozen
class ChainResult:
    """What the walk found: the anchor reached for each chain by name (absent when none was), and all findings."""

    anchors: Mapping[str, TrustAnchor]
    findings: tuple[Finding, ...]
    endorsements: tuple[Endorsement, ...]

    def outcome(self, as_of: AsOf) -> Outcome:
        """The worst of all that must hold, as of the deployment or as of now."""
        return fold(self.findings, as_of)


async def verify_chain(
    attestation: Attestation, anchors: Sequence[TrustAnchor], backend: Backend, at: datetime, now: datetime
) -> ChainResult:
    """Walk every chain of an attestation and check every signed statement.

    ``at`` is the instant of the deployment, ``now`` the run's clock.  Raises ``Malformed`` only for ambiguous anchors,
    which is a fault of the trust configuration.
    """
    walk = _Walk(attestation=attestation, backend=backend, at=at, now=now)
    reached: dict[str, TrustAnchor] = {}
    findings: list[Finding] = list(attestation.findings)
    for chain in attestation.chains:
        candidates = anchors_for(tuple(anchors), chain.technology or attestation.technology, chain.purpose)
        anchor, found = await walk.find_anchor(chain, candidates)
        findings += [found, *await walk.check_links(chain, anchor)]
        if anchor is not None:
            reached[chain.name] = anchor
    for statement in attestation.statements:
        findings.append(await walk.check_statement(statement, reached))
    if not attestation.chains:
        findings.append(Finding(code="no-chain", outcome=Outcome.FAILED, subject=attestation.technology))
    return ChainResult(
        anchors=MappingProxyType(reached),
        findings=tuple(findings),
        endorsements=tuple(_endorsements(attestation, reached)),
    )


@frozen
class _Walk:
    """The inputs that every part of one walk needs."""

    attestation: Attestation
    backend: Backend
    at: datetime
    now: datetime

    async def find_anchor(
        self, chain: Chain, candidates: tuple[TrustAnchor, ...]
    ) -> tuple[TrustAnchor | None, Finding]:
        """The pinned key at the top of a chain or the one that signed its top, with the finding that says so."""
        top, subject = chain.links[-1], f"{chain.name}/anchor"
        for anchor in candidates:
            if anchor.spki_sha256 == top.key.sha256:
                return anchor, _anchored("pinned-root", subject, anchor, top)
        problem = ("no-anchor", Outcome.COULD_NOT_CHECK) if not candidates else ("unrecognised-root", Outcome.FAILED)
        for anchor in candidates if top.signed is not None else ():
            code, outcome = await self._signed_by(anchor, top.signed, subject)
            if outcome is Outcome.PROVEN:
                return anchor, _anchored("signed-by-pinned-root", subject, anchor, top)
            if outcome is Outcome.COULD_NOT_CHECK:
                problem = (code, outcome)
        return None, Finding(
            code=problem[0],
            outcome=problem[1],
            subject=subject,
            expected=", ".join(anchor.spki_sha256 for anchor in candidates) or None,
            found=top.name if top.certificate is None else top.certificate.issuer.text,
            source=top.source,
        )

    async def _signed_by(self, anchor: TrustAnchor, signed: SignedBytes | None, subject: str) -> tuple[str, Outcome]:
        signer = anchor.public_key
        if signer is None or signed is None:
            return "root-not-included", Outcome.COULD_NOT_CHECK
        found = await self._check(subject, signed, signer, anchor)
        return found.code, found.outcome

    async def check_links(self, chain: Chain, anchor: TrustAnchor | None) -> list[Finding]:
        """Signatures, names, roles and dates of a chain; what lies above the last link is ``find_anchor``'s matter."""
        findings = []
        for index, (lower, upper) in enumerate(zip(chain.links, chain.links[1:], strict=False)):
            subject = f"{chain.name}/{index}"
            if lower.signed is None:
                findings.append(Finding(code="unsigned-link", outcome=Outcome.FAILED, subject=subject))
            else:
                findings.append(await self._check(subject, lower.signed, upper.key, anchor))
        return [
            *findings,
            *name_findings(chain),
            *position_findings(chain),
            *date_findings(chain, anchor, self.at, self.now, self.attestation.signed_at),
            *oddity_findings(chain),
        ]

    async def check_statement(self, statement: Statement, reached: Mapping[str, TrustAnchor]) -> Finding:
        """Whether the first key of the named chain, or the key that it attests, signed the statement."""
        chain = self.attestation.chain(statement.chain)
        if chain is None:
            return Finding(code="no-chain", outcome=Outcome.FAILED, subject=statement.name, expected=statement.chain)
        signer = statement.signer or chain.links[0].key
        return await self._check(statement.name, statement.signed, signer, reached.get(statement.chain))

    async def _check(
        self, subject: str, signed: SignedBytes, signer: PublicKeyInfo, anchor: TrustAnchor | None
    ) -> Finding:
        floor = DEFAULT_RSA_BITS if anchor is None else anchor.minimum_rsa_bits
        # An exponent of its own is the pinned key's alone: no key below it may have it.
        pinned = anchor is not None and anchor.spki_sha256 == signer.sha256
        exponent = anchor.rsa_exponent if anchor is not None and pinned else DEFAULT_RSA_EXPONENT
        try:
            check = signed.check_by(signer, minimum_rsa_bits=floor, rsa_exponent=exponent)
            await self.backend.verify(check)
        except (Unsupported, Unavailable) as error:
            return _error_finding(subject, error, Outcome.COULD_NOT_CHECK)
        except VaultproofError as error:
            return _error_finding(subject, error, Outcome.FAILED)
        return Finding(code="signature-holds", outcome=Outcome.PROVEN, subject=subject, found=signer.sha256)


def _error_finding(subject: str, error: VaultproofError, outcome: Outcome) -> Finding:
    # Never the message: engines word the same refusal differently, and findings go into the report digest.
    return Finding(code=error.code, outcome=outcome, subject=subject, expected=error.expected, found=error.found)


def _anchored(code: str, subject: str, anchor: TrustAnchor, top: Link) -> Finding:
    return Finding(
        code=code,
        outcome=Outcome.PROVEN,
        subject=subject,
        expected=anchor.spki_sha256,
        found=top.name,
        source=top.source,
        reference=anchor.id,
    )


def _endorsements(attestation: Attestation, reached: Mapping[str, TrustAnchor]) -> Iterator[Endorsement]:
    for chain in attestation.chains:
        anchor = reached.get(chain.name)
        for link in chain.links:
            certificate = link.certificate
            yield Endorsement(
                role=link.role,
                subject=link.name,
                issuer=None if certificate is None else certificate.issuer.text,
                spki_sha256=link.key.sha256,
                not_before=None if certificate is None else certificate.not_before,
                not_after=None if certificate is None else certificate.not_after,
                trust_anchor_id=None if anchor is None else anchor.id,
            )
