"""Bytes of a text that says no encoding in, the codecs that it may be in out, from the first to be believed on."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

from resiliparse.parse.encoding import detect_encoding

from stages.ingest.charsets import codec_of

FEW_BYTES = 4
"""Fewer beyond ASCII tell a detector too little: it takes an English page's one `é` for Polish."""

ESCAPES = (
    (re.compile(rb"\x1b\$(?:[@B]|\(D)(?:[!-~]{2})++\x1b\("), "iso2022_jp_ext"),
    (re.compile(rb"\x1b\$\)C[^\x0e\x1b]*+\x0e(?:[!-~]{2})++\x0f"), "iso2022_kr"),
)
"""Escapes that switch to another script and back."""
BEYOND_ASCII = bytes(range(0x80, 0x100))
_TELLING = re.compile(rb"[\x80-\xff][^\n\r<>]*+")
_TELLING_BYTES, _BEFORE_TELLING = 1 << 17, 12
"""What a detector is given: pieces of text from shortly before a byte beyond ASCII on, and so much of them."""
_ALONE = re.compile(rb"[\n -?]")
"""No encoding of several bytes has these within a character, but GB 18030 its digits."""
_TWINS = {"cp1250": ("iso8859-2",), "iso8859-2": ("cp1250",)}
"""Encodings of the same languages that a detector takes for each other."""
_COMMON_BIG5 = re.compile(rb"[\xa1-\xc6][@-~\xa1-\xfe]")
"""Signs, and the characters that are used most; an odd number of Cyrillic letters has more of the others."""
MAX_SELDOM_SHARE = 0.35
MULTI_BYTE = frozenset({"big5hkscs", "gb18030", "euc_jp", "cp932", "cp949", "iso2022_jp_ext", "iso2022_kr"})
_IN_NO_MULTI_BYTE = b"\xff"
"""No encoding of several bytes but UTF-16 has it; a detector gives one up for a single bad byte."""
_PARTS = 8
MAX_CUT_TEXT_BYTES = 1 << 12
"""Longer texts are told in spite of their end."""
MAX_CUT_BYTES = 3
"""Of a character that a text ends in: GB 18030 has characters of four."""
_NOT_WINDOWS_CYRILLIC = b"\x98"
"""Windows-1251 has all bytes but this one, for which a detector takes it for a Macintosh's."""
_FEW_BAD = 3
_LESS_SURE = ("cp1252", "cp1251", "koi8-u", "utf-8")
"""Asked last: the most common ones of single bytes."""


def guessed_codecs(data: bytes, beyond_ascii: int) -> Iterator[str]:
    """The codecs of what is not declared, from the first to be believed on."""
    if b"\x1b" in data:
        yield from (codec for sign, codec in ESCAPES if sign.search(data))
    if beyond_ascii < FEW_BYTES:
        yield "cp1252"
    telling = _telling(data)
    if 0 < telling.count(_NOT_WINDOWS_CYRILLIC) <= _FEW_BAD:
        yield from _detected(telling.translate(None, _NOT_WINDOWS_CYRILLIC))
    yield from _detected_of_cut(data, telling)
    yield from _detected(telling)
    if fits(data, "big5hkscs") or _is_big5_so_far(
        data, beyond_ascii
    ):  # whose additions the detector does not know
        yield "big5hkscs"
    yield from _detected(telling.translate(None, _IN_NO_MULTI_BYTE))
    yield from _detected_of_parts(telling)
    yield from _LESS_SURE


def _detected(telling: bytes) -> Iterator[str]:
    # without resiliparse's own mapping, which makes UTF-8 of cp949
    if detected := codec_of(detect_encoding(telling, html5_compatible=False)):
        yield "koi8-u" if detected == "koi8-r" else detected  # Russian and Ukrainian, as browsers detect
        yield from _TWINS.get(detected, ())


def _detected_of_cut(data: bytes, telling: bytes) -> Iterator[str]:
    """Encodings of several bytes of a text that ends within a character, which a detector takes for a fault."""
    if data[-1] < min(BEYOND_ASCII) or len(telling) > MAX_CUT_TEXT_BYTES:
        return
    for length in range(1, MAX_CUT_BYTES + 1):
        found = MULTI_BYTE.intersection(_detected(telling[:-length]))
        yield from (codec for codec in found if _fits_so_far(data, codec))


def _detected_of_parts(telling: bytes) -> Iterator[str]:
    """Encodings of several bytes that parts of a text are detected as: one bad byte spoils only its own part."""
    size = max(1, len(telling) // _PARTS)
    for start in range(0, len(telling), size):
        # from a byte on that is a character of its own
        first = _ALONE.search(telling, start, start + size)
        begin = start if first is None else first.end()
        yield from MULTI_BYTE.intersection(_detected(telling[begin : start + size]))


def fits(data: bytes, codec: str) -> bool:
    """Whether all bytes are right in a codec."""
    try:
        data.decode(codec)
    except UnicodeDecodeError:
        return False
    return True


def _fits_so_far(data: bytes, codec: str) -> bool:
    """Whether nothing is wrong in `data` but that it may end within a character."""
    try:
        codecs.getincrementaldecoder(codec)().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _is_big5_so_far(data: bytes, beyond_ascii: int) -> bool:
    """Whether a text that ends within a character is Big5 as it is mostly written."""
    rest = _COMMON_BIG5.sub(b"", data)
    others = len(rest) - len(rest.translate(None, BEYOND_ASCII))
    return others <= MAX_SELDOM_SHARE * beyond_ascii and _fits_so_far(data, "big5hkscs")


def _telling(data: bytes) -> bytes:
    """The parts of a page by which a detector decides, without the markup and scripts that would drown them."""
    pieces: list[bytes] = []
    length = 0
    for found in _TELLING.finditer(data):
        pieces.append(data[max(0, found.start() - _BEFORE_TELLING) : found.end()])
        length += len(pieces[-1])
        if length >= _TELLING_BYTES:
            break
    return b"\n".join(pieces)
