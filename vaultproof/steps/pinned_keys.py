"""Which of a party's pinned keys made a signature: a party may have several, and a signature need not name its key."""

from __future__ import annotations

from collections.abc import Sequence

from vaultproof.crypto.port import Backend, SignatureCheck
from vaultproof.errors import Mismatch, Unavailable, Unsupported, VaultproofError
from vaultproof.trust.configuration import PinnedKey


async def verifying_key(backend: Backend, keys: Sequence[PinnedKey], message: bytes, signature: bytes) -> PinnedKey:
    """The first of ``keys`` under which the signature holds.

    Raises what tells why there is none: when this engine cannot tell for one of the keys, that, because with that key
    the signature might hold; otherwise the last refusal.
    """
    failure: VaultproofError | None = None
    undecided: VaultproofError | None = None
    for key in keys:
        try:
            await backend.verify(
                SignatureCheck(algorithm=key.algorithm, public_key=key.spki, message=message, signature=signature)
            )
        except (Unsupported, Unavailable) as error:
            undecided = error
        except VaultproofError as error:
            failure = error
        else:
            return key
    raise undecided or failure or Mismatch("bad-signature", "the signature holds under no key")
