"""What changed since the fleet that a deployment supersedes: two announcements and two key files, side by side.

Everything here is read from published files; whether they are true is what the steps of either deployment say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from generator.formatting import date_text
from vaultproof.evidence.deployment import Deployment
from vaultproof.evidence.fleet_keys import FleetKey

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ValueChange:
    """One value of both fleets, as text; ``changed`` is whether they differ."""

    subject: str
    before: str
    after: str

    @property
    def changed(self) -> bool:
        """Whether the value is another one now."""
        return self.before != self.after


@dataclass(frozen=True, slots=True, kw_only=True)
class SetChange:
    """Things that both fleets have many of, told apart by what cannot change (a serial number, a key's raw bytes).

    ``altered`` are those that stayed and are described differently now, as text before and after.
    """

    subject: str
    added: tuple[str, ...]
    removed: tuple[str, ...]
    altered: tuple[tuple[str, str], ...]
    kept: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """All differences of one deployment to the one it supersedes, in a fixed order."""

    previous_id: str
    previous_title: str
    values: tuple[ValueChange, ...]
    sets: tuple[SetChange, ...]


def changes_since(
    previous: Deployment, previous_keys: Iterable[FleetKey], current: Deployment, current_keys: Iterable[FleetKey]
) -> Changes:
    """What is different in ``current``: its date, its size, its sites, its HSMs (by serial number), its keys."""
    values = (
        ("Date of the deployment", date_text(previous.deployed_at), date_text(current.deployed_at)),
        ("Number of HSMs", str(len(previous.members)), str(len(current.members))),
        ("HSMs that must agree", str(previous.threshold), str(current.threshold)),
        ("Attestation technology", previous.technology, current.technology),
        ("How keys reach apps", previous.distribution, current.distribution),
        ("Procedure", previous.procedure, current.procedure),
    )
    return Changes(
        previous_id=previous.id,
        previous_title=previous.title,
        values=tuple(ValueChange(subject=name, before=before, after=after) for name, before, after in values),
        sets=(
            _set_change("Sites", _sites(previous), _sites(current)),
            _set_change("HSMs", _members(previous), _members(current)),
            _set_change("Keys", _keys(previous_keys), _keys(current_keys)),
        ),
    )


def _set_change(subject: str, before: Mapping[T, str], after: Mapping[T, str]) -> SetChange:
    stayed = [key for key in after if key in before]
    return SetChange(
        subject=subject,
        added=tuple(text for key, text in after.items() if key not in before),
        removed=tuple(text for key, text in before.items() if key not in after),
        altered=tuple((before[key], after[key]) for key in stayed if before[key] != after[key]),
        kept=tuple(after[key] for key in stayed if before[key] == after[key]),
    )


def _sites(deployment: Deployment) -> dict[str, str]:
    return {site.id: site.name for site in deployment.sites}


def _members(deployment: Deployment) -> dict[str, str]:
    names = _sites(deployment)
    return {member.serial: f"{member.serial}, {names[member.site]}" for member in deployment.members}


def _keys(keys: Iterable[FleetKey]) -> dict[bytes, str]:
    return {key.raw: f"{key.fingerprint} ({key.role})" for key in keys}
