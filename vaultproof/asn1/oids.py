"""Object identifiers of X.509 and of the algorithms in use, with the names under which people know them.

One table for what standards assign.  A technology's own identifiers live in its adapter, which hands a page the names.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# Public keys (RFC 3279, RFC 4055, RFC 5480, RFC 8410).
RSA_ENCRYPTION = "1.2.840.113549.1.1.1"
RSASSA_PSS = "1.2.840.113549.1.1.10"
EC_PUBLIC_KEY = "1.2.840.10045.2.1"
ED25519 = "1.3.101.112"

# Named curves (RFC 5480, SEC 2).
SECP256R1 = "1.2.840.10045.3.1.7"
SECP384R1 = "1.3.132.0.34"
SECP521R1 = "1.3.132.0.35"
SECP256K1 = "1.3.132.0.10"

# Signatures (RFC 3279, RFC 4055, RFC 5758).
SHA1_WITH_RSA = "1.2.840.113549.1.1.5"
SHA256_WITH_RSA = "1.2.840.113549.1.1.11"
SHA384_WITH_RSA = "1.2.840.113549.1.1.12"
SHA512_WITH_RSA = "1.2.840.113549.1.1.13"
ECDSA_WITH_SHA1 = "1.2.840.10045.4.1"
ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2"
ECDSA_WITH_SHA384 = "1.2.840.10045.4.3.3"
ECDSA_WITH_SHA512 = "1.2.840.10045.4.3.4"
MGF1 = "1.2.840.113549.1.1.8"

# Digests (RFC 5754).
SHA1 = "1.3.14.3.2.26"
SHA256 = "2.16.840.1.101.3.4.2.1"
SHA384 = "2.16.840.1.101.3.4.2.2"
SHA512 = "2.16.840.1.101.3.4.2.3"

# Certificate extensions (RFC 5280, 4.2.1).
SUBJECT_KEY_IDENTIFIER = "2.5.29.14"
KEY_USAGE = "2.5.29.15"
BASIC_CONSTRAINTS = "2.5.29.19"
AUTHORITY_KEY_IDENTIFIER = "2.5.29.35"
EXTENDED_KEY_USAGE = "2.5.29.37"

# Attributes of names (X.520).
COMMON_NAME = "2.5.4.3"
SERIAL_NUMBER = "2.5.4.5"

DIGEST_NAMES: Mapping[str, str] = MappingProxyType({SHA256: "sha-256", SHA384: "sha-384", SHA512: "sha-512"})
"""Digests that a measurement may use, by the names of RFC 9393 (as EAT uses them)."""

DIGEST_BYTES: Mapping[str, int] = MappingProxyType({"sha-256": 32, "sha-384": 48, "sha-512": 64})
"""How many bytes each of those digests has."""

ATTRIBUTE_NAMES: Mapping[str, str] = MappingProxyType(
    {
        COMMON_NAME: "CN",
        "2.5.4.4": "SN",
        SERIAL_NUMBER: "serialNumber",
        "2.5.4.6": "C",
        "2.5.4.7": "L",
        "2.5.4.8": "ST",
        "2.5.4.9": "street",
        "2.5.4.10": "O",
        "2.5.4.11": "OU",
        "2.5.4.12": "title",
        "2.5.4.17": "postalCode",
        "2.5.4.42": "GN",
        "2.5.4.46": "dnQualifier",
        "0.9.2342.19200300.100.1.1": "UID",
        "0.9.2342.19200300.100.1.25": "DC",
        "1.2.840.113549.1.9.1": "emailAddress",
    }
)
"""Short names of name attributes (RFC 4514, 3, and what certificates commonly add)."""

NAMES: Mapping[str, str] = MappingProxyType(
    {
        RSA_ENCRYPTION: "rsaEncryption",
        RSASSA_PSS: "rsassaPss",
        EC_PUBLIC_KEY: "ecPublicKey",
        ED25519: "Ed25519",
        SECP256R1: "secp256r1 (P-256)",
        SECP384R1: "secp384r1 (P-384)",
        SECP521R1: "secp521r1 (P-521)",
        SECP256K1: "secp256k1",
        SHA1_WITH_RSA: "sha1WithRSAEncryption",
        SHA256_WITH_RSA: "sha256WithRSAEncryption",
        SHA384_WITH_RSA: "sha384WithRSAEncryption",
        SHA512_WITH_RSA: "sha512WithRSAEncryption",
        ECDSA_WITH_SHA1: "ecdsa-with-SHA1",
        ECDSA_WITH_SHA256: "ecdsa-with-SHA256",
        ECDSA_WITH_SHA384: "ecdsa-with-SHA384",
        ECDSA_WITH_SHA512: "ecdsa-with-SHA512",
        MGF1: "mgf1",
        SHA1: "sha-1",
        **DIGEST_NAMES,
        SUBJECT_KEY_IDENTIFIER: "subjectKeyIdentifier",
        KEY_USAGE: "keyUsage",
        "2.5.29.17": "subjectAltName",
        BASIC_CONSTRAINTS: "basicConstraints",
        "2.5.29.30": "nameConstraints",
        "2.5.29.31": "cRLDistributionPoints",
        "2.5.29.32": "certificatePolicies",
        AUTHORITY_KEY_IDENTIFIER: "authorityKeyIdentifier",
        EXTENDED_KEY_USAGE: "extKeyUsage",
        "1.3.6.1.5.5.7.1.1": "authorityInfoAccess",
        "1.3.6.1.5.5.7.3.1": "serverAuth",
        "1.3.6.1.5.5.7.3.2": "clientAuth",
        "1.3.6.1.5.5.7.3.3": "codeSigning",
        **ATTRIBUTE_NAMES,
    }
)
"""Every standard identifier of this table with its name."""


def name_of(oid: str, more: Mapping[str, str] | None = None) -> str:
    """The name of ``oid`` in this table or in ``more`` (an adapter's own names); the dotted form when unknown."""
    return NAMES.get(oid) or (more or {}).get(oid) or oid
