"""``deployment.json`` of a rehearsal."""

from __future__ import annotations

import json
from typing import Any

from generator.rehearsal.authorities import OPERATOR_ID
from generator.rehearsal.plan import AppPlan, Plan
from vaultproof.evidence.files import sha256_hex
from vaultproof.strict.encodings import format_time

PROCEDURE = "2026-11"


def announcement(plan: Plan, *, package: bytes | None) -> bytes:
    """The record in JSON; ``package`` is the app package of a hardcoded fleet."""
    value: dict[str, Any] = {
        "schema": "vaultproof/deployment@1",
        "id": plan.id,
        "rehearsal": True,
        "title": plan.title,
        "product": plan.product,
        "distribution": plan.distribution,
        "procedure": PROCEDURE,
        "operator": OPERATOR_ID,
        "deployed_at": format_time(plan.deployed_at),
        "supersedes": plan.supersedes,
        "technology": plan.technology,
        "threshold": plan.threshold,
        "members": [
            {"name": member.name, "serial": member.serial, "site": member.site, "holds": list(member.holds)}
            for member in plan.members
        ],
        "sites": [{"id": site.id, "name": site.name, "source": site.source} for site in plan.sites],
        "promises": ["ceremony"],
    }
    if plan.log is not None:
        value["namespace"] = plan.log.namespace
        value["epoch"] = plan.log.last.number
        value["history"] = [{"epoch": item.epoch, "deployment": item.deployment} for item in plan.log.history]
    if plan.app is not None and package is not None:
        value["app"] = _app(plan.app, package)
    return json.dumps(value, indent=2, ensure_ascii=False).encode("utf-8") + b"\n"


def _app(app: AppPlan, package: bytes) -> dict[str, str]:
    return {
        "name": app.name,
        "version": app.version,
        "platform": app.platform,
        "path": app.path,
        "sha256": sha256_hex(package),
    }
