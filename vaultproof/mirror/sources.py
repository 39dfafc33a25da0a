"""A second source: the signer holds digests and signatures only; what was logged and who counter-signed is elsewhere.

Nothing from here is believed: an artifact belongs to an epoch when its SHA-256 is the epoch's digest, and only then.
A folder may hold anything (published deployments too); an address is a template with ``{namespace}``, ``{epoch}`` and
``{digest}``.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from vaultproof.errors import Malformed, Unavailable, VaultproofError
from vaultproof.evidence.epoch import read_epoch, read_proof
from vaultproof.mirror.addresses import check_address
from vaultproof.mirror.answer import MAX_ARTIFACT_BYTES, MAX_RECORD_BYTES, Answer, Resource
from vaultproof.mirror.client import Absent, Answered, Client, Unreachable
from vaultproof.mirror.outcome import Noted
from vaultproof.mirror.store import Store
from vaultproof.signer_log.paths import check_namespace
from vaultproof.signer_log.rivals import says
from vaultproof.strict.encodings import clip

MAX_FILES = 100_000
PROOF = "proof.json"
"""Files of this name hold a counter-signature beside the signer's record (evidence format, ``bundle/proof.json``)."""
GIVE_UP = 3

NAMES = ("namespace", "epoch", "digest")


@dataclass(slots=True, kw_only=True)
class SourceOutcome:
    """What a second source had: ``kept`` counts new files.

    ``other`` are epochs for which an address gave something whose SHA-256 is not the logged digest: it is not kept;
    ``absent`` those for which it had nothing, ``trouble`` the last that was in the way.  ``differing`` are epochs of
    which a published record says something else than the log's: it is kept beside that.
    """

    kept: int = 0
    other: Noted = field(default_factory=Noted)
    absent: Noted = field(default_factory=Noted)
    differing: Noted = field(default_factory=Noted)
    trouble: Unreachable | None = None


def take_folder(store: Store, namespace: str, folder: Path, *, clock: Callable[[], float] = time.time) -> SourceOutcome:
    """Keep every file below ``folder`` that was logged in ``namespace``, and every counter-signature of its epochs.

    And each record of one of its epochs that says something else than the log's: if both are signed, that is a fork.

    The origin of each is its path from the folder's own name on: where the folder lies is nobody's business.  Raises
    ``Unavailable("cannot-read")``.
    """
    outcome = SourceOutcome()
    at = int(clock() * 1000)
    with store.batch():
        for path in _files(folder):
            try:
                body = path.read_bytes()
            except OSError as error:
                raise Unavailable("cannot-read", "a file could not be read", file=str(path),
                                  found=error.strerror or str(error)) from error  # fmt: skip
            origin = (Path(folder.resolve().name) / path.relative_to(folder)).as_posix()
            outcome.kept += _take_artifact(store, namespace, body, origin, at)
            if path.name == PROOF:
                outcome.kept += _take_proof(store, namespace, body, origin, at)
            differing = take_record(store, namespace, body, origin, at)
            if differing is not None:
                outcome.differing.add(differing)
    return outcome


def _files(folder: Path) -> Iterator[Path]:
    """Every file that may be one of a second source, in one order on any machine; links are not followed."""
    count = 0
    if not folder.is_dir():
        raise Unavailable("cannot-read", "there is no such folder", file=str(folder))
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            path = Path(place) / name
            if path.is_symlink() or not path.is_file() or path.stat().st_size > MAX_ARTIFACT_BYTES:
                continue
            count += 1
            if count > MAX_FILES:
                raise Unavailable("cannot-read", "the folder has too many files for a second source", file=str(folder),
                                  expected=f"at most {MAX_FILES:,}")  # fmt: skip
            yield path


def _take_artifact(store: Store, namespace: str, body: bytes, origin: str, at: int) -> int:
    kept = 0
    for epoch in store.epochs_of_digest(namespace, hashlib.sha256(body).digest()):
        kept += store.put_answer(
            Answer(resource=Resource.ARTIFACT, namespace=namespace, epoch=epoch, body=body, origin=origin, at=at)
        ).new
    return kept


def _take_proof(store: Store, namespace: str, body: bytes, origin: str, at: int) -> int:
    try:
        proof = read_proof(body, file=origin)
    except VaultproofError:  # some other file of this name: whoever needs a proof will say that there is none
        return 0
    record = proof.record
    if proof.counter_signature is None or record.namespace != namespace:
        return 0
    if store.digest_of(namespace, record.epoch) != record.digest:
        return 0
    answer = Answer(
        resource=Resource.COUNTER_SIGNATURE, namespace=namespace, epoch=record.epoch, body=body, origin=origin, at=at
    )
    return int(store.put_answer(answer).new)


def take_record(store: Store, namespace: str, body: bytes, origin: str, at: int) -> int | None:
    """Keep a record that somebody published if it says something else of its epoch than the log's; then its epoch.

    It counts as brought: its signature speaks for it, or nothing does.  What says the same, is no record, or is of an
    epoch that is not here is left where it is.
    """
    if not body.startswith(b"{") or len(body) > MAX_RECORD_BYTES:
        return None
    try:
        record = read_epoch(body, file=origin)
        kept = store.record_answer(namespace, record.epoch) if record.namespace == namespace else None
        if kept is None or says(read_epoch(kept.body, file=origin)) == says(record):
            return None
    except VaultproofError:  # some other file; whoever needs a record will say that this is none
        return None
    answer = Answer(
        resource=Resource.AUDIT, namespace=namespace, epoch=record.epoch, body=body, origin=origin, at=at, fetched=False
    )
    store.put_answer(answer)
    return record.epoch


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """An address with holes: ``{namespace}``, ``{epoch}``, ``{digest}`` (64 hexadecimal digits)."""

    text: str
    base: str

    def path(self, *, namespace: str, epoch: int, digest: bytes) -> str:
        """The path and query for one epoch, below ``base``."""
        values = {"namespace": check_namespace(namespace), "epoch": str(epoch), "digest": digest.hex()}
        filled = self.text
        for name, value in values.items():
            filled = filled.replace("{" + name + "}", value)
        return filled.removeprefix(self.base)


def read_template(text: str) -> Template:
    """A typed template.  Raises ``Malformed("bad-address")`` unless epoch or digest is in its path, not in its host."""
    parts = urlsplit(text)
    base = f"{parts.scheme}://{parts.netloc}"
    check_address(base)
    rest = text.removeprefix(base)
    holes = rest
    for name in NAMES:
        holes = holes.replace("{" + name + "}", "")
    if not ("{epoch}" in rest or "{digest}" in rest) or "{" in holes or "}" in holes or not rest.startswith("/"):
        raise Malformed(
            "bad-address", "this cannot be an address with a place for an epoch", found=clip(text),
            expected="https://, a host, and a path with {epoch} or {digest} (and {namespace})",
        )  # fmt: skip
    return Template(text=text, base=base)


def take_addresses(
    client: Client, store: Store, namespace: str, template: Template, resource: Resource
) -> SourceOutcome:
    """Ask ``template`` for every epoch that has no file of this kind yet, and keep what belongs to it."""
    outcome = SourceOutcome()
    silent = 0
    for epoch, digest in store.without(namespace, resource):
        path = template.path(namespace=namespace, epoch=epoch, digest=digest)
        found = client.get(path, limit=MAX_ARTIFACT_BYTES)
        if isinstance(found, Unreachable):
            outcome.trouble = found
            silent += 1
            if silent >= GIVE_UP:
                break
            continue
        silent = 0
        if isinstance(found, Absent):
            outcome.absent.add(epoch)
        else:
            _take(store, namespace, epoch, digest, found, resource, outcome)
    return outcome


def _take(
    store: Store, namespace: str, epoch: int, digest: bytes, found: Answered, resource: Resource, outcome: SourceOutcome
) -> None:
    origin = found.url.partition("?")[0]  # what stands behind it may be a key to the door
    if resource is Resource.ARTIFACT:
        belongs = hashlib.sha256(found.body).digest() == digest
        kept = _take_artifact(store, namespace, found.body, origin, found.at) if belongs else 0
    else:
        kept = _take_proof(store, namespace, found.body, origin, found.at)
        belongs = kept > 0
    outcome.kept += kept
    if not belongs:
        outcome.other.add(epoch)
