"""Text in, the same out; where the whole of it is UTF-8 that was read as Latin-1 and written as UTF-8 again, read once more.

So do crawlers and servers that take HTTP's old default for the encoding: an apostrophe becomes three letters, in 22 of
WCXB's 1,310 pages.
"""

from __future__ import annotations

MIN_SEQUENCES = 2
"""Of several bytes; one alone may be a text about this."""

_LEADS = bytes(range(0xC2, 0xF5))
_WINDOWS = {
    ord(bytes([byte]).decode("cp1252")): byte
    for byte in range(0x80, 0xA0)
    if byte not in b"\x81\x8d\x8f\x90\x9d"
}
_MAYBE_WINDOWS = ("\u00e2\u20ac", "\u00c3", "\u00c2")


def read_twice(text: str) -> str:
    """What UTF-8 says of the bytes that the characters stand for, in Latin-1 or Windows-1252, where all of them are good."""
    if text.isascii() or not _begins_doubled(text):
        return text
    try:
        data = text.encode("latin-1")
    except UnicodeEncodeError:
        if not any(mark in text for mark in _MAYBE_WINDOWS):
            return text
        try:
            data = text.translate(_WINDOWS).encode("latin-1")
        except UnicodeEncodeError:
            return text
    try:
        read = data.decode("utf-8")
    except UnicodeDecodeError:
        return text
    num_sequences = len(data) - len(data.translate(None, _LEADS))
    return read if num_sequences >= MIN_SEQUENCES else text


def _begins_doubled(text: str) -> bool:
    """Whether the first characters beyond ASCII are bytes of UTF-8, as all must be: nearly no other text has such."""
    try:
        text.encode("ascii")
    except UnicodeEncodeError as error:
        first = text[error.start : error.end]
        try:
            first.translate(_WINDOWS).encode("latin-1").decode("utf-8")
        except UnicodeError:
            return False
    return True
