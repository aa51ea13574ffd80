"""Lists of words of classes and ids in, the lists of which an element of a page bears a word out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.hash import key_set
from stages.kernels.page.attributes import class_word_hash
from stages.kernels.page.columns import FIRST_TOKEN, Page


class NameLists(NamedTuple):
    """Hashes of all words, uint64, their table (`key_set`), and the lists that each is in: bit k for the k-th, uint8."""

    keys: npt.NDArray[np.uint64]
    slots: npt.NDArray[np.int64]
    lists: npt.NDArray[np.uint8]


def name_lists(*lists: str) -> NameLists:
    """Lists of words with blanks between them, eight at most."""
    marks: dict[int, int] = {}
    for place, words in enumerate(lists):
        for word in words.split():
            key = class_word_hash(word)
            marks[key] = marks.get(key, 0) | 1 << place
    keys = np.array(list(marks), np.int64).view(np.uint64)
    return NameLists(keys, key_set.build(keys), np.array(list(marks.values()), np.uint8))


def lists_of(page: Page, names: NameLists) -> npt.NDArray[np.uint8]:
    """The lists of which each element of a page bears a word, shape (elements,)."""
    return _lists_of(page.nodes, page.tokens.view(np.uint64), *names)  # type: ignore[no-any-return]


@kernel
def _lists_of(nodes, tokens, keys, slots, lists):  # type: ignore[no-untyped-def]
    places = key_set.find(keys, slots, tokens)
    found = np.zeros(len(nodes), np.uint8)
    for node in range(len(nodes)):
        stop = nodes[node + 1, FIRST_TOKEN] if node + 1 < len(nodes) else len(tokens)
        for at in range(nodes[node, FIRST_TOKEN], stop):
            if places[at] >= 0:
                found[node] |= lists[places[at]]
    return found
