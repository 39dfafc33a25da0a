"""The first block: a scratch folder, and three functions that the other blocks use."""

from __future__ import annotations

from generator.commands.block import CommandBlock
from vaultproof.evidence.epoch import BINCODE_ED25519

_FIELD = """field() { sed -n 's/.*"'"$1"'": *"\\{0,1\\}\\([^",} ]*\\).*/\\1/p' "$2"; }"""
_BYTE = """byte() { printf "\\\\$(printf %03o "$1")"; }"""
_UNHEX = """unhex() { h=$1; while [ -n "$h" ]; do r=${h#??}; byte "0x${h%"$r"}"; h=$r; done; }"""
_VARINT = (
    'varint() { v=$1; while [ "$v" -gt 127 ]; do byte $((v % 128 + 128)); v=$((v / 128)); done; byte "$v"; }',
    "length() { echo $(($(wc -c))); }",
)
_PROTOBUF = (
    "message() {",
    '  printf \'\\010\\001\\022\'; varint "$(printf %s "$1" | length)"; printf %s "$1"',
    "  printf '\\030'; varint \"$2\"",
    "  printf '\\042'; varint $(($(varint \"$3\" | length) + 1)); printf '\\010'; varint \"$3\"",
    "  printf '\\052\\040'; unhex \"$4\"",
    "}",
)
_LITTLE_ENDIAN = (
    'little() { v=$1; i=$2; while [ "$i" -gt 0 ]; do byte $((v % 256)); v=$((v / 256)); i=$((i - 1)); done; }',
    "length() { echo $(($(wc -c))); }",
)
_BINCODE = (
    "message() {",
    '  little 2 4; little "$(printf %s "$1" | length)" 8; printf %s "$1"',
    '  little "$2" 8; little "$3" 8; little 32 8; unhex "$4"',
    "}",
)


def prepare(ciphersuite: int | None) -> CommandBlock:
    """Scratch folder and functions; ``ciphersuite`` is that of the signer's records, None where there are none."""
    about = 'Paste this first. It makes a scratch folder, which rm -r "$t" removes in the end, and small functions: '
    lines = ["t=$(mktemp -d)", _FIELD, _BYTE, _UNHEX]
    if ciphersuite is None:
        about += "field reads a value from a JSON file, unhex turns hexadecimal into bytes."
    else:
        about += (
            "field reads a value from a JSON file, unhex turns hexadecimal into bytes, and message builds the bytes"
            " that the signer signs (namespace, time, epoch, digest)."
        )
        lines += [*_LITTLE_ENDIAN, *_BINCODE] if ciphersuite == BINCODE_ED25519 else [*_VARINT, *_PROTOBUF]
    return CommandBlock(id="prepare", title="Prepare", step_id=None, about=about, lines=tuple(lines), expect="")
