r"""Text from anywhere in, the same for a terminal or a log out: no control character acts, no secret of an address shows.

A name or URL may hold what moves a cursor, ends a line or turns the direction of writing; it is shown as `\x1b`.
"""

from __future__ import annotations

import re

from stages.core.secrets import without_secrets

_ACTING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls, but for tab and line feed
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # directions of writing
    "\u2028\u2029\ufeff\ud800-\udfff]"  # ends of lines, byte-order mark, halves of characters
)


def printable_text(text: str) -> str:
    """The text with its line feeds."""
    return _ACTING.sub(_escaped, without_secrets(text))


def printable(line: str) -> str:
    """The text on one line."""
    return printable_text(line).replace("\n", "\\n")


def printable_json(line: str) -> str:
    r"""JSON that says the same, with what acts on a terminal as `\u202e`."""
    return _ACTING.sub(lambda match: f"\\u{ord(match[0]):04x}", without_secrets(line))


def _escaped(match: re.Match[str]) -> str:
    return match[0].encode("unicode_escape").decode("ascii")
