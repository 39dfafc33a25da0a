"""Errors of the core, grouped by whose fault it is.

Every error carries a stable ``code`` (kebab-case, part of the public interface), one line for a person, the place
(file and JSON pointer, RFC 6901, where there is one), what was expected, what was found, and a hint that says what to
do.  Shells map families to exit codes and HTTP statuses; the core never does.
"""

from __future__ import annotations


class VaultproofError(Exception):
    """Root of all errors that the core raises on purpose.

    ``code`` is stable and language-neutral; ``message`` is one English line without a full stop; ``file`` and
    ``pointer`` say where; ``expected`` and ``found`` are short texts; ``hint`` says what to do about it.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        file: str | None = None,
        pointer: str | None = None,
        expected: str | None = None,
        found: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.file = file
        self.pointer = pointer
        self.expected = expected
        self.found = found
        self.hint = hint

    def in_file(self, file: str, pointer: str | None = None) -> VaultproofError:
        """The same error, told to be in ``file`` (and at ``pointer``), unless it already names a place."""
        self.file = self.file or file
        self.pointer = self.pointer or pointer
        return self

    def __str__(self) -> str:
        place = ""
        if self.file is not None:
            place = self.file + (f" at {self.pointer}" if self.pointer else "") + ": "
        elif self.pointer:
            place = f"at {self.pointer}: "
        text = f"{place}{self.message}"
        if self.expected is not None:
            text += f"; expected {self.expected}"
        if self.found is not None:
            text += f"; found {self.found}"
        return f"{text} [{self.code}]"


class Malformed(VaultproofError):
    """The bytes are not what their format allows: refused whole, nothing is read from them."""


class Mismatch(VaultproofError):
    """Two things that must be equal differ, or a signature does not hold: a positive contradiction."""


class Untrusted(VaultproofError):
    """Well-formed and self-consistent, but not by a key (or of a strength) that the trust configuration allows."""


class Unsupported(VaultproofError):
    """Too new, or a kind this verifier does not know: says nothing against the evidence."""


class Unavailable(VaultproofError):
    """The environment could not do it (missing file, engine without the algorithm): nothing was found wrong."""
