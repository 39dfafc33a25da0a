"""Reference values for tests, as JSON values that a case can change."""

from __future__ import annotations

import copy
from typing import Any

from tests.unit.attestation.makers import FIRMWARE, LOADER
from vaultproof.attestation.reference import ReferenceValues

MEASUREMENTS = [
    {"algorithm": item.algorithm, "digest": item.digest, "component": item.component} for item in (FIRMWARE, LOADER)
]
GOOD: dict[str, Any] = {
    "schema": "vaultproof/reference-values@1",
    "technologies": [
        {
            "technology": "pkix-evidence",
            "allowed": [
                {"id": "9000-2.4.1", "hwmodel": "HSM-9000", "swversion": "2.4.1", "measurements": MEASUREMENTS},
                {"id": "9000-2.4.2", "hwmodel": "HSM-9000", "swversion": "2.4.2"},
            ],
            "denied": [
                {
                    "id": "old-firmware",
                    "hwmodel": "HSM-9000",
                    "below": "2.4.0",
                    "versions": ["2.4.1-rc1"],
                    "advisory": {"id": "TSA-2024-03", "published": "2024-09-03", "url": "https://hsm.example/3"},
                }
            ],
            "keys": {
                "local": True,
                "extractable": False,
                "never_extractable": True,
                "sensitive": True,
                "purposes": ["sign", "derive"],
            },
            "freshness": "nonce",
            "debug": "disabled-permanently",
        }
    ],
    "fleet": {
        "minimum_members": 3,
        "code": "measured",
        "same_code": "equal",
        "keys": "one-holder",
        "distinct_sites": 2,
        "site_source": "operator-endorsement",
    },
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The good values with the one at a JSON pointer replaced, added, or (with ``...``) removed."""
    made = copy.deepcopy(GOOD)
    *parents, last = path.strip("/").split("/")
    holder: Any = made
    for part in parents:
        holder = holder[int(part)] if isinstance(holder, list) else holder[part]
    place: Any = int(last) if isinstance(holder, list) else last
    if value is ...:
        del holder[place]
    else:
        holder[place] = value
    return made


def values(made: dict[str, Any] = GOOD) -> ReferenceValues:
    return ReferenceValues.from_json(made)
