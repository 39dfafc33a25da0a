"""Steps that keep their place although this verifier has nothing to compare: ``evidence-log`` and ``your-app``."""

from __future__ import annotations

from vaultproof.report import Status
from vaultproof.steps.base import Context, Finding


async def evidence_log(context: Context) -> Finding:  # noqa: ARG001  (a step's signature)
    """No evidence log is published yet: said, not passed over."""
    return Finding(status=Status.NOT_PUBLISHED, code="not-published", substeps=())


async def your_app(context: Context) -> Finding:  # noqa: ARG001  (a step's signature)
    """Only the reader can compare this deployment with the app on their own phone."""
    return Finding(status=Status.NOT_EVALUATED, code="readers-own", substeps=())
