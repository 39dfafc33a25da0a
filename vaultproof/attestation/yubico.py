"""Adapters for Yubico's attestations: keys of a YubiHSM 2, and keys in a PIV slot of a YubiKey.

Both devices state what they know of a key in a certificate for it, signed by a key that the factory put in.  What may
be read from it, and what may not, differs:

- a **YubiHSM 2** has an attestation key of its own; key attributes are stated.  A key that users make may sign
  attestations too (capability 34), so the signer must hold a *factory* certificate: issued by the maker for a device,
  not by a device for a key.
- **YubiKeys** share their attestation key (slot f9) with others of their kind, and its owner can replace it: a device
  is known by the serial number in the attestation alone, and only the pinned root tells a factory key from another.
  That a key was made inside and cannot leave is implied by profile: others get no attestation.
"""

from __future__ import annotations

from collections.abc import Mapping

from vaultproof.attestation.adapter import Attestation
from vaultproof.attestation.yubihsm import OID_NAMES as YUBIHSM_OIDS
from vaultproof.attestation.yubihsm import TECHNOLOGY as YUBIHSM
from vaultproof.attestation.yubihsm import VERSION as YUBIHSM_VERSION
from vaultproof.attestation.yubihsm import read_yubihsm
from vaultproof.attestation.yubikey_piv import OID_NAMES as PIV_OIDS
from vaultproof.attestation.yubikey_piv import TECHNOLOGY as PIV
from vaultproof.attestation.yubikey_piv import VERSION as PIV_VERSION
from vaultproof.attestation.yubikey_piv import read_piv


class YubiHsmAdapter:
    """Reads attestations of keys in a YubiHSM 2."""

    technology = YUBIHSM
    version = YUBIHSM_VERSION
    oid_names = YUBIHSM_OIDS

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's attested keys and chain; see ``Adapter.read`` for what it raises."""
        return read_yubihsm(member_files)


class YubiKeyPivAdapter:
    """Reads attestations of keys in the PIV slots of a YubiKey."""

    technology = PIV
    version = PIV_VERSION
    oid_names = PIV_OIDS

    def read(self, member_files: Mapping[str, bytes]) -> Attestation:
        """One member's attested keys and chain; see ``Adapter.read`` for what it raises."""
        return read_piv(member_files)
