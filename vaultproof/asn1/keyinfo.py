"""AlgorithmIdentifier and SubjectPublicKeyInfo (RFC 5280, 4.1.1.2 and 4.1.2.7), and what algorithm they mean to us."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

from vaultproof.asn1 import oids
from vaultproof.asn1.der import Bits, Element, Tag, context, parse
from vaultproof.crypto.port import Algorithm
from vaultproof.errors import Malformed, Unsupported
from vaultproof.frozen import frozen


@frozen
class AlgorithmIdentifier:
    """An algorithm as a file names it: ``oid``, and the parameters in place (None when absent)."""

    oid: str
    parameters: Element | None
    element: Element

    @property
    def has_null(self) -> bool:
        """Whether the parameters are an explicit NULL."""
        return self.parameters is not None and self.parameters.tag == Tag.NULL


@frozen
class PublicKeyInfo:
    """A public key in place: its algorithm and key bits.  ``sha256`` (hex) is how keys are pinned and compared."""

    algorithm: AlgorithmIdentifier
    key: Bits
    element: Element

    @property
    def raw(self) -> bytes:
        """The whole DER SubjectPublicKeyInfo."""
        return self.element.raw

    @property
    def sha256(self) -> str:
        """SHA-256 of the DER SubjectPublicKeyInfo, lower-case hex."""
        return hashlib.sha256(self.raw).hexdigest()

    @property
    def sha1_of_bits(self) -> bytes:
        """SHA-1 of the key bits: the usual key identifier (RFC 5280, 4.2.1.2, method 1).  It only ever names a key."""
        return hashlib.sha1(self.key.octets, usedforsecurity=False).digest()

    @property
    def kind(self) -> str:
        """What sort of key it is, by name: ``Ed25519``, ``rsaEncryption``, or the curve of an elliptic-curve key."""
        parameters = self.algorithm.parameters
        if self.algorithm.oid == oids.EC_PUBLIC_KEY and parameters is not None and parameters.tag == Tag.OID:
            return oids.name_of(parameters.oid("curve"))
        return oids.name_of(self.algorithm.oid)


def read_algorithm(element: Element, what: str = "an algorithm") -> AlgorithmIdentifier:
    """An AlgorithmIdentifier.  Raises ``Malformed``."""
    fields = element.sequence(what)
    oid = fields.oid(what)
    parameters = fields.take("parameters") if fields.more else None
    fields.finish()
    return AlgorithmIdentifier(oid=oid, parameters=parameters, element=element)


def read_public_key(element: Element, what: str = "a public key") -> PublicKeyInfo:
    """A SubjectPublicKeyInfo.  Raises ``Malformed``; whether the key itself is a good one is for the crypto port."""
    fields = element.sequence(what)
    algorithm = read_algorithm(fields.take("algorithm"), f"the algorithm of {what}")
    key = fields.bits("key")
    fields.finish()
    if key.unused:
        raise Malformed("spki-bits", f"{what} is not whole octets, at byte {element.offset}")
    return PublicKeyInfo(algorithm=algorithm, key=key, element=element)


def parse_public_key(data: bytes, what: str = "a public key") -> PublicKeyInfo:
    """A SubjectPublicKeyInfo that is all of ``data``.  Raises ``Malformed``."""
    return read_public_key(parse(data), what)


_RSA: Mapping[str, Algorithm] = MappingProxyType(
    {
        oids.SHA256_WITH_RSA: Algorithm.RSA_PKCS1_SHA256,
        oids.SHA384_WITH_RSA: Algorithm.RSA_PKCS1_SHA384,
        oids.SHA512_WITH_RSA: Algorithm.RSA_PKCS1_SHA512,
    }
)
_PSS: Mapping[str, tuple[Algorithm, int]] = MappingProxyType(
    {
        oids.SHA256: (Algorithm.RSA_PSS_SHA256, 32),
        oids.SHA384: (Algorithm.RSA_PSS_SHA384, 48),
        oids.SHA512: (Algorithm.RSA_PSS_SHA512, 64),
    }
)
_ECDSA: Mapping[tuple[str, str], Algorithm] = MappingProxyType(
    {
        (oids.SECP256R1, oids.ECDSA_WITH_SHA256): Algorithm.ECDSA_P256_SHA256,
        (oids.SECP256R1, oids.ECDSA_WITH_SHA384): Algorithm.ECDSA_P256_SHA384,
        (oids.SECP384R1, oids.ECDSA_WITH_SHA256): Algorithm.ECDSA_P384_SHA256,
        (oids.SECP384R1, oids.ECDSA_WITH_SHA384): Algorithm.ECDSA_P384_SHA384,
    }
)


def signature_algorithm(identifier: AlgorithmIdentifier, signer: PublicKeyInfo) -> Algorithm:
    """The port's algorithm for a signature that names ``identifier`` and is checked with the key ``signer``.

    Parameters that mean nothing (NULL or absent) are no reason to refuse here; x509.py records where they are odd.
    Raises ``Unsupported("signature-algorithm")`` for what we do not check (SHA-1 and other curves among it), and
    ``Malformed("signature-key")`` when key and algorithm are of different families.
    """
    if identifier.oid in _RSA or identifier.oid == oids.RSASSA_PSS:
        _require_family(signer, oids.RSA_ENCRYPTION, oids.RSASSA_PSS)
        return _pss(identifier) if identifier.oid == oids.RSASSA_PSS else _plain(identifier, _RSA[identifier.oid])
    if identifier.oid == oids.ED25519:
        _require_family(signer, oids.ED25519)
        return _plain(identifier, Algorithm.ED25519)
    if identifier.oid in (oids.ECDSA_WITH_SHA256, oids.ECDSA_WITH_SHA384):
        _require_family(signer, oids.EC_PUBLIC_KEY)
        parameters = signer.algorithm.parameters
        curve = parameters.oid("curve") if parameters is not None and parameters.tag == Tag.OID else "no named curve"
        if (curve, identifier.oid) in _ECDSA:
            return _plain(identifier, _ECDSA[curve, identifier.oid])
        raise _unsupported(f"{oids.name_of(identifier.oid)} on {oids.name_of(curve)}")
    raise _unsupported(oids.name_of(identifier.oid))


def _unsupported(found: str) -> Unsupported:
    return Unsupported("signature-algorithm", "a signature algorithm that this verifier does not check", found=found)


def _require_family(signer: PublicKeyInfo, *families: str) -> None:
    if signer.algorithm.oid not in families:
        raise Malformed(
            "signature-key",
            "a signature names an algorithm that the signer's key cannot make",
            expected=" or ".join(map(oids.name_of, families)),
            found=oids.name_of(signer.algorithm.oid),
        )


def _plain(identifier: AlgorithmIdentifier, algorithm: Algorithm) -> Algorithm:
    if identifier.parameters is not None and not identifier.has_null:
        raise Malformed("algorithm-parameters", "an algorithm has parameters where none belong")
    return algorithm


def _pss(identifier: AlgorithmIdentifier) -> Algorithm:
    """RSASSA-PSS-params (RFC 4055, 3.1), only where one digest serves for all and the salt is as long as it."""
    if identifier.parameters is None:
        raise _unsupported("RSASSA-PSS with SHA-1 defaults")
    fields = identifier.parameters.sequence("RSASSA-PSS parameters")
    digest = fields.optional(context(0))
    mask = fields.optional(context(1))
    salt = fields.optional(context(2))
    trailer = fields.optional(context(3))
    fields.finish()
    if digest is None or mask is None or salt is None:
        raise _unsupported("RSASSA-PSS with SHA-1 defaults")
    digest_oid = read_algorithm(digest.explicit(0, "digest")).oid
    generator = read_algorithm(mask.explicit(1, "mask generator"))
    same = generator.oid == oids.MGF1 and generator.parameters is not None
    same = same and read_algorithm(generator.parameters or identifier.element).oid == digest_oid
    algorithm, size = _PSS.get(digest_oid, (None, 0))
    one_trailer = trailer is None or trailer.explicit(3, "trailer").integer("trailer") == 1
    if algorithm is None or not same or salt.explicit(2, "salt").integer("salt length") != size or not one_trailer:
        raise _unsupported("RSASSA-PSS with unusual parameters")
    return algorithm
