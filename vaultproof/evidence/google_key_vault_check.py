"""What holds of Google's over-the-air key list, by itself: signature, chains, distinct keys, and the list before.

The signature is checked over the exact bytes, under a signer that a pinned root vouches for, before anything of the
list is read.  Dates are judged as of the list's own creation time (which its signer says, and nobody shows) and as of
now.  That no HSM behind these keys is attested is a finding too: such a list alone never holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from vaultproof.asn1.x509 import Certificate
from vaultproof.attestation.adapter import (
    Attestation,
    Authority,
    Chain,
    LinkRules,
    Role,
    SignedBytes,
    Statement,
    link_of,
)
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import verify_chain
from vaultproof.attestation.claims import AttesterClaims, Claims, EvidenceClaims, PlatformClaims, Source
from vaultproof.attestation.findings import AsOf, Finding, Outcome, fold
from vaultproof.crypto.port import Algorithm, Backend
from vaultproof.evidence.files import sha256_hex
from vaultproof.evidence.google_key_vault import (
    LIST_FILE,
    SIGNATURE_FILE,
    KeyList,
    ListSignature,
    read_key_list,
    read_signature,
)
from vaultproof.frozen import frozen
from vaultproof.strict.encodings import format_time

TECHNOLOGY = "google-key-vault"
"""The technology that anchors for these lists name in trust.json; there is no attestation of that technology."""

_SIGNER = LinkRules(authority=Authority.FORBIDDEN, key_usage=frozenset({"digitalSignature"}))
_ENDPOINT = LinkRules(authority=Authority.FORBIDDEN)
_INTERMEDIATE = LinkRules(authority=Authority.REQUIRED)


@frozen
class Seen:
    """The newest list that somebody has kept: a later one must go on from it."""

    serial: int
    sha256: str


@frozen
class KeyListCheck:
    """What was found; ``list`` is None unless the signature held under a pinned root, for nothing else is read."""

    findings: tuple[Finding, ...]
    list: KeyList | None

    def outcome(self, as_of: AsOf) -> Outcome:
        """The worst of all that is asked, as of the list's creation (``deployment``) or as of now."""
        return fold(self.findings, as_of)


async def check_key_list(
    data: bytes,
    signature: bytes,
    *,
    anchors: Sequence[TrustAnchor],
    backend: Backend,
    now: datetime,
    seen: Seen | None = None,
) -> KeyListCheck:
    """Check ``cert.xml`` (``data``) against ``cert.sig.xml`` and what was kept of earlier lists.

    ``anchors`` are the pinned roots (those of other technologies are passed over); ``now`` the run's clock.  Raises
    ``Malformed`` when a file is not what its format allows (the list's own only when its signature held), and for
    ambiguous anchors.
    """
    signed = read_signature(signature)
    walk = _Walk(anchors=tuple(anchors), backend=backend, now=now)
    # The list's own time is inside what has not been verified yet: until then only "now" can be judged.
    first = await walk.signature(data, signed, now)
    if fold([item for item in first if item.as_of is AsOf.ALWAYS], AsOf.ALWAYS) is not Outcome.PROVEN:
        return KeyListCheck(findings=tuple(first), list=None)
    keys = read_key_list(data)
    findings = [
        *await walk.signature(data, signed, keys.created),
        *await walk.endpoints(keys),
        *_distinct(keys),
        *_line(keys, seen),
        *_overdue(keys, now),
        Finding(code="no-hsm-attestation", outcome=Outcome.NOT_EVALUATED, subject="endpoints"),
    ]
    return KeyListCheck(findings=tuple(findings), list=keys)


@frozen
class _Walk:
    """The inputs that both walks need."""

    anchors: tuple[TrustAnchor, ...]
    backend: Backend
    now: datetime

    async def signature(self, data: bytes, signed: ListSignature, at: datetime) -> list[Finding]:
        """The signer's chain, and its signature over the exact bytes of the list (RSA PKCS #1 v1.5, SHA-256)."""
        over = SignedBytes(message=data, signature=signed.value, algorithm=Algorithm.RSA_PKCS1_SHA256)
        statement = Statement(name=LIST_FILE, signed=over, chain="signer")
        return await self._chain("signer", signed.signer, _SIGNER, signed.intermediates, at, (statement,))

    async def endpoints(self, keys: KeyList) -> list[Finding]:
        """Every endpoint's chain, each for itself: their dates differ from the signer's."""
        return [
            finding
            for index, endpoint in enumerate(keys.endpoints)
            for finding in await self._chain(
                f"endpoint-{index}", endpoint, _ENDPOINT, keys.intermediates, keys.created, ()
            )
        ]

    async def _chain(
        self, name: str, end: Certificate, rules: LinkRules, intermediates: tuple[Certificate, ...], at: datetime,
        statements: tuple[Statement, ...],
    ) -> list[Finding]:  # fmt: skip
        """End, one intermediate, pinned root: of intermediates with the issuer's name, the one that a pin reaches.

        Google's files hold two intermediates of one name and key, under two roots, of which one is pinned: the first
        match by name would be the wrong one in one of the two files.
        """
        named = [item for item in intermediates if item.subject.raw == end.issuer.raw]
        findings: list[Finding] = []
        for upper in named:
            chain = Chain(
                name=name,
                links=(
                    link_of(end, Role.ATTESTATION_KEY, rules, _source(end)),
                    link_of(upper, Role.MANUFACTURER, _INTERMEDIATE, _source(upper)),
                ),
            )
            result = await verify_chain(_alone(chain, statements), self.anchors, self.backend, at, self.now)
            if result.anchors:
                return list(result.findings)
            findings = findings or list(result.findings)
        if findings:
            return findings
        expected = end.issuer.text
        return [Finding(code="no-chain", outcome=Outcome.FAILED, subject=f"{name}/anchor", expected=expected)]


def _source(certificate: Certificate) -> Source:
    return Source(file=SIGNATURE_FILE, offset=certificate.element.offset, length=len(certificate.raw))


def _alone(chain: Chain, statements: tuple[Statement, ...]) -> Attestation:
    """A chain in the shape that the walk takes: nothing is claimed of any device."""
    return Attestation(
        technology=TECHNOLOGY,
        profile=TECHNOLOGY,
        claims=Claims(
            attester=AttesterClaims(technology=TECHNOLOGY, adapter_version="1"),
            evidence=EvidenceClaims(digest=sha256_hex(b""), profile=TECHNOLOGY),
            platform=PlatformClaims(),
        ),
        chains=(chain,),
        statements=statements,
    )


def _distinct(keys: KeyList) -> Iterator[Finding]:
    """Cohorts are told apart by their keys: their certificates have one and the same serial number."""
    counted = Counter(endpoint.public_key.sha256 for endpoint in keys.endpoints)
    for key, number in counted.items():
        if number > 1:
            yield Finding(code="endpoint-key-repeated", outcome=Outcome.FAILED, subject="endpoints", found=key)
    if len(counted) == len(keys.endpoints):
        yield Finding(
            code="endpoint-keys-distinct", outcome=Outcome.PROVEN, subject="endpoints", found=str(len(counted))
        )
    serials = {endpoint.serial for endpoint in keys.endpoints}
    if len(serials) < len(keys.endpoints):
        yield Finding(
            code="certificate-serials-shared", outcome=Outcome.NOTED, subject="endpoints", found=str(len(serials)),
            required=False,
        )  # fmt: skip


def _line(keys: KeyList, seen: Seen | None) -> Iterator[Finding]:
    """Whether the list goes on from the one before: numbers never go back, one number has one list."""
    subject, serial = "serial", str(keys.serial)
    before = keys.previous
    if before is not None and before.serial >= keys.serial:
        yield Finding(
            code="list-before-is-not-earlier", outcome=Outcome.FAILED, subject=subject, expected=f"below {serial}",
            found=str(before.serial),
        )  # fmt: skip
    if seen is None:
        found = None if before is None else f"{before.serial} {before.sha256}"
        yield Finding(code="list-before-not-at-hand", outcome=Outcome.NOT_EVALUATED, subject=subject, found=found)
    elif keys.serial < seen.serial:
        yield _line_finding("list-goes-back", Outcome.FAILED, f"at least {seen.serial}", serial)
    elif keys.serial == seen.serial:
        same = keys.sha256 == seen.sha256
        yield _line_finding(
            "list-same" if same else "list-forked", Outcome.PROVEN if same else Outcome.FAILED, seen.sha256, keys.sha256
        )
    elif before is not None and before.serial == seen.serial:
        same = before.sha256 == seen.sha256
        yield _line_finding(
            "list-goes-on" if same else "list-forked", Outcome.PROVEN if same else Outcome.FAILED, seen.sha256,
            before.sha256,
        )  # fmt: skip
    else:
        yield _line_finding("list-before-not-at-hand", Outcome.NOT_EVALUATED, str(seen.serial), serial)


def _overdue(keys: KeyList, now: datetime) -> Iterator[Finding]:
    """That its maker would have had a newer one by now: no fault of this one."""
    if now - keys.created > timedelta(seconds=keys.refresh):
        due = format_time(keys.created + timedelta(seconds=keys.refresh))
        yield Finding(
            code="newer-list-due", outcome=Outcome.NOTED, subject="serial", as_of=AsOf.NOW, found=due, required=False
        )


def _line_finding(code: str, outcome: Outcome, expected: str, found: str) -> Finding:
    return Finding(code=code, outcome=outcome, subject="serial", expected=expected, found=found)
