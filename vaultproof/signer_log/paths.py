"""Request paths of the log's read API, as its own public client asks for them (cloudflare/plexi, ``client``).

A path begins with ``/`` and stands below the log's address.  It is made of a namespace and a number alone, and both are
looked at first: nothing that anybody names may leave its place in the path, nor in a file system that keeps answers
under these paths.
"""

from __future__ import annotations

import re

from vaultproof.errors import Malformed
from vaultproof.strict.encodings import clip
from vaultproof.strict.json import MAX_SAFE_INTEGER

INFO = "/info"
NAMESPACES = "/namespaces"
MAX_NAMESPACE = 200
"""Length cap of a namespace, in characters; the longest that the log lists has about 50."""

_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*", re.ASCII)


def check_namespace(name: str) -> str:
    """``name`` itself when it can stand in a path as it is.

    Letters, digits, dot, dash and underscore, and neither a dot nor a dash in front.  Raises
    ``Malformed("bad-namespace")``.
    """
    if len(name) <= MAX_NAMESPACE and _NAMESPACE.fullmatch(name):
        return name
    raise Malformed(
        "bad-namespace", "this cannot be a namespace of the log", found=clip(name),
        expected=f"1 to {MAX_NAMESPACE} letters, digits, dots, dashes or underscores",
    )  # fmt: skip


def check_epoch_number(epoch: int) -> int:
    """``epoch`` itself when records can have it: 1 to 2^53-1.  Raises ``Malformed("bad-epoch")``."""
    if 1 <= epoch <= MAX_SAFE_INTEGER:
        return epoch
    raise Malformed("bad-epoch", "this cannot be an epoch", expected=f"1 to {MAX_SAFE_INTEGER}", found=str(epoch))


def namespace_path(namespace: str) -> str:
    """What the log says of one namespace.  Raises ``Malformed``, as all of these do."""
    return f"{NAMESPACES}/{check_namespace(namespace)}"


def epoch_path(namespace: str, epoch: int) -> str:
    """The signer's record of one epoch."""
    return f"{namespace_path(namespace)}/audits/{check_epoch_number(epoch)}"


def last_verified_path(namespace: str) -> str:
    """The last epoch whose proof the signer has checked; namespaces without proofs have none."""
    return f"{namespace_path(namespace)}/last-verified-epoch"
