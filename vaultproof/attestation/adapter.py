"""What an adapter is, and what it hands over: claims, an ordered chain, signed statements; it checks no signature.

To add a technology, write one module with a class that has the four members of ``Adapter``, and add one line to
``registry.py``.  The adapter reads bytes into claims, puts the certificates into order with the rules for each
position, and names every signature that must hold; checking them is the work of ``chain.py``, the same for all makers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from vaultproof.asn1.keyinfo import AlgorithmIdentifier, PublicKeyInfo, signature_algorithm
from vaultproof.asn1.x509 import Certificate
from vaultproof.attestation.anchors import DEFAULT_RSA_EXPONENT, MANUFACTURER
from vaultproof.attestation.claims import Claims, Source
from vaultproof.attestation.findings import Finding
from vaultproof.crypto.port import Algorithm, SignatureCheck, SignatureEncoding
from vaultproof.frozen import field, frozen


class Role(StrEnum):
    """What a key in a chain is there for, by its position."""

    ATTESTED_KEY = "attested-key"
    ATTESTATION_KEY = "attestation-key"
    DEVICE = "device"
    MANUFACTURER = "manufacturer"
    OWNER = "owner"
    ROOT = "root"


class Authority(StrEnum):
    """What a position asks of basicConstraints: must be an authority, must not be one, or the maker never says."""

    REQUIRED = "required"
    FORBIDDEN = "forbidden"
    UNSTATED = "unstated"


class DateRule(StrEnum):
    """When a certificate must have been valid: at the deployment (and now, as a fact of its own), at signing, or never.

    ``at-signing`` is for certificates that live for hours; it takes the time that the Evidence states of itself.
    """

    AT_DEPLOYMENT = "at-deployment"
    AT_SIGNING = "at-signing"
    UNJUDGED = "unjudged"


@frozen
class LinkRules:
    """What a position in a maker's chain asks of the certificate that stands there.

    ``key_usage`` lists usages that must be set; ``extended_key_usage`` is an OID that must be among its purposes;
    ``critical`` the critical extensions, beyond those of RFC 5280 that are interpreted, whose meaning the adapter
    knows.
    """

    authority: Authority
    key_usage: frozenset[str] = frozenset()
    extended_key_usage: str | None = None
    critical: frozenset[str] = frozenset()
    dates: DateRule = DateRule.AT_DEPLOYMENT


@frozen
class SignedBytes:
    """Bytes with a signature over them; ``algorithm`` as the file names it, or already as the port's own."""

    message: bytes = field(repr=False)
    signature: bytes = field(repr=False)
    algorithm: Algorithm | AlgorithmIdentifier
    encoding: SignatureEncoding = SignatureEncoding.DER

    def check_by(
        self, signer: PublicKeyInfo, *, minimum_rsa_bits: int, rsa_exponent: int = DEFAULT_RSA_EXPONENT
    ) -> SignatureCheck:
        """The check that ``signer`` made the signature.  Raises ``Unsupported`` or ``Malformed``."""
        algorithm = self.algorithm
        return SignatureCheck(
            algorithm=algorithm if isinstance(algorithm, Algorithm) else signature_algorithm(algorithm, signer),
            public_key=signer.raw,
            message=self.message,
            signature=self.signature,
            encoding=self.encoding,
            minimum_rsa_bits=minimum_rsa_bits,
            rsa_exponents=(rsa_exponent,),
        )


@frozen
class Link:
    """One key of a chain: a certificate, or a bare key that ``signed`` (bytes holding it) vouches for.

    ``signed`` is what the key of the next link signed; None for a root, whose own signature shows nothing.
    """

    role: Role
    key: PublicKeyInfo
    rules: LinkRules
    source: Source
    name: str
    certificate: Certificate | None = None
    signed: SignedBytes | None = None


@frozen
class Chain:
    """Keys in order, the attesting one first, each vouched for by the next; the last is a root or was signed by one.

    ``name`` tells an attestation's chains apart; ``purpose`` says which anchors may vouch (a card may have two chains
    to its owner's root beside the one to its maker's).  ``technology`` says whose anchors they are where that is not
    the attestation's own technology: in the layer below (``layered_evidence.py``).
    """

    links: tuple[Link, ...]
    name: str = MANUFACTURER
    purpose: str = MANUFACTURER
    technology: str | None = None

    def link(self, role: Role) -> Link | None:
        """The first link with that role, if there is one."""
        return next((link for link in self.links if link.role is role), None)


@frozen
class Statement:
    """Signed bytes that the first key of the named chain must have signed (the claims come from them).

    ``signer`` is another key that must have signed them: one that a statement of that chain attests, which the adapter
    shows by a finding.
    """

    name: str
    signed: SignedBytes
    chain: str = MANUFACTURER
    signer: PublicKeyInfo | None = None


@frozen
class Attestation:
    """All that an adapter read from one member's files; nothing in it has been verified.

    ``findings`` are contradictions and oddities that reading alone shows.  ``signed_at`` is the device's own time.
    """

    technology: str
    profile: str
    claims: Claims
    chains: tuple[Chain, ...]
    statements: tuple[Statement, ...]
    findings: tuple[Finding, ...] = ()
    signed_at: datetime | None = None

    def chain(self, name: str) -> Chain | None:
        """The chain of that name, if there is one."""
        return next((chain for chain in self.chains if chain.name == name), None)

    @property
    def anchor_candidates(self) -> Mapping[str, str]:
        """For each chain, the SHA-256 (hex) of the topmost key that the files hold: where a pin may apply."""
        return {chain.name: chain.links[-1].key.sha256 for chain in self.chains}


class Adapter(Protocol):
    """Reads one maker's attestations."""

    @property
    def technology(self) -> str:
        """The technology's id, kebab-case, as in deployment.json and trust.json."""

    @property
    def version(self) -> str:
        """The adapter's own version: it changes when the same files are read into other claims."""

    @property
    def oid_names(self) -> Mapping[str, str]:
        """Names of the technology's own object identifiers, for pages that show a file byte by byte."""

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's files (by name within its folder) as claims and chain.

        Raises ``Malformed`` for what its format does not allow, ``Mismatch`` where two parts that must be equal differ,
        ``Unsupported`` for a version or kind it does not know, ``Unavailable`` for a missing file.
        """


@runtime_checkable
class Lenient(Protocol):
    """An adapter that can read more than its format allows, where somebody asks for it by name; never by itself."""

    def leniently(self) -> Adapter:
        """The same adapter with its lenient reading on.  What it read so is a finding with a code of ``LENIENT``."""


LENIENT = frozenset({"unsigned-ecdsa-signature"})
"""Codes of findings that say that something was read leniently: shown as warnings."""


def link_of(certificate: Certificate, role: Role, rules: LinkRules, source: Source) -> Link:
    """A link that is a certificate; a root's own signature is left out."""
    signed = SignedBytes(
        message=certificate.tbs.raw, signature=certificate.signature, algorithm=certificate.signature_algorithm
    )
    return Link(
        role=role,
        key=certificate.public_key,
        rules=rules,
        source=source,
        name=certificate.subject.text,
        certificate=certificate,
        signed=None if role is Role.ROOT else signed,
    )


PREFIX = "evidence-over-"
"""How the technology of two layers is named (``layered_evidence.py``): this, and the maker's technology."""


def maker_of(technology: str) -> str | None:
    """The maker's technology within one of two layers; None for any other."""
    return technology.removeprefix(PREFIX) if technology.startswith(PREFIX) else None
