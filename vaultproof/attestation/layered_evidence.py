"""Adapter for Evidence in two layers: a device's maker attests a key, and that key signs PKIX Evidence.

Classic HSMs attest keys and no code.  A program inside one can state more (measurements, a nonce, the state of its own
keys) in PKIX Evidence, signed with a key that the maker's attestation covers.  A member's files are then
``evidence.der`` (or ``evidence.pem``), ``chain.pem`` where the owner certified that key as well, and the maker's
attestation of the key, under the file names of the maker's own adapter with ``maker-`` before them.

Each layer keeps its place: what the maker signed is ``attested``, what the attested key signed is
``attested-by-key``.  How they are tied together is in ``layered_binding.py``; whether the second counts at all depends
on who can use the key, which only the reference values can say (``AttestationKeyRule``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from vaultproof.asn1.keyinfo import PublicKeyInfo, read_public_key
from vaultproof.attestation.adapter import PREFIX, Adapter, Attestation, Chain, Link, Role, Statement, maker_of
from vaultproof.attestation.anchors import OWNER
from vaultproof.attestation.claims import Claim, Claims, Source
from vaultproof.attestation.findings import Finding
from vaultproof.attestation.layered_binding import binding_findings, combined
from vaultproof.attestation.pkix_evidence import evidence_bytes, evidence_file, signed_part
from vaultproof.attestation.pkix_evidence_chain import CHAIN_FILE, read_chain, serial_findings, unused_findings
from vaultproof.attestation.pkix_evidence_claims import normalise
from vaultproof.attestation.pkix_evidence_format import Evidence, Place, read_evidence
from vaultproof.attestation.pkix_evidence_profile import OID_NAMES, PROFILE
from vaultproof.attestation.placed import unread_findings
from vaultproof.attestation.rebuilding import rebuilt
from vaultproof.errors import Mismatch, Unavailable, VaultproofError
from vaultproof.frozen import frozen

MAKER = "maker"
"""First part of every claim path and subject that is of the maker's layer."""

MAKER_FILE = "maker-"
"""What the names of the maker's files begin with."""

KEY_CHAIN = "attestation-key"
"""The chain of certificates by which an owner certified the attestation key too."""

ADAPTER_VERSION = "1"


class LayeredEvidenceAdapter:
    """Reads PKIX Evidence whose attestation key another adapter's attestation covers."""

    def __init__(self, maker: Adapter) -> None:
        """``maker`` reads the layer below.  Raises ``ValueError`` for a layer that has layers itself."""
        if maker_of(maker.technology) is not None:
            raise ValueError("a maker's layer has no layers of its own")
        self._maker = maker
        self.technology = PREFIX + maker.technology
        self.version = f"{ADAPTER_VERSION}.{maker.version}"
        self.oid_names: Mapping[str, str] = {**maker.oid_names, **OID_NAMES}

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's two layers; see ``Adapter.read`` for what it raises."""
        above = {name: data for name, data in member_files.items() if not name.startswith(MAKER_FILE)}
        below = {name.removeprefix(MAKER_FILE): data for name, data in member_files.items() if name not in above}
        maker = self._read_maker(below, above)
        file = evidence_file(above)
        try:
            layer = _read_layer(above, file)
            own = normalise(layer.evidence, layer.data, layer.identity, self.version)
        except VaultproofError as error:
            raise error.in_file(file) from None
        return Attestation(
            technology=self.technology,
            profile=f"{PROFILE} over {maker.profile}",
            claims=combined(own, maker.claims, layer.key.raw, self.technology),
            chains=(*maker.chains, *layer.chains),
            statements=(*maker.statements, _statement(layer, maker)),
            findings=(
                *maker.findings,
                *binding_findings(own, maker.claims, layer.key),
                *_chain_findings(own, layer),
                *unread_findings(above, (file, CHAIN_FILE)),
            ),
            signed_at=maker.signed_at,
        )

    def _read_maker(self, files: Mapping[str, bytes], above: Mapping[str, bytes]) -> Attestation:
        """The maker's layer, its paths below ``maker/`` and its files as the member has them."""
        if not files:
            raise Unavailable(
                "no-maker-layer", "the maker's attestation of the attestation key is not there",
                expected=f"files named {MAKER_FILE}*", found=", ".join(sorted(above)) or "no files",
                hint=f"add the files of {self._maker.technology}, each with {MAKER_FILE} before its name",
            )  # fmt: skip
        try:
            read = self._maker.read(files)
        except VaultproofError as error:
            error.file = None if error.file is None else MAKER_FILE + error.file
            raise
        return _moved(read)


@frozen
class _Layer:
    """The Evidence, the key that it says signed it, and the owner's chain for that key where there is one."""

    evidence: Evidence
    data: bytes
    key: PublicKeyInfo
    identity: Claim[str]
    chains: tuple[Chain, ...]


def _read_layer(files: Mapping[str, bytes], file: str) -> _Layer:
    data, where = evidence_bytes(file, files[file])
    evidence = read_evidence(data, where)
    named = evidence.transaction.required("ak-spki", evidence.transaction.octets("ak-spki"))
    key = read_public_key(evidence.transaction.values["ak-spki"].nested("ak-spki"), "ak-spki")
    chains = _certified(evidence, where, files.get(CHAIN_FILE))
    for chain in chains:
        _require_same_key(chain.links[0].key.raw, key)
    if not chains:  # a certificate fits every way in which the block names its signer, or was refused
        _require_named(evidence, key)
    identity = Claim(value=key.sha256, grade=named.grade, source=named.source)
    return _Layer(evidence=evidence, data=data, key=key, identity=identity, chains=chains)


def _certified(evidence: Evidence, where: Place, chain_file: bytes | None) -> tuple[Chain, ...]:
    """The owner's chain for the attestation key; nothing where no certificate of that layer is there at all."""
    if chain_file is None and evidence.block.certificate is None and not evidence.intermediates:
        return ()
    chain = read_chain(evidence, where, chain_file)
    return (replace(chain, name=KEY_CHAIN, purpose=OWNER, links=tuple(map(_owners, chain.links))),)


def _owners(link: Link) -> Link:
    """Whatever stands between the key and the owner's root is the owner's."""
    return replace(link, role=Role.OWNER) if link.role in (Role.DEVICE, Role.MANUFACTURER) else link


def _require_named(evidence: Evidence, key: PublicKeyInfo) -> None:
    """Every way in which the signature block names its signer fits the key that the signed part names."""
    block = evidence.block
    if block.public_key is not None:
        _require_same_key(block.public_key.raw, key)
    if block.key_id is not None and block.key_id not in (key.sha1_of_bits, bytes.fromhex(key.sha256)):
        raise _differs(key)


def _require_same_key(found: bytes, key: PublicKeyInfo) -> None:
    if found != key.raw:
        raise _differs(key)


def _differs(key: PublicKeyInfo) -> Mismatch:
    return Mismatch(
        "ak-spki-differs",
        f"the signer is not the attestation key that the Evidence names, at byte {key.element.offset}",
        expected="the signer's SubjectPublicKeyInfo",
        found="another key",
    )


def _statement(layer: _Layer, maker: Attestation) -> Statement:
    """The Evidence, signed by the attested key: what vouches for that key are the maker's chain and statement."""
    chain = layer.chains[0] if layer.chains else maker.chains[0]
    return Statement(name="evidence", signed=signed_part(layer.evidence), chain=chain.name, signer=layer.key)


def _chain_findings(own: Claims, layer: _Layer) -> tuple[Finding, ...]:
    return tuple(
        found
        for chain in layer.chains
        for found in (*serial_findings(own.attester.hwserial, chain), *unused_findings(layer.evidence, chain))
    )


def _moved(read: Attestation) -> Attestation:
    """The maker's layer with ``maker-`` before its files, and ``maker/`` before findings, chains and statements."""

    def below(source: Source) -> Source:
        return replace(source, file=MAKER_FILE + source.file)

    def name(text: str) -> str:
        return f"{MAKER}/{text}"

    return replace(
        read,
        claims=rebuilt(read.claims, Source, below),
        chains=tuple(
            replace(
                chain,
                name=name(chain.name),
                technology=read.technology,
                links=tuple(replace(link, source=below(link.source)) for link in chain.links),
            )
            for chain in read.chains
        ),
        statements=tuple(replace(item, name=name(item.name), chain=name(item.chain)) for item in read.statements),
        findings=tuple(replace(rebuilt(item, Source, below), subject=name(item.subject)) for item in read.findings),
    )
