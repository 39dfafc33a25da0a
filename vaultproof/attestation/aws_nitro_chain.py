"""The certificates of a Nitro document: five in a fixed order, and what their names say of device and place.

The enclave's own key (three hours), the instance (a day), a zone, a region, the root.  All but the root live for hours
or days, so they are judged at the time of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from vaultproof.asn1 import oids
from vaultproof.asn1.x509 import Certificate
from vaultproof.attestation.adapter import Authority, Chain, DateRule, LinkRules, Role, link_of
from vaultproof.attestation.aws_nitro_document import Document, Place
from vaultproof.attestation.claims import Claim, Grade, SiteClaim, SiteSource
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.errors import Unsupported

_AUTHORITY = LinkRules(authority=Authority.REQUIRED, dates=DateRule.AT_SIGNING)
_ENCLAVE = LinkRules(
    authority=Authority.FORBIDDEN, key_usage=frozenset({"digitalSignature"}), dates=DateRule.AT_SIGNING
)
_POSITIONS = (
    (Role.ATTESTATION_KEY, _ENCLAVE),
    (Role.DEVICE, _AUTHORITY),
    (Role.MANUFACTURER, _AUTHORITY),
    (Role.MANUFACTURER, _AUTHORITY),
    (Role.ROOT, LinkRules(authority=Authority.REQUIRED, dates=DateRule.UNJUDGED)),
)
"""What stands at each position, the enclave's own key first."""

_REGION = re.compile(r"[a-z0-9]{1,20}(-[a-z0-9]{1,20}){1,6}")


def nitro_chain(document: Document, place: Place) -> Chain:
    """The chain of a document, root last.  Raises ``Unsupported("chain-length")`` for another shape."""
    certificates = (document.certificate, *reversed(document.bundle))
    if len(certificates) != len(_POSITIONS):
        raise Unsupported(
            "chain-length", "the certificates are not the five that Nitro documents have",
            expected=str(len(_POSITIONS)), found=str(len(certificates)),
        )  # fmt: skip
    return Chain(
        links=tuple(
            link_of(certificate, role, rules, place.span(certificate.element.offset, len(certificate.raw)))
            for certificate, (role, rules) in zip(certificates, _POSITIONS, strict=True)
        )
    )


def device_identity(chain: Chain, place: Place) -> Claim[str]:
    """The key that the instance was given: the enclaves of one instance share it."""
    key = chain.links[1].key
    source = place.span(key.element.offset, len(key.raw))
    return Claim(value=key.sha256, grade=Grade.ATTESTED, source=source)


def _common_name(certificate: Certificate) -> str:
    names = certificate.subject.all(oids.COMMON_NAME)
    return names[0] if len(names) == 1 else ""


def _region(certificate: Certificate) -> str | None:
    """The region that a common name ends with: ``zone.zonal.eu-west-1.aws.nitro-enclaves`` (the first has ``.aws``)."""
    name = _common_name(certificate).removesuffix(".nitro-enclaves")
    region = name.removesuffix(".aws").rpartition(".")[2]
    return region if name.endswith(".aws") and _REGION.fullmatch(region) else None


def _certificates(chain: Chain) -> tuple[Certificate, ...]:
    """The certificates below the root."""
    return tuple(link.certificate for link in chain.links[:-1] if link.certificate is not None)


def site(chain: Chain, place: Place) -> SiteClaim | None:
    """The region that every certificate below the root names; None when they do not name the same one."""
    certificates = _certificates(chain)
    regions = {_region(certificate) for certificate in certificates}
    region = regions.pop()
    if region is None or regions:
        return None
    subject = certificates[-1].subject.element
    source = place.span(subject.offset, len(subject.raw))
    return SiteClaim(value=Claim(value=region, grade=Grade.ATTESTED, source=source), source=SiteSource.VENDOR_CHAIN)


def name_findings(chain: Chain, module: str, instance: str) -> Iterator[Finding]:
    """Module, instance and region as the certificates name them, against the document and one another."""
    names = [_common_name(certificate) for certificate in _certificates(chain)]
    for index, wanted in ((0, module), (1, instance)):
        same = names[index].startswith(f"{wanted}.")
        yield Finding(
            code="serial-same" if same else "serial-differs",
            outcome=Outcome.PROVEN if same else Outcome.FAILED,
            subject=f"{chain.purpose}/{index}",
            expected=wanted,
            found=names[index],
            source=chain.links[index].source,
        )
    regions = sorted({_region(certificate) or "none" for certificate in _certificates(chain)})
    one = len(regions) == 1 and regions != ["none"]
    yield Finding(
        code="region-same" if one else "region-differs",
        outcome=Outcome.PROVEN if one else Outcome.FAILED,
        subject="site",
        expected="one region",
        found=", ".join(regions),
        source=chain.links[0].source,
    )
