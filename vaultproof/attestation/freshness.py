"""Freshness: the nonce that Evidence must carry, so that it can only have been made for this deployment.

A device signs the nonce together with its claims.  The nonce is computed from the deployment and the keys it publishes,
so Evidence from another device, another ceremony or an earlier deployment carries another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

NONCE_LABEL = "vaultproof/attestation-nonce@1"


def attestation_nonce(deployment_id: str, technology: str, key_fingerprints: Iterable[str]) -> bytes:
    """The nonce of a deployment: SHA-256 over the UTF-8 lines label, deployment id, technology and sorted fingerprints.

    ``key_fingerprints`` are the SHA-256 digests of the published keys as lower-case hex; their order does not matter
    and repetitions are the caller's error.  Every line ends with one newline.  Returns 32 bytes.
    """
    lines = [NONCE_LABEL, deployment_id, technology, "\n".join(sorted(key_fingerprints))]
    return hashlib.sha256("".join(f"{line}\n" for line in lines).encode("utf-8")).digest()
