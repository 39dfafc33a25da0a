"""Faults that a rehearsal can carry: each wrong in one way, consistent in all others, found by one step."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from generator.rehearsal.faults.base import Fault
from generator.rehearsal.faults.bundle import BUNDLE_FAULTS
from generator.rehearsal.faults.devices import DEVICE_FAULTS
from generator.rehearsal.faults.log import LOG_FAULTS
from generator.rehearsal.faults.people import PEOPLE_FAULTS

__all__ = ["FAULTS", "Fault"]

FAULTS: Mapping[str, Fault] = MappingProxyType({**BUNDLE_FAULTS, **LOG_FAULTS, **DEVICE_FAULTS, **PEOPLE_FAULTS})
"""Every fault by its name, in the order of the steps that find them."""
