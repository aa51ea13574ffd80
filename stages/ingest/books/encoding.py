"""The bytes of a text file in, its text and the name of its encoding out; controls tell binary data."""

from __future__ import annotations

import codecs
import re

_HEAD_BYTES = 32 << 10
_DECLARED = re.compile(rb"^[ \t]*character set(?: encoding)?:[ \t]*([^\r\n]+)", re.IGNORECASE | re.MULTILINE)
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CONTROLS = bytes(b for b in range(32) if b not in b"\t\n\v\f\r\x1a\x1b")
_C1_BYTES = bytes(range(0x80, 0xA0))
_CODEPAGE = re.compile(r"(?:ibm|cp|dos|windows|codepage|code page)[-_ ]?(\d{3,4})", re.IGNORECASE)
_TEXT_CODEC = re.compile(r"utf|us-?ascii|ascii|iso-8859-|cp\d|koi8|mac|big5|gb|shift|euc|hz", re.IGNORECASE)
_ISO_8859 = re.compile(r"(?:iso[-_ ]?)?(?:8859|latin)[-_ ]?(\d{1,2})", re.IGNORECASE)


def decode_book(data: bytes) -> tuple[str, str]:
    """Text and encoding: BOM, ASCII or valid UTF-8, what the file declares, Windows-1252, Latin-1."""
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, "replace"), encoding
    if data.isascii():
        return data.decode("ascii"), "ascii"
    for encoding in ("utf-8", declared_encoding(data) or "windows-1252", "windows-1252"):
        if encoding == "iso-8859-1" and _has_c1(data):
            continue
        try:
            return data.decode(encoding), encoding
        except (UnicodeDecodeError, LookupError):
            continue
    return data.decode("iso-8859-1"), "iso-8859-1"


def declared_encoding(data: bytes) -> str | None:
    """The encoding that a Gutenberg header declares, by Python's name; None when it knows none."""
    found = _DECLARED.search(data[:_HEAD_BYTES])
    if found is None:
        return None
    declared = found[1].decode("latin-1").strip()
    if number := _ISO_8859.search(declared):
        name = f"iso-8859-{number[1]}"
    elif number := _CODEPAGE.search(declared):
        name = f"cp{number[1]}"
    else:
        name = declared.split()[0] if declared else ""
    if not _TEXT_CODEC.match(name):  # Python has codecs that are no encodings of text
        return None
    try:
        codec = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return {"iso8859-1": "iso-8859-1", "cp1252": "windows-1252"}.get(codec, codec)


def _has_c1(data: bytes) -> bool:
    """Whether bytes occur that Latin-1 gives to control characters and Windows-1252 to quotes and dashes."""
    return len(data.translate(None, _C1_BYTES)) < len(data)


def book_control_share(text: str) -> float:
    """Share of the bytes of `text` in UTF-8 that are control characters which no text holds."""
    data = text.encode("utf-8", "replace")
    return 1 - len(data.translate(None, _CONTROLS)) / len(data) if data else 0.0
