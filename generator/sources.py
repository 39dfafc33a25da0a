"""Reading ``evidence/`` from disk: the only module of the build that opens evidence files.

Bytes are taken exactly as they are.  Symbolic links are refused, because what they point at is not what a reader of the
archive would get.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType

from generator.clock import midnight
from generator.errors import BuildError
from vaultproof.errors import VaultproofError
from vaultproof.evidence.deployment import Deployment, read_deployment
from vaultproof.evidence.files import DEPLOYMENT, Files, check_caps, required
from vaultproof.procedure.document import Procedure, read_procedure
from vaultproof.trust.configuration import TrustSet, read_trust_set

TRUST = "trust"
PROCEDURE = "procedure"
DEPLOYMENTS = "deployments"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSource:
    """One deployment as it lies on disk: the name of its folder, what it announces, and its exact files."""

    announcement: Deployment
    files: Files

    @property
    def id(self) -> str:
        """Its name: of its folder, its page and its archive."""
        return self.announcement.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Everything under ``evidence/``: typed, beside the exact bytes of trust configuration and procedures."""

    trust: TrustSet
    trust_files: Files
    procedures: Mapping[str, Procedure]
    procedure_files: Files
    deployments: tuple[DeploymentSource, ...]

    @property
    def dates(self) -> tuple[datetime, ...]:
        """The dates that the evidence itself carries: of procedures and deployments."""
        published = tuple(midnight(procedure.published) for procedure in self.procedures.values())
        return published + tuple(item.announcement.deployed_at for item in self.deployments)


def read_sources(evidence: Path) -> Sources:
    """All of ``evidence/``.

    Raises ``BuildError`` when the folder is not one of evidence, holds what cannot be read or symbolic links, or a
    deployment's folder and its announcement do not name the same id.
    """
    if not evidence.is_dir():
        raise BuildError(f"there is no folder {evidence}", hint="name the folder that holds trust/ and procedure/")
    trust_files = read_folder(evidence / TRUST)
    procedure_files = {path: data for path, data in read_folder(evidence / PROCEDURE).items() if path.endswith(".md")}
    try:
        procedures = [read_procedure(data, file=path) for path, data in procedure_files.items()]
        trust = read_trust_set(trust_files)
    except VaultproofError as error:
        raise BuildError(str(error), hint=error.hint) from error
    if not procedures:
        raise BuildError(f"{evidence / PROCEDURE} holds no procedure")
    return Sources(
        trust=trust,
        trust_files=MappingProxyType(trust_files),
        procedures=MappingProxyType({procedure.version: procedure for procedure in procedures}),
        procedure_files=MappingProxyType(procedure_files),
        deployments=_deployments(evidence / DEPLOYMENTS),
    )


def read_folder(folder: Path) -> dict[str, bytes]:
    """Path (relative, with ``/``) to bytes of every file below a folder, sorted; hidden files are left out.

    Raises ``BuildError`` for a missing folder or a symbolic link.
    """
    if not folder.is_dir():
        raise BuildError(f"there is no folder {folder}")
    found: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*"), key=lambda item: item.relative_to(folder).as_posix()):
        name = path.relative_to(folder).as_posix()
        if any(part.startswith(".") for part in name.split("/")):
            continue
        if path.is_symlink():
            raise BuildError(f"{path} is a symbolic link", hint="evidence is files: put the file itself there")
        if path.is_file():
            found[name] = path.read_bytes()
    return found


def _deployments(folder: Path) -> tuple[DeploymentSource, ...]:
    if not folder.is_dir():
        return ()
    names = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))
    return tuple(_deployment(folder / name) for name in names)


def _deployment(folder: Path) -> DeploymentSource:
    files = read_folder(folder)
    try:
        check_caps(files)
        announcement = read_deployment(required(files, DEPLOYMENT))
    except VaultproofError as error:
        raise BuildError(f"{folder.name}: {error}", hint=error.hint) from error
    if announcement.id != folder.name:
        raise BuildError(
            f"the folder {folder.name} holds the deployment {announcement.id}",
            hint="give the folder the deployment's id",
        )
    return DeploymentSource(announcement=announcement, files=MappingProxyType(files))
