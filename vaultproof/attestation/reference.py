"""Reference values: what an attestation is compared with (RFC 9334's word), read from ``reference-values.json``.

One entry per technology (which models, versions and measurements are allowed, which are denied and by which advisory,
what keys must be like) and one rule for fleets.  What is left out is not asked for; nothing has a lenient default.
"""

from __future__ import annotations

import re
from datetime import date
from enum import StrEnum
from typing import Any

from vaultproof.asn1.oids import DIGEST_BYTES
from vaultproof.attestation.claims import CodeGrade, DebugState, ExportPath, Measurement, SiteSource
from vaultproof.attestation.findings import Advisory
from vaultproof.frozen import frozen
from vaultproof.strict.records import Reader

REFERENCE_FILE = "reference-values.json"


class Freshness(StrEnum):
    """How Evidence is shown to be made for its deployment.

    ``nonce``: the device signed the deployment's nonce.  ``manifest``: it is only listed in the signed manifest, which
    says that somebody put it there, not when the device made it: that is never more than asserted.
    """

    NONCE = "nonce"
    MANIFEST = "manifest"


class SameCode(StrEnum):
    """What members must have in common: equal measurements (or versions), or each one an allowed one."""

    EQUAL = "equal"
    ALLOWED = "allowed"


class KeyHolding(StrEnum):
    """Whether a published key lives in exactly one member, or may be shared between members that hold its role."""

    ONE_HOLDER = "one-holder"
    SHARED = "shared"


@frozen
class AllowedCode:
    """One allowed device and code.  What is None (or empty) is not asked for; ``measurements`` are a whole set."""

    id: str
    hwmodel: str | None
    swversion: str | None
    measurements: frozenset[Measurement]
    source: str | None


@frozen
class DeniedVersions:
    """Versions that an advisory warns of: listed ones, and all below one in dotted decimal; of one model, or of all."""

    id: str
    hwmodel: str | None
    versions: frozenset[str]
    below: str | None
    advisory: Advisory

    def published_by(self, day: date) -> bool:
        """Whether the advisory was public on that day (UTC)."""
        return date.fromisoformat(self.advisory.published) <= day


@frozen
class KeyRules:
    """What the attributes of every fleet key must be; None asks nothing.  ``purposes`` are all that a key may have."""

    local: bool | None
    extractable: bool | None
    never_extractable: bool | None
    sensitive: bool | None
    exportable_path: ExportPath | None
    purposes: frozenset[str] | None


ATTESTATION_KEY_RULES = KeyRules(
    local=True, extractable=False, never_extractable=True, sensitive=None, exportable_path=None, purposes=None
)
"""What is always asked of a key between two layers: a key that can leave the device speaks for nothing in it."""


class KeyUse(StrEnum):
    """What can use the key between two layers: the measured code alone, or nobody here can say."""

    MEASURED_CODE = "measured-code"
    UNKNOWN = "unknown"


@frozen
class AttestationKeyRule:
    """What is asked of a key that a maker attests and that then signs Evidence itself.

    ``attributes`` are asked beside ``ATTESTATION_KEY_RULES``.  Whoever can use the key can sign anything with it, so
    the upper layer counts only where ``used_only_by`` says that nothing but the measured code can; ``source`` is the
    document that says so.
    """

    attributes: KeyRules
    used_only_by: KeyUse
    source: str


@frozen
class TechnologyPolicy:
    """The reference values of one technology; ``debug`` is the least closed state allowed, None asks nothing.

    ``attestation_key`` is for technologies of two layers.
    """

    technology: str
    allowed: tuple[AllowedCode, ...]
    denied: tuple[DeniedVersions, ...]
    keys: KeyRules
    freshness: Freshness
    debug: DebugState | None
    attestation_key: AttestationKeyRule | None = None


@frozen
class FleetRule:
    """What a fleet must be like as a whole.

    ``code`` is the weakest grade of code evidence that is allowed; ``distinct_sites`` the least number of sites (None
    asks nothing) and ``site_source`` the weakest source that counts for it; ``minimum_members`` the least size.  The
    threshold is always a majority, more than half of the members.
    """

    minimum_members: int
    code: CodeGrade
    same_code: SameCode
    keys: KeyHolding
    distinct_sites: int | None
    site_source: SiteSource


@frozen
class ReferenceValues:
    """All reference values of one trust configuration."""

    technologies: tuple[TechnologyPolicy, ...]
    fleet: FleetRule

    def policy(self, technology: str) -> TechnologyPolicy | None:
        """The values for one technology; None when there are none, which never counts as allowed."""
        return next((item for item in self.technologies if item.technology == technology), None)

    @staticmethod
    def from_json(value: Any, *, file: str = REFERENCE_FILE) -> ReferenceValues:
        """The record in an already parsed JSON value.

        Raises ``Malformed`` with the JSON pointer for an unknown field, a wrong kind, or a technology listed twice;
        ``Unsupported`` for a newer schema.
        """
        reader = Reader(value, file=file)
        reader.schema("reference-values")
        items = reader.objects("technologies", maximum=100)
        policies = tuple(_policy(item) for item in items)
        for index, policy in enumerate(policies):
            if any(earlier.technology == policy.technology for earlier in policies[:index]):
                raise reader.wrong(f"technologies/{index}/technology", "a technology listed once", policy.technology)
        record = ReferenceValues(technologies=policies, fleet=_fleet_rule(reader.object("fleet")))
        reader.done()
        return record


def _policy(reader: Reader) -> TechnologyPolicy:
    policy = TechnologyPolicy(
        technology=reader.text("technology", maximum=80),
        allowed=tuple(_allowed(item) for item in reader.objects("allowed")),
        denied=tuple(_denied(item) for item in reader.objects("denied")),
        keys=_key_rules(reader.object("keys")),
        freshness=Freshness(reader.choice("freshness", tuple(Freshness))),
        debug=_debug(reader),
        attestation_key=_attestation_key(reader.object("attestation_key")) if reader.has("attestation_key") else None,
    )
    reader.done()
    return policy


def _attestation_key(reader: Reader) -> AttestationKeyRule:
    rule = AttestationKeyRule(
        attributes=_key_rules(reader.object("attributes")),
        used_only_by=KeyUse(reader.choice("used_only_by", tuple(KeyUse))),
        source=reader.text("source"),
    )
    reader.done()
    return rule


def _debug(reader: Reader) -> DebugState | None:
    if reader.optional_text("debug") is None:
        return None
    closed = tuple(state for state in DebugState if state.at_least(DebugState.DISABLED))
    return DebugState(reader.choice("debug", closed))


def _allowed(reader: Reader) -> AllowedCode:
    entry = AllowedCode(
        id=reader.text("id", maximum=120),
        hwmodel=reader.optional_text("hwmodel"),
        swversion=reader.optional_text("swversion"),
        measurements=frozenset(_measurement(item) for item in reader.objects("measurements", maximum=64)),
        source=reader.optional_text("source"),
    )
    reader.done()
    if entry.hwmodel is None and entry.swversion is None and not entry.measurements:
        raise reader.wrong("id", "an entry that names a model, a version or measurements", entry.id)
    return entry


def _measurement(reader: Reader) -> Measurement:
    algorithm = reader.choice("algorithm", tuple(DIGEST_BYTES))
    measurement = Measurement(
        algorithm=algorithm,
        digest=reader.hex("digest", length=DIGEST_BYTES[algorithm]).hex(),
        component=reader.text("component", maximum=256),
    )
    reader.done()
    return measurement


def _denied(reader: Reader) -> DeniedVersions:
    advisory = reader.object("advisory")
    entry = DeniedVersions(
        id=reader.text("id", maximum=120),
        hwmodel=reader.optional_text("hwmodel"),
        versions=frozenset(reader.texts("versions")),
        below=reader.optional_text("below", pattern=_DOTTED.pattern),
        advisory=Advisory(
            id=advisory.text("id", maximum=80), published=_day(advisory, "published"), url=advisory.text("url")
        ),
    )
    advisory.done()
    reader.done()
    if not entry.versions and entry.below is None:
        raise reader.wrong("id", "an entry that lists versions or has below", entry.id)
    return entry


def _day(reader: Reader, key: str) -> str:
    text = reader.text(key, pattern=r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise reader.wrong(key, "a day that exists, like 2026-11-22", text) from None


def _key_rules(reader: Reader) -> KeyRules:
    path = reader.choice("exportable_path", tuple(ExportPath)) if reader.has("exportable_path") else None
    rules = KeyRules(
        local=_optional_flag(reader, "local"),
        extractable=_optional_flag(reader, "extractable"),
        never_extractable=_optional_flag(reader, "never_extractable"),
        sensitive=_optional_flag(reader, "sensitive"),
        exportable_path=None if path is None else ExportPath(path),
        purposes=frozenset(reader.texts("purposes")) if reader.has("purposes") else None,
    )
    reader.done()
    return rules


def _optional_flag(reader: Reader, key: str) -> bool | None:
    return reader.boolean(key) if reader.has(key) else None


def _fleet_rule(reader: Reader) -> FleetRule:
    source = reader.choice("site_source", tuple(SiteSource)) if reader.has("site_source") else SiteSource.VENDOR_CHAIN
    rule = FleetRule(
        minimum_members=reader.integer("minimum_members", minimum=1, maximum=1000),
        code=CodeGrade(reader.choice("code", tuple(CodeGrade))),
        same_code=SameCode(reader.choice("same_code", tuple(SameCode))),
        keys=KeyHolding(reader.choice("keys", tuple(KeyHolding))),
        distinct_sites=reader.optional_integer("distinct_sites", minimum=1, maximum=1000),
        site_source=SiteSource(source),
    )
    reader.done()
    return rule


_DOTTED = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9}){0,7}", re.ASCII)


def is_below(version: str, bound: str) -> bool | None:
    """Whether a dotted decimal version is lower than another; None when either is not dotted decimal.

    Missing parts count as zero: 2.4 is 2.4.0.
    """
    if not _DOTTED.fullmatch(version) or not _DOTTED.fullmatch(bound):
        return None
    left, right = ([int(part) for part in text.split(".")] for text in (version, bound))
    size = max(len(left), len(right))
    return left + [0] * (size - len(left)) < right + [0] * (size - len(right))
