"""The answer about one attestation as JSON values, in the shape of ``schema/attestation-check.schema.json``."""

from __future__ import annotations

import hashlib
from typing import Any

from vaultproof.attestation.chain import Endorsement
from vaultproof.attestation.claim_rows import claim_rows
from vaultproof.attestation.claims import Source
from vaultproof.attestation.findings import Finding
from vaultproof.attestation.given import Given
from vaultproof.attestation.single import SingleCheck, answer_of
from vaultproof.errors import VaultproofError
from vaultproof.strict.encodings import format_time

SCHEMA = "vaultproof/attestation-check@1"


def as_json(check: SingleCheck) -> dict[str, Any]:
    """The whole answer; every key is always there, null where there is nothing to say."""
    question, read = check.question, check.attestation
    return {
        "schema": SCHEMA,
        "files": [_file(item, check) for item in (*question.given, *question.chain)],
        "recognised_as": list(check.recognised),
        "technology": check.technology,
        "profile": None if read is None else read.profile,
        "adapter_version": None if read is None else read.claims.attester.adapter_version,
        "at": format_time(question.at),
        "clock": format_time(question.now),
        "nonce": None if question.nonce is None else question.nonce.hex(),
        "lenient": question.lenient,
        "warnings": [_finding(item) for item in check.warnings],
        "roots": check.trust.kind.value,
        "trust_digest": check.trust.digest,
        "claims": _claims(check),
        "chains": _chains(check),
        "checks": [
            {"id": id, "answer": answer_of(findings).value, "findings": [_finding(item) for item in findings]}
            for id, findings in check.checks.items()
        ],
        "error": None if check.error is None else _error(check.error),
        "answer": check.answer.value,
    }


def _file(given: Given, check: SingleCheck) -> dict[str, Any]:
    return {
        "file": given.name,
        "size": len(given.data),
        "sha256": hashlib.sha256(given.data).hexdigest(),
        "read_as": [] if check.arrangement is None else list(check.arrangement.read_as(given.name)),
    }


def _claims(check: SingleCheck) -> list[dict[str, Any]]:
    if check.attestation is None or check.arrangement is None:
        return []
    return [
        {
            "path": row.path,
            "value": row.value,
            "grade": row.grade.value,
            "place": _place(check.arrangement.source(row.source)),
        }
        for row in claim_rows(check.attestation.claims)
    ]


def _chains(check: SingleCheck) -> list[dict[str, Any]]:
    if check.attestation is None or check.chain is None:
        return []
    endorsements = iter(check.chain.endorsements)
    return [
        {
            "name": chain.name,
            "purpose": chain.purpose,
            "anchor": _anchor(check, chain.name),
            "links": [_link(next(endorsements)) for _ in chain.links],
        }
        for chain in check.attestation.chains
    ]


def _anchor(check: SingleCheck, name: str) -> dict[str, Any] | None:
    anchor = None if check.chain is None else check.chain.anchors.get(name)
    if anchor is None:
        return None
    return {"id": anchor.id, "name": anchor.name, "spki_sha256": anchor.spki_sha256}


def _link(item: Endorsement) -> dict[str, Any]:
    return {
        "role": item.role.value,
        "subject": item.subject,
        "issuer": item.issuer,
        "spki_sha256": item.spki_sha256,
        "not_before": None if item.not_before is None else format_time(item.not_before),
        "not_after": None if item.not_after is None else format_time(item.not_after),
    }


def _finding(item: Finding) -> dict[str, Any]:
    advisory = item.advisory
    return {
        "code": item.code,
        "outcome": item.outcome.value,
        "required": item.required,
        "as_of": item.as_of.value,
        "subject": item.subject,
        "expected": item.expected,
        "found": item.found,
        "grade": None if item.grade is None else item.grade.value,
        "reference": item.reference,
        "advisory": None
        if advisory is None
        else {"id": advisory.id, "published": advisory.published, "url": advisory.url},
        "place": None if item.source is None else _place(item.source),
    }


def _place(source: Source) -> dict[str, Any]:
    return {"file": source.file, "block": source.block, "offset": source.offset, "length": source.length}


def _error(error: VaultproofError) -> dict[str, Any]:
    return {
        "code": error.code,
        "message": error.message,
        "file": error.file,
        "pointer": error.pointer,
        "expected": error.expected,
        "found": error.found,
        "hint": error.hint,
    }
