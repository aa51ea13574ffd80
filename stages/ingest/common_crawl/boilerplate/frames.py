"""A page in, the lines out that stand in a small element whose name says that it is no content: a notice, a byline.

The model weighs such names against all else, and on a short page what stands amid the article is content to it: of real
notices few stand there. An element counts that holds MAX_FRAME_SHARE of the page's text at most, as a page's body may bear
any of these names. Measured on pages marked by people: docs/benchmarks.md.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import FEATURES, OWN_FEATURES
from stages.ingest.common_crawl.boilerplate.named import lists_of, name_lists
from stages.kernels.compiled import kernel
from stages.kernels.markup.element_kinds import name_hash
from stages.kernels.page.columns import FIRST_LINE, LAST_LINE, NAME, NODE, PARENT, Page

MAX_FRAME_SHARE, MIN_ARTICLE = 0.2, 0.5
SHORT_NOTICE_CHARS, MAX_SHORT_SHARE = 300, 0.5
"""A notice is no longer than that on a page of few lines, too, where it is more of the page."""

FRAME_NAMES = (
    "consent gdpr cookie onetrust ccpa newsletter signup subscribe paywall sharedaddy addthis outbrain taboola recommended "
    "recommendations trending disclaimer breadcrumb breadcrumbs pagination pager sr comments"
)
"""Of elements that are no content on any page; `sr` is text for screen readers, such as "opens in a new window"."""

ARTICLE_FRAME_NAMES = (
    "byline author authors bio tags tagcloud caption captions credit credits date share sharing cta"
)
"""Of elements that are none of an article; of a listing they are its entries', and content."""

TEASER_NAMES = "related recommended recommendations"
"""Of elements behind an article that lead to others, in whole sentences at times: less than the article's prose."""

_LISTS = name_lists(FRAME_NAMES, ARTICLE_FRAME_NAMES, TEASER_NAMES)
_FRAME, _ARTICLE_FRAME, _TEASER = 1, 2, 4
_TIME = np.int64(name_hash("time"))
_HEADINGS = tuple(np.int64(name_hash(f"h{level}")) for level in range(1, 7))
"""Their ids are made of their words: `what-share-of-adolescents`."""
_CHARS, _PROSE = OWN_FEATURES.index("chars"), OWN_FEATURES.index("prose")
_ARTICLE = FEATURES.index("is_article")


def framed_lines(page: Page, features: npt.NDArray[np.float64]) -> npt.NDArray[np.bool_]:
    """Which lines of a page stand in such an element, given their features, shape (lines,)."""
    lists = lists_of(page, _LISTS)
    is_article = len(features) > 0 and features[0, _ARTICLE] >= MIN_ARTICLE
    return _framed(page.lines, page.nodes, lists, is_article, features)  # type: ignore[no-any-return]


@kernel
def _framed(lines, nodes, lists, is_article, features):  # type: ignore[no-untyped-def]
    before, prose = np.zeros(len(lines) + 1), np.zeros(len(lines) + 1)
    for line in range(len(lines)):
        before[line + 1] = before[line] + features[line, _CHARS]
        prose[line + 1] = prose[line] + features[line, _CHARS] * features[line, _PROSE]
    most = max(MAX_FRAME_SHARE * before[-1], min(SHORT_NOTICE_CHARS, MAX_SHORT_SHARE * before[-1]))
    inside, framed = np.zeros(len(nodes), np.bool_), np.zeros(len(lines), np.bool_)
    for node in range(len(nodes)):
        size = before[nodes[node, LAST_LINE]] - before[nodes[node, FIRST_LINE]]
        is_frame = lists[node] & _FRAME != 0
        if is_article:
            is_frame |= lists[node] & _ARTICLE_FRAME != 0 or nodes[node, NAME] == _TIME
        inside[node] = is_frame and size <= most and nodes[node, NAME] not in _HEADINGS
        if is_article and lists[node] & _TEASER:
            inside[node] |= size <= prose[nodes[node, FIRST_LINE]]
        if nodes[node, PARENT] >= 0:
            inside[node] |= inside[nodes[node, PARENT]]
    for line in range(len(lines)):
        framed[line] = inside[lines[line, NODE]]
    return framed
