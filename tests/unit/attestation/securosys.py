"""A Primus HSM for tests: the XML of its key attestations, and the certificates of its maker."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.unit.attestation import makers, rsa_makers
from tests.unit.attestation.rsa_makers import certificate, common
from vaultproof.asn1 import oids

SIGNING = makers.extension(oids.KEY_USAGE, makers.SIGNING, critical=True)
KEY = makers.spki("fleet-a")
FLAGS = {
    "decrypt": "false", "sign": "true", "unwrap": "false", "derive": "true", "sensitive": "true",
    "always_sensitive": "true", "extractable": "false", "never_extractable": "true",
}  # fmt: skip
FIELDS = {
    "label": "vault key", "create_time": "2026-01-02T03:04:05Z", "attest_time": "2026-10-30T10:00:00Z",
    "algorithm": "EC", "algorithm_oid": oids.EC_PUBLIC_KEY, "public_key": base64.b64encode(KEY).decode(),
}  # fmt: skip
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def element(name: str, content: str) -> str:
    return f"<{name}>{content}</{name}>\n"


def elements(fields: Mapping[str, str]) -> str:
    return "".join(element(name, text) for name, text in fields.items())


@dataclass(frozen=True, slots=True, kw_only=True)
class Hsm:
    """One Primus HSM; change any part with ``dataclasses.replace``.

    ``attestation``, ``device`` and ``root`` are labels of keys.
    """

    serial: str = "18386101"
    key_name: str = "attestation-key"
    fields: Mapping[str, str] = field(default_factory=lambda: FIELDS)
    flags: Mapping[str, str] = field(default_factory=lambda: FLAGS)
    creation: str = ' creation="generated"'
    attestation: str = "attestation"
    device: str = "device"
    root: str = "root"
    root_name: str = "PRIMUS_HSM_ROOTKEY"

    def record(self, after: str = "") -> str:
        """The root element; ``after`` is XML that stands in it behind everything else."""
        inside = elements(self.fields) + element("attributes", elements(self.flags)) + after
        return f"<private_key{self.creation}>\n{inside}</private_key>\n"

    def xml(self) -> bytes:
        return (DECLARATION + self.record()).encode()

    def certificates(self) -> tuple[bytes, ...]:
        device, top = common(f"PRIMUS HSM KEY (SN: {self.serial})"), common(self.root_name)
        return (
            certificate(self.attestation, common(self.key_name), device, self.device, SIGNING),
            certificate(self.device, device, top, self.root, *makers.authority(0)),
            certificate(self.root, top, top, self.root, *makers.authority(1)),
        )

    def files(self, xml: bytes | None = None, *, signed: bytes | None = None) -> dict[str, bytes]:
        """The member's files; ``signed`` are the bytes under the signature where those are not the XML's own."""
        published = self.xml() if xml is None else xml
        return {
            "attestation.xml": published,
            "attestation.sig": rsa_makers.sign(self.attestation, published if signed is None else signed),
            "chain.pem": makers.pem(*self.certificates()),
        }
