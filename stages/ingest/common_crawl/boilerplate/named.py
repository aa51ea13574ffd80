"""Words of classes and ids in, which elements of a page bear one of them out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.page.attributes import class_word_hash
from stages.kernels.page.columns import FIRST_TOKEN


def hashes_of(words: str) -> npt.NDArray[np.int64]:
    """The hashes of words with blanks between them, sorted."""
    return np.sort(np.array([class_word_hash(word) for word in words.split()], np.int64))


@kernel
def bear_one(nodes, tokens, names):  # type: ignore[no-untyped-def]
    """Which elements bear one of `names`, sorted hashes, shape (elements,)."""
    found = np.zeros(len(nodes), np.bool_)
    for node in range(len(nodes)):
        stop = nodes[node + 1, FIRST_TOKEN] if node + 1 < len(nodes) else len(tokens)
        for at in range(nodes[node, FIRST_TOKEN], stop):
            place = np.searchsorted(names, tokens[at])
            if place < len(names) and names[place] == tokens[at]:
                found[node] = True
                break
    return found
