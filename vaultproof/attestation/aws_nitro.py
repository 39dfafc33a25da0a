"""Adapter for attestation documents of AWS Nitro Enclaves: one signed CBOR file with all of its certificates.

A member's file is ``attestation.cbor`` (or ``attestation.bin``).  The hypervisor of one EC2 instance signs; what it
attests is the code of an enclave, and through the code the key in ``public_key``: where that key came from and where it
may go is nothing that the document says, so those claims stay absent.

Layout in ``aws_nitro_document.py``, the chain in ``aws_nitro_chain.py``, claims in ``aws_nitro_claims.py``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from vaultproof.attestation.adapter import Attestation, SignedBytes, Statement
from vaultproof.attestation.aws_nitro_chain import name_findings, nitro_chain
from vaultproof.attestation.aws_nitro_claims import (
    ADAPTER_VERSION,
    PROFILE,
    TECHNOLOGY,
    normalise,
    other_registers,
    time_finding,
)
from vaultproof.attestation.aws_nitro_document import Document, Place, read_document
from vaultproof.attestation.findings import Finding, Outcome
from vaultproof.crypto.port import Algorithm, SignatureEncoding
from vaultproof.errors import Malformed, Unavailable, Unsupported, VaultproofError

FILES = ("attestation.cbor", "attestation.bin")
"""Names of the file that is read; a member has one of them."""

_MODULE = re.compile(r"(i-[0-9a-f]{8,32})-enc[0-9a-f]{8,32}")


class AwsNitroAdapter:
    """Reads attestation documents of Nitro Enclaves."""

    technology = TECHNOLOGY
    version = ADAPTER_VERSION
    oid_names: Mapping[str, str] = MappingProxyType({})

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's document; see ``Adapter.read`` for what it raises."""
        file = _document_file(member_files)
        try:
            document = read_document(member_files[file])
            place = Place(file=file)
            return _attestation(document, member_files[file], place, _unread(member_files, file))
        except VaultproofError as error:
            raise error.in_file(file) from None


def _document_file(files: Mapping[str, bytes]) -> str:
    found = [name for name in FILES if name in files]
    if not found:
        raise Unavailable(
            "no-evidence", "a member has no attestation document", expected=" or ".join(FILES),
            found=", ".join(sorted(files)) or "no files",
        )  # fmt: skip
    if len(found) > 1:
        raise Malformed(
            "two-evidence-files", "a member has two attestation documents", expected="one", found=" and ".join(found)
        )
    return found[0]


def _unread(files: Mapping[str, bytes], file: str) -> tuple[Finding, ...]:
    names = sorted(set(files) - {file})
    return tuple(Finding(code="unread-file", outcome=Outcome.NOTED, subject=name, required=False) for name in names)


def _attestation(document: Document, data: bytes, place: Place, unread: tuple[Finding, ...]) -> Attestation:
    chain = nitro_chain(document, place)
    module = document.module_id.text("module_id")
    instance = _instance(module)
    signed = SignedBytes(
        message=document.to_be_signed,
        signature=document.signature,
        algorithm=Algorithm.ECDSA_P384_SHA384,
        encoding=SignatureEncoding.RAW,
    )
    claims = normalise(document, data, place, chain, instance)
    return Attestation(
        technology=TECHNOLOGY,
        profile=PROFILE,
        claims=claims,
        chains=(chain,),
        statements=(Statement(name="document", signed=signed),),
        findings=(
            *name_findings(chain, module, instance),
            *time_finding(claims),
            *other_registers(document, place),
            *unread,
        ),
        signed_at=None if claims.evidence.iat is None else claims.evidence.iat.value,
    )


def _instance(module: str) -> str:
    matched = _MODULE.fullmatch(module)
    if matched is None:
        raise Unsupported(
            "module-id", "the module is no enclave of an EC2 instance", expected="i-...-enc...", found=module[:80]
        )
    return matched[1]
