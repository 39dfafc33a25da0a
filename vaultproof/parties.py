"""Who would have to lie?  The smallest sets of parties that together could have made this verdict false.

Computed from the steps that really matched.  Each protected statement names the parties whose signatures stand behind
it; a false statement needs one full set.  Sets that contain another set are dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from vaultproof.report import Status, StepResult

OPERATOR = "operator"
SIGNER = "signer"
VENDOR = "hsm-vendor"
PAGE = "this-page"

STATEMENTS: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "the keys are the ones the operator and the signer published": (
            ("signer", "counter-signature"),
            ("app-pin",),
        ),
        "the keys live in genuine devices": (("attestation", "keys"),),
    }
)
"""What a verdict claims, and for each the alternatives of steps (all of one alternative) that back it."""

BACKERS: Mapping[str, str] = MappingProxyType(
    {"signer": SIGNER, "counter-signature": OPERATOR, "app-pin": OPERATOR, "attestation": VENDOR, "keys": VENDOR}
)
"""Whose word a step rests on: an app is published by the operator that announces what is in it."""


def who_would_have_to_lie(steps: Sequence[StepResult]) -> tuple[tuple[str, ...], ...]:
    """Minimal sets of parties, sorted; empty when nothing was established.

    ``this-page`` always stands alone: until the check is repeated elsewhere, whoever serves the page (or the program)
    that made the verdict can make it say anything.
    """
    matched = {step.id for step in steps if step.status is Status.MATCH}
    sets = [{PAGE}] if matched else []
    for alternatives in STATEMENTS.values():
        for needed in alternatives:
            backed = [id for id in needed if id in matched]
            if backed:
                sets.append({BACKERS[id] for id in backed})
    return tuple(sorted((tuple(sorted(group)) for group in _minimal(sets)), key=lambda group: (len(group), group)))


def _minimal(sets: Iterable[set[str]]) -> list[set[str]]:
    unique = [set(group) for group in {frozenset(group) for group in sets}]
    return [group for group in unique if not any(other < group for other in unique)]
