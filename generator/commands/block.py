"""A block of shell lines, and the parts that several blocks are made of.

Lines are for any POSIX shell (zsh too) with ``sha256sum`` and OpenSSL 3.  Every block is one chain of ``&&`` that ends
in ``|| { echo 'does NOT match'; false; }``: pasted into a shell it never closes it, and whatever fails gives a status
that is not zero.  Comments, ``!`` and process substitution are left out, because not every interactive shell has them.
"""

from __future__ import annotations

import base64
import re
import shlex
from dataclasses import dataclass

from vaultproof.crypto.algorithms import SCHEMES, Kind
from vaultproof.crypto.port import Algorithm

FAILS = "{ echo 'does NOT match'; false; }"
PEM_LINE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBlock:
    """Lines to paste into a shell, the step that they repeat (None for preparations), and exactly what they print.

    ``expect`` is standard output without the last line feed; empty when nothing is printed.
    """

    id: str
    title: str
    step_id: str | None
    about: str
    lines: tuple[str, ...]
    expect: str

    @property
    def text(self) -> str:
        """The lines, joined."""
        return "\n".join(self.lines)


def chain(*commands: str) -> tuple[str, ...]:
    """Commands of which each runs only when all before it succeeded; the last line says so when one did not."""
    lines = "".join(f"{command} &&\n" for command in commands[:-1]) + f"{commands[-1]} ||\n{FAILS}"
    return tuple(lines.split("\n"))


def quoted(text: str) -> str:
    """``text`` as one word of a shell."""
    return shlex.quote(text)


def scratch(name: str) -> str:
    """A file in the scratch folder that the first block makes."""
    return f'"$t/{name}"'


def write_key(spki: bytes, name: str) -> str:
    """Writes a public key (DER SubjectPublicKeyInfo) as PEM into the scratch folder."""
    body = base64.b64encode(spki).decode("ascii")
    lines = [body[start : start + PEM_LINE] for start in range(0, len(body), PEM_LINE)]
    body_lines = "".join(f"  {quoted(line)} \\\n" for line in lines)
    begin, end = quoted("-----BEGIN PUBLIC KEY-----"), quoted("-----END PUBLIC KEY-----")
    return f"printf '%s\\n' {begin} \\\n{body_lines}  {end} > {scratch(name)}"


def verify_line(algorithm: Algorithm, *, key: str, message: str, signature: str) -> str:
    """The OpenSSL command for one signature; ``key``, ``message`` and ``signature`` are words of the shell.

    Ed25519 prints ``Signature Verified Successfully``, everything else ``Verified OK``.
    """
    scheme = SCHEMES[algorithm]
    if scheme.kind is Kind.ED25519:
        return f"openssl pkeyutl -verify -pubin -inkey {key} -rawin -in {message} -sigfile {signature}"
    salt = f" -sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:{scheme.hash_bytes}"
    padding = salt if scheme.kind is Kind.RSA_PSS else ""
    return f"openssl dgst -sha{scheme.hash_bits}{padding} -verify {key} -signature {signature} {message}"


def verified_text(algorithm: Algorithm) -> str:
    """What ``verify_line`` prints when the signature holds."""
    return "Signature Verified Successfully" if SCHEMES[algorithm].kind is Kind.ED25519 else "Verified OK"


def sha256_of(path: str) -> str:
    """A substitution that gives the SHA-256 of a file in hex; ``path`` is a word of the shell."""
    return f'"$(sha256sum < {path} | cut -c 1-64)"'


def field(name: str, path: str) -> str:
    """A substitution that reads one field of a JSON file with the function ``field`` of the first block."""
    return f'"$(field {name} {path})"'


def readable_fields(data: bytes, *names: str) -> bool:
    """Whether the function ``field`` reads each of these names from a JSON file with these bytes, and only once.

    It is a line of ``sed``, not a JSON reader: where a file is written so that it would be misread, no block is made.
    """
    return all(
        len(re.findall(rb'"%s"\s*:' % re.escape(name).encode(), data)) == 1
        and re.search(rb'"%s": *"?([^",} \n]*)' % re.escape(name).encode(), data)
        for name in names
    )
