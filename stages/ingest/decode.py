"""The bytes of a text or a page in, its text, the encoding that it was read in and the number of bad bytes out.

Belief goes in this order: a byte-order mark; UTF-8, which other encodings hardly ever look like; what is declared, first
outside the data, then in it; what a detector says. A declaration is believed while the text that it gives looks written.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from stages.ingest.charsets import codec_of, read_with_replacement
from stages.ingest.guesses import BEYOND_ASCII, ESCAPES, MULTI_BYTE, fits, guessed_codecs
from stages.ingest.misreading import misread_places
from stages.ingest.raw import Change
from stages.ingest.utf8_forms import is_written_as_utf8
from stages.ingest.wide import CONTROLS, HEAD_BYTES, has_wide_kana, wide_codec

MIN_GOOD_PER_BAD = 10
"""Sequences of UTF-8 for a bad one. By chance EUC-JP has 0.4, Thai and GBK 0.3, Cyrillic in IBM866 0.15, other single-byte
encodings 0.005 at most; any ten of 1,000 real sentences stay under 0.5."""
MIN_GOOD_PER_BAD_OF_FEW = 1
"""The same where little else speaks for another encoding: UTF-8 is declared, or all others are of single bytes."""
MIN_BYTES_PER_MISREAD = 20
"""Bytes beyond ASCII for a place that looks misread, in a reading that is taken without asking for others."""
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_MARK = "\ufeff"
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_FEW_BAD = 3
_MAX_BAD_SHARE = 0.02
"""Of random bytes, controls alone are a tenth."""
_WIDE_BYTES = 1 << 12
_WIDE_MARKUP = re.compile(rb"(?:[\t\n\r ]\0)*+<\0[!?a-zA-Z]\0|(?:\0[\t\n\r ])*+\0<\0[!?a-zA-Z]")
_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")


class Decoded(NamedTuple):
    """Text, and the encoding it was read in, by Python's name."""

    text: str
    encoding: str


def decode_text(
    data: bytes,
    declared: Sequence[str | None] = (),
    declared_within: Callable[[bytes], str | None] | None = None,
) -> Decoded:
    """The text of `data`, without the mark that it begins with; U+FFFD stands for what cannot be decoded.

    Marks within stay, as looking for them takes a tenth of the time: `without_marks` is for what is kept of the text.
    `declared` are labels from outside, `declared_within` finds one in the data, where it is needed.
    """
    labels = list(declared)
    for bom, codec in _BOMS:
        if data.startswith(bom):
            data = data[len(bom) :]
            if codec != "utf-8":
                return _read(data, codec)
            labels.insert(0, codec)  # includes that bring a mark are followed by pages in other encodings
            break
    if b"\0" in data[:_WIDE_BYTES] and (codec_found := _wide_codec(data, labels)):
        return _read(data, codec_found)
    if (head := data[:HEAD_BYTES]).translate(None, CONTROLS) != head and (codec_found := wide_codec(data)):
        return _read(data, codec_found)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        if has_wide_kana(data) and (codec_found := wide_codec(data)):
            return _read(data, codec_found)
        return _best_reading(data, labels, declared_within)
    if text.isascii():
        return (_escaped(data) if b"\x1b" in data else None) or Decoded(text, "utf-8")
    return Decoded(text, "utf-8")


def _wide_codec(data: bytes, labels: Sequence[str | None]) -> str | None:
    """UTF-16 that its markup, its NULs or a label tells; servers pad pages of other encodings with NULs."""
    head = data.rstrip(b"\0")[:_WIDE_BYTES]
    if markup := _WIDE_MARKUP.match(head):
        return "utf-16-be" if markup[0].startswith(b"\0") else "utf-16-le"
    even, odd = head[::2].count(0), head[1::2].count(0)
    said = next((codec for label in labels if (codec := codec_of(label)) and "utf-16" in codec), None)
    # most units of a western text have a NUL, all on one side; U+4E00 has one on the other, and is common
    if max(even, odd) >= len(head) // 4 > 8 * min(even, odd):
        return "utf-16-be" if even > odd else "utf-16-le"
    return said if even or odd else None


def _escaped(data: bytes) -> Decoded | None:
    """Text in an encoding that writes other scripts in ASCII after escapes; terminals have escapes of their own."""
    for sign, codec in ESCAPES:
        if sign.search(data):
            read = _read(data, codec)
            beyond_ascii = sum(map(len, _NOT_ASCII.findall(read.text)))
            return read if misread_places(read.text) * MIN_BYTES_PER_MISREAD <= beyond_ascii else None
    return None


def _codecs_of(
    data: bytes, labels: Sequence[str | None], declared_within: Callable[[bytes], str | None] | None
) -> Iterator[str]:
    """The codecs of all declarations that are known, from the first to be believed on."""
    yield from filter(None, map(codec_of, labels))
    if declared_within is not None and (codec := codec_of(declared_within(data))):
        yield codec


def _best_reading(
    data: bytes, labels: Sequence[str | None], declared_within: Callable[[bytes], str | None] | None
) -> Decoded:
    """The first reading of what is not valid UTF-8 that looks written, else the one with the fewest misread places."""
    as_utf8 = _read(data, "utf-8")
    beyond_ascii = len(data) - len(data.translate(None, BEYOND_ASCII))
    bad = as_utf8.text.count("\ufffd") - data.count(b"\xef\xbf\xbd")
    good = len(as_utf8.text) - (len(data) - beyond_ascii) - bad
    if good >= MIN_GOOD_PER_BAD * bad:
        return as_utf8
    said = list(_codecs_of(data, labels, declared_within))
    if is_written_as_utf8(data) and not any(codec in MULTI_BYTE and fits(data, codec) for codec in said):
        return as_utf8
    mostly_utf8 = good >= MIN_GOOD_PER_BAD_OF_FEW * bad
    if mostly_utf8 and "utf-8" in said:
        return as_utf8
    best, fewest = as_utf8, len(data)
    seen: set[str] = set()
    # capitals are a writer's right, and a sign against a guess
    for found, are_guesses in ((said, False), (guessed_codecs(data, beyond_ascii), True)):
        for codec in found:
            if codec in seen or (mostly_utf8 and codec not in MULTI_BYTE and codec != "utf-8"):
                continue
            seen.add(codec)
            reading = as_utf8 if codec == "utf-8" else _read(data, codec)
            places = misread_places(_uncut(reading), capitals=are_guesses)
            looks_written = places * MIN_BYTES_PER_MISREAD <= beyond_ascii
            if not places or (are_guesses and looks_written):
                return reading
            if places * 2 < fewest:  # what is believed more needs not be the best by a little
                best, fewest = reading, places
        # one declaration is believed after all were asked
        if fewest * MIN_BYTES_PER_MISREAD <= beyond_ascii:
            return best
    return best


def _uncut(read: Decoded) -> str:
    """Without what is left of a character that the data ends within, which says nothing against an encoding."""
    return read.text.removesuffix("\ufffd") if read.encoding in MULTI_BYTE else read.text


def _read(data: bytes, codec: str) -> Decoded:
    text = read_with_replacement(data, codec)
    for char in (_MARK, "\ufffd"):  # what tools put into pages as UTF-8, whatever these are in
        bytewise = char.encode().decode(codec, "ignore")
        if len(bytewise) == 3:
            text = text.replace(bytewise, char)
    return Decoded(text, codec)


def bad_bytes(data: bytes, read: Decoded) -> int:
    """How many U+FFFD `decode_text` made of what is wrong in `data`, those that stand there as such not counted."""
    if "\ufffd" not in read.text:
        return 0
    made = read_with_replacement(data, read.encoding).count("\ufffd")
    return made - data.decode(read.encoding, "ignore").count("\ufffd")


def bad_bytes_change(count: int, encoding: str) -> tuple[Change, ...]:
    """The ledger row (rule `bad_bytes`) of a text whose bytes were `count` times no `encoding`; none without any."""
    return (Change("bad_bytes", count, detail=encoding, text_bytes=count),) if count else ()


def is_binary(read: Decoded, bad: int) -> bool:
    """Whether what was read is no text: it holds NULs, or, not being valid UTF-8, many controls and bad bytes."""
    if "\0" in read.text:
        return True
    if not bad and read.encoding == "utf-8":
        return False
    no_text = bad + len(_CONTROL.findall(read.text))
    return no_text > max(_FEW_BAD, _MAX_BAD_SHARE * len(read.text))


def without_marks(text: str) -> str:
    """Joined files and includes bring byte-order marks, which show nothing, into the middle of texts."""
    return text.replace(_MARK, "")
