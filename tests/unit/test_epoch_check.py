"""Checking one record with made-up keys: which key is asked, in which order, and what is said when none holds."""

from __future__ import annotations

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from vaultproof.crypto.openssl import OpenSslBackend
from vaultproof.crypto.port import SignatureCheck, run_to_completion
from vaultproof.epoch_check import check_epoch, check_own_key
from vaultproof.errors import Malformed, Mismatch, Unavailable, Unsupported, Untrusted, VaultproofError
from vaultproof.evidence.epoch import EpochRecord
from vaultproof.trust.configuration import Signer, SignerKey


def private(number: int) -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)


def public(number: int) -> bytes:
    return private(number).public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)


def signer(*numbers: int) -> Signer:
    keys = tuple(SignerKey(public_key=public(number), not_before=1000, provenance=()) for number in numbers)
    return Signer(id="s", name="S", keys=keys)


def record(number: int = 1, *, key_id: int | None = None, suite: int = 1, timestamp: int = 1000) -> EpochRecord:
    unsigned = EpochRecord(
        file="audit/5.json", ciphersuite=suite, namespace="n", timestamp=timestamp, epoch=5, digest=bytes(32),
        signature=bytes(64), key_id=key_id, serialized_message=None, annotations=(),
    )  # fmt: skip
    return replace(unsigned, signature=private(number).sign(unsigned.signed_message()))


def check(made: EpochRecord, by: Signer) -> bytes:
    return run_to_completion(check_epoch(made, by, OpenSslBackend())).public_key


@pytest.mark.parametrize("suite", [1, 2])
@pytest.mark.parametrize("order", [(1, 2, 3), (3, 2, 1), (2, 1, 3)])
def test_the_key_that_signed_is_found_in_any_order(suite: int, order: tuple[int, ...]) -> None:
    for number in order:
        assert check(record(number, suite=suite), signer(*order)) == public(number)
        assert check(record(number, suite=suite, key_id=public(number)[-1]), signer(*order)) == public(number)


def test_two_keys_may_share_an_id() -> None:
    """An id is one byte: of a few hundred keys, some share it, and both are asked."""
    first = next(n for n in range(1, 250) for m in range(1, n) if public(n)[-1] == public(m)[-1])
    second = next(m for m in range(1, first) if public(m)[-1] == public(first)[-1])
    for number in (first, second):
        assert check(record(number, key_id=public(number)[-1]), signer(first, second)) == public(number)


def test_a_named_key_is_the_only_one_asked() -> None:
    """A record that names another of the pinned keys than the one that signed it does not hold."""
    with pytest.raises(Mismatch) as caught:
        check(record(1, key_id=public(2)[-1]), signer(1, 2))
    assert (caught.value.code, caught.value.file) == ("bad-signature", "audit/5.json")


def test_an_unknown_key_is_not_called_invalid() -> None:
    for by in (signer(2, 3), signer()):
        with pytest.raises(Untrusted) as caught:
            check(record(1, key_id=public(1)[-1]), by)
        assert (caught.value.code, caught.value.pointer) == ("unrecognised-key", "/key_id")


def test_no_key_at_all_is_not_a_pass() -> None:
    with pytest.raises(Untrusted, match="unrecognised-key"):
        check(record(1), signer())


def test_a_key_is_valid_from_its_first_millisecond() -> None:
    assert check(record(timestamp=1000), signer(1)) == public(1)
    with pytest.raises(Mismatch) as caught:
        check(record(timestamp=999), signer(1))
    assert (caught.value.code, caught.value.pointer) == ("key-not-yet-valid", "/timestamp")
    assert caught.value.found == "1970-01-01T00:00:00.999Z"


def test_the_records_own_serialisation_must_be_the_rebuilt_one() -> None:
    made = record()
    good = replace(made, serialized_message=made.signed_message())
    assert check(good, signer(1)) == public(1)
    run_to_completion(check_own_key(good, public(1), OpenSslBackend()))
    for wrong in (b"", made.signed_message() + b"\0", made.signed_message()[:-1]):
        changed = replace(made, serialized_message=wrong)
        with pytest.raises(Mismatch, match="serialized-message"):
            check(changed, signer(1))
        with pytest.raises(Mismatch, match="serialized-message"):
            run_to_completion(check_own_key(changed, public(1), OpenSslBackend()))


def test_what_its_own_serialisation_says_is_never_what_is_checked() -> None:
    """A record that was signed over other bytes, and carries them, does not hold."""
    other = record()
    made = replace(other, epoch=6, serialized_message=other.signed_message())
    with pytest.raises(Mismatch, match="serialized-message"):
        check(made, signer(1))


def test_an_own_key_must_be_the_one_that_is_named() -> None:
    run_to_completion(check_own_key(record(1, key_id=public(1)[-1]), public(1), OpenSslBackend()))
    with pytest.raises(Mismatch, match="key-id-differs"):
        run_to_completion(check_own_key(record(1, key_id=public(1)[-1] ^ 1), public(1), OpenSslBackend()))
    with pytest.raises(Mismatch) as caught:
        run_to_completion(check_own_key(record(1), public(2), OpenSslBackend()))
    assert (caught.value.code, caught.value.file) == ("bad-signature", "audit/5.json")


@pytest.mark.parametrize(
    "error", [Unavailable("engine-cannot", "x"), Unsupported("key-algorithm", "x"), Malformed("c", "x")]
)
def test_an_engine_that_cannot_is_not_passed_over(error: VaultproofError) -> None:
    class Engine:
        name = "broken"

        async def verify(self, check: SignatureCheck) -> None:
            raise error

    with pytest.raises(type(error)) as caught:
        run_to_completion(check_epoch(record(), signer(1, 2), Engine()))
    assert caught.value.file == "audit/5.json"


def test_a_ciphersuite_that_is_not_known_is_not_invalid() -> None:
    with pytest.raises(Unsupported, match="ciphersuite"):
        check(replace(record(), ciphersuite=7), signer(1))
