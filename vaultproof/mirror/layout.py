"""A mirror as plain files: where each answer stands, and its line in ``index.jsonl``.

The answer that counts for a question stands under the path of the API (with an ending, because a file system cannot
hold ``/namespaces`` and ``/namespaces/x`` at once).  Every other answer stands under its SHA-256.  The index is the
whole truth: one JSON object a line (RFC 8785), in the order in which answers were first kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import rfc8785

from vaultproof.mirror.answer import Answer, Resource, StoredAnswer
from vaultproof.signer_log.paths import check_namespace
from vaultproof.strict.encodings import MAX_MILLISECONDS
from vaultproof.strict.json import loads
from vaultproof.strict.paths import check_path
from vaultproof.strict.records import Reader

INDEX = "index.jsonl"
SCHEMA = "log-copy"
HEADER = rfc8785.dumps({"schema": f"vaultproof/{SCHEMA}@1"}) + b"\n"
MAX_LINE_BYTES = 4096
OTHER = "other"
"""The folder of answers that another one stands for at the path of the API."""

_OF_THE_SIGNER = {
    Resource.INFO: "info.json",
    Resource.NAMESPACES: "namespaces.json",
    Resource.NAMESPACE: "namespaces/{}/namespace.json",
    Resource.LAST_VERIFIED_EPOCH: "namespaces/{}/last-verified-epoch.json",
    Resource.AUDIT: "namespaces/{}/audits/{}.json",
    Resource.ARTIFACT: "namespaces/{}/artifacts/{}.json",
    Resource.COUNTER_SIGNATURE: "namespaces/{}/counter-signatures/{}.json",
}
WITHOUT_NAMESPACE = frozenset({Resource.INFO, Resource.NAMESPACES})
OF_AN_EPOCH = frozenset({Resource.AUDIT, Resource.ARTIFACT, Resource.COUNTER_SIGNATURE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the index: an answer without its body, and where that stands."""

    path: str
    resource: Resource
    namespace: str | None
    epoch: int | None
    status: int
    sha256: bytes
    origin: str
    first_seen: int
    last_seen: int

    def answer(self, body: bytes) -> Answer:
        """The answer with its body; an index is the word of whoever made it, so none of it was fetched."""
        return Answer(
            resource=self.resource, namespace=self.namespace, epoch=self.epoch, status=self.status, body=body,
            origin=self.origin, at=self.first_seen, last_at=self.last_seen, fetched=False,
        )  # fmt: skip


def own_path(answer: StoredAnswer) -> str:
    """The path of the API for the question that ``answer`` answers.  Raises ``Malformed`` for a bad namespace."""
    namespace = "" if answer.namespace is None else check_namespace(answer.namespace)
    return check_path(_OF_THE_SIGNER[answer.resource].format(namespace, answer.epoch))


def other_path(answer: StoredAnswer) -> str:
    """Where an answer stands that does not stand for its question."""
    return f"{OTHER}/{answer.sha256.hex()}"


def line(answer: StoredAnswer, path: str) -> bytes:
    """The line of the index for ``answer``, whose body stands at ``path``."""
    value: dict[str, str | int] = {
        "first_seen": answer.first_seen,
        "last_seen": answer.last_seen,
        "origin": answer.origin,
        "path": path,
        "resource": answer.resource.value,
        "sha256": answer.sha256.hex(),
        "status": answer.status,
    }
    if answer.namespace is not None:
        value["namespace"] = answer.namespace
    if answer.epoch is not None:
        value["epoch"] = answer.epoch
    return rfc8785.dumps(value) + b"\n"


def read_header(data: bytes, *, file: str) -> None:
    """Check the first line of an index.  Raises ``Malformed``, or ``Unsupported`` for a newer form."""
    reader = Reader(loads(data, file=file), file=file)
    reader.schema(SCHEMA)
    reader.done()


def read_line(data: bytes, *, file: str) -> Line:
    """A typed line from its bytes.  Raises ``Malformed``."""
    reader = Reader(loads(data, file=file), file=file)
    resource = Resource(reader.text("resource", maximum=40, pattern="|".join(Resource)))
    namespace = reader.optional_text("namespace", maximum=200)
    epoch = reader.optional_integer("epoch", minimum=1)
    found = Line(
        path=check_path(reader.text("path", maximum=300)),
        resource=resource,
        namespace=namespace,
        epoch=epoch,
        status=reader.integer("status", minimum=100, maximum=599),
        sha256=reader.hex("sha256", length=32),
        origin=reader.text("origin", maximum=2000),
        first_seen=reader.integer("first_seen", maximum=MAX_MILLISECONDS),
        last_seen=reader.integer("last_seen", maximum=MAX_MILLISECONDS),
    )
    reader.done()
    if (namespace is None) != (resource in WITHOUT_NAMESPACE) or (epoch is not None) != (resource in OF_AN_EPOCH):
        raise reader.wrong("resource", "a namespace and an epoch where the resource has them", resource.value)
    if namespace is not None:
        check_namespace(namespace)
    if found.last_seen < found.first_seen:
        raise reader.wrong("last_seen", "a time not before first_seen", found.last_seen)
    return found
