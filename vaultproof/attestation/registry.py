"""The adapters, one line each."""

from __future__ import annotations

from vaultproof.attestation.adapter import Adapter
from vaultproof.attestation.aws_nitro import AwsNitroAdapter
from vaultproof.attestation.crypto4a_qasm import Crypto4aQasmAdapter
from vaultproof.attestation.marvell_liquidsecurity import MarvellLiquidSecurityAdapter
from vaultproof.attestation.pkix_evidence import PkixEvidenceAdapter
from vaultproof.attestation.securosys_primus import SecurosysPrimusAdapter
from vaultproof.attestation.thales_luna import ThalesLunaAdapter
from vaultproof.attestation.yubico import YubiHsmAdapter, YubiKeyPivAdapter
from vaultproof.errors import Unsupported

ADAPTERS: tuple[Adapter, ...] = (
    PkixEvidenceAdapter(),
    AwsNitroAdapter(),
    YubiHsmAdapter(),
    YubiKeyPivAdapter(),
    MarvellLiquidSecurityAdapter(),
    ThalesLunaAdapter(),
    SecurosysPrimusAdapter(),
    Crypto4aQasmAdapter(),
)
"""Every adapter; a technology's id appears once."""


def adapter_for(technology: str) -> Adapter:
    """The adapter of a technology.  Raises ``Unsupported("unknown-technology")``: nothing against the evidence."""
    for adapter in ADAPTERS:
        if adapter.technology == technology:
            return adapter
    raise Unsupported(
        "unknown-technology",
        "this verifier has no adapter for that attestation technology",
        expected=", ".join(adapter.technology for adapter in ADAPTERS),
        found=technology,
        hint="update the verifier",
    )
