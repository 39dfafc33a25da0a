"""What ties the layers of two-layer Evidence together, and the one record that both make.

The key is the tie: the maker attests it, and it signs the Evidence.  Everything else that both layers state must agree.
Of the device, the maker's word counts; of what runs on it, there is only the upper layer's; of a key that both name,
the maker's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace
from typing import TypeVar

from vaultproof.asn1.keyinfo import PublicKeyInfo
from vaultproof.attestation.claims import AttesterClaims, Claim, Claims, Grade, KeyClaims
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.layered_appraisal import ATTESTATION_KEY
from vaultproof.attestation.placed import agreement
from vaultproof.attestation.rebuilding import rebuilt

T = TypeVar("T", AttesterClaims, KeyClaims)
"""A record of claims that may each be absent."""

_OF_THE_DEVICE = {
    "hwserial": "layer-serial",
    "hwmodel": "layer-model",
    "vendor": "layer-vendor",
    "oemid": "layer-oemid",
}
_OF_A_KEY = ("local", "extractable", "never_extractable", "sensitive", "exportable_path")


def by_key(claims: Claims) -> Claims:
    """Claims that the device's maker did not sign, but a key that the maker attested."""
    return rebuilt(claims, Claim, _by_key)


def _by_key(claim: Claim[object]) -> Claim[object]:
    return replace(claim, grade=Grade.BY_KEY) if claim.grade is Grade.ATTESTED else claim


def combined(own: Claims, maker: Claims, key: bytes, technology: str) -> Claims:
    """The record of both layers; ``key`` is the attestation key's SubjectPublicKeyInfo."""
    upper = by_key(own)
    attested = {claimed.spki.value: claimed for claimed in maker.keys if claimed.spki is not None}
    signing = attested.pop(key, None)
    keys = []
    for claimed in upper.keys:
        below = None if claimed.spki is None else attested.pop(claimed.spki.value, None)
        keys.append(claimed if below is None else _first(below, claimed))
    attester = _first(maker.attester, replace(upper.attester, device_identity=None))
    return Claims(
        attester=replace(
            attester,
            technology=technology,
            adapter_version=upper.attester.adapter_version,
            hwserial_source=maker.attester.hwserial_source or upper.attester.hwserial_source,
        ),
        evidence=upper.evidence,
        platform=upper.platform,
        # What the maker attests beside the attestation key is a key in the fleet like any other.
        keys=(*keys, *attested.values(), *(claimed for claimed in maker.keys if claimed.spki is None)),
        site=maker.site,
        unknown=upper.unknown,
        attestation_key=signing,
        below=maker,
    )


def _first(maker: T, upper: T) -> T:
    """Of every claim the maker's, and the upper layer's where the maker says nothing."""
    missing = {item.name: getattr(upper, item.name) for item in fields(maker) if getattr(maker, item.name) is None}
    return replace(maker, **missing)


def binding_findings(own: Claims, maker: Claims, key: PublicKeyInfo) -> Iterator[Finding]:
    """Whether the signing key is one that the maker attests, and where the layers agree or contradict each other."""
    attested = {claimed.spki_sha256: claimed for claimed in maker.keys if claimed.spki is not None}
    known = key.sha256 in attested
    claim = attested[key.sha256].spki if known else None
    yield Finding(
        code="attestation-key-attested" if known else "attestation-key-not-attested",
        outcome=Outcome.PROVEN if known else Outcome.FAILED,
        subject=ATTESTATION_KEY,
        expected=key.sha256,
        found=key.sha256 if known else ", ".join(sorted(filter(None, attested))) or "no key",
        source=None if claim is None else claim.source,
        grade=None if claim is None else claim.grade,
    )
    for name, code in _OF_THE_DEVICE.items():
        below: Claim[str] | None = getattr(maker.attester, name)
        above: Claim[str] | None = getattr(own.attester, name)
        if below is not None and above is not None:
            yield agreement(code, f"attester/{name}", below.value, above.value, above.source)
    for index, claimed in enumerate(own.keys):
        other = attested.get(claimed.spki_sha256)
        if other is not None:
            yield from _same_attributes(f"keys/{index}", other, claimed)


def _same_attributes(subject: str, maker: KeyClaims, own: KeyClaims) -> Iterator[Finding]:
    """A key that both layers speak of is described alike."""
    for name in _OF_A_KEY:
        below, above = getattr(maker, name), getattr(own, name)
        if below is not None and above is not None:
            yield agreement("layer-key", f"{subject}/{name}", str(below.value), str(above.value), above.source)
