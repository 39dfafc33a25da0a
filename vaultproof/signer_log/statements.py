"""What the log says of itself, unsigned, against what is pinned.  It can be stale, and it accuses nobody."""

from __future__ import annotations

from collections.abc import Iterator

from vaultproof.errors import VaultproofError
from vaultproof.report import Fact, Origin
from vaultproof.signer_log.answers import Info, NamespaceEntry, NamespaceStatus, read_info, read_namespace_entry
from vaultproof.signer_log.findings import LogFinding
from vaultproof.signer_log.walk import Expected, reason
from vaultproof.steps.base import compared, shown
from vaultproof.strict.encodings import format_milliseconds


def advertised_keys(answer: bytes | None) -> tuple[bytes, ...]:
    """The keys in an answer of ``/info``; none where there is no such answer, or none that can be read."""
    try:
        return () if answer is None else tuple(key.public_key for key in read_info(answer).keys)
    except VaultproofError:
        return ()  # compare_info says so


def compare_info(answer: bytes | None, expected: Expected) -> Iterator[LogFinding]:
    """The keys that the signer advertises, against the pinned ones."""
    if answer is None:
        yield _finding("info-not-fetched", expected)
        return
    try:
        info = read_info(answer)
    except VaultproofError as error:
        yield _finding("info-unreadable", expected, *reason(error))
        return
    yield from _compare_keys(info, expected)


def compare_namespace(answer: bytes | None, expected: Expected, *, last: int | None) -> Iterator[LogFinding]:
    """What the log says of the namespace: its root, whether it is online, and the last epoch it speaks of.

    ``last`` is the newest epoch at hand.
    """
    if answer is None:
        yield _finding("namespace-not-fetched", expected)
        return
    try:
        entry = read_namespace_entry(answer)
    except VaultproofError as error:
        yield _finding("namespace-unreadable", expected, *reason(error))
        return
    yield from _compare_entry(entry, expected)
    if entry.last_verified_epoch is not None:
        yield from log_goes_on(entry.last_verified_epoch, expected, last=last)


def log_goes_on(epoch: int, expected: Expected, *, last: int | None) -> Iterator[LogFinding]:
    """The finding when the log speaks of an epoch after the newest at hand."""
    if epoch > (last or 0):
        yield _finding("log-goes-on", expected, _unsigned("epoch", epoch, last))


def _compare_keys(info: Info, expected: Expected) -> Iterator[LogFinding]:
    pinned = {key.public_key: key.not_before for key in expected.signer.keys}
    advertised = {key.public_key: key.not_before for key in info.keys}
    for key, not_before in advertised.items():
        since = shown("key-valid-from", format_milliseconds(not_before), Origin.NOT_VERIFIED)
        if key not in pinned:
            yield _finding("key-advertised-not-pinned", expected, _key(key), since, subject=key.hex())
        elif pinned[key] != not_before:
            dates = _unsigned("key-valid-from", format_milliseconds(not_before), format_milliseconds(pinned[key]))
            yield _finding("key-dates-differ", expected, _key(key), dates, subject=key.hex())
    for key in pinned:
        if key not in advertised:
            yield _finding("key-pinned-not-advertised", expected, _key(key), subject=key.hex())


def _compare_entry(entry: NamespaceEntry, expected: Expected) -> Iterator[LogFinding]:
    root = None if entry.root is None else str(entry.root)
    if entry.name != expected.namespace:
        yield _finding("root-answer-differs", expected, _unsigned("namespace", entry.name, expected.namespace))
    elif expected.root is not None and root is not None and root != str(expected.root):
        yield _finding("root-answer-differs", expected, _unsigned("root", root, str(expected.root)))
    if entry.status is NamespaceStatus.DISABLED:
        yield _finding("namespace-disabled", expected)


def _finding(code: str, expected: Expected, *facts: Fact, subject: str | None = None) -> LogFinding:
    return LogFinding(code=code, namespace=expected.namespace, subject=subject, facts=facts)


def _unsigned(label: str, found: str | int | None, expected: str | int | None) -> Fact:
    return compared(label, found, expected, Origin.NOT_VERIFIED)


def _key(key: bytes) -> Fact:
    return shown("public-key", key.hex(), Origin.NOT_VERIFIED)
