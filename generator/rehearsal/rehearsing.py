"""Making a rehearsal: options in, files out; no clock, no chance, no disk."""

from __future__ import annotations

from dataclasses import replace

from generator.rehearsal.faults import FAULTS, Fault
from generator.rehearsal.making import make_files, with_manifest
from generator.rehearsal.options import RehearsalError, RehearsalOptions
from generator.rehearsal.planning import make_plan

_NO_FAULT = Fault(step="", sentence="")


def rehearse(options: RehearsalOptions) -> dict[str, bytes]:
    """All files of a rehearsal deployment, path to bytes, sorted by path; the same bytes for the same options.

    Raises ``RehearsalError`` for options that cannot be rehearsed.
    """
    fault = _fault(options)
    plan = fault.plan(make_plan(fault.options(replace(options, fault=None))))
    return fault.published(with_manifest(plan.id, fault.files(make_files(plan))))


def _fault(options: RehearsalOptions) -> Fault:
    if options.fault is None:
        return _NO_FAULT
    fault = FAULTS.get(options.fault)
    if fault is None:
        raise RehearsalError(f"no such fault: {options.fault!r}; there are {', '.join(FAULTS)}")
    if fault.distribution not in (None, options.kind):
        raise RehearsalError(f"the fault {options.fault} can only be planted in a fleet that is {fault.distribution}")
    if fault.one_layer and options.two_layers:
        raise RehearsalError(f"the fault {options.fault} cannot be planted in HSMs that attest in two layers")
    return fault
