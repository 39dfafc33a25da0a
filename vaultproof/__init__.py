"""vaultproof as a library: from an HSM fleet deployment's evidence to a report that anyone can repeat.

``check`` is the short way, for programs on a computer: it opens files, reads the clock and uses OpenSSL.  ``verify`` is
the core, for everybody else: bytes, a clock value and a trust configuration in, a report out, with a crypto port of
the caller's.  Everything here is imported when it is first asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from vaultproof._version import __version__

if TYPE_CHECKING:
    from vaultproof.archive import ZipLimits, read_zip, write_stored_zip
    from vaultproof.cli.check import check
    from vaultproof.crypto.port import Algorithm, Backend, SignatureCheck, SignatureEncoding, run_to_completion
    from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, Untrusted, VaultproofError
    from vaultproof.procedure.document import Plan, Procedure, ProcedureStep, read_procedure
    from vaultproof.report import Fact, Origin, Outcome, Report, Scope, Status, StepResult, Substep, Verdict
    from vaultproof.trust.configuration import TrustConfiguration, TrustSet, read_trust_set
    from vaultproof.verification import Event, Observer, StepFinished, StepStarted, verify

_HOMES = {
    "vaultproof.archive": ("ZipLimits", "read_zip", "write_stored_zip"),
    "vaultproof.cli.check": ("check",),
    "vaultproof.crypto.port": ("Algorithm", "Backend", "SignatureCheck", "SignatureEncoding", "run_to_completion"),
    "vaultproof.errors": ("Malformed", "Mismatch", "Unavailable", "Unsupported", "Untrusted", "VaultproofError"),
    "vaultproof.procedure.document": ("Plan", "Procedure", "ProcedureStep", "read_procedure"),
    "vaultproof.report": (
        "Fact", "Origin", "Outcome", "Report", "Scope", "Status", "StepResult", "Substep", "Verdict",
    ),
    "vaultproof.trust.configuration": ("TrustConfiguration", "TrustSet", "read_trust_set"),
    "vaultproof.verification": ("Event", "Observer", "StepFinished", "StepStarted", "verify"),
}  # fmt: skip
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Algorithm",
    "Backend",
    "Event",
    "Fact",
    "Malformed",
    "Mismatch",
    "Observer",
    "Origin",
    "Outcome",
    "Plan",
    "Procedure",
    "ProcedureStep",
    "Report",
    "Scope",
    "SignatureCheck",
    "SignatureEncoding",
    "Status",
    "StepFinished",
    "StepResult",
    "StepStarted",
    "Substep",
    "TrustConfiguration",
    "TrustSet",
    "Unavailable",
    "Unsupported",
    "Untrusted",
    "VaultproofError",
    "Verdict",
    "ZipLimits",
    "__version__",
    "check",
    "read_procedure",
    "read_trust_set",
    "read_zip",
    "run_to_completion",
    "verify",
    "write_stored_zip",
]


def __getattr__(name: str) -> object:
    """A public name, imported from its home now (PEP 562)."""
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted({*globals(), *__all__})
