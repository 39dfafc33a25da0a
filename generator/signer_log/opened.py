"""Opening the copies of the signer's log under ``evidence/signer-log/``: one folder a namespace, named after it.

A copy is taken into a mirror of its own, in a temporary file, so that the build reads and audits it just as the command
line does, whatever its size.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from generator.errors import BuildError
from vaultproof.errors import VaultproofError
from vaultproof.mirror.store import Store
from vaultproof.mirror.transfer import import_copy
from vaultproof.strict.encodings import MAX_MILLISECONDS, from_milliseconds

SIGNER_LOG = "signer-log"
"""The folder of ``evidence/`` that holds the copies."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenLog:
    """A copy, open: its namespace, the mirror that holds it, and when an answer in it was last seen."""

    namespace: str
    store: Store
    copied_at: datetime


@contextmanager
def open_logs(folder: Path) -> Iterator[tuple[OpenLog, ...]]:
    """The copies under ``folder``, for as long as the context lasts; none where there is no such folder.

    Raises ``BuildError`` for a copy that is damaged, holds no record, or is of another namespace than its folder names.
    """
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    with ExitStack() as stack:
        holder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vaultproof-log-")))
        yield tuple(
            _opened(folder / name, stack.enter_context(Store.open(holder / f"{number}.sqlite", create=True)))
            for number, name in enumerate(names)
            if not name.startswith(".")
        )


def _opened(folder: Path, store: Store) -> OpenLog:
    try:
        import_copy(store, folder)
    except VaultproofError as error:
        raise BuildError(f"{folder.name}: {error}", hint=error.hint) from error
    if store.namespaces() != [folder.name]:
        found = ", ".join(store.namespaces()) or "no record of any namespace"
        raise BuildError(
            f"the folder {folder.name} holds a copy of {found}",
            hint="one folder a namespace, named after it: vaultproof log export --namespace NAME",
        )
    newest = max(answer.last_seen for answer in store.all_answers())
    return OpenLog(
        namespace=folder.name, store=store, copied_at=from_milliseconds(min(newest, MAX_MILLISECONDS))
    )  # fmt: skip
