"""The crypto port: what a signature check is, and what a backend must do with it.

A check names algorithm, public key, message and signature; a backend verifies it or raises.  Nothing returns a bool.
The semantics are ours, not the backend's: ``strictness.check`` runs before every backend, so that every engine gives
the same answer for the same bytes (decision 0001).
"""

from __future__ import annotations

from collections.abc import Coroutine
from enum import StrEnum
from typing import Any, Protocol, TypeVar

from vaultproof.frozen import frozen

T = TypeVar("T")


class Algorithm(StrEnum):
    """Signature algorithms, named as in reports and in trust.json."""

    ED25519 = "ed25519"
    ECDSA_P256_SHA256 = "ecdsa-p256-sha256"
    ECDSA_P256_SHA384 = "ecdsa-p256-sha384"
    ECDSA_P384_SHA256 = "ecdsa-p384-sha256"
    ECDSA_P384_SHA384 = "ecdsa-p384-sha384"
    RSA_PSS_SHA256 = "rsa-pss-sha256"
    RSA_PSS_SHA384 = "rsa-pss-sha384"
    RSA_PSS_SHA512 = "rsa-pss-sha512"
    RSA_PKCS1_SHA256 = "rsa-pkcs1-sha256"
    RSA_PKCS1_SHA384 = "rsa-pkcs1-sha384"
    RSA_PKCS1_SHA512 = "rsa-pkcs1-sha512"


class SignatureEncoding(StrEnum):
    """How an ECDSA signature is written: DER SEQUENCE {r, s} (RFC 3279) or r || s of 2n bytes (RFC 9053, WebCrypto).

    Ed25519 and RSA have one encoding each and ignore this.
    """

    DER = "der"
    RAW = "raw"


@frozen
class SignatureCheck:
    """One signature to verify.

    ``public_key`` is a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7); ``message`` the exact bytes that were signed;
    ``minimum_rsa_bits`` the key-size floor that applies here (3072 unless a pinned vendor profile says otherwise);
    ``rsa_exponents`` the public exponents that apply here (65537 alone unless a pinned vendor profile says otherwise).
    """

    algorithm: Algorithm
    public_key: bytes
    message: bytes
    signature: bytes
    encoding: SignatureEncoding = SignatureEncoding.DER
    minimum_rsa_bits: int = 3072
    rsa_exponents: tuple[int, ...] = (65537,)


class Backend(Protocol):
    """An engine that verifies signatures."""

    name: str

    async def verify(self, check: SignatureCheck) -> None:
        """Return when the signature holds.

        Raises ``Mismatch("bad-signature")`` when it does not, ``Malformed`` when key or signature is not encoded as
        its standard says, ``Untrusted("weak-key")`` under the key-size floor, ``Unsupported`` or ``Unavailable`` when
        this engine cannot do the algorithm (which is never a statement about the signature).
        """


def run_to_completion(work: Coroutine[Any, Any, T]) -> T:
    """Drive a coroutine that never really waits, as every check on the CPython backend is.

    Raises ``RuntimeError`` if the coroutine suspends: then a backend that needs an event loop was used without one.
    """
    try:
        work.send(None)
    except StopIteration as done:
        result: T = done.value
        return result
    work.close()
    raise RuntimeError("the crypto backend suspended; run it in an event loop instead")
