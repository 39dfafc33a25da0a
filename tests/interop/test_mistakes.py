"""Known verification mistakes for which genuine keys and files are the best trap (tests/cases/MISTAKES.md)."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.interop.attested import production
from vaultproof.asn1.der import parse
from vaultproof.asn1.keyinfo import parse_public_key
from vaultproof.attestation.registry import adapter_for
from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import Algorithm, SignatureCheck, run_to_completion
from vaultproof.errors import Mismatch, VaultproofError

pytestmark = pytest.mark.interop

_DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
"""What stands before a SHA-256 digest in an RSA PKCS #1 v1.5 signature (RFC 8017, 9.2)."""


def small_exponent_root() -> tuple[bytes, int]:
    """The one genuine root with exponent 3 that is pinned, and its modulus."""
    (anchor,) = [item for item in production().anchors if item.rsa_exponent == 3]
    assert anchor.spki is not None
    fields = parse(parse_public_key(anchor.spki, "the root").key.octets).sequence("key")
    return anchor.spki, fields.integer("modulus")


def refused(message: bytes, number: int, exponents: tuple[int, ...] = (3,)) -> VaultproofError:
    spki, modulus = small_exponent_root()
    check = SignatureCheck(
        algorithm=Algorithm.RSA_PKCS1_SHA256,
        public_key=spki,
        message=message,
        signature=number.to_bytes((modulus.bit_length() + 7) // 8, "big"),
        rsa_exponents=exponents,
    )
    with pytest.raises(VaultproofError) as caught:
        run_to_completion(OpenSslBackend().verify(check))
    return caught.value


def cube_root(number: int) -> int:
    """The largest integer whose cube is not above ``number``."""
    low, high = 0, 1 << (number.bit_length() // 3 + 1)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if middle**3 <= number else (low, middle - 1)
    return low


def test_m12_a_digest_at_the_end_alone_is_no_signature(vectors: Path) -> None:
    """Anyone can make this one for an odd digest: a published validator compares the last 32 bytes alone."""
    message = next(text for text in (b"forged %d" % n for n in range(100)) if hashlib.sha256(text).digest()[-1] & 1)
    wanted = int.from_bytes(hashlib.sha256(message).digest(), "big")
    number = pow(wanted, pow(3, -1, 1 << 254), 1 << 256)
    assert pow(number, 3, small_exponent_root()[1]) % (1 << 256) == wanted
    error = refused(message, number)
    assert isinstance(error, Mismatch)
    assert error.code == "bad-signature"


def test_m12_a_digest_at_the_start_with_anything_behind_is_no_signature(vectors: Path) -> None:
    """Bleichenbacher's forgery for exponent 3: right padding and digest, and what follows is not looked at."""
    message = b"forged"
    head = b"\x00\x01" + b"\xff" * 8 + b"\x00" + _DIGEST_INFO + hashlib.sha256(message).digest()
    _, modulus = small_exponent_root()
    length = (modulus.bit_length() + 7) // 8
    rest = 8 * (length - len(head))
    number = cube_root(((int.from_bytes(head, "big") + 1) << rest) - 1)
    assert pow(number, 3, modulus).to_bytes(length, "big").startswith(head)
    error = refused(message, number)
    assert isinstance(error, Mismatch)
    assert error.code == "bad-signature"


def test_m12_exponent_three_is_refused_where_no_pin_allows_it(vectors: Path) -> None:
    assert refused(b"forged", 1, exponents=(65537,)).code == "key-exponent"


@pytest.mark.parametrize(
    ("technology", "files", "serial", "version"),
    [
        ("thales-luna", {"pkc.p7b": "thales-luna/rsa-pkc.p7b"}, "521174", "7.84"),
        (
            "marvell-liquidsecurity",
            {
                "attestation.dat.gz": "marvell-gcp/gcp_ec_attestation.dat.gz",
                "chain.pem": "marvell-gcp/gcp_ec_chain.pem",
            },
            "5.3G1953-ICM001225",
            None,
        ),
        (
            "yubikey-piv",
            {
                "attestation.pem": "sigstore-yubikey-piv/key_certs/13078778_2021-06-18_84887939a07a.pem",
                "chain.pem": "sigstore-yubikey-piv/device_certs/f9_e4e5233563dc.pem",
            },
            "13078778",
            "5.2.6",
        ),
    ],
)
def test_m17_numbers_are_read_in_their_makers_order(
    vectors: Path, technology: str, files: dict[str, str], serial: str, version: str | None
) -> None:
    """Luna's are little-endian, Marvell's big-endian, Yubico's DER: the serial number is printed on the device."""
    read = {name: (vectors / "attestation" / path).read_bytes() for name, path in files.items()}
    claims = adapter_for(technology).read(read).claims
    assert claims.attester.hwserial is not None
    assert claims.attester.hwserial.value == serial
    assert (claims.platform.swversion.value if claims.platform.swversion else None) == version
