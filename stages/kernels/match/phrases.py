"""ASCII phrases in, how often UTF-8 text holds one of them, in any case, out: C4's search for notices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel


class Phrases(NamedTuple):
    """Phrase i is data[starts[i]:starts[i + 1]] in lower case; `heads` says whether one starts with a byte."""

    starts: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]
    heads: npt.NDArray[np.bool_]


def phrase_table(phrases: Sequence[str]) -> Phrases:
    """The table of phrases, none of them empty, all of them ASCII."""
    encoded = [phrase.lower().encode("ascii") for phrase in phrases]
    starts = np.zeros(len(encoded) + 1, np.int64)
    starts[1:] = np.cumsum([len(phrase) for phrase in encoded])
    heads = np.zeros(256, np.bool_)
    for phrase in encoded:
        heads[[phrase[0], ord(phrase[:1].upper())]] = True
    return Phrases(starts, np.frombuffer(b"".join(encoded), np.uint8).copy(), heads)


@kernel
def count_phrases(text, start, stop, phrases):  # type: ignore[no-untyped-def]
    """How many places of text[start:stop] begin a phrase."""
    count = 0
    for at in range(start, stop):
        if phrases.heads[text[at]]:
            count += _begins(text, at, stop, phrases)
    return count


@kernel
def _begins(text, at, stop, phrases):  # type: ignore[no-untyped-def]
    for phrase in range(len(phrases.starts) - 1):
        first = phrases.starts[phrase]
        length = phrases.starts[phrase + 1] - first
        if at + length > stop:
            continue
        equal = 0
        while equal < length and _lower(text[at + equal]) == phrases.data[first + equal]:
            equal += 1
        if equal == length:
            return True
    return False


@kernel(inline="always")
def _lower(byte):  # type: ignore[no-untyped-def]
    return byte + 32 if 65 <= byte <= 90 else byte
