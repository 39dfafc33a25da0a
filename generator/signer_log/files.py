"""All files of the site that are about the signer's log: the API's paths, pages, key files, and proofs of forks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from generator.checking import Checked
from generator.pages.frame import Assets
from generator.pages.log import log_page
from generator.pages.log_epoch import epoch_pages
from generator.pages.log_keys import keys_page
from generator.rendering import Renderer
from generator.signer_log.api import api_files, api_roots
from generator.signer_log.checking import CheckedLog
from generator.signer_log.epochs import read_epochs, select_epochs
from generator.signer_log.views import LogContext, fork_name


def log_contexts(
    logs: Sequence[CheckedLog], deployments: Sequence[Checked], *, clock: datetime, assets: Assets
) -> tuple[LogContext, ...]:
    """What the pages of each copy are made from."""
    roots = api_roots(logs)
    titles = {item.id: item.source.announcement.title for item in deployments}
    found = []
    for item in logs:
        selection = select_epochs(item)
        found.append(
            LogContext(
                checked=item, selection=selection, epochs=read_epochs(item, selection), titles=titles,
                api=roots[item.namespace], clock=clock, assets=assets,
            )
        )  # fmt: skip
    return tuple(found)


def log_files(contexts: Sequence[LogContext], renderer: Renderer) -> Iterator[tuple[str, bytes]]:
    """Path in the site to bytes."""
    yield from api_files([context.checked for context in contexts])
    for context in contexts:
        yield context.folder + "index.html", renderer.render(log_page(context))
        yield context.folder + "keys/index.html", renderer.render(keys_page(context))
        for path, made in epoch_pages(context):
            yield path, made if isinstance(made, bytes) else renderer.render(made)
        yield from _key_files(context)
        yield from _forks(context)


def _key_files(context: LogContext) -> Iterator[tuple[str, bytes]]:
    """The file of each epoch's keys that is the logged one, for every epoch that has one."""
    checked = context.checked
    for answer in checked.log.store.artifacts(checked.namespace):
        if answer.epoch is not None and answer.sha256 == checked.log.store.digest_of(checked.namespace, answer.epoch):
            yield f"{context.folder}key-files/{answer.epoch}.json", answer.body


def _forks(context: LogContext) -> Iterator[tuple[str, bytes]]:
    proofs = {(proof.epoch, proof.sha256): proof.data for proof in context.checked.forks}
    for finding in context.checked.findings.items:
        if finding.code == "fork" and finding.epoch is not None:
            yield context.folder + fork_name(finding.id), proofs[(finding.epoch, finding.subject or "")]
