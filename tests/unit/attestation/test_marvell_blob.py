"""The Marvell blob: sizes, offsets and counts fit exactly, nothing stands twice; each case breaks one thing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.unit.attestation.marvell import Card, key_object, tlv, u32, unsigned_blob
from vaultproof.attestation.marvell_blob import MAX_ATTRIBUTES, MAX_BLOB_BYTES, read_blob
from vaultproof.errors import Malformed, Unsupported, VaultproofError

SIGNATURE = bytes(256)
CARD = Card()
GOOD = CARD.unsigned() + SIGNATURE
SMALL = key_object(7, {0: b"\x02"}), key_object(9, {0: b"\x03"})


def with_number(offset: int, size: int, value: int) -> bytes:
    return GOOD[:offset] + value.to_bytes(size, "big") + GOOD[offset + size :]


def test_a_blob_is_read_big_endian() -> None:
    blob = read_blob(GOOD)
    assert [item.handle for item in blob.objects] == [7, 9]
    assert [item.values() for item in blob.objects] == [CARD.public, CARD.private]
    assert (blob.signed, blob.signature) == (CARD.unsigned(), SIGNATURE)
    for item in blob.objects:
        for attribute in item.attributes.values():
            assert GOOD[attribute.offset :].startswith(attribute.value)
            assert GOOD[attribute.offset - 8 : attribute.offset] == u32(attribute.type, len(attribute.value))


@pytest.mark.parametrize("handles", [(), (7,)])
def test_one_object_alone_is_read(handles: tuple[int, ...]) -> None:
    blob = read_blob(unsigned_blob(SMALL[0], handles=handles) + SIGNATURE)
    assert [item.values() for item in blob.objects] == [{0: b"\x02"}]


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: with_number(0, 4, 5), "marvell-layout"),
        (lambda: with_number(8, 4, len(GOOD) + 1), "marvell-layout"),
        (lambda: with_number(12, 4, 0xFFFFFFFF), "marvell-layout"),
        (lambda: with_number(12, 4, len(GOOD) - 256 - 17), "marvell-layout"),
        (lambda: with_number(12, 4, 8), "marvell-layout"),
        (lambda: with_number(16, 8, 8), "marvell-layout"),
        (lambda: with_number(34, 2, 1), "marvell-layout"),
        (lambda: with_number(34, 2, 7), "marvell-layout"),
        (lambda: with_number(36, 2, 9), "marvell-layout"),
        (lambda: with_number(36, 2, 0), "marvell-layout"),
        (lambda: with_number(38, 2, 0xFFFF), "marvell-layout"),
        (lambda: with_number(38, 2, 4), "marvell-layout"),
        (lambda: with_number(44, 4, 0), "marvell-count"),
        (lambda: with_number(44, 4, len(CARD.public) - 1), "marvell-count"),
        (lambda: with_number(44, 4, len(CARD.public) + 1), "marvell-truncated"),
        (lambda: with_number(44, 4, MAX_ATTRIBUTES + 1), "marvell-count"),
        (lambda: with_number(44, 4, 1_000_000), "marvell-count"),
        (lambda: with_number(48, 4, 3), "marvell-layout"),
        (lambda: with_number(56, 4, 0xFFFFFFFF), "marvell-truncated"),
        (lambda: GOOD + b"\x00", "marvell-layout"),
        (lambda: GOOD[:-1], "marvell-layout"),
        (lambda: b"", "marvell-size"),
        (lambda: GOOD[:272], "marvell-size"),
        (lambda: bytes(MAX_BLOB_BYTES + 1), "marvell-size"),
        (lambda: unsigned_blob(*SMALL, handles=(9, 7)) + SIGNATURE, "marvell-layout"),
        (lambda: unsigned_blob(SMALL[0], handles=(7, 9)) + SIGNATURE, "marvell-layout"),
    ],
)
def test_what_does_not_fit_is_refused(make: Callable[[], bytes], code: str) -> None:
    with pytest.raises(Malformed) as caught:
        read_blob(make())
    assert caught.value.code == code


def test_m11_an_attribute_that_stands_twice_is_refused() -> None:
    twice = tlv({0: b"\x02"}) * 2
    with pytest.raises(Malformed) as caught:
        read_blob(unsigned_blob(u32(7, 2, len(twice)) + twice, SMALL[1]) + SIGNATURE)
    assert caught.value.code == "marvell-duplicate"


def test_m11_bytes_between_the_objects_are_refused() -> None:
    with pytest.raises(Malformed) as caught:
        read_blob(unsigned_blob(SMALL[0] + bytes(4), SMALL[1]) + SIGNATURE)
    assert caught.value.code == "marvell-layout"


def test_another_size_points_to_the_older_layout() -> None:
    with pytest.raises(Malformed) as caught:
        read_blob(GOOD + b"\x00")
    assert caught.value.hint is not None
    assert "before 3.2-08" in caught.value.hint


@pytest.mark.parametrize(("change", "code"), [({"flags": 7}, "marvell-flags"), ({"version": 2}, "marvell-version")])
def test_other_kinds_are_unsupported(change: dict[str, int], code: str) -> None:
    with pytest.raises(Unsupported) as caught:
        read_blob(unsigned_blob(*SMALL, **change) + SIGNATURE)  # type: ignore[arg-type] # one of the numbers
    assert caught.value.code == code


def test_a_blob_cut_anywhere_is_refused() -> None:
    for length in range(len(GOOD)):
        with pytest.raises(VaultproofError):
            read_blob(GOOD[:length])
