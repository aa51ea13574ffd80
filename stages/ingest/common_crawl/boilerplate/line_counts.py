"""The lines of a page in, what each line alone tells out: OWN_FEATURES, one pass over its characters.

Lines of wide characters and of scripts without spaces are counted in the characters and words that a language of alphabets
would take.
"""

from __future__ import annotations

import unicodedata
from functools import cache

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import OWN_FEATURES
from stages.kernels.compiled import kernel
from stages.kernels.page.columns import (
    BARE,
    DEPTH,
    GAP,
    HEADING,
    ITEM,
    KIND,
    LEVEL,
    LINK_BYTES,
    LINKS,
    PAGE_LINKS,
    PARAGRAPH,
    PREFORMATTED,
    SECTION_LINKS,
    SHARE_LINKS,
    START,
    STOP,
    Page,
)
from stages.kernels.unicode.code_points import NUM_CODE_POINTS
from stages.kernels.unicode.text_flags import ALONE, CLOSER, TERMINAL, WIDE_TERMINAL, text_flags
from stages.kernels.unicode.utf8 import decode, previous

MIN_PROSE_CHARS = 80
_TITLE_CHARS = 40
_MAX_TITLE_BYTES = 512
"""What is compared with every line; the longest of 2,088 real titles has 258."""
_LETTER, _DIGIT, _UPPER, _LOWER, _SPACE, _PUNCTUATION, _SYMBOL, _WORD, _COMMA, _WIDE, _ALONE = (
    1 << bit for bit in range(11)
)
WIDE_CHARS, CHARS_PER_WORD = 3, 6
"""The Universal Declaration of Human Rights takes 10,600 characters in English, 11,900 in German and Russian, 9,300 to
10,800 in Thai, Khmer and Lao; 2,990 in Chinese, 4,180 in Japanese, 4,720 in Korean."""
_WIDE_BLOCKS = ((0x2E80, 0xD7A4), (0xF900, 0xFB00), (0x20000, 0x40000))
"""Han characters, kana and Hangul: Unicode's blocks from CJK radicals to Hangul syllables."""
_COPYRIGHT, _COLON, _WIDE_COLON = 0xA9, 58, 0xFF1A
_PUNCTUATION_MARKS = ",.;:!?、。，．؛،؟।"
_COMMA_MARKS = ",，、،"
_SYMBOL_MARKS = "|·•»«>/\\©®#@_→←›‹&–—-"
_O = {name: number for number, name in enumerate(OWN_FEATURES)}
_O_PARAGRAPH, _O_LEVEL, _O_CHARS, _O_LINK_SHARE, _O_PLAIN, _O_ENDS, _O_PROSE = (
    _O[n]
    for n in ("paragraph", "heading_level", "chars", "link_share", "plain_chars", "ends_sentence", "prose")
)
_O_IN_TITLE, _O_HOLDS_TITLE = _O["in_title"], _O["holds_title"]
_O_ITEM, _O_PRE, _O_BARE, _O_DEPTH, _O_GAP = (
    _O[n] for n in ("item", "preformatted", "bare", "list_depth", "blank_lines_before")
)
_O_WORDS, _O_LINKS, _O_COLON, _O_PUNCTUATION, _O_COMMAS = (
    _O[n] for n in ("words", "links", "ends_colon", "punctuation_per_word", "commas")
)
_O_LETTERS, _O_DIGITS, _O_UPPER, _O_SYMBOLS, _O_CAPITALS = (
    _O[n] for n in ("letter_share", "digit_share", "upper_share", "symbol_share", "capital_word_share")
)
_O_STARTS_LOWER, _O_STARTS_SYMBOL, _O_PER_WORD = (
    _O[n] for n in ("starts_lower", "starts_symbol", "chars_per_word")
)
_O_SHARE, _O_SECTION, _O_PAGE = (_O[n] for n in ("share_links", "section_links", "page_links"))
_O_COPYRIGHT, _O_YEAR, _O_TIME = (_O[n] for n in ("copyright", "year", "time"))


def count_lines(page: Page, title: str, features: npt.NDArray[np.float64]) -> None:
    """Fill the columns of OWN_FEATURES but `repeated`, which takes the other lines."""
    wanted = np.frombuffer(" ".join(title.split()).encode("utf-8", "replace"), np.uint8)[:_MAX_TITLE_BYTES]
    _own_features(page.text, page.lines, wanted, text_flags(), _character_table(), features)


@cache
def _character_table() -> npt.NDArray[np.uint16]:
    """What each code point is to these features, shape (0x110000,), uint16 of flags."""
    table = np.zeros(NUM_CODE_POINTS, np.uint16)
    flags = {"L": _LETTER | _WORD, "N": _DIGIT | _WORD, "M": _WORD, "Z": _SPACE}
    for code in range(NUM_CODE_POINTS):
        category = unicodedata.category(chr(code))
        value = flags.get(category[0], 0)
        if category in ("Lu", "Lt"):
            value |= _UPPER
        elif category == "Ll":
            value |= _LOWER
        table[code] = value
    for first, stop in _WIDE_BLOCKS:
        table[first:stop] |= _WIDE
    table[(text_flags() & ALONE) != 0] |= _ALONE
    table[list(b"\t\n\v\f\r")] = _SPACE
    table[[ord(c) for c in _PUNCTUATION_MARKS]] |= _PUNCTUATION
    table[[ord(c) for c in _SYMBOL_MARKS]] |= _SYMBOL
    table[[ord(c) for c in _COMMA_MARKS]] |= _COMMA
    table.flags.writeable = False
    return table


@kernel
def _own_features(text, rows, title, flags, table, features):  # type: ignore[no-untyped-def]
    for i in range(len(rows)):
        _count_line(text, rows[i], flags, table, features[i])
        start, stop = rows[i, START], rows[i, STOP]
        head = min(len(title), _TITLE_CHARS)
        features[i, _O_IN_TITLE] = stop - start > 5 and _find(title, 0, len(title), text, start, stop)
        features[i, _O_HOLDS_TITLE] = head > 0 and _find(text, start, stop, title, 0, head)


@kernel
def _count_line(text, row, flags, table, out):  # type: ignore[no-untyped-def]
    """The features that one pass over the characters of a line gives."""
    start, stop = row[START], row[STOP]
    chars, words, letters, digits, upper, capitals, punctuation, commas, symbols = 0, 0, 0, 0, 0, 0, 0, 0, 0
    year, time, run, in_word, copyright_sign, first = 0, 0, 0, False, 0, 0
    wide, alone = 0, 0
    at = start
    while at < stop:
        code, width = decode(text, at)
        kind = table[code]
        if at == start:
            first = kind
        if kind & _SPACE:
            in_word = False
        elif not in_word:
            in_word = True
            words += 1
            capitals += (kind & _UPPER) != 0
        letters += (kind & _LETTER) != 0
        upper += (kind & _UPPER) != 0
        punctuation += (kind & _PUNCTUATION) != 0
        symbols += (kind & _SYMBOL) != 0
        commas += (kind & _COMMA) != 0
        wide += (kind & _WIDE) != 0
        alone += (kind & _ALONE) != 0
        copyright_sign |= code == _COPYRIGHT
        if kind & _DIGIT:
            digits += 1
            run += 1
        else:
            year |= run == 4 and _is_century(text, at)
            time |= code == _COLON and run > 0 and at + 1 < stop and 48 <= text[at + 1] <= 57
            run = 0
        chars += 1
        at += width
    year |= run == 4 and _is_century(text, stop)
    size = chars + (WIDE_CHARS - 1) * wide
    if alone > 0:
        words = max(words, size // CHARS_PER_WORD)
    plain = max(0, size - size * row[LINK_BYTES] / (stop - start))
    kind = row[KIND]
    out[_O_PARAGRAPH], out[_O_ITEM] = kind == PARAGRAPH, kind == ITEM
    out[_O_PRE], out[_O_BARE] = kind == PREFORMATTED, kind == BARE
    out[_O_LEVEL] = row[LEVEL] if kind == HEADING else 0
    out[_O_DEPTH], out[_O_GAP] = row[DEPTH], min(row[GAP], 3)
    out[_O_CHARS], out[_O_WORDS], out[_O_LINKS], out[_O_PLAIN] = size, words, row[LINKS], plain
    out[_O_LINK_SHARE] = min(1.0, row[LINK_BYTES] / (stop - start))
    out[_O_ENDS], out[_O_COLON] = _ends_sentence(text, start, stop, flags), _ends_colon(text, stop)
    out[_O_PUNCTUATION], out[_O_COMMAS] = punctuation / max(1, words), commas
    out[_O_LETTERS], out[_O_DIGITS], out[_O_SYMBOLS] = letters / chars, digits / chars, symbols / chars
    out[_O_UPPER], out[_O_CAPITALS] = upper / max(1, letters), capitals / max(1, words)
    out[_O_PER_WORD] = size / max(1, words)
    out[_O_STARTS_LOWER], out[_O_STARTS_SYMBOL] = (first & _LOWER) != 0, (first & _WORD) == 0
    out[_O_SHARE], out[_O_SECTION], out[_O_PAGE] = (
        row[SHARE_LINKS] > 0,
        row[SECTION_LINKS] > 0,
        row[PAGE_LINKS] > 0,
    )
    out[_O_COPYRIGHT], out[_O_YEAR], out[_O_TIME] = copyright_sign, year, time
    out[_O_PROSE] = plain >= MIN_PROSE_CHARS and out[_O_ENDS] > 0 and out[_O_LINK_SHARE] < 0.5


@kernel(inline="always")
def _is_century(text, at):  # type: ignore[no-untyped-def]
    """Whether the four digits before `at` begin with 19 or 20."""
    lead, second = text[at - 4], text[at - 3]
    return (lead == 49 and second == 57) or (lead == 50 and second == 48)


@kernel(inline="always")
def _ends_colon(text, stop):  # type: ignore[no-untyped-def]
    code = decode(text, previous(text, stop))[0]
    return (code == _COLON) | (code == _WIDE_COLON)


@kernel
def _ends_sentence(text, start, stop, flags):  # type: ignore[no-untyped-def]
    """Whether a line's last character, but for closing quotes and brackets, ends a sentence."""
    at = stop
    while at > start:
        at = previous(text, at)
        flag = flags[decode(text, at)[0]]
        if flag & (TERMINAL | WIDE_TERMINAL):
            return True
        if not flag & CLOSER:
            return False
    return False


@kernel
def _find(text, start, stop, needle, begin, end):  # type: ignore[no-untyped-def]
    """Whether text[start:stop] holds needle[begin:end]."""
    length = end - begin
    for at in range(start, stop - length + 1):
        same = 0
        while same < length and text[at + same] == needle[begin + same]:
            same += 1
        if same == length:
            return True
    return False
