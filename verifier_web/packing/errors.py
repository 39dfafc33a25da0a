"""What can go wrong while packing: always a fault of the build's machine or of the tree, never of evidence."""

from __future__ import annotations


class PackingError(Exception):
    """The runtime cannot be packed; the message says which file or tool is at fault, ``hint`` what to do."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message if hint is None else f"{message}; {hint}")
        self.hint = hint
