"""Published deployments from folders and archives, as far as the log is concerned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vaultproof.cli.log.pinned import Pins
from vaultproof.cli.sources import load_evidence
from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import AUDIT_FOLDER, DEPLOYMENT
from vaultproof.mirror.matching import PublishedSet
from vaultproof.mirror.sources import take_record
from vaultproof.mirror.store import Store
from vaultproof.signer_log.findings import LogFinding
from vaultproof.signer_log.reconcile import Published, read_published
from vaultproof.signer_log.walk import reason


def load_published(sources: Sequence[str], pins: Pins) -> PublishedSet:
    """The deployments that ``sources`` name, of the kind that ``pins`` are for: rehearsals never mix with real ones.

    A deployment that cannot be read is a finding of its own: what it says of the log is then not known.
    """
    found: list[Published] = []
    unread: list[LogFinding] = []
    for place in _places(sources):
        try:
            published = read_published(load_evidence(place))
        except VaultproofError as error:
            namespace, name = pins.expected.namespace, Path(place).name
            unread.append(
                LogFinding(code="evidence-unreadable", namespace=namespace, subject=name, facts=reason(error))
            )
            continue
        if published is not None and published.rehearsal == pins.rehearsal:
            found.append(published)
    return PublishedSet(deployments=tuple(found), unread=tuple(unread))


def take_records(mirror: Store, pins: Pins, sources: Sequence[str], *, now: int) -> None:
    """Hold the records that ``sources`` publish against the log's own: what says something else is kept beside it."""
    for place in _places(sources):
        try:
            files = load_evidence(place)
        except VaultproofError:
            continue  # load_published tells it
        with mirror.batch():
            for path, body in files.items():
                if path.startswith(AUDIT_FOLDER):
                    take_record(mirror, pins.expected.namespace, body, f"{Path(place).name}/{path}", now)


def _places(sources: Sequence[str]) -> Iterator[str]:
    """Each deployment: what is given, or, for a folder that is none itself, the folders and archives in it."""
    for source in sources:
        folder = Path(source)
        if not folder.is_dir() or (folder / DEPLOYMENT).exists():
            yield source
            continue
        for path in sorted(folder.iterdir()):
            if path.is_dir() or path.suffix == ".zip":
                yield str(path)
