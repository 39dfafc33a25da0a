"""``audit/``: the signer's log records up to this deployment's epoch, as fetched, and what the log says of itself."""

from __future__ import annotations

import re
from datetime import datetime

from vaultproof.evidence.files import FETCHED, NAMESPACE, Files, required
from vaultproof.frozen import frozen
from vaultproof.signer_log.answers import read_root
from vaultproof.strict.json import loads
from vaultproof.strict.records import Reader

_RECORD_PATH = re.compile(r"audit/([1-9][0-9]{0,15})\.json", re.ASCII)
_ARTIFACT_PATH = re.compile(r"audit/artifacts/([1-9][0-9]{0,15})\.json", re.ASCII)


@frozen
class Fetched:
    """When and where the copy of the log was taken: an operator's statement."""

    at: datetime
    source: str


@frozen
class NamespaceAnswer:
    """What the log's API said of the namespace: unsigned, so only ever compared with what is pinned.

    ``root_epoch`` and ``root_digest`` (hex) are None where the API names no root.
    """

    name: str
    root_epoch: int | None
    root_digest: str | None


def record_paths(files: Files) -> dict[int, str]:
    """Epoch number to path of its record, sorted by epoch."""
    found = {int(match[1]): path for path in files if (match := _RECORD_PATH.fullmatch(path))}
    return dict(sorted(found.items()))


def artifact_path(epoch: int) -> str:
    """Where the artifact that was logged at an earlier epoch stands."""
    return f"audit/artifacts/{epoch}.json"


def artifact_epochs(files: Files) -> set[int]:
    """The epochs whose artifacts stand under ``audit/artifacts/``."""
    return {int(match[1]) for path in files if (match := _ARTIFACT_PATH.fullmatch(path))}


def read_fetched(files: Files) -> Fetched:
    """The typed ``audit/fetched.json``.  Raises ``Malformed``, ``Unsupported`` or ``Unavailable``."""
    reader = Reader(loads(required(files, FETCHED), file=FETCHED), file=FETCHED)
    reader.schema("fetched")
    fetched = Fetched(at=reader.time("at"), source=reader.text("source", maximum=300))
    reader.done()
    return fetched


def read_namespace(files: Files) -> NamespaceAnswer:
    """The typed ``audit/namespace.json`` (``GET /namespaces/{ns}``): other fields are the signer's and are not used."""
    reader = Reader(loads(required(files, NAMESPACE), file=NAMESPACE), file=NAMESPACE)
    name = reader.text("name", maximum=200)
    root = read_root(reader, digest="[0-9a-f]{64}")
    if root is None:
        return NamespaceAnswer(name=name, root_epoch=None, root_digest=None)
    return NamespaceAnswer(name=name, root_epoch=root.epoch, root_digest=root.digest)
