"""Published deployments from folders and archives, as far as the log is concerned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from vaultproof.cli.log.pinned import Pins
from vaultproof.cli.sources import load_evidence
from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import DEPLOYMENT
from vaultproof.mirror.matching import PublishedSet
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
