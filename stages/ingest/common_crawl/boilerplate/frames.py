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
from stages.kernels.page.columns import FIRST_LINE, LAST_LINE, NODE, PARENT, Page

MAX_FRAME_SHARE, MIN_ARTICLE = 0.2, 0.5

FRAME_NAMES = hashes_of(
    "consent gdpr cookie onetrust ccpa newsletter signup subscribe paywall sharedaddy addthis outbrain taboola recommended "
    "recommendations trending disclaimer breadcrumb breadcrumbs pagination pager modal popup overlay sr comments"
)
"""Of elements that are no content on any page; `sr` is text for screen readers, such as "opens in a new window"."""

ARTICLE_FRAME_NAMES = hashes_of(
    "byline author authors bio tags tagcloud credits date share sharing related cta"
)
"""Of elements that are none of an article; of a listing they are its entries', and content."""

_CHARS, _ARTICLE = OWN_FEATURES.index("chars"), FEATURES.index("is_article")


def framed_lines(page: Page, features: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which lines of a page stand in such an element, given their features, shape (lines,)."""
    named = bear_one(page.nodes, page.tokens, FRAME_NAMES)
    if len(features) and features[0, _ARTICLE] >= MIN_ARTICLE:
        named |= bear_one(page.nodes, page.tokens, ARTICLE_FRAME_NAMES)
    before = np.concatenate(([0.0], np.cumsum(features[:, _CHARS])))
    return _framed(page.lines, page.nodes, named, before)  # type: ignore[no-any-return]


@kernel
def _framed(lines, nodes, named, before):  # type: ignore[no-untyped-def]
    """`before`: characters before each line, and of all."""
    most = MAX_FRAME_SHARE * before[-1]
    for node in range(len(nodes)):
        size = before[nodes[node, LAST_LINE]] - before[nodes[node, FIRST_LINE]]
        parent = nodes[node, PARENT]
        named[node] = (named[node] and size <= most) or (parent >= 0 and named[parent])
    framed = np.zeros(len(lines), np.bool_)
    for line in range(len(lines)):
        framed[line] = named[lines[line, NODE]]
    return framed
