"""The rehearsal vendor's firmware: which versions there are, what they measure, and which one has an advisory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

HARDWARE_MODEL = "REHEARSAL Vaultkeeper 4"
CLASSIC_MODEL = "REHEARSAL Keysafe 2"
CLASSIC_VERSION = "2.6.0"
"""An older model, which attests keys and a version and measures nothing; a program in it does."""

OEM_ID = b"REHEARSAL-HSM-WK"
"""The maker's identifier: 16 octets, the random kind of RFC 9711, 4.2.3.1, but legible."""

SOFTWARE_NAME = "REHEARSAL vault application"
COMPONENTS = ("bootloader", "firmware", "vault-application")
ADVISORY = "REHEARSAL-SA-2025-01"
ADVISORY_PUBLISHED = "2025-01-20"
FIXED_SINCE = "4.2.0"
"""The advisory warns of every version below this one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """One version of what runs in an HSM; ``build`` is another one of the same version (a fault)."""

    version: str
    build: str = ""

    @property
    def measurements(self) -> tuple[tuple[str, bytes], ...]:
        """Each component with the SHA-384 of its (imagined) image."""
        images = ((name, f"REHEARSAL {name} {self.version}{self.build}") for name in COMPONENTS)
        return tuple((name, hashlib.sha384(image.encode()).digest()) for name, image in images)


FIRMWARE_2025 = Firmware(version="4.2.1")
FIRMWARE_2026 = Firmware(version="4.3.0")
FIRMWARE_DENIED = Firmware(version="4.1.7")
FIRMWARE_UNLISTED = Firmware(version="4.9.0")
FIRMWARE_TAMPERED = Firmware(version="4.3.0", build=", changed by somebody")
ALLOWED = (FIRMWARE_DENIED, FIRMWARE_2025, FIRMWARE_2026)
"""What the maker has released; the first was allowed until the advisory."""
