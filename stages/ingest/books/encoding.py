"""The bytes of a book in, the label of the encoding that its Gutenberg header declares out; controls tell binary data."""

from __future__ import annotations

import re

_HEAD_BYTES = 32 << 10
_DECLARED = re.compile(rb"^[ \t]*character set(?: encoding)?:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a\x1b")
_CODEPAGE = re.compile(r"(?:ibm|cp|dos|windows|codepage|code page)[-_ ]?(\d{3,4})", re.IGNORECASE)
_UTF_8 = re.compile(r"\butf[-_ ]?8\b|^unicode", re.IGNORECASE)
_ISO_8859 = re.compile(r"(?:iso[-_ ]?)?(?:8859|latin)[-_ ]?(\d{1,2})", re.IGNORECASE)
_PARTS_OF_LATIN = {"5": "9", "6": "10", "7": "13", "8": "14", "9": "15", "10": "16"}
"""Latin-5 is ISO 8859-9 and so on; up to four the numbers are the same."""


def gutenberg_charset(data: bytes) -> str | None:
    """The label of the encoding that a Gutenberg header declares, as the web spells it; None where it declares none."""
    found = _DECLARED.search(data[:_HEAD_BYTES])
    if found is None:
        return None
    declared = found[1].decode("latin-1").strip()
    if _UTF_8.search(declared):
        return "utf-8"
    if number := _ISO_8859.search(declared):
        is_latin = "latin" in number[0].lower()
        return f"iso-8859-{_PARTS_OF_LATIN.get(number[1], number[1]) if is_latin else number[1]}"
    if number := _CODEPAGE.search(declared):
        return f"cp{number[1]}"
    return declared.split()[0] if declared else None


def book_control_share(text: str) -> float:
    """Share of the bytes of `text` in UTF-8 that are control characters which no text holds."""
    data = text.encode("utf-8", "replace")
    return 1 - len(data.translate(None, _CONTROLS)) / len(data) if data else 0.0
