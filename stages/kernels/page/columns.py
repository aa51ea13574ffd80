"""The columns by which the lines of a page and its elements are told."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LINE_COLUMNS = (
    "start",
    "stop",
    "kind",
    "level",
    "depth",
    "gap",
    "ordinal",
    "links",
    "link_bytes",
    "share_links",
    "section_links",
    "page_links",
    "node",
)
"""Where the line lies in the text; its kind; heading level 1-6, else 0; how many lists it stands in; blank lines
before it; its number in an ordered list, 0 for a bullet, -1 for no item; links, bytes of their text; links that share,
print or sign in; links to authors, tags or sections; links within the page; the element that its text begins in."""

NODE_COLUMNS = ("parent", "name", "signature", "contexts", "first_line", "last_line", "first_token")
"""The number of the element around, -1 for the outermost; hashes of its name, and of that and its classes; what it
stands in (`roles.CONTEXTS`); the lines first_line:last_line begin inside it; where its tokens begin."""

BARE, PARAGRAPH, HEADING, ITEM, PREFORMATTED = range(5)
MAX_DEPTH = 32
"""Lists inside each other that a line is indented for."""


class Page(NamedTuple):
    """Text without markup, uint8; a row of LINE_COLUMNS for each line that is not blank; a row of NODE_COLUMNS for each
    element, parents first; the hashes of the words of all elements' names, int64."""

    text: npt.NDArray[np.uint8]
    lines: npt.NDArray[np.int64]
    nodes: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]


(
    START,
    STOP,
    KIND,
    LEVEL,
    DEPTH,
    GAP,
    ORDINAL,
    LINKS,
    LINK_BYTES,
    SHARE_LINKS,
    SECTION_LINKS,
    PAGE_LINKS,
    NODE,
) = range(len(LINE_COLUMNS))
PARENT, NAME, SIGNATURE, CONTEXTS_OF, FIRST_LINE, LAST_LINE, FIRST_TOKEN = range(len(NODE_COLUMNS))
