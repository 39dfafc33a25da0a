"""Which characters may stand in texts that others make: decided by a table here, not by a Python's Unicode version."""

from __future__ import annotations

import re

_NOT_PLAIN = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u061c\u1680\u180e\u2000-\u200f\u2028-\u202f\u205f-\u206f\u3000\ud800-\udfff\ufeff\ufff0-\uffff"
    "\U000e0000-\U000e0fff]"
)


def is_plain(text: str) -> bool:
    """Whether a text has no control, format, bidirectional or odd space character, and no half of a surrogate pair.

    ``str.isprintable`` asks the Unicode version of the Python at hand, so that two engines could answer differently.
    """
    return _NOT_PLAIN.search(text) is None
