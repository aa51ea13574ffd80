"""A source file's text in, its measures out: line lengths, share of letters and digits, letters per token.

RedPajama counts tokens of GPT-NeoX; a run of letters, of digits or of other signs counts as one here, so the
measure needs no tokenizer, as NeoX's own pre-tokenizer splits text.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel

_SPACE, _LETTER, _DIGIT, _SIGN = 0, 1, 2, 3
_SIGN_RANGES = (
    (0xA1, 0xAA),
    (0xAB, 0xB5),
    (0xB6, 0xBA),
    (0xBB, 0xC0),
    (0xD7, 0xD8),
    (0xF7, 0xF8),
    (0x2010, 0x2C00),
)
_MORE_SIGN_RANGES = ((0x3001, 0x3005), (0x3008, 0x3021), (0xFF01, 0xFF10), (0xE000, 0xF900))
_NUM_TABLE = 0x10000
_FIRST_LETTER_BEYOND = 0x20000
"""Beyond the basic plane: emoji and other signs below, ideographs from here."""
_NEWLINE = 10


def _classes() -> npt.NDArray[np.uint8]:
    """Class of each character of the basic plane; beyond ASCII all but spaces and signs count as letters.

    So vowel signs of Indic scripts, which `str.isalpha` does not take for letters, belong to their words.
    """
    table = np.full(_NUM_TABLE, _LETTER, np.uint8)
    table[:128] = _SIGN
    table[[code for code in range(128) if chr(code).isalpha()]] = _LETTER
    table[list(b"0123456789")] = _DIGIT
    for start, end in _SIGN_RANGES + _MORE_SIGN_RANGES:
        table[start:end] = _SIGN
    table[[code for code in range(_NUM_TABLE) if chr(code).isspace()]] = _SPACE
    return table


CLASS_OF_CHARACTER = _classes()


@dataclass(frozen=True)
class Measures:
    """Measures of one text: lengths in characters.

    `long_line_share` is the share of the lines that are longer than a bound, `mean_of_others` the mean length of the rest.
    """

    max_line_length: int
    mean_line_length: float
    alphanumeric_share: float
    letters_per_token: float
    long_line_share: float = 0.0
    mean_of_others: float = 0.0


def measure_code(text: str, long_line: int = 1000) -> Measures:
    """All measures of `text`, which is not empty; lines end as in the public form, with `\\n`, `\\r\\n` or `\\r`.

    A line of more than `long_line` characters is a long one.
    """
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    codes: npt.NDArray[np.integer]
    if text.isascii():
        codes = np.frombuffer(text.encode(), np.uint8)
    else:
        codes = np.frombuffer(text.encode("utf-32-le", "replace"), np.uint32)
    longest, lines, in_lines, letters, digits, tokens, long, in_long = _scan(
        codes, CLASS_OF_CHARACTER, long_line
    )
    return Measures(
        max_line_length=longest,
        mean_line_length=in_lines / max(1, lines),
        alphanumeric_share=(letters + digits) / max(1, len(text)),
        letters_per_token=letters / max(1, tokens),
        long_line_share=long / max(1, lines),
        mean_of_others=(in_lines - in_long) / max(1, lines - long),
    )


@kernel
def _scan(codes, class_of_character, long_line):  # type: ignore[no-untyped-def]
    """Longest line, lines, characters in lines (without ends), letters, digits, tokens, long lines, characters in these."""
    longest = lines = in_lines = letters = digits = tokens = length = long = in_long = 0
    before = _SPACE
    for code in codes:
        beyond = _SIGN if code < _FIRST_LETTER_BEYOND else _LETTER
        kind = class_of_character[code] if code < _NUM_TABLE else beyond
        letters += kind == _LETTER
        digits += kind == _DIGIT
        tokens += kind not in (_SPACE, before)
        before = kind
        if code == _NEWLINE:
            longest = max(longest, length)
            lines += 1
            in_lines += length
            if length > long_line:
                long += 1
                in_long += length
            length = 0
        else:
            length += 1
    if length:
        longest = max(longest, length)
        lines += 1
        in_lines += length
        if length > long_line:
            long += 1
            in_long += length
    return longest, lines, in_lines, letters, digits, tokens, long, in_long
