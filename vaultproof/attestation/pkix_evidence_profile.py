"""The identifiers of PKIX Evidence, in one table, as of one draft.

draft-ietf-rats-pkix-key-attestation-07 has no assigned identifiers yet; its published samples use the arc
``1.3.6.1.5.5.999`` and the key purpose ``1.3.6.1.5.5.7.3.999``.  When IANA assigns others, they become a profile of
their own here.  This is an implementation of a draft; it conforms to no RFC.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from vaultproof.frozen import frozen

TECHNOLOGY = "pkix-evidence"
PROFILE = "draft-07"

_ARC = "1.3.6.1.5.5.999"

ATTESTATION_KEY_PURPOSE = "1.3.6.1.5.5.7.3.999"
"""Extended key usage that an attestation key's certificate must have (draft-07, 6: id-kp-attestationKey)."""

MEASUREMENT_CLAIM = "2.25.312994448401062999929913496120990110509"
"""Our private claim type ``platform.measurement``: UUID eb7889be-5128-4e47-9065-b8346d94132d (X.667)."""

ROLE_CLAIM = "2.25.97678474279274283933940092851438117062"
"""Our private claim type ``key.role``: UUID 497c309a-3fb7-42b7-baca-d5f3862e60c6 (X.667)."""


class ElementType(StrEnum):
    """The kinds of reported element that the draft defines (draft-07, 5.1 to 5.3)."""

    TRANSACTION = "transaction"
    PLATFORM = "platform"
    KEY = "key"


ELEMENT_OIDS: Mapping[ElementType, str] = MappingProxyType(
    {
        ElementType.TRANSACTION: f"{_ARC}.0.0",
        ElementType.PLATFORM: f"{_ARC}.0.1",
        ElementType.KEY: f"{_ARC}.0.2",
    }
)
"""Identifier of each kind of element."""


@frozen
class ClaimType:
    """One kind of claim: its identifier, its name, and the one kind of element that it may stand in."""

    oid: str
    name: str
    element: ElementType


def _numbered(element: ElementType, arc: int, *names: str) -> tuple[ClaimType, ...]:
    return tuple(
        ClaimType(oid=f"{_ARC}.1.{arc}.{number}", name=name, element=element) for number, name in enumerate(names)
    )


CLAIM_TYPES: tuple[ClaimType, ...] = (
    *_numbered(ElementType.TRANSACTION, 0, "nonce", "timestamp", "ak-spki"),
    *_numbered(
        ElementType.PLATFORM,
        1,
        "vendor",
        "oemid",
        "hwmodel",
        "hwversion",
        "hwserial",
        "swname",
        "swversion",
        "dbgstat",
        "uptime",
        "bootcount",
        "fipsboot",
        "fipsver",
        "fipslevel",
        "fipsmodule",
    ),
    ClaimType(oid=MEASUREMENT_CLAIM, name="measurement", element=ElementType.PLATFORM),
    *_numbered(
        ElementType.KEY,
        2,
        "identifier",
        "spki",
        "extractable",
        "sensitive",
        "never-extractable",
        "local",
        "expiry",
        "purpose",
    ),
    ClaimType(oid=ROLE_CLAIM, name="role", element=ElementType.KEY),
)
"""Every claim type of the profile, in the order of the draft's tables, our two private ones beside their kin."""

CLAIMS_BY_OID: Mapping[str, ClaimType] = MappingProxyType({claim.oid: claim for claim in CLAIM_TYPES})
CLAIM_OIDS: Mapping[tuple[ElementType, str], str] = MappingProxyType(
    {(claim.element, claim.name): claim.oid for claim in CLAIM_TYPES}
)
ELEMENTS_BY_OID: Mapping[str, ElementType] = MappingProxyType({oid: element for element, oid in ELEMENT_OIDS.items()})

PURPOSE_OIDS: Mapping[str, str] = MappingProxyType(
    {
        name: f"{_ARC}.2.{number}"
        for number, name in enumerate(
            (
                "encrypt",
                "decrypt",
                "wrap",
                "unwrap",
                "sign",
                "sign-recover",
                "verify",
                "verify-recover",
                "derive",
            )
        )
    }
)
"""Identifier of each key purpose (draft-07, table 3), by the name under which claims give it."""

PURPOSES_BY_OID: Mapping[str, str] = MappingProxyType({oid: name for name, oid in PURPOSE_OIDS.items()})

OID_NAMES: Mapping[str, str] = MappingProxyType(
    {
        ATTESTATION_KEY_PURPOSE: "attestationKey (draft-07 placeholder)",
        **{oid: f"evidence-element-{element}" for element, oid in ELEMENT_OIDS.items()},
        **{claim.oid: f"evidence-claim-{claim.element}-{claim.name}" for claim in CLAIM_TYPES},
        **{oid: f"evidence-key-capability-{name}" for name, oid in PURPOSE_OIDS.items()},
    }
)
"""Names of all these identifiers, for pages that show a file byte by byte."""

DEBUG_STATES: Mapping[int, str] = MappingProxyType(
    {
        0: "enabled",
        1: "disabled",
        2: "disabled-since-boot",
        3: "disabled-permanently",
        4: "disabled-fully-and-permanently",
    }
)
"""Values of dbgstat (RFC 9711, 4.2.9) by the names that claims give them."""
