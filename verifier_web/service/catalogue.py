"""The deployments that the served site publishes, as far as the interface for programs and the look-up need them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from generator.output import MARKER
from vaultproof.errors import VaultproofError
from vaultproof.evidence.deployment import Deployment, read_deployment
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, MANIFEST, sha256_hex
from vaultproof.evidence.fleet_keys import FleetKey, raw_public_key, read_fleet_keys
from vaultproof.strict.encodings import format_time
from verifier_web.headers import RAW_FOLDER


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """One published deployment: what it announces, its keys, and what the site's build found.

    ``fingerprints`` are those of each key, in the order of ``keys``; made once, because every look-up goes through all.
    """

    announced: Deployment
    keys: tuple[FleetKey, ...]
    fingerprints: tuple[frozenset[str], ...]
    outcome: str
    report_digest: str
    evidence_digest: str | None
    superseded_by: str | None
    files: Mapping[str, int] = field(repr=False)

    @property
    def id(self) -> str:
        """Its id, which is its folder's name."""
        return self.announced.id

    def to_json(self) -> dict[str, Any]:
        """Its entry in the list."""
        said = self.announced
        return {
            "id": said.id,
            "title": said.title,
            "product": said.product,
            "distribution": said.distribution,
            "rehearsal": said.rehearsal,
            "deployed_at": format_time(said.deployed_at),
            "supersedes": said.supersedes,
            "superseded_by": self.superseded_by,
            "build_outcome": self.outcome,
            "build_report_digest": self.report_digest,
            "evidence_digest": self.evidence_digest,
            "page": f"deployments/{said.id}/",
        }


class Catalogue:
    """What a site publishes; read again when the site was built anew."""

    def __init__(self, site: Path) -> None:
        self._site = site
        self._lock = Lock()
        self._state: tuple[int, int, int] | None = None
        self._found: Mapping[str, Published] = {}

    def all(self) -> Mapping[str, Published]:
        """Deployments by id, sorted.  Raises ``OSError`` when the site is gone."""
        status = (self._site / MARKER).stat()
        state = (status.st_ino, status.st_mtime_ns, status.st_size)
        with self._lock:
            if state != self._state:
                self._found, self._state = read_published(self._site), state
            return self._found


def read_published(site: Path) -> Mapping[str, Published]:
    """Every deployment of a site.  A folder without a readable announcement is none."""
    announced: dict[str, Deployment] = {}
    for folder in sorted((site / "deployments").glob("*/")):
        try:
            announced[folder.name] = read_deployment((folder / RAW_FOLDER / DEPLOYMENT).read_bytes())
        except (OSError, VaultproofError):
            continue  # what the build publishes can be read; anything else in this folder is no deployment
    return {id: _published(site / "deployments" / id, said, announced) for id, said in announced.items()}


def _published(folder: Path, said: Deployment, others: Mapping[str, Deployment]) -> Published:
    raw = folder / RAW_FOLDER
    report = json.loads((folder / "report.json").read_bytes())
    later = (id for id, other in others.items() if other.supersedes == said.id and other.rehearsal == said.rehearsal)
    manifest = raw / MANIFEST
    keys = _keys(raw / FLEET_KEYS)
    return Published(
        announced=said,
        keys=keys,
        fingerprints=tuple(fingerprints(key) for key in keys),
        outcome=report["verdict"]["outcome"],
        report_digest=report["report_digest"],
        evidence_digest=sha256_hex(manifest.read_bytes()) if manifest.is_file() else None,
        superseded_by=next(later, None),
        files={
            path.relative_to(raw).as_posix(): path.stat().st_size for path in sorted(raw.rglob("*")) if path.is_file()
        },
    )


def _keys(file: Path) -> tuple[FleetKey, ...]:
    try:
        return read_fleet_keys(file.read_bytes()).keys
    except (OSError, VaultproofError):
        return ()


def fingerprints(key: FleetKey) -> frozenset[str]:
    """Every fingerprint that an app may show for a key: of the bytes as published, and of the raw key in them."""
    found = {key.fingerprint}
    with suppress(VaultproofError):  # no SubjectPublicKeyInfo: the published bytes are the raw key
        found.add(sha256_hex(raw_public_key(key.key)))
    return frozenset(found)
