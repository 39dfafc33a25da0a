"""Runs signature vectors through a backend: the very same code under CPython and inside a browser's Pyodide.

Needs nothing but the core and the standard library, and no files: the caller brings the bytes.  Reads the schemas of
Wycheproof (``testGroups``) for Ed25519, ECDSA in DER, RSA PKCS #1 v1.5 and RSA-PSS, and the ``ed25519-speccheck`` list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from vaultproof.crypto import Algorithm, Backend, SignatureCheck, ed25519_spki
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, Untrusted

Answer = tuple[int, bool | None]
"""A vector's number, and whether it was accepted; None where the engine could not say, which is never a no."""

STRICT_SPECCHECK = "000100000000"
"""What a strict Ed25519 verifier answers to the twelve cases of ed25519-speccheck, as ``verify_strict`` does."""

_ECDSA = {
    ("secp256r1", "SHA-256"): Algorithm.ECDSA_P256_SHA256,
    ("secp384r1", "SHA-384"): Algorithm.ECDSA_P384_SHA384,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One vector: its number, the check it asks for, and whether it must be accepted ("acceptable" must not)."""

    number: int
    check: SignatureCheck
    valid: bool


def read_vectors(data: bytes) -> list[Vector]:
    """The vectors of one file, in its order.  Raises ``KeyError`` or ``ValueError`` for a file of another kind."""
    document = json.loads(data)
    if isinstance(document, list):
        return list(_speccheck(document))
    return [vector for group in document["testGroups"] for vector in _group(document["algorithm"], group)]


async def run(data: bytes, backend: Backend) -> list[Answer]:
    """What the backend answers to each vector of one file."""
    return [(vector.number, await accepts(backend, vector.check)) for vector in read_vectors(data)]


async def run_all(vectors: dict[str, bytes], backend: Backend) -> dict[str, list[Answer]]:
    """What the backend answers to each vector of each file, by file name."""
    return {name: await run(data, backend) for name, data in vectors.items()}


def expected(data: bytes) -> list[Answer]:
    """What a right backend answers to each vector of one file."""
    return [(vector.number, vector.valid) for vector in read_vectors(data)]


async def accepts(backend: Backend, check: SignatureCheck) -> bool | None:
    """True when the check passes, False when it is refused, None when the engine cannot say."""
    try:
        await backend.verify(check)
    except (Malformed, Mismatch, Untrusted):
        return False
    except (Unavailable, Unsupported):
        return None
    return True


def _speccheck(cases: list[dict[str, str]]) -> Iterator[Vector]:
    for number, case in enumerate(cases):
        check = SignatureCheck(
            algorithm=Algorithm.ED25519,
            public_key=ed25519_spki(bytes.fromhex(case["pub_key"])),
            message=bytes.fromhex(case["message"]),
            signature=bytes.fromhex(case["signature"]),
        )
        yield Vector(number=number, check=check, valid=STRICT_SPECCHECK[number] == "1")


def _group(kind: str, group: dict[str, Any]) -> Iterator[Vector]:
    template = SignatureCheck(
        algorithm=_algorithm(kind, group),
        public_key=bytes.fromhex(group["publicKeyDer"]),
        message=b"",
        signature=b"",
        minimum_rsa_bits=2048,
        rsa_exponents=(3, 65537),  # two groups test keys with e = 3
    )
    for test in group["tests"]:
        check = replace(template, message=bytes.fromhex(test["msg"]), signature=bytes.fromhex(test["sig"]))
        yield Vector(number=test["tcId"], check=check, valid=test["result"] == "valid")


def _algorithm(kind: str, group: dict[str, Any]) -> Algorithm:
    if kind == "EDDSA":
        return Algorithm.ED25519
    if kind == "ECDSA":
        return _ECDSA[group["publicKey"]["curve"], group["sha"]]
    if kind == "RSASSA-PSS" and (group["mgfSha"], group["sLen"]) == (group["sha"], int(group["sha"][4:]) // 8):
        return Algorithm("rsa-pss-" + group["sha"].lower().replace("-", ""))
    if kind == "RSASSA-PKCS1-v1_5":
        return Algorithm("rsa-pkcs1-" + group["sha"].lower().replace("-", ""))
    raise ValueError(f"vectors of another kind: {kind}")
