"""What is to be said of each record of a signer's log: which key it holds under, or why it is not verified."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from typing import Any

from vaultproof.crypto.port import Backend
from vaultproof.epoch_check import check_epoch, check_own_key
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, Untrusted, VaultproofError
from vaultproof.evidence.epoch import EpochRecord, read_epoch_value
from vaultproof.frozen import frozen
from vaultproof.report import Scope, Status
from vaultproof.steps.base import status_of
from vaultproof.strict.encodings import parse_hex
from vaultproof.strict.json import loads
from vaultproof.trust.configuration import Signer, SignerKey, TrustConfiguration, TrustSet

MOST_RECORDS = 10_000


class OwnKey(StrEnum):
    """What a record's own, unpinned key makes of it; neither is a pass, for anybody can make such a record."""

    VALID = "valid"
    INVALID = "invalid"


@frozen
class Asked:
    """What the caller wants the records to be about; None where any will do."""

    namespace: str | None = None
    epoch: int | None = None


@frozen
class Answer:
    """What was found of one record.

    ``record`` is None when it could not be read; ``key`` is the one it holds under, ``signer`` whose that is and
    ``scope`` whether it is pinned for real fleets or for rehearsals (None: given by the caller); ``error`` says why
    the record is not verified, and ``own_key`` what its own, unpinned key makes of it, if it carries one.
    ``namespace_pinned`` says that the namespace is pinned too, and fits.
    """

    place: str
    status: Status
    record: EpochRecord | None = None
    key: bytes | None = None
    signer: str | None = None
    scope: Scope | None = None
    namespace_pinned: bool = False
    error: VaultproofError | None = None
    own_key: OwnKey | None = None


class PinnedKeys:
    """The keys of all signers in a trust configuration, those for real fleets first."""

    def __init__(self, trust: TrustSet) -> None:
        self._configurations = (trust.production, trust.rehearsal)

    @property
    def public_keys(self) -> frozenset[bytes]:
        """Every pinned key, 32 bytes each."""
        return frozenset(
            key.public_key for part in self._configurations for signer in part.signers for key in signer.keys
        )

    async def check(self, record: EpochRecord, place: str, backend: Backend) -> Answer:
        """The answer under the first pinned key that the record holds under.

        Raises why it holds under none: what a key that the record names says counts more than keys it does not name.
        """
        refusals: list[VaultproofError] = []
        for configuration in self._configurations:
            for signer in configuration.signers:
                try:
                    key = await check_epoch(record, signer, backend)
                except VaultproofError as error:
                    refusals.append(error)
                    continue
                pinned = _check_namespace(record, signer, configuration)
                return Answer(
                    place=place, status=Status.MATCH, record=record, key=key.public_key, signer=signer.name,
                    scope=configuration.kind, namespace_pinned=pinned,
                )  # fmt: skip
        raise min(refusals, key=_is_about_unnamed_key, default=_no_signers(record))


class GivenKey:
    """One Ed25519 key that the caller gave, in place of the pinned ones."""

    def __init__(self, public_key: bytes) -> None:
        self.public_key = public_key
        self._signer = Signer(
            id="given", name="given", keys=(SignerKey(public_key=public_key, not_before=0, provenance=()),)
        )

    @property
    def public_keys(self) -> frozenset[bytes]:
        """The key alone."""
        return frozenset((self.public_key,))

    async def check(self, record: EpochRecord, place: str, backend: Backend) -> Answer:
        """The answer under the given key.  Raises why the record does not hold under it."""
        try:
            await check_epoch(record, self._signer, backend)
        except Untrusted as error:
            if error.code != "unrecognised-key":
                raise
            raise Mismatch(
                "other-key", "the record names another key than the given one", file=record.file,
                pointer="/key_id", expected=str(self.public_key[-1]), found=str(record.key_id),
            ) from None  # fmt: skip
        return Answer(place=place, status=Status.MATCH, record=record, key=self.public_key)


def read_records(data: bytes, *, file: str, maximum: int) -> tuple[tuple[str, Any], ...]:
    """The records of a file, one or a list, each with its place; they are not read yet.

    Raises ``Malformed`` for what is not strict JSON, over ``maximum`` bytes or ``MOST_RECORDS`` records, and
    ``Unavailable`` for an empty list.
    """
    value = loads(data, file=file, max_bytes=maximum)
    if not isinstance(value, list):
        return (("", value),)
    if len(value) > MOST_RECORDS:
        raise Malformed("too-many-records", "too many records in one file", file=file, expected=f"<= {MOST_RECORDS}",
                        found=str(len(value)))  # fmt: skip
    if not value:
        raise Unavailable("no-records", "the list holds no record", file=file)
    return tuple((f"/{index}", item) for index, item in enumerate(value))


async def check_records(
    records: Sequence[tuple[str, Any]], keys: PinnedKeys | GivenKey, asked: Asked, backend: Backend
) -> tuple[Answer, ...]:
    """One answer for each record, in order.  Two different records for one epoch are both contradicted."""
    answers = [await _check(place, value, keys, asked, backend) for place, value in records]
    first: dict[tuple[str, int], int] = {}
    for index, answer in enumerate(answers):
        if answer.record is None or answer.status is not Status.MATCH:
            continue
        earlier = first.setdefault((answer.record.namespace, answer.record.epoch), index)
        if _told(answer) != _told(answers[earlier]):
            answers[index] = _two_answers(answer, answers[earlier])
            answers[earlier] = _two_answers(answers[earlier], answer)
    return tuple(answers)


async def _check(place: str, value: Any, keys: PinnedKeys | GivenKey, asked: Asked, backend: Backend) -> Answer:
    record = None
    try:
        record = read_epoch_value(value, file="record", pointer=place)
        _check_asked(record, asked)
        return await keys.check(record, place, backend)
    except VaultproofError as error:
        own_key = None
        if record is not None and error.code in ("unrecognised-key", "bad-signature", "other-key"):
            own_key = await _own_key(record, value, keys.public_keys, backend)
        return Answer(place=place, status=status_of(error), record=record, error=error, own_key=own_key)


def _check_asked(record: EpochRecord, asked: Asked) -> None:
    if asked.namespace is not None and record.namespace != asked.namespace:
        raise Mismatch("namespace-differs", "the record is of another namespace", pointer="/namespace",
                       expected=repr(asked.namespace), found=repr(record.namespace))  # fmt: skip
    if asked.epoch is not None and record.epoch != asked.epoch:
        raise Mismatch("epoch-differs", "the record is of another epoch", pointer="/epoch", expected=str(asked.epoch),
                       found=str(record.epoch))  # fmt: skip


def _check_namespace(record: EpochRecord, signer: Signer, configuration: TrustConfiguration) -> bool:
    """Whether the record's namespace is pinned; raises ``Mismatch`` where it is and the record does not fit."""
    namespace = configuration.namespace(record.namespace)
    if namespace is None:
        return False
    root = namespace.root_digest if record.epoch == namespace.root_epoch else record.digest.hex()
    for code, pointer, expected, found in (
        ("signer-differs", "", namespace.signer, signer.id),
        ("ciphersuite-differs", "/ciphersuite", str(namespace.ciphersuite), str(record.ciphersuite)),
        ("root-differs", "/digest", root, record.digest.hex()),
    ):
        if expected != found:
            raise Mismatch(code, "the record is not what is pinned for its namespace", pointer=pointer,
                           expected=expected, found=found)  # fmt: skip
    if record.epoch < namespace.root_epoch:
        raise Mismatch("before-root", "the record is older than the namespace's first epoch", pointer="/epoch",
                       expected=f">= {namespace.root_epoch}", found=str(record.epoch))  # fmt: skip
    return True


async def _own_key(record: EpochRecord, value: Any, known: frozenset[bytes], backend: Backend) -> OwnKey | None:
    """What the record's own ``verifying_key`` makes of it; None where it carries none, or one that is pinned."""
    given = value.get("verifying_key") if isinstance(value, Mapping) else None
    if not isinstance(given, str):
        return None
    try:
        public_key = parse_hex(given, length=32)
        if public_key in known:
            return None
        await check_own_key(record, public_key, backend)
    except (Unsupported, Unavailable):
        return None  # this engine cannot tell: nothing to say of that key
    except VaultproofError:
        return OwnKey.INVALID
    return OwnKey.VALID


def _is_about_unnamed_key(error: VaultproofError) -> bool:
    return error.code == "unrecognised-key"


def _no_signers(record: EpochRecord) -> Untrusted:
    return Untrusted("unrecognised-key", "no signer's key is pinned", pointer="/key_id", found=str(record.key_id))


def _told(answer: Answer) -> tuple[int, bytes] | None:
    """What a record says of its epoch: its time and digest."""
    return None if answer.record is None else (answer.record.timestamp, answer.record.digest)


def _two_answers(answer: Answer, other: Answer) -> Answer:
    error = Mismatch(
        "two-answers", "the signer signed two different records for this epoch: keep both, and show them to others",
        expected="one record for each epoch", found=f"another one at {other.place}",
    )  # fmt: skip
    return replace(answer, status=Status.MISMATCH, error=error)
