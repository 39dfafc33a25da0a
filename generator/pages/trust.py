"""Everything that this site takes on trust: each pinned key and root, where it was read, and since when it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from generator.annotated_record import SUITES
from generator.formatting import count_text, date_text
from generator.pages.frame import Assets, Frame, make_frame
from generator.pages.names import PRODUCTS
from vaultproof.attestation.reference import AllowedCode, DeniedVersions, KeyUse, TechnologyPolicy
from vaultproof.report import Scope
from vaultproof.strict.encodings import format_milliseconds, from_milliseconds
from vaultproof.trust.configuration import (
    Party,
    Provenance,
    Signer,
    TrustConfiguration,
    TrustSet,
    VendorRoot,
)

ABOUT: Mapping[str, str] = {
    "Signer": "It signs the list of keys that reach apps over the air, numbers it, and writes it into a public log.",
    "Operator": "It runs the fleet, and confirms what the signer signed with a signature of its own.",
    "Makers": "With these roots they vouch for their HSMs. A root is known by its key; dates count only where given.",
    "Witness": "It was there when the fleet was set up, and signed the record of it.",
}
"""What a party's word is taken for, by its kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceView:
    """Where a pinned value was read, and when."""

    source: str
    captured: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PinView:
    """One pinned value: lines of term and text, digests in hex by their names, and where it was read."""

    id: str
    title: str
    facts: tuple[tuple[str, str], ...]
    digests: tuple[tuple[str, str], ...]
    provenance: tuple[SourceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyView:
    """A party and what is pinned of it: ``about`` says what its word is taken for, ``note`` what is not known."""

    id: str
    name: str
    kind: str
    about: str
    count: str
    note: str | None
    pins: tuple[PinView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyView:
    """Reference values of one technology: allowed and denied devices and code as lines, rules as term and text."""

    id: str
    technology: str
    allowed: tuple[AllowedView, ...]
    denied: tuple[str, ...]
    rules: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowedView:
    """One allowed device and code: name, source, and its measurements as component and digest."""

    name: str
    source: str | None
    measurements: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigurationView:
    """One trust configuration; production and rehearsal ones are never mixed."""

    id: str
    title: str
    rehearsal: bool
    digest: str
    parties: tuple[PartyView, ...]
    policies: tuple[PolicyView, ...]
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustPage:
    """Everything that ``trust.html`` shows: the configuration for real fleets first."""

    TEMPLATE: ClassVar[str] = "trust.html"

    frame: Frame
    configurations: tuple[ConfigurationView, ...]


def trust_page(trust: TrustSet, *, data: str, clock: datetime, assets: Assets) -> TrustPage:
    """The model; ``data`` is the folder with the exact files, relative to the page."""
    return TrustPage(
        frame=make_frame(
            title="Trust roots",
            description="Every key and root that a check here rests on, where it was read, and since when it counts.",
            root="../",
            section="trust",
            clock=clock,
            assets=assets,
        ),
        configurations=(_configuration(trust.production, data), _configuration(trust.rehearsal, f"{data}rehearsal/")),
    )


def _configuration(trust: TrustConfiguration, data: str) -> ConfigurationView:
    rehearsal = trust.kind is Scope.REHEARSAL
    return ConfigurationView(
        id=trust.kind.value,
        title="REHEARSAL: for rehearsals only" if rehearsal else "For real fleets",
        rehearsal=rehearsal,
        digest=trust.digest,
        parties=(
            *(_signer(signer, trust) for signer in trust.signers),
            *(_party(party, "Operator", trust.kind) for party in trust.operators),
            _makers(trust),
            *(_party(party, "Witness", trust.kind) for party in trust.witnesses),
        ),
        policies=tuple(_policy(policy, trust.kind) for policy in trust.reference_values.technologies),
        files=tuple((name, data + name) for name in ("trust.json", "reference-values.json")),
    )


def _provenance(items: tuple[Provenance, ...]) -> tuple[SourceView, ...]:
    return tuple(SourceView(source=item.source, captured=item.captured) for item in items)


def _signer(signer: Signer, trust: TrustConfiguration) -> PartyView:
    keys = [
        PinView(
            id=f"{trust.kind.value}-{signer.id}-{key.key_id}",
            title=f"Signing key {key.key_id}",
            facts=(
                ("Algorithm", "Ed25519"),
                ("Valid from", _exactly(key.not_before)),
            ),
            digests=(("Public key", key.public_key.hex()),),
            provenance=_provenance(key.provenance),
        )
        for key in signer.keys
    ]
    roots = [
        PinView(
            id=f"{trust.kind.value}-{item.name}",
            title=f"Namespace {item.name}",
            facts=(
                ("Product", PRODUCTS.get(item.product, item.product)),
                ("Ciphersuite", f"{item.ciphersuite}: {SUITES.get(item.ciphersuite, 'not known here')}"),
                ("First epoch", str(item.root_epoch)),
            ),
            digests=((f"Digest of epoch {item.root_epoch}", item.root_digest),),
            provenance=_provenance(item.provenance),
        )
        for item in trust.namespaces
        if item.signer == signer.id
    ]
    count = count_text(len(keys), "key")
    return PartyView(
        id=f"{trust.kind.value}-signer-{signer.id}",
        name=signer.name,
        kind="Signer",
        about=ABOUT["Signer"],
        count=f"{count}, {count_text(len(roots), 'log')}" if roots else count,
        note=None,
        pins=(*keys, *roots),
    )


def _exactly(milliseconds: int) -> str:
    """A moment in UTC with its thousandths, for the signer logs them: ``2 August 2024, 12:29:57.645 UTC``."""
    _, _, clock = format_milliseconds(milliseconds).rstrip("Z").partition("T")
    return f"{date_text(from_milliseconds(milliseconds))}, {clock} UTC"


def _party(party: Party, kind: str, scope: Scope) -> PartyView:
    pins = tuple(
        PinView(
            id=f"{party.id}-{key.key_id[:8]}",
            title="Counter-signing key" if kind == "Operator" else "Signing key",
            facts=(
                ("Algorithm", key.algorithm.value),
                ("Valid from", date_text(key.not_before) if key.not_before else "not limited"),
            ),
            digests=(("SHA-256 of the key", key.key_id),),
            provenance=_provenance(key.provenance),
        )
        for key in party.keys
    )
    return PartyView(
        id=f"{scope.value}-{kind.lower()}-{party.id}",
        name=party.name,
        kind=kind,
        about=ABOUT[kind],
        count=count_text(len(pins), "key") if pins else "no key, so what it signs cannot be checked",
        note=party.note,
        pins=pins,
    )


def _makers(trust: TrustConfiguration) -> PartyView:
    roots = trust.vendor_roots
    return PartyView(
        id=f"{trust.kind.value}-makers",
        name="Makers of HSMs",
        kind="Makers",
        about=ABOUT["Makers"],
        count=count_text(len(roots), "root") if roots else "no root, so no attestation can be checked",
        note=None if roots else "No maker's root is pinned, so no attestation can be checked.",
        pins=tuple(_root(root) for root in roots),
    )


def _root(root: VendorRoot) -> PinView:
    anchor = root.anchor
    dates = [date_text(day) for day in (anchor.not_before, anchor.not_after) if day is not None]
    facts = (
        ("Kind of attestation", anchor.technology),
        ("Vouches for", "genuine devices" if anchor.purpose == "manufacturer" else "whose device it is"),
    )
    return PinView(
        id=anchor.id,
        title=anchor.name,
        facts=(*facts, ("Dates of the root", " to ".join(dates))) if dates else facts,
        digests=(("SHA-256 of the key", anchor.spki_sha256),),
        provenance=_provenance(root.provenance),
    )


_USE = {KeyUse.MEASURED_CODE: "the measured code alone", KeyUse.UNKNOWN: "nobody here can say whom"}


def _policy(policy: TechnologyPolicy, scope: Scope) -> PolicyView:
    keys = policy.keys
    flags = (
        ("Key made inside the device", keys.local),
        ("Key may be taken out", keys.extractable),
        ("Key could never be taken out", keys.never_extractable),
        ("Key is sensitive", keys.sensitive),
    )
    rules = [(name, "yes" if value else "no") for name, value in flags if value is not None]
    rules.append(
        ("Made for its deployment", "by the nonce" if policy.freshness == "nonce" else "listed in the manifest")
    )
    if policy.debug is not None:
        rules.append(("Debugging, at least", policy.debug.value.replace("-", " ")))
    rule = policy.attestation_key
    if rule is not None:
        # What no attestation says is said here alone: whoever compares this page sees on whose word it rests.
        rules.append(("The key between the layers is used by", f"{_USE[rule.used_only_by]} ({rule.source})"))
    return PolicyView(
        id=f"{scope.value}-values-{policy.technology}",
        technology=policy.technology,
        allowed=tuple(_allowed(entry) for entry in policy.allowed),
        denied=tuple(_denied(entry) for entry in policy.denied),
        rules=tuple(rules),
    )


def _allowed(entry: AllowedCode) -> AllowedView:
    name = " ".join(part for part in (entry.hwmodel, entry.swversion) if part) or entry.id
    measurements = sorted(entry.measurements, key=lambda item: (item.component, item.algorithm))
    return AllowedView(
        name=name,
        source=entry.source,
        measurements=tuple((f"{item.component}, {item.algorithm.upper()}", item.digest) for item in measurements),
    )


def _denied(entry: DeniedVersions) -> str:
    model = entry.hwmodel or "every model"
    which = f"below {entry.below}" if entry.below else ", ".join(sorted(entry.versions))
    return f"{model} {which}: {entry.advisory.id}, published {entry.advisory.published}, {entry.advisory.url}"
