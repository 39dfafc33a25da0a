"""Where a watch's events go: a command, a webhook, feeds on disk.  None by default, and none is told a secret."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from vaultproof.cli import voice
from vaultproof.mirror.store import Store
from vaultproof.mirror.watching import Event, remembered, told_name
from vaultproof.presentation.log_feeds import ATOM_FILE, JSON_FILE, Entry, Feed, atom, json_feed
from vaultproof.strict.json import dumps_canonical

COMMAND_SECONDS = 60.0
WEBHOOK_SECONDS = 15.0


def command_value(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    """A command and its arguments, split as a shell would; no shell ever runs."""
    if value is None:
        return None
    try:
        words = tuple(shlex.split(value))
    except ValueError as error:
        raise click.BadParameter(f"{value!r}: {error}", ctx=ctx, param=param) from None
    if not words:
        raise click.BadParameter("there is no command", ctx=ctx, param=param)
    return words


def webhook_value(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """An address that events may be posted to."""
    if value is None:
        return None
    try:
        parts = urlsplit(value)
        good = parts.scheme in ("https", "http") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise click.BadParameter(f"{value!r} is not an address (https://...)", ctx=ctx, param=param)
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """Where events go."""

    command: tuple[str, ...] | None = None
    webhook: str | None = None

    def __call__(self, event: Event) -> bool:
        """Deliver one event everywhere; False where that failed, after saying so."""
        body = dumps_canonical(event.to_json()) + b"\n"
        delivered = [self._run(body) if self.command else True, self._post(body) if self.webhook else True]
        return all(delivered)

    def _run(self, body: bytes) -> bool:
        command = list(self.command or ())
        try:
            ran = subprocess.run(command, input=body, stdout=subprocess.DEVNULL, timeout=COMMAND_SECONDS, check=False)
        except (OSError, subprocess.TimeoutExpired) as error:
            voice.error(f"{command[0]} could not be told: {error}", "it is told again by the next run")
            return False
        if ran.returncode:
            voice.error(f"{command[0]} ended with {ran.returncode}", "it is told again by the next run")
        return ran.returncode == 0

    def _post(self, body: bytes) -> bool:
        import urllib3

        from vaultproof.mirror.client import USER_AGENT

        headers = {"User-Agent": USER_AGENT, "Content-Type": "application/json"}
        try:
            with urllib3.PoolManager(retries=False, timeout=WEBHOOK_SECONDS) as pool:
                answer = pool.request("POST", self.webhook or "", body=body, headers=headers, redirect=False)
                status = answer.status
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            voice.error(f"the webhook could not be told: {error}", "it is told again by the next run")
            return False
        if not 200 <= status < 300:
            voice.error(f"the webhook answered with status {status}", "it is told again by the next run")
        return 200 <= status < 300


def write_feeds(store: Store, namespace: str, folder: Path, *, rehearsal: bool) -> None:
    """Write both feeds of all findings of ``namespace``, those that are gone too; each file whole or not at all."""
    entries = []
    for kept in store.findings(namespace, gone=True):
        updated = store.number(namespace, told_name(kept.id)) or kept.gone_at or kept.first_seen
        entries.append(
            Entry(finding=remembered(kept), published=kept.first_seen, updated=updated,
                  gone=kept.gone_at is not None)
        )  # fmt: skip
    feed = Feed(namespace=namespace, rehearsal=rehearsal, entries=entries)
    folder.mkdir(parents=True, exist_ok=True)
    for name, data in ((ATOM_FILE, atom(feed)), (JSON_FILE, json_feed(feed))):
        _write(folder / name, data)


def _write(path: Path, data: bytes) -> None:
    """Replace a file by a new one in one step; one that is the same stays as it is."""
    if path.is_file() and path.read_bytes() == data:
        return
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.chmod(name, 0o644)  # a feed is for others to read
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
