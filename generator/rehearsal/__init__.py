"""Rehearsals: whole, believable deployments made from a seed, byte for byte the same anywhere, and named REHEARSAL.

They stand in where genuine hardware is out of reach, and carry one planted fault each where a test wants one.
"""

from generator.rehearsal.faults import FAULTS, Fault
from generator.rehearsal.options import RehearsalError, RehearsalOptions
from generator.rehearsal.rehearsing import rehearse
from generator.rehearsal.writing import write_rehearsal

__all__ = ["FAULTS", "Fault", "RehearsalError", "RehearsalOptions", "rehearse", "write_rehearsal"]
