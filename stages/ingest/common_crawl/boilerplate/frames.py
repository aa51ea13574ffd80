"""A page in, the lines out that stand in a small element whose name says that it is no content: a notice, a byline.

The model weighs such names against all else, and on a short page what stands amid the article is content to it: of real
notices few stand there. An element counts that holds MAX_FRAME_SHARE of the page's text at most, as a page's body may bear
any of these names. Measured on pages marked by people: docs/benchmarks.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import FEATURES, OWN_FEATURES
from stages.ingest.common_crawl.boilerplate.named import bear_one, hashes_of
from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import name_hash
from stages.kernels.page.columns import FIRST_LINE, LAST_LINE, NAME, NODE, PARENT, Page

MAX_FRAME_SHARE, MIN_ARTICLE = 0.2, 0.5
SHORT_NOTICE_CHARS, MAX_SHORT_SHARE = 300, 0.5
"""A notice is no longer than that on a page of few lines, too, where it is more of the page."""

FRAME_NAMES = hashes_of(
    "consent gdpr cookie onetrust ccpa newsletter signup subscribe paywall sharedaddy addthis outbrain taboola recommended "
    "recommendations trending disclaimer breadcrumb breadcrumbs pagination pager modal popup overlay sr comments"
)
"""Of elements that are no content on any page; `sr` is text for screen readers, such as "opens in a new window"."""

ARTICLE_FRAME_NAMES = hashes_of(
    "byline author authors bio tags tagcloud caption captions credit credits date share sharing cta"
)
"""Of elements that are none of an article; of a listing they are its entries', and content."""

TEASER_NAMES = hashes_of("related recommended recommendations")
"""Of elements behind an article that lead to others, in whole sentences at times: less than the article's prose."""

_TIME = np.int64(name_hash("time"))
_CHARS, _PROSE = OWN_FEATURES.index("chars"), OWN_FEATURES.index("prose")
_ARTICLE = FEATURES.index("is_article")


def framed_lines(page: Page, features: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which lines of a page stand in such an element, given their features, shape (lines,)."""
    named = bear_one(page.nodes, page.tokens, FRAME_NAMES)
    teasers = np.zeros(len(named), np.bool_)
    if len(features) and features[0, _ARTICLE] >= MIN_ARTICLE:
        named |= bear_one(page.nodes, page.tokens, ARTICLE_FRAME_NAMES) | (page.nodes[:, NAME] == _TIME)
        teasers = bear_one(page.nodes, page.tokens, TEASER_NAMES)
    chars = features[:, (_CHARS, _PROSE)]
    before = np.concatenate(
        (np.zeros((1, 2)), np.cumsum(chars * [1, 0] + chars[:, :1] * chars[:, 1:] * [0, 1], 0))
    )
    return _framed(page.lines, page.nodes, named, teasers, before)  # type: ignore[no-any-return]


@kernel
def _framed(lines, nodes, named, teasers, sums):  # type: ignore[no-untyped-def]
    """`sums`: characters and those of prose before each line, and of all, shape (lines + 1, 2)."""
    before, prose = sums[:, 0], sums[:, 1]
    most = max(MAX_FRAME_SHARE * before[-1], min(SHORT_NOTICE_CHARS, MAX_SHORT_SHARE * before[-1]))
    for node in range(len(nodes)):
        size = before[nodes[node, LAST_LINE]] - before[nodes[node, FIRST_LINE]]
        parent = nodes[node, PARENT]
        is_small = (named[node] and size <= most) or (
            teasers[node] and size <= prose[nodes[node, FIRST_LINE]]
        )
        named[node] = is_small or (parent >= 0 and named[parent])
    framed = np.zeros(len(lines), np.bool_)
    for line in range(len(lines)):
        framed[line] = named[lines[line, NODE]]
    return framed
