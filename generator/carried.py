"""A member's files as runs of bytes to show: what PEM blocks, gzip files and fields of JSON carry stands by itself.

Runs are named as claims name their places (``Source``): the file, with the JSON pointer as its fragment, and the block.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from vaultproof.asn1.pem import read_pem, write_pem
from vaultproof.attestation.adapter import Attestation, Link
from vaultproof.attestation.marvell_envelope import gunzip
from vaultproof.errors import VaultproofError

_BEGIN = re.compile(rb"-----BEGIN ([A-Z0-9 ./-]+)-----")
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ./-]+)-----.*?-----END \1-----(?:\r?\n)?", re.DOTALL)
_GZIP = b"\x1f\x8b"
_LEAST_BASE64 = 64
_CERTIFICATE = "CERTIFICATE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Bytes that stand by themselves: their place, what carries them, and (of a PEM block) label and exact text."""

    file: str
    block: int | None
    data: bytes = field(repr=False)
    carrier: str
    label: str | None = None
    text: bytes | None = field(default=None, repr=False)

    @property
    def place(self) -> tuple[str, int | None]:
        """How claims name it."""
        return self.file, self.block


@dataclass(frozen=True, slots=True, kw_only=True)
class CutOut:
    """A certificate by itself: the stem of its files' names, its DER, and PEM (as it was given where it was)."""

    stem: str
    der: bytes = field(repr=False)
    pem: bytes = field(repr=False)

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Names and bytes of both forms."""
        yield f"{self.stem}.der", self.der
        yield f"{self.stem}.pem", self.pem


def runs(files: Mapping[str, bytes]) -> tuple[Run, ...]:
    """Every run of every file, certificates last; a file that cannot be split stands whole."""
    found = [run for name in sorted(files) for run in _runs(name, files[name])]
    return tuple(sorted(found, key=lambda run: run.label == _CERTIFICATE))


def _runs(name: str, data: bytes) -> Iterator[Run]:
    if _BEGIN.search(data):
        yield from _blocks(name, data)
    elif data.startswith(_GZIP):
        yield _unpacked(name, data)
    elif data.lstrip()[:1] == b"{":
        yield from _json(name, data)
    else:
        yield Run(file=name, block=None, data=data, carrier="the file itself")


def _whole(name: str, data: bytes) -> Run:
    return Run(file=name, block=None, data=data, carrier="the file itself")


def _blocks(name: str, data: bytes) -> Iterator[Run]:
    labels = {found.decode("ascii") for found in _BEGIN.findall(data)}
    texts = [found[0] for found in _BLOCK.finditer(data)]
    try:
        blocks = read_pem(data, labels=labels)
    except VaultproofError:
        yield _whole(name, data)
        return
    for block, text in zip(blocks, texts, strict=True):
        yield Run(
            file=name, block=block.index, data=block.data, carrier=f"block {block.index + 1} of a PEM file",
            label=block.label, text=text,
        )  # fmt: skip


def _unpacked(name: str, data: bytes) -> Run:
    try:
        return Run(file=name, block=0, data=gunzip(data), carrier="what a gzip file holds")
    except VaultproofError:
        return _whole(name, data)


def _json(name: str, data: bytes) -> Iterator[Run]:
    """The fields of a JSON file that carry bytes; the file itself where there are none."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    found = [run for pointer, text in _texts(value, "") for run in _field(f"{name}#{pointer}", text)]
    yield from found or [_whole(name, data)]


def _texts(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _texts(member, f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}")
    elif isinstance(value, str):
        yield pointer, value


def _field(place: str, text: str) -> Iterator[Run]:
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return
    if len(text) < _LEAST_BASE64:
        return
    if _BEGIN.search(data):
        yield from _blocks(place, data)
    else:
        yield Run(file=place, block=0, data=data, carrier="a base64 field of a JSON file")


def cut_outs(found: tuple[Run, ...], read: Attestation | None) -> dict[bytes, CutOut]:
    """Every certificate by its DER: those of the chains named by chain, position and role, then what is left over."""
    texts = {run.data: run.text for run in found if run.text is not None and run.label == _CERTIFICATE}
    cut: dict[bytes, CutOut] = {}
    for chain in () if read is None else read.chains:
        for index, link in enumerate(chain.links):
            if link.certificate is not None:
                _cut(cut, f"{chain.name.replace('/', '-')}-{index}-{link.role.value}", _der(link), texts)
    for number, der in enumerate(texts, 1):
        _cut(cut, f"certificate-{number}", der, texts)
    return cut


def _der(link: Link) -> bytes:
    return b"" if link.certificate is None else link.certificate.raw


def _cut(cut: dict[bytes, CutOut], stem: str, der: bytes, texts: Mapping[bytes, bytes]) -> None:
    if der not in cut:
        cut[der] = CutOut(stem=stem, der=der, pem=texts.get(der) or write_pem(_CERTIFICATE, der))
