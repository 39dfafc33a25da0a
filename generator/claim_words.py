"""Words for claims, grades, roles and identifiers, for pages about one HSM: plain ones, beside the names in code."""

from __future__ import annotations

from collections.abc import Mapping

from vaultproof.attestation.adapter import Role
from vaultproof.attestation.claims import Grade
from vaultproof.attestation.layered_evidence import MAKER

CLAIMS: Mapping[str, str] = {
    "vendor": "Maker",
    "oemid": "Maker's own id",
    "hwmodel": "Model",
    "hwversion": "Hardware version",
    "hwserial": "Serial number",
    "instance_id": "Running instance",
    "device_identity": "Identity of this one device (SHA-256 of its key)",
    "nonce": "Number that ties it to this deployment",
    "iat": "Time by the device's own clock",
    "swname": "Name of its firmware",
    "swversion": "Version of its firmware",
    "measurements": "Digests of the running code",
    "dbgstat": "Debugging",
    "uptime": "Seconds since it was started",
    "bootcount": "How often it was started",
    "fipsboot": "Started in FIPS mode",
    "fipsver": "Version of the FIPS standard",
    "fipslevel": "FIPS level",
    "fipsmodule": "FIPS module",
    "identifier": "Name of the key",
    "spki": "Public key",
    "role": "What the key is for",
    "local": "Made inside the HSM",
    "extractable": "May leave the HSM",
    "never_extractable": "Could never leave the HSM",
    "sensitive": "Never shown in the clear",
    "exportable_path": "Way by which it may leave",
    "purposes": "What the key may do",
    "expiry": "Valid until",
    "site": "Where it stands",
}
"""Plain words for each claim, by the last part of its path (``claims.py``)."""

GROUPS: Mapping[str, str] = {
    "attester": "The device",
    "evidence": "The attestation itself",
    "platform": "What runs on it",
    "site": "Its site",
    "attestation-key": "The key that signs what the maker does not, as the maker attests it",
}
"""Plain words for the records of claims, by the first part of the path; keys are numbered."""

GRADES: Mapping[Grade, str] = {
    Grade.ATTESTED: "attested by the device or its maker",
    Grade.BY_KEY: "signed by a key that the maker attested",
    Grade.IMPLIED: "implied by the maker's profile",
    Grade.ASSERTED: "only asserted",
}

ROLES: Mapping[Role, str] = {
    Role.ATTESTED_KEY: "Attested key",
    Role.ATTESTATION_KEY: "Attestation key",
    Role.DEVICE: "Device",
    Role.MANUFACTURER: "Maker's key in between",
    Role.OWNER: "Owner's key",
    Role.ROOT: "Root",
}

_BELOW = "By the maker's layer alone:"
"""What claims of a layer below are about that the record of both layers has not taken over."""

_MORE: Mapping[str, str] = {
    "timestamp": CLAIMS["iat"],
    "ak-spki": "Key that signs this attestation",
    "measurement": "Digest of running code",
    "purpose": CLAIMS["purposes"],
    "element-transaction": "About this attestation",
    "element-platform": "About the device",
    "element-key": "About a key",
    "subjectKeyIdentifier": "Id of the certified key",
    "authorityKeyIdentifier": "Id of the issuer's key",
    "keyUsage": "What the key may be used for",
    "extKeyUsage": "Purposes of the key",
    "basicConstraints": "Whether it may issue certificates",
    "CN": "Common name",
    "O": "Organisation",
    "OU": "Unit",
    "C": "Country",
    "serialNumber": "Serial number of the device",
}
_WORDS: Mapping[str, str] = {name.replace("_", "-"): words for name, words in CLAIMS.items()} | dict(_MORE)
_BY_LENGTH = sorted(_WORDS, key=len, reverse=True)


def claim_words(path: str) -> str:
    """Plain words for a claim path (``keys/0/local``); a claim that has none is called unknown, and never left out."""
    last = path.rsplit("/", maxsplit=1)[-1]
    return CLAIMS.get(last, "A claim that this verifier does not know")


def group_words(path: str) -> str:
    """Plain words for the record that a claim path stands in."""
    parts = path.split("/")
    if parts[0] == MAKER and len(parts) > 1:
        return f"{_BELOW} {_lowered(group_words('/'.join(parts[1:])))}"
    if parts[0] == "keys" and len(parts) > 1 and parts[1].isdecimal():
        return f"Key {int(parts[1]) + 1}"
    return GROUPS.get(parts[0], "Beside")


def _lowered(words: str) -> str:
    return words[:1].lower() + words[1:]


def words_of_identifier(name: str) -> str:
    """Plain words for the name of an object identifier; the name itself where there are none."""
    if name in _WORDS:
        return _WORDS[name]
    ending = next((known for known in _BY_LENGTH if name.endswith(f"-{known}")), None)
    return name if ending is None else _WORDS[ending]
