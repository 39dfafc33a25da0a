"""Adapter for key attestations of Securosys Primus HSMs: an XML file, its signature, and a chain of certificates.

A member's files are ``<label>.xml`` (one, under any name), ``<label>.sig`` (RSA PKCS #1 v1.5 with SHA-256 over the
exact bytes of the XML) and ``chain.pem``: the attestation key's certificate, the device's, and the root or not; or
these in files of their own, ``attestation_key.pem``, ``device.pem`` and ``root_primus.pem``.  Layout: Securosys,
"Primus HSM - Attestation and Audit".

The XML says how the key is protected, and when it was made by the device's own clock.  Model, firmware and FIPS mode
are in another file, the state attestation, which is not read here: they stay absent.  Under the device's key stand
others beside the attestation key (time stamps, audit), so the name at its place matters.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from types import MappingProxyType

from vaultproof.attestation.adapter import (
    Attestation,
    Authority,
    Chain,
    DateRule,
    LinkRules,
    Role,
    SignedBytes,
    Statement,
)
from vaultproof.attestation.findings import Finding
from vaultproof.attestation.placed import (
    Placed,
    agreement,
    read_certificates,
    require_file,
    root_findings,
    unread_findings,
)
from vaultproof.attestation.securosys_claims import PROFILE, TECHNOLOGY, VERSION, normalise
from vaultproof.crypto.port import Algorithm
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError

CHAIN_FILE = "chain.pem"
SINGLE_FILES = ("attestation_key.pem", "device.pem", "root_primus.pem")
"""The certificates in files of their own; the root may be left out."""
ATTESTATION_KEY_NAME = "attestation-key"

_RULES = (
    (
        Role.ATTESTATION_KEY,
        LinkRules(authority=Authority.FORBIDDEN, key_usage=frozenset({"digitalSignature"})),
    ),
    (Role.DEVICE, LinkRules(authority=Authority.REQUIRED)),
    (Role.ROOT, LinkRules(authority=Authority.REQUIRED, dates=DateRule.UNJUDGED)),
)
_DEVICE_NAME = re.compile(r"PRIMUS HSM KEY \(SN: ([0-9]{1,16})\)")


class SecurosysPrimusAdapter:
    """Reads key attestations of Primus HSMs."""

    technology = TECHNOLOGY
    version = VERSION
    oid_names: Mapping[str, str] = MappingProxyType({})

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's XML, signature and chain; see ``Adapter.read`` for what it raises."""
        xml = _xml_file(member_files)
        signature = xml.removesuffix(".xml") + ".sig"
        signed = SignedBytes(
            message=member_files[xml],
            signature=require_file(member_files, signature, "no-signature-file"),
            algorithm=Algorithm.RSA_PKCS1_SHA256,
        )
        certificates, files = _certificates(member_files)
        chain = Chain(
            links=tuple(placed.link(*rule) for placed, rule in zip(certificates, _RULES, strict=False)),
        )
        try:
            claims = normalise(member_files[xml], xml, certificates[1], _serial(certificates[1]))
        except VaultproofError as error:
            raise error.in_file(xml) from None
        return Attestation(
            technology=TECHNOLOGY,
            profile=PROFILE,
            claims=claims,
            chains=(chain,),
            statements=(Statement(name="attestation", signed=signed),),
            findings=(
                *_findings(certificates, chain),
                *unread_findings(member_files, (xml, signature, *files)),
            ),
            signed_at=None if claims.evidence.iat is None else claims.evidence.iat.value,
        )


def _xml_file(files: Mapping[str, bytes]) -> str:
    found = sorted(name for name in files if name.endswith(".xml"))
    if not found:
        raise Unavailable(
            "no-evidence", "a member has no attestation file", expected="<label>.xml",
            found=", ".join(sorted(files)) or "no files",
        )  # fmt: skip
    if len(found) > 1:
        raise Malformed(
            "two-evidence-files", "a member has two attestation files", expected="one", found=" and ".join(found)
        )
    return found[0]


def _certificates(files: Mapping[str, bytes]) -> tuple[tuple[Placed, ...], tuple[str, ...]]:
    """The chain, attestation key first, and the names of the files that it came from."""
    if CHAIN_FILE in files or SINGLE_FILES[0] not in files:
        data = require_file(files, CHAIN_FILE, "no-chain-file")
        found = read_certificates(data, CHAIN_FILE, len(_RULES))
        names: tuple[str, ...] = (CHAIN_FILE,)
    else:
        require_file(files, SINGLE_FILES[1], "no-chain-file")
        names = tuple(name for name in SINGLE_FILES if name in files)
        found = tuple(placed for name in names for placed in read_certificates(files[name], name, 1))
    if len(found) < 2:
        raise Malformed(
            "chain-length", "a chain has another number of certificates than its maker's", file=names[0],
            expected="2, or 3 with the root", found=str(len(found)),
        )  # fmt: skip
    return found, names


def _serial(device: Placed) -> str:
    matched = _DEVICE_NAME.fullmatch(device.common_name)
    if matched is None:
        raise Unsupported(
            "subject-form", "a certificate's name is not one of a device", file=device.place.file,
            expected="PRIMUS HSM KEY (SN: ...)", found=device.certificate.subject.text[:120],
        )  # fmt: skip
    return matched[1]


def _findings(certificates: tuple[Placed, ...], chain: Chain) -> Iterator[Finding]:
    first = certificates[0]
    yield agreement("attestation-key-name", f"{chain.name}/0", ATTESTATION_KEY_NAME, first.common_name, first.source)
    yield from root_findings(chain)
