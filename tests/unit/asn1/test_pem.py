"""PEM has one form per content; everything that another reader might see differently is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vaultproof.asn1.pem import MAX_BLOCKS, MAX_PEM_BYTES, read_pem, write_pem
from vaultproof.errors import Malformed

LABELS = {"CERTIFICATE"}
GOOD = write_pem("CERTIFICATE", bytes(range(100)))


def refuse(code: str, data: bytes, labels: set[str] = LABELS) -> None:
    with pytest.raises(Malformed) as caught:
        read_pem(data, labels=labels)
    assert caught.value.code == code


@given(st.lists(st.binary(min_size=1, max_size=200), min_size=1, max_size=4))
def test_blocks_come_back_in_order(contents: list[bytes]) -> None:
    blocks = read_pem(b"".join(write_pem("CERTIFICATE", data) for data in contents), labels=LABELS)
    assert [block.data for block in blocks] == contents
    assert [block.index for block in blocks] == list(range(len(contents)))


def test_text_outside_blocks_and_windows_line_ends_are_read() -> None:
    data = b"subject=CN = Root\r\n" + GOOD.replace(b"\n", b"\r\n") + b"\r\n"
    assert read_pem(data, labels=LABELS)[0].data == bytes(range(100))


@pytest.mark.parametrize(
    ("code", "data"),
    [
        ("pem-boundary", b""),
        ("pem-boundary", b"no block here\n"),
        ("pem-boundary", GOOD.replace(b"-----END CERTIFICATE-----\n", b"")),
        ("pem-boundary", GOOD.replace(b"-----BEGIN CERTIFICATE-----\n", b"")),
        ("pem-boundary", b"-----BEGIN CERTIFICATE-----\n" + GOOD),
        ("pem-boundary", GOOD.replace(b"END CERTIFICATE", b"END PUBLIC KEY")),
        ("pem-boundary", b" " + GOOD),
        ("pem-boundary", GOOD.replace(b"-----BEGIN", b"----- BEGIN")),
        ("pem-boundary", GOOD + b"-----\n"),
        ("pem-label", write_pem("PRIVATE KEY", b"secret")),
        ("pem-text", GOOD + "é".encode()),
        ("pem-base64", GOOD.replace(b"AAEC", b"AA C")),
        ("pem-base64", GOOD.replace(b"AAEC", b"AA-C")),
        ("pem-base64", GOOD.replace(b"\nAAEC", b"\n\nAAEC")),
        ("pem-base64", GOOD.replace(b"\nAAEC", b"\nProc-Type: 4\n\nAAEC")),
        ("pem-base64", GOOD.replace(b"\n-----END", b"\n\n-----END")),
        ("pem-base64", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n"),
        ("pem-base64", b"-----BEGIN CERTIFICATE-----\nAB==\n-----END CERTIFICATE-----\n"),
        ("pem-base64", b"-----BEGIN CERTIFICATE-----\nAA\n==\n-----END CERTIFICATE-----\n"),
        ("pem-base64", b"-----BEGIN CERTIFICATE-----\n" + b"A" * 80 + b"\n-----END CERTIFICATE-----\n"),
        ("pem-count", GOOD * (MAX_BLOCKS + 1)),
        ("pem-size", b" " * (MAX_PEM_BYTES + 1)),
    ],
)
def test_anything_else_is_refused(code: str, data: bytes) -> None:
    refuse(code, data)


def test_every_truncation_is_refused() -> None:
    for end in range(len(GOOD) - 1):
        with pytest.raises(Malformed):
            read_pem(GOOD[:end], labels=LABELS)
