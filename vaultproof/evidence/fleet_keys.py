"""``bundle/fleet-keys.json``: the artifact that clients use; its exact bytes were signed and are never rewritten."""

from __future__ import annotations

from vaultproof.asn1 import der
from vaultproof.errors import Malformed
from vaultproof.evidence.files import FLEET_KEYS, sha256_hex
from vaultproof.frozen import frozen
from vaultproof.strict.json import loads
from vaultproof.strict.records import Reader

MAX_KEYS = 1000
MAX_KEY_BYTES = 2048


@frozen
class FleetKey:
    """One published key: the exact key bytes and the role the operator gives it."""

    key: bytes
    role: str

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the published key bytes, lower-case hex."""
        return sha256_hex(self.key)

    @property
    def raw(self) -> bytes:
        """The public key without its SubjectPublicKeyInfo: the same for both shapes that a file may publish it in."""
        try:
            return raw_public_key(self.key)
        except Malformed:
            return self.key  # published raw

    def is_key_of(self, spki: bytes) -> bool:
        """Whether a DER SubjectPublicKeyInfo holds this very key: the file may carry either shape of it."""
        return self.key in (spki, raw_public_key(spki))


@frozen
class FleetKeys:
    """The keys of one artifact, in the file's order; ``unknown`` names fields that this reader does not know."""

    keys: tuple[FleetKey, ...]
    unknown: tuple[str, ...]


def by_raw(keys: FleetKeys) -> dict[bytes, FleetKey]:
    """The keys of a file by ``FleetKey.raw``.

    One that is listed in both shapes has both roles, sorted, whatever their order: none of them can be hidden.
    """
    found: dict[bytes, FleetKey] = {}
    for key in keys.keys:
        earlier = found.get(key.raw)
        roles = {key.role} if earlier is None else {key.role, *earlier.role.split(", ")}
        found[key.raw] = FleetKey(key=key.key, role=", ".join(sorted(roles)))
    return found


def raw_public_key(spki: bytes) -> bytes:
    """The subjectPublicKey bits of a DER SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), of whatever algorithm.

    Raises ``Malformed`` when ``spki`` is none.
    """
    fields = der.parse(spki).sequence("SubjectPublicKeyInfo")
    fields.sequence("AlgorithmIdentifier")
    bits = fields.bits("subjectPublicKey")
    fields.finish()
    return bits.octets


def read_fleet_keys(data: bytes, *, file: str = FLEET_KEYS) -> FleetKeys:
    """Typed keys from ``{"keys": [{"key": base64, "role": text}]}``.

    The operator makes this file, so unknown fields are kept and reported.  Raises ``Malformed`` for an empty list, the
    same bytes listed twice, or anything the strict readers refuse.
    """
    reader = Reader(loads(data, file=file), file=file)
    items = reader.objects("keys", maximum=MAX_KEYS)
    unknown = [reader.at(name) for name in sorted(reader.rest())]
    keys: list[FleetKey] = []
    for index, item in enumerate(items):
        key = FleetKey(key=item.base64("key"), role=item.text("role", maximum=120))
        if not 16 <= len(key.key) <= MAX_KEY_BYTES:
            raise item.wrong("key", f"a key of 16 to {MAX_KEY_BYTES} bytes", f"{len(key.key)} bytes")
        if any(earlier.key == key.key for earlier in keys):
            raise reader.wrong(f"keys/{index}/key", "a key that is listed once", "the same key again")
        unknown += [item.at(name) for name in sorted(item.rest())]
        keys.append(key)
    if not keys:
        raise reader.wrong("keys", "at least one key", [])
    return FleetKeys(keys=tuple(keys), unknown=tuple(unknown))
