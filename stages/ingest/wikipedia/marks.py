"""Characters that one pass leaves in a text for a later one: XML allows none of them, so no dump's text holds them."""

from __future__ import annotations

RAW_OPEN, RAW_CLOSE = "\x01", "\x02"
"""Around the number of a stretch of raw text (code, formulas)."""

HEADING_MARK = "\x03"
"""Before the level of a heading."""

GONE = "\x04"
"""In place of what was removed. It also keeps the quotes of `''{{x}}''` from running together."""

EQUALS, BAR, APOSTROPHE = "\x05", "\x06", "\x07"
"""`=`, `|` and `'` that a template or a link made: they name no value, part no values and quote nothing."""

INDENT, KEPT_SPACE = "\x08", "\x0e"
"""Start of a preformatted line, in place of its first space; and spaces there that stay as they are."""

NO_NUMBER = "\x0f"
"""In place of a number that only the wiki can compute, such as an age today or a sum in today's money."""

MARKS = (
    RAW_OPEN + RAW_CLOSE + HEADING_MARK + GONE + EQUALS + BAR + APOSTROPHE + INDENT + KEPT_SPACE + NO_NUMBER
)


def without_pass_marks(text: str) -> str:
    """The text without characters that are marks here: only text that never was XML has any."""
    for mark in MARKS:
        if mark in text:
            text = text.replace(mark, "")
    return text


def shielded(text: str) -> str:
    """Text that a template or a link made, for a place among a template's values: its signs part no values."""
    return text.replace("=", EQUALS).replace("|", BAR)


def unshielded(text: str) -> str:
    """The text with the signs that `shielded` and templates hid."""
    for mark, sign in ((EQUALS, "="), (BAR, "|"), (APOSTROPHE, "'")):
        if mark in text:
            text = text.replace(mark, sign)
    return text
