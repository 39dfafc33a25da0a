"""The page of one epoch of the signer's log: its record in words and in bytes, what changed, who explains it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from generator.annotated import Part, annotate_rows
from generator.annotated_record import SUITES, message_parts, record_parts, signature_parts
from generator.commands import CommandBlock
from generator.commands.epoch import epoch_blocks
from generator.formatting import count_text, date_text, size_text, time_text
from generator.pages.frame import Frame, make_frame
from generator.pages.log_keys import ChangeView, change_view
from generator.pages.member_bytes import Bytes
from generator.signer_log.api import record_href
from generator.signer_log.epochs import Epoch
from generator.signer_log.views import (
    Coverage,
    LogContext,
    LogFindingView,
    epoch_coverage,
    epoch_folder,
    epoch_status,
    finding_view,
)
from vaultproof.errors import VaultproofError
from vaultproof.evidence.files import sha256_hex
from vaultproof.mirror.answer import Resource, StoredAnswer
from vaultproof.presentation.digest_words import digest_words
from vaultproof.signer_log.findings import Conclusion
from vaultproof.strict.encodings import MAX_MILLISECONDS, from_milliseconds

ROOT = "../../../../"
STATUS_WORDS = {"match": "Holds", "mismatch": "Does NOT match", "could_not_check": "Could not be checked"}


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerView:
    """One answer that was given for the epoch: from where, first and last seen, and its bytes, relative to the page."""

    origin: str
    first_seen: str
    last_seen: str
    sha256: str
    size: str
    href: str
    name: str
    stands: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class LogEpochPage:
    """Everything that ``log_epoch.html`` shows.

    ``status`` is the worst that was found about the epoch; ``facts`` are its fields in words; ``digest`` is None where
    the record cannot be read.  ``key`` leads to the pinned key (text and address), None for a key that is not pinned.
    ``findings`` leaves out that keys changed, which ``change`` tells.  ``answers`` are all that were given, the one
    that stands first; ``previous`` and ``following`` the pages beside it.
    """

    TEMPLATE: ClassVar[str] = "log_epoch.html"

    frame: Frame
    title: str
    log_name: str
    log_href: str
    keys_href: str
    rehearsal: bool
    failing: bool
    contradicted: bool
    status: str
    status_label: str
    findings: tuple[LogFindingView, ...]
    facts: tuple[tuple[str, str], ...]
    digest: str | None
    digest_words: tuple[str, ...]
    key: tuple[str, str] | None
    coverage: Coverage
    change: ChangeView | None
    documents: tuple[Bytes, ...]
    answers: tuple[AnswerView, ...]
    key_file: tuple[str, str, str] | None
    commands: tuple[CommandBlock, ...]
    previous: tuple[str, str] | None
    following: tuple[str, str] | None


def epoch_pages(context: LogContext) -> Iterator[tuple[str, LogEpochPage | bytes]]:
    """Path (below the site's root) and page or bytes: a page an epoch, and the answers that do not stand for one."""
    numbers = [epoch.number for epoch in context.epochs]
    for index, epoch in enumerate(context.epochs):
        folder = epoch_folder(context.checked.namespace, epoch.number)
        beside = (
            numbers[index - 1] if index else None,
            numbers[index + 1] if index + 1 < len(numbers) else None,
        )
        yield folder + "index.html", _page(epoch, context, beside)
        for answer in _others(epoch, context):
            yield folder + _other_name(answer), answer.body


def _page(epoch: Epoch, context: LogContext, beside: tuple[int | None, int | None]) -> LogEpochPage:
    checked, record = context.checked, epoch.record
    status = epoch_status(checked, epoch.number)
    found = [item for item in checked.about(epoch.number) if item.code != "keys-changed"]
    title = f"Epoch {epoch.number}"
    label = STATUS_WORDS[status]
    return LogEpochPage(
        frame=make_frame(
            title=f"{title} of {checked.namespace}",
            description=f"{title} of the signer's log, {checked.namespace}: its record in words and in bytes.",
            root=ROOT,
            section="log",
            clock=context.clock,
            assets=context.assets,
            rehearsal=checked.rehearsal,
        ),
        title=title,
        log_name=checked.namespace,
        log_href="../../",
        keys_href="../../keys/",
        rehearsal=checked.rehearsal,
        failing=checked.failing,
        contradicted=checked.conclusion is Conclusion.CONTRADICTED,
        status=status,
        status_label=label,
        findings=tuple(finding_view(item, context) for item in found),
        facts=tuple(_facts(epoch)),
        digest=None if record is None else record.digest.hex(),
        digest_words=() if record is None else digest_words(record.digest.hex()),
        key=_key(epoch, context),
        coverage=epoch_coverage(checked, epoch.number, context.titles),
        change=None if epoch.change is None else change_view(epoch.change, context),
        documents=tuple(_documents(epoch)),
        answers=tuple(_answers(epoch, context)),
        key_file=_key_file(epoch),
        commands=epoch_blocks(epoch, checked.pinned, f"epoch-{epoch.number}.json", f"key-file-{epoch.number}.json"),
        previous=_beside(beside[0]),
        following=_beside(beside[1]),
    )


def _beside(number: int | None) -> tuple[str, str] | None:
    return None if number is None else (f"Epoch {number}", f"../{number}/")


def _facts(epoch: Epoch) -> Iterator[tuple[str, str]]:
    record = epoch.record
    if record is not None:
        yield "Signed", time_text(from_milliseconds(record.timestamp))
        yield "Ciphersuite", f"{record.ciphersuite}: {SUITES.get(record.ciphersuite, 'not known here')}"
    yield "First seen by this copy", _seen(epoch.answer.first_seen)


def _seen(milliseconds: int) -> str:
    return time_text(from_milliseconds(min(milliseconds, MAX_MILLISECONDS)))


def _key(epoch: Epoch, context: LogContext) -> tuple[str, str] | None:
    if epoch.key is None:
        return None
    trust, signer = context.checked.trust, context.checked.signer
    since = date_text(from_milliseconds(epoch.key.not_before))
    words = f"{signer.name}, the key that ends in {epoch.key.key_id:02x}, pinned as valid since {since}"
    return words, f"{ROOT}trust/#{trust.kind.value}-{signer.id}-{epoch.key.key_id}"


def _documents(epoch: Epoch) -> Iterator[Bytes]:
    """The answer as it came, the message that was signed, the signature."""
    yield _bytes(0, "The answer, as it came", epoch.answer.body, "JSON", record_parts)
    record = epoch.record
    if record is None:
        return
    try:
        message = record.signed_message()
    except VaultproofError:
        return  # a ciphersuite that is not known: the findings say so
    yield _bytes(1, "The signed message", message, "what its fields give", lambda _: message_parts(record))
    yield _bytes(2, "The signature", record.signature, "an Ed25519 signature", signature_parts)


def _bytes(number: int, title: str, data: bytes, form: str, decoder: Callable[[bytes], Sequence[Part]]) -> Bytes:
    try:
        parts: Sequence[Part] = decoder(data)
        read: str | None = form
    except VaultproofError:
        parts, read = (), None
    rows = annotate_rows(data, parts, (), f"b{number}")
    return Bytes(
        id=f"bytes-{number}", title=title, carrier=title, form=read, size=size_text(len(data)),
        count=count_text(len(rows), "row"), opened=number < 2, rows=rows,
    )  # fmt: skip


def _others(epoch: Epoch, context: LogContext) -> Iterator[StoredAnswer]:
    """Every other answer to the question for this epoch's record."""
    store, namespace = context.checked.log.store, context.checked.namespace
    for answer in store.answers(namespace, Resource.AUDIT, epoch=epoch.number):
        if answer.id != epoch.answer.id:
            yield answer


def _other_name(answer: StoredAnswer) -> str:
    return f"other/{answer.sha256.hex()}"


def _answers(epoch: Epoch, context: LogContext) -> Iterator[AnswerView]:
    own = f"{ROOT}{context.api}{record_href(context.checked.namespace, epoch.number)}"
    yield _answer(epoch.answer, own, f"epoch-{epoch.number}.json", stands=True)
    for answer in _others(epoch, context):
        name = f"epoch-{epoch.number}-other-{answer.sha256.hex()[:8]}.json"
        yield _answer(answer, _other_name(answer), name, stands=False)


def _answer(answer: StoredAnswer, href: str, name: str, *, stands: bool) -> AnswerView:
    return AnswerView(
        origin=answer.origin, first_seen=_seen(answer.first_seen), last_seen=_seen(answer.last_seen),
        sha256=answer.sha256.hex(), size=size_text(len(answer.body)), href=href, name=name, stands=stands,
    )  # fmt: skip


def _key_file(epoch: Epoch) -> tuple[str, str, str] | None:
    """Address, size and SHA-256 of the logged key file, where the copy has it."""
    if epoch.artifact is None:
        return None
    body = epoch.artifact.body
    return f"../../key-files/{epoch.number}.json", size_text(len(body)), sha256_hex(body)
