"""A page's lines and the names of its elements in, what stands in its readers' comments and before them out.

Gold texts of articles leave out what readers wrote below, of forums and question pages they are made of it: so a line's place
is told, and how much prose the page has outside, and not what it is to be.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import COMMENT_FEATURES, FEATURES, OWN_FEATURES
from stages.ingest.common_crawl.boilerplate.named import lists_of, name_lists
from stages.kernels.compiled import kernel
from stages.kernels.page.columns import NODE, PARENT, Page

_WORDS = (
    "comment comments commentlist reply replies respond response responses discussion disqus "
    "commentaire commentaires comentario comentarios kommentar kommentare"
)
_COMMENT = name_lists(_WORDS)
"""Words of classes and ids that comments bear: WordPress, Disqus, and what sites call them themselves."""

_CHARS, _PROSE = OWN_FEATURES.index("chars"), OWN_FEATURES.index("prose")
_FIRST = FEATURES.index(COMMENT_FEATURES[0])


def mark_comments(page: Page, features: npt.NDArray[np.float64]) -> None:
    """Fill COMMENT_FEATURES of the lines of a page, whose own features are there, shape (lines, features)."""
    levels = _comment_levels(page.nodes, lists_of(page, _COMMENT))
    _fill(page.lines, levels, features)


@kernel
def _comment_levels(nodes, named):  # type: ignore[no-untyped-def]
    """In how many elements of comments each element stands, itself counted."""
    levels = named.astype(np.int64)
    for node in range(len(nodes)):
        if nodes[node, PARENT] >= 0:
            levels[node] += levels[nodes[node, PARENT]]
    return levels


@kernel
def _fill(lines, levels, features):  # type: ignore[no-untyped-def]
    chars, comment_chars, inside, outside, before = 0.0, 0.0, 0.0, 0.0, -1.0
    for i in range(len(lines)):
        prose = features[i, _CHARS] * features[i, _PROSE]
        chars += features[i, _CHARS]
        if levels[lines[i, NODE]] > 0:
            comment_chars += features[i, _CHARS]
            inside += prose
            before = outside if before < 0 else before
        else:
            outside += prose
    before = outside if before < 0 else before
    passed = 0.0
    for i in range(len(lines)):
        row = features[i, _FIRST : _FIRST + 6]
        row[0] = levels[lines[i, NODE]]
        row[1] = comment_chars / max(1.0, chars)
        row[2], row[3] = inside, outside
        row[4] = passed if row[0] > 0 else -1.0
        row[5] = before
        if row[0] == 0:
            passed += features[i, _CHARS] * features[i, _PROSE]
