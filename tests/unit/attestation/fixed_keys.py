"""RSA keys that are the same in every run and protect nothing: anybody can make them anew from a public seed.

OpenSSL makes RSA keys from chance alone.  Each prime here is the first one at or after an odd number that is derived
from the seed and the key's label; the table says how many odd numbers further on it was found, so that nobody searches
again.  A number that is no prime would be refused when the key is put together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric import rsa

from generator.rehearsal.authorities import PUBLIC_SEED

EXPONENT = 65537
PRIME_BITS = 1024

STEPS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "rehearsal maker": (230, 107),
        "rehearsal owner": (650, 43),
        "rehearsal root": (255, 1491),
        "rehearsal card 1": (176, 315),
        "rehearsal card 2": (39, 517),
        "rehearsal card 3": (141, 316),
        "rehearsal partition 1": (436, 57),
        "rehearsal partition 2": (253, 86),
        "rehearsal partition 3": (342, 112),
        "rehearsal device 1": (30, 399),
        "rehearsal device 2": (107, 546),
        "rehearsal device 3": (330, 22),
        "rehearsal attestation 1": (1273, 121),
        "rehearsal attestation 2": (71, 358),
        "rehearsal attestation 3": (42, 24),
    }
)
"""How far each label's two primes lie behind their starting points, in steps of two."""


def fixed_key(label: str) -> rsa.RSAPrivateKey:
    """The key (2048 bits) of a label of ``STEPS``.  Raises ``KeyError`` for another label."""
    p, q = (_start(label, name) + 2 * steps for name, steps in zip("pq", STEPS[label], strict=True))
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    return rsa.RSAPrivateNumbers(
        p=p, q=q, d=d, dmp1=rsa.rsa_crt_dmp1(d, p), dmq1=rsa.rsa_crt_dmq1(d, q), iqmp=rsa.rsa_crt_iqmp(p, q),
        public_numbers=rsa.RSAPublicNumbers(EXPONENT, p * q),
    ).private_key()  # fmt: skip


def _start(label: str, name: str) -> int:
    """An odd number whose two highest bits are set, so that the product of two such has all its bits."""
    octets = PUBLIC_SEED.octets(f"{label}/{name}", PRIME_BITS // 8)
    return int.from_bytes(octets, "big") | 3 << PRIME_BITS - 2 | 1
