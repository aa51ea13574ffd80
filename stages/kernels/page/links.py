"""A link's target in, what it is for out: to share, to sections of the site, within the page."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from stages.kernels.compiled import kernel
from stages.kernels.page.attributes import HREF_AT, HREF_END, IS_TAG_LINK

SHARE_WORDS = (
    "share",
    "tweet",
    "sharer",
    "intent/",
    "mailto:",
    "print",
    "login",
    "signin",
    "signup",
    "register",
    "subscribe",
    "newsletter",
    "javascript:",
    "rss",
    "feed",
    "account",
)
SECTION_WORDS = (
    "/tag",
    "/categor",
    "/author",
    "/user",
    "/profile",
    "/topic",
    "/people/",
    "/by/",
    "/archive",
    "/section",
    "/column",
    "/contributor",
)
"""Parts of a link's target, lower case, that tell what the link is for in any language of the text around it."""

SHARES, LEADS_TO_SECTION, WITHIN_PAGE = 1, 2, 4
MAX_TARGET_BYTES = 512
"""What is read of a target; what tells stands near its beginning."""

_HASH = 35


class WordTable(NamedTuple):
    """Needles one after another: `data[offsets[i]:offsets[i + 1]]`, lower-case ASCII; `leads` has their first bytes."""

    offsets: npt.NDArray[np.int64]
    data: npt.NDArray[np.uint8]
    leads: npt.NDArray[np.bool_]


def word_table(words: tuple[str, ...]) -> WordTable:
    """The table of `words` that are looked for in targets."""
    encoded = [word.encode("ascii") for word in words]
    offsets = np.cumsum([0, *map(len, encoded)]).astype(np.int64)
    leads = np.zeros(256, np.bool_)
    leads[[word[0] for word in encoded]] = True
    leads[[word[0] - 32 for word in encoded if 97 <= word[0] <= 122]] = True
    return WordTable(offsets, np.frombuffer(b"".join(encoded), np.uint8), leads)


SHARE_TABLE, SECTION_TABLE = word_table(SHARE_WORDS), word_table(SECTION_WORDS)


@kernel
def link_purpose(data, found, share, section):  # type: ignore[no-untyped-def]
    """SHARES, LEADS_TO_SECTION and WITHIN_PAGE of the link whose attributes `found` tells."""
    start = found[HREF_AT]
    stop = min(found[HREF_END], start + MAX_TARGET_BYTES)
    purpose = LEADS_TO_SECTION if found[IS_TAG_LINK] else 0
    if start == stop:
        return purpose
    if data[start] == _HASH:
        return purpose | WITHIN_PAGE
    purpose |= SHARES if _holds_word(data, start, stop, share) else 0
    return purpose | (LEADS_TO_SECTION if _holds_word(data, start, stop, section) else 0)


@kernel
def _holds_word(data, start, stop, table):  # type: ignore[no-untyped-def]
    """Whether data[start:stop], ASCII lower-cased, holds a word of the table."""
    for at in range(start, stop):
        if not table.leads[data[at]]:
            continue
        lead = data[at] | 32 if 65 <= data[at] <= 90 else data[at]
        for word in range(len(table.offsets) - 1):
            begin, length = table.offsets[word], table.offsets[word + 1] - table.offsets[word]
            if table.data[begin] != lead or at + length > stop:
                continue
            same = 1
            while same < length:
                byte = data[at + same]
                if (byte | 32 if 65 <= byte <= 90 else byte) != table.data[begin + same]:
                    break
                same += 1
            if same == length:
                return True
    return False
