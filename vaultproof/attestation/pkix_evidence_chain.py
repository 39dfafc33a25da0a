"""The certificates of PKIX Evidence, in order and with the rules of each position (draft-07, 3.3 and 6).

``chain.pem`` gives the order where there is one: the attestation key's certificate first, each next one its
predecessor's issuer, with or without the root.  Without it, and above its end, the certificates that the Evidence
carries are put into order by issuer and subject name; where that is ambiguous it is refused, never guessed.

Positions: the attestation key; then the device's own authority, if that certificate names a device serial number (X.520
serialNumber, as IEEE 802.1AR has it); then the manufacturer's authorities; last a root, if the chain includes it.
"""

from __future__ import annotations

import hashlib

from vaultproof.asn1.pem import CERTIFICATE, read_pem
from vaultproof.asn1.x509 import Certificate, device_serials, parse_certificate, read_certificate
from vaultproof.attestation.adapter import Authority, Chain, DateRule, Link, LinkRules, Role, link_of
from vaultproof.attestation.claims import Claim, Grade, Source
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.attestation.pkix_evidence_format import Evidence, Place, SignatureBlock
from vaultproof.attestation.pkix_evidence_profile import ATTESTATION_KEY_PURPOSE
from vaultproof.errors import Malformed, Mismatch, Unavailable, VaultproofError

CHAIN_FILE = "chain.pem"
MAX_LINKS = 8

_ATTESTATION_KEY = LinkRules(
    authority=Authority.FORBIDDEN,
    key_usage=frozenset({"digitalSignature"}),
    extended_key_usage=ATTESTATION_KEY_PURPOSE,
)
_AUTHORITY = LinkRules(authority=Authority.REQUIRED)
_ROOT = LinkRules(authority=Authority.REQUIRED, dates=DateRule.UNJUDGED)

_Placed = tuple[Certificate, Place]


def read_chain(evidence: Evidence, where: Place, chain_file: bytes | None) -> Chain:
    """The chain of the Evidence's signer.

    Raises ``Mismatch`` when the chain file's first certificate is not the signer, ``Unavailable`` when there is no
    certificate of the signer anywhere, ``Malformed`` for an ambiguous or too long chain.
    """
    carried: list[_Placed] = [(certificate, where) for certificate in evidence.intermediates]
    if chain_file is None:
        placed = [_signer_among(evidence.block, carried, where)]
    else:
        placed = _read_chain_file(chain_file)
        _require_signer(evidence.block, placed[0][0])
    while not placed[-1][0].self_issued and (issuer := _issuer_among(placed, carried)) is not None:
        placed.append(issuer)
    if len(placed) > MAX_LINKS:
        raise Malformed("chain-length", "a chain is too long", expected=f"at most {MAX_LINKS}", found=str(len(placed)))
    return Chain(links=tuple(_link(index, certificate, place) for index, (certificate, place) in enumerate(placed)))


def _read_chain_file(data: bytes) -> list[_Placed]:
    try:
        blocks = read_pem(data, labels={CERTIFICATE}, maximum=MAX_LINKS)
        return [(parse_certificate(block.data), Place(file=CHAIN_FILE, block=block.index)) for block in blocks]
    except VaultproofError as error:
        raise error.in_file(CHAIN_FILE) from None


def _signer_among(block: SignatureBlock, carried: list[_Placed], where: Place) -> _Placed:
    if block.certificate is not None:
        certificate = read_certificate(block.certificate)
        _require_signer(block, certificate)
        return certificate, where
    found = [placed for placed in carried if _names(block, placed[0])]
    if len({certificate.raw for certificate, _ in found}) > 1:
        raise Malformed("ambiguous-signer", "several certificates fit the signer that the Evidence names")
    if not found:
        raise Unavailable(
            "signer-unresolved", "no certificate of the signer is there", hint=f"add the signer's chain as {CHAIN_FILE}"
        )
    return found[0]


def _require_signer(block: SignatureBlock, certificate: Certificate) -> None:
    if _names(block, certificate):
        return
    if block.certificate is not None:
        read_certificate(block.certificate)  # what is no certificate at all is refused as that
    raise Mismatch(
        "signer-differs",
        "the chain does not begin with the signer that the Evidence names",
        found=certificate.subject.text,
    )


def _names(block: SignatureBlock, certificate: Certificate) -> bool:
    """Whether every way in which the block names its signer fits the certificate."""
    key = certificate.public_key
    key_ids = (certificate.subject_key_id, key.sha1_of_bits, bytes.fromhex(key.sha256))
    return (
        (block.certificate is None or block.certificate.raw == certificate.raw)
        and (block.public_key is None or block.public_key.raw == key.raw)
        and (block.key_id is None or block.key_id in key_ids)
    )


def _issuer_among(placed: list[_Placed], carried: list[_Placed]) -> _Placed | None:
    """The one carried certificate that can be the last one's issuer; the key identifier decides between namesakes."""
    last = placed[-1][0]
    used = {certificate.raw for certificate, _ in placed}
    found = {
        certificate.raw: (certificate, place)
        for certificate, place in carried
        if certificate.subject.raw == last.issuer.raw and certificate.raw not in used
    }
    if len(found) > 1:
        wanted = last.authority_key_id
        found = {raw: item for raw, item in found.items() if wanted is not None and item[0].subject_key_id == wanted}
        if len(found) != 1:
            raise Malformed("ambiguous-chain", "several certificates fit as an issuer", found=last.issuer.text)
    return next(iter(found.values()), None)


def _link(index: int, certificate: Certificate, place: Place) -> Link:
    source = place.source(certificate.element)
    if index == 0:
        return link_of(certificate, Role.ATTESTATION_KEY, _ATTESTATION_KEY, source)
    if certificate.self_issued:
        return link_of(certificate, Role.ROOT, _ROOT, source)
    role = Role.DEVICE if index == 1 and device_serials(certificate) else Role.MANUFACTURER
    return link_of(certificate, role, _AUTHORITY, source)


def device_identity(chain: Chain) -> Claim[str]:
    """The key that stands for the device: its own authority's where the chain has one, else the attestation key."""
    link = chain.link(Role.DEVICE) or chain.links[0]
    element = link.key.element
    source = Source(
        file=link.source.file,
        block=link.source.block,
        offset=element.offset,
        length=element.header_length + element.length,
    )
    return Claim(value=hashlib.sha256(link.key.raw).hexdigest(), grade=Grade.ATTESTED, source=source)


def serial_findings(serial: Claim[str] | None, chain: Chain) -> tuple[Finding, ...]:
    """Whether the serial numbers that certificates name are the one that the Evidence claims.

    A device stands directly above its attestation key: with authorities below it, one device could be many.
    """
    findings = []
    for index, link in enumerate(chain.links):
        for named in device_serials(link.certificate) if link.certificate is not None else ():
            if index > 1:
                findings.append(
                    Finding(
                        code="device-issues-authorities",
                        outcome=Outcome.FAILED,
                        subject=f"{chain.name}/{index}",
                        found=named,
                        source=link.source,
                    )
                )
                continue
            same = serial is not None and named == serial.value
            findings.append(
                Finding(
                    code="serial-same" if same else "serial-differs",
                    outcome=Outcome.PROVEN if same else Outcome.FAILED,
                    subject=f"{chain.name}/{index}",
                    expected=None if serial is None else serial.value,
                    found=named,
                    source=link.source,
                )
            )
    return tuple(findings)


def unused_findings(evidence: Evidence, chain: Chain) -> tuple[Finding, ...]:
    """Certificates that the Evidence carries and the chain does not need: shown, of no effect."""
    used = {link.certificate.raw for link in chain.links if link.certificate is not None}
    return tuple(
        Finding(
            code="unused-certificate",
            outcome=Outcome.NOTED,
            subject=certificate.subject.text,
            found=certificate.sha256,
            required=False,
        )
        for certificate in evidence.intermediates
        if certificate.raw not in used
    )
