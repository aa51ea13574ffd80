"""Bytes in, the same out where they are nearly UTF-8: surrogate pairs as characters, forms that it forbids as one bad byte.

Java, Oracle and MySQL's old `utf8` write a character beyond the basic plane as two surrogates of three bytes each
(CESU-8), and Java a NUL as two bytes; a string cut between two surrogates leaves one alone.
"""

from __future__ import annotations

import re

BAD_BYTE = b"\xff"
"""A byte that is one fault of UTF-8 wherever it stands: one U+FFFD for a form, however long."""

MIN_CONTINUATIONS = 0.5
"""Bytes that continue a character for one that begins it: UTF-8 has one at least, but for its faults."""

_ASCII, _CONTINUATIONS = bytes(range(0x80)), bytes(range(0x80, 0xC0))
_FORM_BEGINNINGS = b"\xc0\xc1\xe0\xed\xf0" + bytes(range(0xF4, 0xFE))
_PAIR = re.compile(rb"\xed([\xa0-\xaf][\x80-\xbf])\xed([\xb0-\xbf][\x80-\xbf])")
_BAD_FORM = re.compile(
    rb"\xed[\xa0-\xbf][\x80-\xbf]"
    rb"|[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x9f][\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}"
    rb"|\xf4[\x90-\xbf][\x80-\xbf]{2}|[\xf5-\xf7][\x80-\xbf]{3}|[\xf8-\xfb][\x80-\xbf]{4}|[\xfc\xfd][\x80-\xbf]{5}"
)
_MARKS = rb"(?![\x84\x85\x91-\x97\xab\xbb])"
_SURE_FORM = re.compile(
    rb"\xc0[\x80\xae\xaf]|\xed[\xa0-\xbf]" + _MARKS + rb"[\x80-\xbf]"
    rb"|\xe0[\x80-\x9f]" + _MARKS + rb"[\x80-\xbf]|\xf0[\x80-\x8f][\x80-\xbf]{2}"
    rb"|\xf4[\x90-\xbf][\x80-\xbf]{2}|[\xf5-\xf7][\x80-\xbf]{3}|[\xf8-\xfb][\x80-\xbf]{4}|[\xfc\xfd][\x80-\xbf]{5}"
)
"""Those that are no letter of Windows-1252 with marks behind it: a quotation may end in `VOIL\\xc0\\x94`."""


def regular_utf8(data: bytes) -> bytes:
    """`data` with each surrogate pair as its character, and `BAD_BYTE` for each other form that UTF-8 forbids."""
    return _BAD_FORM.sub(BAD_BYTE, _PAIR.sub(_joined, data)) if _may_be_utf8(data) else data


def is_written_as_utf8(data: bytes) -> bool:
    """Whether all that is no UTF-8 in `data` are forms that only a writer of UTF-8 makes."""
    if not _may_be_utf8(data):
        return False
    try:
        _SURE_FORM.sub(b"", _PAIR.sub(b"", data)).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _may_be_utf8(data: bytes) -> bool:
    """Whether forms may begin in `data`, and as many bytes continue a character as UTF-8's do: looking takes time."""
    beyond_ascii = data.translate(None, _ASCII)
    if len(beyond_ascii.translate(None, _FORM_BEGINNINGS)) == len(beyond_ascii):
        return False
    continuations = len(beyond_ascii) - len(beyond_ascii.translate(None, _CONTINUATIONS))
    return continuations >= (len(beyond_ascii) - continuations) * MIN_CONTINUATIONS


def _joined(pair: re.Match[bytes]) -> bytes:
    surrogates = pair[0].decode("utf-8", "surrogatepass")
    return surrogates.encode("utf-16-le", "surrogatepass").decode("utf-16-le").encode()
