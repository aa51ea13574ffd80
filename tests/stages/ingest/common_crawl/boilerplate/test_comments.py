"""Where readers' comments are, and what prose stands outside of them."""

from __future__ import annotations

import numpy as np
import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import COMMENT_FEATURES, FEATURES, PAGE_KINDS
from stages.ingest.common_crawl.boilerplate.features import line_features
from stages.kernels.page.attributes import class_word_hash
from stages.kernels.page.read import read_page

PROSE = "This sentence is long enough to be prose: it has more than eighty characters, and it ends well."
SHORT = "Two words"


def comment_features(body: str) -> list[list[float]]:
    page = read_page(HTMLTree.parse(f"<body>{body}</body>").document.html)
    rows = line_features(page, "", np.zeros((len(page.nodes), 2)), np.zeros(len(PAGE_KINDS)))
    return rows[:, [FEATURES.index(name) for name in COMMENT_FEATURES]].tolist()  # type: ignore[no-any-return]


def test_an_article_with_comments_below() -> None:
    size = len(PROSE)
    share = pytest.approx((size + len(SHORT)) / (2 * size + len(SHORT)))
    found = comment_features(
        f"<p>{PROSE}</p><ol class=comment-list><li id=comment-7><p>{PROSE}</p></li></ol>"
        f"<div id=respond><p>{SHORT}</p></div>"
    )
    assert found == [
        [0, share, size, size, -1, size],
        [2, share, size, size, size, size],
        [1, share, size, size, size, size],
    ]


def test_a_thread_that_is_made_of_comments() -> None:
    size = len(PROSE)
    found = comment_features(f"<div class=commentBody><p>{PROSE}</p></div><p>{PROSE}</p>")
    assert found == [[1, 0.5, size, size, 0, 0], [0, 0.5, size, size, -1, 0]]


def test_a_page_without_comments() -> None:
    assert comment_features(f"<p class=comments-off-topic>{SHORT}</p>")[0][0] == 1, "by each word of a name"
    assert comment_features(f"<p class=commented>{SHORT}</p><p>{PROSE}</p>") == [
        [0, 0, 0, len(PROSE), -1, len(PROSE)],
        [0, 0, 0, len(PROSE), -1, len(PROSE)],
    ]


def test_a_class_is_hashed_as_the_reader_of_pages_does() -> None:
    page = read_page(HTMLTree.parse("<body><p class='Disqus-thread'>a</p></body>").document.html)
    assert class_word_hash("disqus") in page.tokens.tolist()
    assert class_word_hash("thread") in page.tokens.tolist()
    assert class_word_hash("role") not in page.tokens.tolist()
