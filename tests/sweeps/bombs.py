"""Bombs for every adapter, and a child process that reads them with little memory: run by ``test_bombs.py``.

Each is no larger than an attestation file may be; a few are larger, as somebody has them who calls an adapter directly.
"""

from __future__ import annotations

import gzip
import json
import resource
import sys
import time
from collections.abc import Callable, Iterator

from vaultproof.asn1 import writer
from vaultproof.asn1.pem import write_pem
from vaultproof.attestation.registry import adapters
from vaultproof.errors import VaultproofError
from vaultproof.evidence.fleet_keys import read_fleet_keys
from vaultproof.strict.json import loads

SIZE = 64 * 1024
LARGE = 4 * 1024 * 1024
UNPACKED = 64 * 1024 * 1024
ROOM = 64 * 1024 * 1024
"""What reading may take beyond what the process had, in bytes."""

NAMES = (
    "evidence.der", "evidence.pem", "chain.pem", "attestation.pem", "attestation.der", "attestation.cbor",
    "attestation.dat.gz", "attestation.dat", "attestation.json", "pkc.p7b", "key.xml", "key.sig",
    "maker-evidence.der", "maker-attestation.pem", "maker-chain.pem", "maker-attestation.dat.gz", "maker-pkc.p7b",
    "maker-key.xml", "maker-key.sig",
)  # fmt: skip
"""Every name under which some adapter looks for a file."""


def deep_der(size: int) -> bytes:
    """SEQUENCEs within one another, with lengths that are right."""
    data = b""
    while len(data) < size - 8:
        data = b"\x30" + writer.octet_string(data)[1:]
        if len(data) > 4096:  # deeper than anything reads; the rest is one long value
            return writer.sequence(data, writer.octet_string(bytes(max(0, size - len(data) - 16))))
    return data


def wide_der(size: int) -> bytes:
    """One SEQUENCE of as many NULLs as fit."""
    return writer.sequence(writer.null() * ((size - 8) // 2))


def bombs(size: int) -> Iterator[tuple[str, bytes]]:
    """Name and bytes of each bomb of about that size."""
    yield "zeros", bytes(size)
    yield "deep DER", deep_der(size)
    yield "open DER", b"\x30\x80" * (size // 2)
    yield "wide DER", wide_der(size)
    yield "a length of 2 GiB", b"\x30\x84\x7f\xff\xff\xff" + bytes(64)
    yield "a long identifier", writer.sequence(b"\x06" + writer.octet_string(b"\x81" * (size - 16))[1:])
    yield "a huge number", writer.sequence(b"\x02" + writer.octet_string(b"\x7f" * (size - 16))[1:])
    yield "many blocks", write_pem("CERTIFICATE", b"\x30\x00") * (size // 64)
    yield "one deep block", write_pem("CERTIFICATE", deep_der(size * 2 // 3))
    yield "one wide block", write_pem("CERTIFICATE", wide_der(size * 2 // 3))
    yield "dashes", b"-----BEGIN " * (size // 11)
    yield "a block without end", b"-----BEGIN CERTIFICATE-----\n" + b"A" * size
    yield "gzip of zeros", gzip.compress(bytes(UNPACKED))
    yield "gzip members", gzip.compress(b"", 9) * (size // 20)
    yield "gzip within gzip", gzip.compress(gzip.compress(bytes(UNPACKED)), 9)
    yield "deep CBOR", b"\x81" * size
    yield "wide CBOR", b"\x9a\x00\xff\xff\xff" + b"\x00" * size
    yield "a CBOR string of 4 GiB", b"\x84\x44\xa1\x01\x38\x22\xa0\x5b\x00\x00\x00\x01\x00\x00\x00\x00" + bytes(64)
    yield (
        "many CBOR keys",
        b"\xb9\xff\xff" + b"".join(b"\x19" + n.to_bytes(2, "big") + b"\x00" for n in range(65_535)),
    )
    yield "deep JSON", b"[" * size
    yield "deep JSON objects", b'{"a":' * (size // 5)
    yield "a long number", b'{"a":' + b"9" * size + b"}"
    yield "many JSON keys", ("{" + ",".join(f'"{n}":0' for n in range(size // 9)) + "}").encode()
    yield "deep XML", b"<a>" * (size // 3)
    yield "wide XML", b"<a>" + b"<b/>" * (size // 4) + b"</a>"
    yield "XML entities", b'<!DOCTYPE a [<!ENTITY a "' + b"x" * 1000 + b'">]><a>' + b"&a;" * (size // 3) + b"</a>"
    yield "many XML attributes", b"<a " + b"".join(b"b%d='' " % n for n in range(size // 9)) + b"/>"


def targets() -> Iterator[tuple[str, Callable[[bytes], object]]]:
    """Everything that reads such files, by name."""
    for adapter in adapters():
        for name in NAMES:
            # The bomb under one name alone, and under every name at once.
            yield f"{adapter.technology} {name}", lambda data, adapter=adapter, name=name: adapter.read({name: data})  # type: ignore[misc] # bound now
        yield f"{adapter.technology} all", lambda data, adapter=adapter: adapter.read(dict.fromkeys(NAMES, data))  # type: ignore[misc] # bound now
    yield "fleet keys", read_fleet_keys
    yield "strict JSON", lambda data: loads(data, file="x")


def main() -> None:
    """Read every bomb with every reader in 64 MiB; print the slowest, and what was neither refused nor read."""
    prepared = [(size, name, data) for size in (SIZE, LARGE) for name, data in bombs(size)]
    prepared.append((LARGE, "a million keys", b'{"keys":[' + b'{"key":"AA==","role":"x"},' * 1_000_000 + b"]}"))
    readers = list(targets())
    with open("/proc/self/statm", encoding="ascii") as statm:
        had = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (had + ROOM, had + ROOM))
    slowest, wrong, count = (0.0, ""), [], 0
    for size, name, data in prepared:
        for reader, read in readers:
            if size == LARGE and not reader.endswith((" all", "keys", "JSON")):
                continue
            started = time.perf_counter()
            try:
                read(data)
            except VaultproofError:
                pass  # refused, as it must be
            except BaseException as error:  # noqa: BLE001 (whatever else comes out of a reader is the defect sought)
                wrong.append(f"{reader}, {name} of {size}: {error!r}"[:300])
            took = time.perf_counter() - started
            slowest, count = max(slowest, (took, f"{reader}, {name} of {size}")), count + 1
    json.dump({"slowest": slowest, "wrong": wrong, "count": count}, sys.stdout)


if __name__ == "__main__":
    main()
