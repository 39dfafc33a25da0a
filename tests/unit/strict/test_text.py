"""Plain text is decided by a table, so that every engine decides alike."""

from __future__ import annotations

import pytest

from vaultproof.strict.text import is_plain


@pytest.mark.parametrize("text", ["", "HSM-9000", "Zürich", "写真", "a b", "\U0001cc00", "\U00016d67"])
def test_letters_and_signs_are_plain_whatever_unicode_knows_of_them(text: str) -> None:
    assert is_plain(text)


@pytest.mark.parametrize(
    "character",
    ["\0", "\n", "\x7f", "\x85", "\xa0", "\xad", "\u200b", "\u202e", "\u2066", "\u3000", "\ufeff", "\ud800"],
)
def test_what_cannot_be_seen_or_turns_the_text_is_not(character: str) -> None:
    assert not is_plain(f"a{character}b")
