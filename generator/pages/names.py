"""Names and sentences that pages use for the announcements' stable values."""

from __future__ import annotations

from collections.abc import Mapping

from vaultproof.evidence.deployment import HARDCODED, OVER_THE_AIR, Deployment
from vaultproof.trust.configuration import TrustConfiguration

PRODUCTS: Mapping[str, str] = {"messenger": "Messenger", "whatsapp": "WhatsApp"}
DISTRIBUTIONS: Mapping[str, str] = {
    OVER_THE_AIR: "Its keys reach apps over the air: an independent party signs them, and the operator confirms them.",
    HARDCODED: "Its keys are built into the app.",
}
SHORT_DISTRIBUTIONS: Mapping[str, str] = {OVER_THE_AIR: "keys over the air", HARDCODED: "keys built into the app"}
FILE_ORIGINS: Mapping[str, str] = {
    "operator": "operator",
    "independent-signer": "independent signer",
    "hsm-vendor": "HSM and its maker",
    "witness": "witness",
}


def product_name(deployment: Deployment) -> str:
    """The product as people know it; an unknown one is shown as it is written."""
    return PRODUCTS.get(deployment.product, deployment.product)


def operator_name(deployment: Deployment, trust: TrustConfiguration) -> str:
    """The operator as the trust configuration names it; one that is not pinned is shown by its id."""
    operator = trust.operator(deployment.operator)
    return operator.name if operator is not None else deployment.operator
