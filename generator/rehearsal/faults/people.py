"""Faults of the steps ``ceremony`` and ``app-pin``."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from generator.rehearsal.authorities import WITNESSES
from generator.rehearsal.faults.base import Fault, announced, days_later, replaced, substituted, without
from generator.rehearsal.plan import Plan
from vaultproof.evidence.deployment import HARDCODED
from vaultproof.evidence.files import CEREMONY, DEPLOYMENT, FLEET_KEYS

_WITNESS = next(iter(WITNESSES))
_PACKAGE = "app/rehearsal-app.apk"
_COMMENT = b"REHEARSAL: changed"


def _with_ceremony(plan: Plan, **changes: Any) -> Plan:
    return replace(plan, ceremony=replace(plan.ceremony, **changes))


def _without_first_key(plan: Plan) -> Plan:
    if plan.app is None:
        raise ValueError("this fault needs an app")
    return replace(plan, app=replace(plan.app, keys=plan.app.keys[1:]))


def _commented(package: bytes) -> bytes:
    """The same archive with a comment at its end: another file, every entry unchanged (APPNOTE, 4.3.16)."""
    return package[:-2] + struct.pack("<H", len(_COMMENT)) + _COMMENT


CEREMONY_FAULTS = {
    "ceremony-chain-broken": Fault(
        step="ceremony",
        sentence="An entry of the ceremony record was rewritten after the next one was chained to it.",
        plan=lambda plan: _with_ceremony(plan, rewritten=2),
    ),
    "ceremony-witness-bad": Fault(
        step="ceremony",
        sentence="One witness's signature is not by that witness's pinned key.",
        plan=lambda plan: _with_ceremony(plan, stray_witness=_WITNESS),
    ),
    "ceremony-witness-missing": Fault(
        step="ceremony",
        sentence="The record names a witness whose signature was not published.",
        plan=lambda plan: _with_ceremony(plan, silent_witness=_WITNESS),
    ),
    "ceremony-witness-unknown": Fault(
        step="ceremony",
        sentence="The record names a witness of whom no key is pinned.",
        plan=lambda plan: _with_ceremony(
            plan, witnesses=(*plan.ceremony.witnesses, "rehearsal-passer-by"), stray_witness="rehearsal-passer-by"
        ),
    ),
    "ceremony-witness-counted-twice": Fault(
        step="ceremony",
        sentence="The record names one witness three times, as if they were three.",
        plan=lambda plan: _with_ceremony(plan, witnesses=(_WITNESS,) * 3),
    ),
    "ceremony-other-deployment": Fault(
        step="ceremony",
        sentence="The ceremony record speaks of another deployment.",
        plan=lambda plan: _with_ceremony(plan, deployment="rehearsal-another-fleet"),
    ),
    "ceremony-other-keys": Fault(
        step="ceremony",
        sentence="The witnesses signed for another key file than the published one.",
        plan=lambda plan: _with_ceremony(plan, other_material=FLEET_KEYS),
    ),
    "ceremony-keys-left-out": Fault(
        step="ceremony",
        sentence="The ceremony record does not name the key file, so no witness signed for it.",
        plan=lambda plan: _with_ceremony(plan, left_out=FLEET_KEYS),
    ),
    "ceremony-after-deployment": Fault(
        step="ceremony",
        sentence="The announced time of deployment is before the ceremony.",
        distribution=HARDCODED,
        files=announced("deployed_at", days_later(-22)),
    ),
    "ceremony-missing": Fault(
        step="ceremony",
        sentence="The announcement promised a ceremony record, and none was published.",
        files=without(CEREMONY),
    ),
}

APP_FAULTS = {
    "app-key-absent": Fault(
        step="app-pin",
        sentence="The app carries all published keys but one.",
        distribution=HARDCODED,
        plan=_without_first_key,
    ),
    "app-product-over-the-air": Fault(
        step="app-pin",
        sentence="A product whose keys come over the air is announced as one whose app carries them.",
        distribution=HARDCODED,
        files=announced("product", lambda _: "messenger"),
    ),
    "app-product-unknown": Fault(
        step="app-pin",
        sentence="The announcement names a product of which nothing is pinned.",
        distribution=HARDCODED,
        files=announced("product", lambda _: "rehearsal-unheard-of"),
    ),
    "app-package-changed": Fault(
        step="app-pin",
        sentence="The app package carries the keys, and is not the announced one.",
        distribution=HARDCODED,
        files=replaced(_PACKAGE, _commented),
    ),
    "app-package-missing": Fault(
        step="app-pin",
        sentence="The announcement says that the app package is published, and it is not.",
        distribution=HARDCODED,
        files=without(_PACKAGE),
    ),
    "app-package-withheld": Fault(
        step="app-pin",
        sentence="The announcement gives the app package's SHA-256 and not the package.",
        distribution=HARDCODED,
        files=lambda files: substituted(DEPLOYMENT, f'"path": "{_PACKAGE}"'.encode(), b'"path": null')(
            without(_PACKAGE)(files)
        ),
    ),
}

PEOPLE_FAULTS: Mapping[str, Fault] = MappingProxyType({**CEREMONY_FAULTS, **APP_FAULTS})
"""All faults of this module by name."""
