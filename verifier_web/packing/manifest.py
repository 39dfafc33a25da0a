"""What a packed runtime consists of: every file with its size on disk, its size on the wire, and its hash."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Role(StrEnum):
    """What a file of the runtime is for."""

    PAGE_ENTRY = "page-entry"
    PAGE_SCRIPT = "page-script"
    WORKER_ENTRY = "worker-entry"
    WORKER_SCRIPT = "worker-script"
    INTERPRETER_SCRIPT = "interpreter-script"
    WASM = "wasm"
    STANDARD_LIBRARY = "standard-library"
    CORE = "core"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeFile:
    """One file of the runtime.

    ``name`` is its name in the output folder, hash included; ``source`` what it was made from, for people.  ``size``,
    ``size_br`` and ``size_gz`` are bytes: as it is, and precompressed with brotli and gzip (the files ``name.br`` and
    ``name.gz`` beside it).  ``sha256`` is the lower-case hex digest of the uncompressed bytes.
    """

    name: str
    role: Role
    source: str
    size: int
    sha256: str
    size_br: int
    size_gz: int

    @property
    def integrity(self) -> str:
        """The digest as Subresource Integrity writes it: the value for ``integrity`` attributes."""
        return "sha256-" + base64.b64encode(bytes.fromhex(self.sha256)).decode()

    def to_json(self) -> dict[str, Any]:
        """The file as it stands in a list that people and programs read."""
        return {
            "name": self.name,
            "role": self.role.value,
            "source": self.source,
            "size": self.size,
            "sha256": self.sha256,
            "size_br": self.size_br,
            "size_gz": self.size_gz,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeManifest:
    """All files of one packed runtime, sorted by name, and the versions of what is inside."""

    files: tuple[RuntimeFile, ...]
    pyodide_version: str
    python_version: str

    @property
    def entry(self) -> RuntimeFile:
        """The module that a page loads: ``<script type="module" src=... integrity=...>``."""
        return self.only(Role.PAGE_ENTRY)

    @property
    def preloads(self) -> tuple[RuntimeFile, ...]:
        """The modules that the entry imports: ``<link rel="modulepreload" href=... integrity=...>``."""
        return tuple(file for file in self.files if file.role is Role.PAGE_SCRIPT)

    @property
    def core(self) -> RuntimeFile:
        """The archive with our own code: its digest says which verifier a browser ran."""
        return self.only(Role.CORE)

    @property
    def transfer(self) -> int:
        """Bytes that a first visit downloads, with brotli, up to a verifier that is ready."""
        return sum(file.size_br for file in self.files)

    def only(self, role: Role) -> RuntimeFile:
        """The one file with this role; ``KeyError`` if there is none or more than one."""
        found = [file for file in self.files if file.role is role]
        if len(found) != 1:
            raise KeyError(role.value)
        return found[0]

    def to_json(self) -> dict[str, Any]:
        """The manifest as JSON values."""
        return {
            "schema": "vaultproof/browser-runtime@1",
            "pyodide": self.pyodide_version,
            "python": self.python_version,
            "transfer": self.transfer,
            "files": [file.to_json() for file in self.files],
        }
