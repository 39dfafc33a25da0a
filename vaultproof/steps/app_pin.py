"""Step ``app-pin``: does the app carry these keys?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultproof.errors import Unavailable, VaultproofError
from vaultproof.evidence.deployment import HARDCODED, OVER_THE_AIR
from vaultproof.evidence.files import DEPLOYMENT, FLEET_KEYS, required, sha256_hex
from vaultproof.evidence.fleet_keys import FleetKeys, read_fleet_keys
from vaultproof.report import Origin, Status
from vaultproof.steps.base import Context, Finding, Substeps, compared, shown

if TYPE_CHECKING:
    from vaultproof.app_package import KeySighting


async def app_pin(context: Context) -> Finding:
    """Compare the app package's SHA-256, then search it for every published key."""
    from vaultproof.app_package import find_keys  # here: it needs zipfile, and most fleets' keys are in no app

    substeps = Substeps()
    keys = read_fleet_keys(required(context.files, FLEET_KEYS))
    _pinned_product(substeps, context)
    app = context.deployment.app
    if app is None or app.path is None:
        raise Unavailable(
            "app-not-included", "the app package is not among the files", file=DEPLOYMENT, pointer="/app/path",
            hint="get the package with this SHA-256 and check it with the command line",
        )  # fmt: skip
    package = required(context.files, app.path)
    substeps.compare(
        "package", "package-same",
        compared("sha256", sha256_hex(package), app.sha256, Origin.OPERATOR_STATEMENT, file=app.path),
        shown("app", f"{app.name} {app.version} ({app.platform})", Origin.OPERATOR_STATEMENT, file=DEPLOYMENT),
    )  # fmt: skip
    try:
        found = find_keys(package, [key.key for key in keys.keys], file=app.path)
    except VaultproofError as error:
        substeps.trouble("search", error)
        return substeps.finding()
    _report(substeps, keys, found, app.path)
    return substeps.finding()


def _pinned_product(substeps: Substeps, context: Context) -> None:
    """The product is one whose app carries the keys: otherwise an announcement could leave out signer and log."""
    announced = context.deployment
    pin = context.trust.app_pinned_product(announced.product)
    if pin is not None:
        stated = Origin.OPERATOR_STATEMENT
        fact = compared("operator", announced.operator, pin.operator, stated, file=DEPLOYMENT)
        substeps.compare("product", "app-product-same", fact, shown("product", announced.product, Origin.PINNED))
    elif any(namespace.product == announced.product for namespace in context.trust.namespaces):
        fact = compared("distribution", HARDCODED, OVER_THE_AIR, Origin.PINNED, file=DEPLOYMENT)
        substeps.mismatch("product", "distribution-differs", fact)
    else:
        product = shown("product", announced.product, Origin.OPERATOR_STATEMENT, file=DEPLOYMENT)
        substeps.add("product", Status.COULD_NOT_CHECK, "product-not-pinned", product)


def _report(substeps: Substeps, keys: FleetKeys, found: dict[bytes, KeySighting], path: str) -> None:
    for key in keys.keys:
        sighting = found.get(key.key)
        fingerprint = shown("fingerprint", key.fingerprint, Origin.PUBLISHED_FILE, file=FLEET_KEYS)
        role = shown("role", key.role, Origin.PUBLISHED_FILE, file=FLEET_KEYS)
        if sighting is None:
            substeps.mismatch("key", "key-not-in-app", fingerprint, role, subject=key.fingerprint)
        else:
            substeps.match(
                "key", "key-in-app", fingerprint, role,
                shown("found-in", sighting.place, Origin.COMPUTED, file=path),
                shown("found-as", sighting.form, Origin.COMPUTED),
                shown("found-at", sighting.offset, Origin.COMPUTED),
                subject=key.fingerprint,
            )  # fmt: skip
