"""Adapter for attestation messages of Crypto4A's QASM (the module in QxEDGE and QxHSM).

A member's file is ``attestation.pem`` (label ATTESTATION MESSAGE) or ``attestation.der``; structure in
``crypto4a_message.py``, claims in ``crypto4a_claims.py``.  The message carries its certificates: the attestation key's
in its signature block, the authority of the maker's factory and, if the operator attached it, the root.

A QASM has two attestation keys, one on P-384 and one hash-based (HSS, RFC 8554), and signs with those that its operator
names.  The claims rest on the signature of the first.  The hash-based one cannot be checked here: its certificate is
walked like the other's, and the signature itself is shown as not checked.  It may as well have been left out, since
nothing that is signed says how many signatures there are.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from vaultproof.asn1 import oids
from vaultproof.asn1.pem import read_pem
from vaultproof.asn1.x509 import Certificate
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
from vaultproof.attestation.anchors import MANUFACTURER
from vaultproof.attestation.crypto4a_claims import (
    ATTESTATION_PURPOSE,
    OID_NAMES,
    PROFILE,
    TECHNOLOGY,
    VERSION,
    normalise,
)
from vaultproof.attestation.crypto4a_message import Block, Message, read_message
from vaultproof.attestation.findings import Finding
from vaultproof.attestation.placed import Place, Placed, noted, require_file, unread_findings
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError

PEM_FILE = "attestation.pem"
DER_FILE = "attestation.der"
PEM_LABEL = "ATTESTATION MESSAGE"
STATEMENT = "attestation"
HASH_BASED = "hash-based"
"""The name of the second key's chain, where there is one."""

HSS = "1.2.840.113549.1.9.16.3.17"
"""id-alg-hss-lms-hashsig (RFC 9708), as key and as signature algorithm."""

_RULES = (
    (
        Role.ATTESTATION_KEY,
        LinkRules(
            authority=Authority.FORBIDDEN,
            key_usage=frozenset({"digitalSignature"}),
            extended_key_usage=ATTESTATION_PURPOSE,
        ),
    ),
    (Role.MANUFACTURER, LinkRules(authority=Authority.REQUIRED)),
    (Role.ROOT, LinkRules(authority=Authority.REQUIRED, dates=DateRule.UNJUDGED)),
)


class Crypto4aQasmAdapter:
    """Reads attestation messages of a QASM."""

    technology = TECHNOLOGY
    version = VERSION
    oid_names = OID_NAMES

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's message; see ``Adapter.read`` for what it raises."""
        file = _file(member_files)
        try:
            data, place = _message_bytes(file, member_files[file])
            message = read_message(data, place)
            first, second = _blocks(message)
            chain = _chain(MANUFACTURER, first, message, place)
            claims, shown = normalise(message, data, _placed(first.certificate, place))
            others = () if second is None else (_chain(HASH_BASED, second, message, place),)
        except VaultproofError as error:
            raise error.in_file(file) from None
        signed = SignedBytes(message=message.signed.raw, signature=first.signature, algorithm=first.algorithm)
        return Attestation(
            technology=TECHNOLOGY,
            profile=PROFILE,
            claims=claims,
            chains=(chain, *others),
            statements=(Statement(name=STATEMENT, signed=signed),),
            findings=(*shown, *_oddities(message, second, place), *unread_findings(member_files, (file,))),
            signed_at=None if claims.evidence.iat is None else claims.evidence.iat.value,
        )


def _file(files: Mapping[str, bytes]) -> str:
    if PEM_FILE in files and DER_FILE in files:
        raise Malformed(
            "two-evidence-files", "a member has two attestation files", expected="one",
            found=f"{DER_FILE} and {PEM_FILE}",
        )  # fmt: skip
    if DER_FILE in files:
        return DER_FILE
    require_file(files, PEM_FILE)
    return PEM_FILE


def _message_bytes(file: str, data: bytes) -> tuple[bytes, Place]:
    if file == DER_FILE:
        return data, Place(file=file)
    (block,) = read_pem(data, labels={PEM_LABEL}, maximum=1)
    return block.data, Place(file=file, block=block.index)


def _blocks(message: Message) -> tuple[Block, Block | None]:
    """The block whose signature can be checked, and the hash-based one if there is one; none else, none twice."""
    hash_based = [block for block in message.blocks if block.algorithm.oid == HSS]
    others = [block for block in message.blocks if block.algorithm.oid != HSS]
    if len(others) != 1 or len(hash_based) > 1 or others[0].algorithm.oid != oids.ECDSA_WITH_SHA384:
        raise Unsupported(
            "signature-algorithm", "the signatures are not those that a QASM makes",
            expected=f"{oids.name_of(oids.ECDSA_WITH_SHA384)}, and HSS beside it or not",
            found=", ".join(oids.name_of(block.algorithm.oid) for block in message.blocks),
        )  # fmt: skip
    for block in hash_based:
        if block.certificate.public_key.algorithm.oid != HSS:
            raise Malformed(
                "signature-key", "a signature names an algorithm that the signer's key cannot make", expected="HSS",
                found=block.certificate.public_key.kind,
            )  # fmt: skip
    return others[0], next(iter(hash_based), None)


def _placed(certificate: Certificate, place: Place) -> Placed:
    return Placed(certificate=certificate, place=place)


def _chain(name: str, block: Block, message: Message, place: Place) -> Chain:
    """An attestation key, the factory's authority, and the root if it is there, in this order."""
    if not message.related:
        raise Unavailable(
            "chain-incomplete", "a message carries no authority's certificate",
            hint="attach the authorities' certificates when the attestation is made",
        )  # fmt: skip
    certificates = (block.certificate, *message.related)
    if len(certificates) > len(_RULES):
        raise Malformed(
            "chain-length", "a message has another number of authorities than its maker's", expected="1 or 2",
            found=str(len(message.related)),
        )  # fmt: skip
    links = (_placed(item, place).link(*rule) for item, rule in zip(certificates, _RULES, strict=False))
    return Chain(links=tuple(links), name=name, purpose=MANUFACTURER)


def _oddities(message: Message, hash_based: Block | None, place: Place) -> Iterator[Finding]:
    for certificate in message.repeated:
        yield noted(
            "certificate-repeated", certificate.subject.text, certificate.sha256, place.whole(certificate.element)
        )
    if hash_based is not None:
        signer = hash_based.certificate
        yield noted("signature-not-checked", STATEMENT, signer.subject.text, place.whole(signer.element))
