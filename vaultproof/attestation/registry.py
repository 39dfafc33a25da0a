"""The adapters, one line each: a technology's id, and the module and class that read it, imported when asked for.

A run reads one maker's files, and importing every other maker's adapter would take longer than checking them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType

from vaultproof.attestation.adapter import Adapter, maker_of
from vaultproof.errors import Unsupported

ADAPTERS: Mapping[str, str] = MappingProxyType(
    {
        "pkix-evidence": "pkix_evidence.PkixEvidenceAdapter",
        "aws-nitro": "aws_nitro.AwsNitroAdapter",
        "yubihsm2": "yubico.YubiHsmAdapter",
        "yubikey-piv": "yubico.YubiKeyPivAdapter",
        "marvell-liquidsecurity": "marvell_liquidsecurity.MarvellLiquidSecurityAdapter",
        "thales-luna": "thales_luna.ThalesLunaAdapter",
        "securosys-primus": "securosys_primus.SecurosysPrimusAdapter",
        "crypto4a-qasm": "crypto4a_qasm.Crypto4aQasmAdapter",
        "evidence-over-pkix-evidence": "layered_evidence.LayeredEvidenceAdapter",
        "evidence-over-yubihsm2": "layered_evidence.LayeredEvidenceAdapter",
        "evidence-over-marvell-liquidsecurity": "layered_evidence.LayeredEvidenceAdapter",
        "evidence-over-thales-luna": "layered_evidence.LayeredEvidenceAdapter",
        "evidence-over-securosys-primus": "layered_evidence.LayeredEvidenceAdapter",
        "evidence-over-crypto4a-qasm": "layered_evidence.LayeredEvidenceAdapter",
    }
)
"""Where the adapter of each technology is, below ``vaultproof.attestation``."""


def adapters() -> tuple[Adapter, ...]:
    """Every adapter, in the order of the registry."""
    return tuple(_adapter(technology) for technology in ADAPTERS)


def adapter_for(technology: str) -> Adapter:
    """The adapter of a technology.  Raises ``Unsupported("unknown-technology")``: nothing against the evidence."""
    if technology in ADAPTERS:
        return _adapter(technology)
    raise Unsupported(
        "unknown-technology",
        "this verifier has no adapter for that attestation technology",
        expected=", ".join(ADAPTERS),
        found=technology,
        hint="update the verifier",
    )


@cache
def _adapter(technology: str) -> Adapter:
    module, name = ADAPTERS[technology].split(".")
    made = getattr(import_module(f"vaultproof.attestation.{module}"), name)
    maker = maker_of(technology)
    adapter: Adapter = made() if maker is None else made(_adapter(maker))
    return adapter
