"""Bytes of a text that says no encoding in, the codecs that it may be in out, from the first to be believed on."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

import chardet
from resiliparse.parse.encoding import detect_encoding

from stages.ingest.charsets import codec_of
from stages.ingest.misreading import misread_places

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
_MACINTOSH = frozenset({"mac-roman", "mac-cyrillic"})
SELDOM = frozenset({"mac-roman"})
SINGLE_BYTE = SELDOM | frozenset(
    "windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 windows-1255 windows-1256 windows-1257 windows-1258"
    " iso-8859-1 iso-8859-2 iso-8859-5 iso-8859-7 iso-8859-9 koi8-r koi8-u ibm866 tis-620 cp874".split()
)
"""What a detector of many may say: rarer ones it takes for these more often than it is right."""
MIN_BYTES_OF_SELDOM = 8
_COMMON = "cp1252"
OF_OTHER_SCRIPTS = frozenset(
    "cp1251 cp1253 cp1255 cp1256 cp866 cp874 iso8859-5 iso8859-7 koi8-r koi8-u".split()
)
_MOST_LATIN = 4
_ASCII_LETTER = re.compile(rb"[A-Za-z]")
_CLEARER_OF = {"cp1257": 2.1}
"""Albanian, whose one accented vowel is Lithuanian's there, is taken for it."""
MIN_CLEARER = 1.2
"""Of English sentences with such words 99% stay right, of Croatian, Slovene, Romanian, Polish, Czech and Hungarian ones
with fewer than eight bytes 97%; at 1.0 they are 92% and 98%, at 1.5 nearly all and 93%."""
MAX_DETECTED_BYTES = 1 << 13
_CONTEXT_BYTES = 400
_OF_LATIN_9 = re.compile(rb"[a-z]\xbd[a-z]|\xbd(?:uvr|ufs?\b|il\b)|\d ?\xa4(?![\x80-\xff])")
"""What is `œ` and `€` there, `½` and `¤` in Windows-1252: `c½ur`, `½uvre`, `50 ¤`."""
_CENTRAL = ("cp1250", "iso8859-2")
_EXCLAIMED = re.compile(rb"(?:^|[\s(\"])\xa1 ?[A-Za-z\xc0-\xff][^!\n]{0,300}!", re.MULTILINE)
_OF_CENTRAL = frozenset("ŠšŽžŤťĽľŁłĄąĚěŘřŮůŐőŰűďĺ".encode("cp1250"))
_OF_WINDOWS_1250 = frozenset("ŠšŽžŚśŹźŤť".encode("cp1250"))
_LESS_SURE = ("cp1252", "cp1251", "koi8-u", "utf-8")
"""Asked last: the most common ones of single bytes."""


def guessed_codecs(data: bytes, beyond_ascii: int) -> Iterator[str]:
    """The codecs of what is not declared, from the first to be believed on."""
    if b"\x1b" in data:
        yield from (codec for sign, codec in ESCAPES if sign.search(data))
    telling = _telling(data)
    if 0 < telling.count(_NOT_WINDOWS_CYRILLIC) <= _FEW_BAD:
        yield from _detected(telling.translate(None, _NOT_WINDOWS_CYRILLIC))
    yield from _detected_of_cut(data, telling)
    found = list(_detected(telling))
    if not MULTI_BYTE.intersection(found) and (codec := _detected_of_single_bytes(data, beyond_ascii)):
        if codec == _COMMON and _OF_LATIN_9.search(data) is not None:
            codec = "iso8859-15"
        found = _by_their_looks(data, [codec, *found])
    yield from found
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


def _detected_of_single_bytes(data: bytes, beyond_ascii: int) -> str | None:
    """What a second detector says, which knows the languages of Europe better, and no encoding of several bytes.

    Few bytes must speak clearly against the most common encoding: an English text has them in a name or a sign.
    """
    is_few = beyond_ascii < MIN_BYTES_OF_SELDOM
    around = _around_telling(data)
    said = chardet.detect_all(around, include_encodings=SINGLE_BYTE - SELDOM if is_few else SINGLE_BYTE)
    codec = codec_of(said[0]["encoding"])
    if codec is None or around.decode(codec, "replace") == around.decode(_COMMON, "replace"):
        return codec and _COMMON
    if codec in _CENTRAL and _is_western(around, is_few):
        return _COMMON
    if codec == "cp1250" and _is_latin_2(around):
        return "iso8859-2"
    common = max((one["confidence"] for one in said if codec_of(one["encoding"]) == _COMMON), default=0.0)
    if said[0]["confidence"] < common * _CLEARER_OF.get(codec, MIN_CLEARER if is_few else 0):
        return _COMMON
    if (
        is_few
        and codec in OF_OTHER_SCRIPTS
        and len(_ASCII_LETTER.findall(around)) > beyond_ascii * _MOST_LATIN
    ):
        return _COMMON
    return "koi8-u" if codec == "koi8-r" else codec


def _is_western(data: bytes, is_few: bool) -> bool:
    """Whether what reads as a `Ą` or a caron that an exclamation begins with is Spanish's `¡`; or, of few bytes, an `ŕ`,
    which Slovak alone has and seldom, is `à`."""
    if _EXCLAIMED.search(data) is not None:
        return True
    return is_few and 0xE0 in data and _OF_CENTRAL.isdisjoint(data)


def _is_latin_2(data: bytes) -> bool:
    """Whether what reads as `ą` beside `č`, or as `ľ`, in Windows-1250 is `š` and `ž`, whose own bytes it has none of."""
    found = frozenset(data)
    is_other = 0xBE in found or (0xB9 in found and not found.isdisjoint(b"\xe8\xc8"))
    return is_other and found.isdisjoint(_OF_WINDOWS_1250)


def _by_their_looks(data: bytes, codecs_said: list[str]) -> list[str]:
    """A Macintosh's encoding has its place by what looks misread: its letters are others' capitals and signs."""
    first, second = codecs_said[0], next((codec for codec in codecs_said[1:]), codecs_said[0])
    if first == second or not _MACINTOSH.intersection((first, second)):
        return codecs_said
    head = data[:MAX_DETECTED_BYTES]
    places = [misread_places(head.decode(codec, "replace"), capitals=True) for codec in (first, second)]
    return [second, first, *codecs_said[2:]] if places[1] < places[0] else codecs_said


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


def _around_telling(data: bytes) -> bytes:
    """The text around bytes beyond ASCII, up to line ends and markup: by its other letters a detector knows a language."""
    pieces: list[bytes] = []
    length = end = 0
    for found in _TELLING.finditer(data):
        before = data[max(end, found.start() - _CONTEXT_BYTES) : found.start()]
        first = max(before.rfind(b"\n"), before.rfind(b"\r"), before.rfind(b"<"), before.rfind(b">")) + 1
        end = found.end()
        pieces.append(before[first:] + data[found.start() : end])
        length += len(pieces[-1])
        if length >= MAX_DETECTED_BYTES:
            break
    return b"\n".join(pieces)[:MAX_DETECTED_BYTES]
