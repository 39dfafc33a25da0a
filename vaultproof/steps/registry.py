"""The registry: step id to the function that runs it.  Which of them run, and when, is the procedure's to say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from vaultproof.steps.app_pin import app_pin
from vaultproof.steps.attestation import attestation
from vaultproof.steps.audit_log import audit_log
from vaultproof.steps.base import StepFunction
from vaultproof.steps.ceremony import ceremony
from vaultproof.steps.counter_signature import counter_signature
from vaultproof.steps.digest import digest
from vaultproof.steps.files import files
from vaultproof.steps.fleet import fleet
from vaultproof.steps.history import history
from vaultproof.steps.keys import keys
from vaultproof.steps.signer import signer
from vaultproof.steps.unpublished import evidence_log, your_app

STEPS: Mapping[str, StepFunction] = MappingProxyType(
    {
        "files": files,
        "digest": digest,
        "signer": signer,
        "counter-signature": counter_signature,
        "audit-log": audit_log,
        "history": history,
        "app-pin": app_pin,
        "attestation": attestation,
        "keys": keys,
        "fleet": fleet,
        "ceremony": ceremony,
        "evidence-log": evidence_log,
        "your-app": your_app,
    }
)
