"""The certificate chains of one HSM: each as a picture, and as a table that says the same in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from generator.annotated import shown
from generator.carried import CutOut
from generator.chain_picture import ChainBox, ChainPicture, chain_picture
from generator.claim_words import ROLES
from generator.formatting import date_text
from vaultproof.asn1.oids import COMMON_NAME
from vaultproof.attestation.adapter import Attestation, Chain, Link, Statement
from vaultproof.attestation.anchors import TrustAnchor
from vaultproof.attestation.chain import ChainResult
from vaultproof.attestation.claims import Source
from vaultproof.attestation.findings import AsOf, Finding, Outcome, fold
from vaultproof.attestation.layered_appraisal import ATTESTATION_KEY
from vaultproof.presentation.words import Words
from vaultproof.report import Status

_STATUS = {Outcome.PROVEN: Status.MATCH, Outcome.FAILED: Status.MISMATCH}

PlaceText = Callable[[Source], str]
"""Where something was read, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRow:
    """One key of a chain: what it is there for, what it says, what its check came to, and where to get it.

    ``issuer`` and ``dates`` are None for a bare key; ``anchor`` is the id of the pin that the key itself is;
    ``downloads`` are name and address of the certificate alone.
    """

    role: str
    subject: str
    issuer: str | None
    sha256: str
    dates: str | None
    anchor: str | None
    place: str
    status: str
    status_label: str
    downloads: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainView:
    """One chain, the root first; ``pinned`` says which pinned root it leads to (None when it leads to none)."""

    id: str
    name: str
    pinned: tuple[str, str] | None
    picture: ChainPicture
    description: str
    rows: tuple[ChainRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Walked:
    """A chain walk for display; ``result`` is None where the step was not evaluated, and then nothing has a state."""

    read: Attestation
    result: ChainResult | None
    words: Words

    def state(self, subjects: Sequence[str]) -> tuple[str, str]:
        """The worst of all findings about these subjects, as of the deployment, with its word."""
        if self.result is None:
            return self._labelled(Status.NOT_EVALUATED)
        about = [finding for finding in self.result.findings if finding.subject in subjects and _counts(finding)]
        outcome = fold(about, AsOf.DEPLOYMENT)
        return self._labelled(_STATUS.get(outcome, Status.COULD_NOT_CHECK))

    def anchor(self, chain: Chain) -> TrustAnchor | None:
        """The pinned root that the walk reached."""
        return None if self.result is None else self.result.anchors.get(chain.name)

    def _labelled(self, status: Status) -> tuple[str, str]:
        return status.value, self.words.status(status, "")


def _counts(finding: Finding) -> bool:
    return finding.required and finding.outcome is not Outcome.NOTED


def chain_views(walked: Walked, cut: Mapping[bytes, CutOut], place: PlaceText) -> Iterator[ChainView]:
    """Every chain of an attestation; ``cut`` are its certificates by DER, ``place`` words where each was read."""
    for number, chain in enumerate(walked.read.chains, 1):
        anchor = walked.anchor(chain)
        yield ChainView(
            id=f"chain-{number}",
            name=chain.name,
            pinned=None if anchor is None else (anchor.id, anchor.name),
            picture=_picture(walked, chain, anchor),
            description="From the root at the top down to the attestation: each line is a signature.",
            rows=(
                *reversed([_row(walked, chain, index, anchor, cut, place) for index in range(len(chain.links))]),
                *_attested_key(walked, chain, place),
            ),
        )


def _row(
    walked: Walked, chain: Chain, index: int, anchor: TrustAnchor | None, cut: Mapping[bytes, CutOut], place: PlaceText
) -> ChainRow:
    link = chain.links[index]
    certificate = link.certificate
    status, label = walked.state(_subjects(chain, index))
    pinned = anchor is not None and anchor.spki_sha256 == link.key.sha256
    return ChainRow(
        role=ROLES[link.role],
        subject=link.name,
        issuer=None if certificate is None else certificate.issuer.text,
        sha256=link.key.sha256,
        dates=None
        if certificate is None
        else f"{date_text(certificate.not_before)} to {date_text(certificate.not_after)}",
        anchor=anchor.id if anchor is not None and pinned else None,
        place=place(link.source),
        status=status,
        status_label=label,
        downloads=_downloads(link, cut),
    )


def _attested_key(walked: Walked, chain: Chain, place: PlaceText) -> Iterator[ChainRow]:
    """Below a maker's chain in two layers: the key that signs the other layer, and whether the maker attests it."""
    names, upper = _stated(walked, chain), _upper(walked)
    if names and upper is not None and upper.signer is not None:
        key = walked.read.claims.attestation_key
        status, label = walked.state((*names, ATTESTATION_KEY))
        yield ChainRow(
            role=_TIE,
            subject="the maker's word about it is among the claims" if key else "the maker speaks of other keys",
            issuer=None,
            sha256=upper.signer.sha256,
            dates=None,
            anchor=None,
            place="" if key is None or key.spki is None else place(key.spki.source),
            status=status,
            status_label=label,
            downloads=(),
        )


def _stated(walked: Walked, chain: Chain) -> list[str]:
    """What the first key of a chain signed itself."""
    return [item.name for item in walked.read.statements if item.chain == chain.name and item.signer is None]


def _upper(walked: Walked) -> Statement | None:
    """What a key signed that the maker attests; None where there is one layer."""
    return next((item for item in walked.read.statements if item.signer is not None), None)


def _subjects(chain: Chain, index: int) -> tuple[str, ...]:
    own = f"{chain.name}/{index}"
    return (own, f"{chain.name}/anchor") if index == len(chain.links) - 1 else (own,)


def _downloads(link: Link, cut: Mapping[bytes, CutOut]) -> tuple[tuple[str, str], ...]:
    if link.certificate is None:
        return ()
    return tuple((name, f"certificates/{name}") for name, _ in cut[link.certificate.raw].files())


def _short_name(link: Link) -> str:
    """The one common name of a certificate's subject, as a box has little room; else the name in full."""
    names = () if link.certificate is None else link.certificate.subject.all(COMMON_NAME)
    return shown(names[0]) if len(names) == 1 else shown(link.name)


def _picture(walked: Walked, chain: Chain, anchor: TrustAnchor | None) -> ChainPicture:
    boxes, states = [], []
    top = chain.links[-1]
    if anchor is not None and anchor.spki_sha256 != top.key.sha256:
        boxes.append(ChainBox(kind="pinned", title="Pinned root, not among the files", detail=anchor.name))
        states.append(walked.state((f"{chain.name}/anchor",)))
    for index in reversed(range(len(chain.links))):
        link = chain.links[index]
        pinned = anchor is not None and anchor.spki_sha256 == link.key.sha256
        title = f"{ROLES[link.role]}, pinned" if pinned else ROLES[link.role]
        boxes.append(ChainBox(kind="pinned" if pinned else "thing", title=title, detail=_short_name(link)))
        if index:
            states.append(walked.state((f"{chain.name}/{index - 1}",)))
    names, upper = _stated(walked, chain), _upper(walked)
    if names and upper is not None and upper.signer is not None:
        boxes.append(ChainBox(kind="thing", title=_TIE, detail=f"SHA-256 {upper.signer.sha256[:16]}…"))
        states.append(walked.state((*names, ATTESTATION_KEY)))
    elif names:
        boxes.append(ChainBox(kind="thing", title="What this HSM says", detail="the claims above"))
        states.append(walked.state(names))
    if upper is not None:
        boxes.append(ChainBox(kind="thing", title=_ABOVE, detail="the claims above that are signed with this key"))
        states.append(walked.state((upper.name,)))
    return chain_picture(boxes, states)


_TIE = "Key that the maker attests"
_ABOVE = "What a program in this HSM says"
