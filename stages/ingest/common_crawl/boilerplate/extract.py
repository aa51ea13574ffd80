"""A page's DOM in, its main text without boilerplate lines out: resiliparse's main content, then a learned pass.

resiliparse keeps comments, bylines and teasers at the ends of an article. What a class name or a form says is skipped
as elements; of the lines that remain, a forest of trees judges each by its own shape and its neighbours'.

resiliparse's rules lose whole pages, too: articles of class `newsletter-post`, bodies that are streamed into `hidden`
elements, lists near the body. Where they leave little of what the page holds, the forest judges all of its lines.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import OWN_FEATURES
from stages.ingest.common_crawl.boilerplate.features import line_features
from stages.ingest.common_crawl.linked_data import linked_data_text
from stages.ingest.common_crawl.marks import without_keepers
from stages.ingest.work import TooMuchWorkError
from stages.kernels.lines.markup_lines import MarkupLines, markup_lines
from stages.kernels.lines.markup_text import render_lines
from stages.kernels.trees import Forest, probabilities

_NAMES = (
    "related",
    "share",
    "social",
    "promo",
    "newsletter",
    "byline",
    "breadcrumb",
    "footer",
    "entry-meta",
    "entry__meta",
    "entry-info",
    "post-meta",
    "post__meta",
    "post-info",
    "article-meta",
    "article__meta",
    "meta-info",
    "metadata",
    "author-info",
    "timestamp",
    "dateline",
    "subscri",
    "signup",
    "advert",
    "sponsor",
    "cookie-consent",
    "cookie-notice",
)
_FRAME_ROLES = ("navigation", "banner", "contentinfo", "search", "dialog", "menu", "menubar")
NEVER_TEXT = ("title", "pre:empty")
"""Skipped on every page. resiliparse opens an empty <pre> in its reduced HTML and never closes it."""

SKIPPED_ELEMENTS = (
    *NEVER_TEXT,
    "form",
    "footer",
    *(f'[class*="{name}"]:not(article):not(main):not(body):not([class*="type-post"])' for name in _NAMES),
    '[class*="comment"]:not(article):not(main):not(body):not([class*="type-post"]):not(pre *)',
    '[id*="comments"]',
    '[id*="disqus"]',
    '[id^="comment-"]',
)
"""CSS selectors of what is no main content. Blogs put the names of an article's tags among the article's own classes
(`category-cookies`, `tag-social`), and highlighters name the comments of code, hence the exceptions. No ids but those
of comments: headings have their words as id.
"""

WHOLE_PAGE_SKIPPED = (
    *NEVER_TEXT,
    "nav",
    "aside",
    "header:not(article header):not(main header)",
    "footer",
    "dialog",
    "button",
    "select",
    "noscript",
    "template",
    *(f'[role="{role}"]' for role in _FRAME_ROLES),
    '[class*="comment"]:not(article):not(main):not(body):not(pre *)',
    '[id*="comment"]',
    '[id*="disqus"]',
)
"""What is no main content by its element or its ARIA role alone, and comments; hidden text is kept."""

LITTLE_PROSE_CHARS, MIN_CHARS_RATIO = 500, 4
SHORT_CHARS, MIN_PROSE_RATIO = 3_000, 3
"""When the whole page is judged: it has MIN_CHARS_RATIO times the characters of a main content with little prose, or
MIN_PROSE_RATIO times the prose of a short one. Tried on both corpora of docs/benchmarks.md: looser ones bring the
comments of old news pages back, whose frames no element marks."""

FEW_CHARS, MIN_LINKED_RATIO = 300, 2
"""JSON-LD is asked when the DOM gives less than CCNet's shortest document, and taken when it has twice as much."""

MIN_CONTENT_PROBABILITY = 0.4
"""Where the held-out F1 is flat (0.3 to 0.5); what is lost is worse than what is left."""

MIN_PROSE_CHARS = 250
MIN_KEPT_SHARE = 0.25
"""A page that is short, or of which the pass would leave less than this share, is left as resiliparse gives it."""

MAX_LINES = 200_000
"""A line takes a kilobyte of features; the longest of 2,088 real pages has 15,000."""

_PROSE, _PLAIN_CHARS = OWN_FEATURES.index("prose"), OWN_FEATURES.index("plain_chars")
_CHARS, _HEADING_LEVEL, _IN_TITLE = (
    OWN_FEATURES.index(name) for name in ("chars", "heading_level", "in_title")
)


@dataclass(frozen=True)
class MainText:
    """The text of a page, how many characters of lines the pass cut, and how many the page holds in all."""

    text: str
    cut_chars: int
    page_chars: int


@dataclass(frozen=True)
class PageLines:
    """The lines of a page's main content, with FEATURES for each, shape (lines, features), float64.

    `page_chars` is what the whole page holds, where that was counted.
    """

    lines: MarkupLines
    features: npt.NDArray[np.float64]
    page_chars: int = 0

    @property
    def chars(self) -> int:
        """Characters of the lines."""
        return int(self.features[:, _CHARS].sum())

    @property
    def prose_chars(self) -> float:
        """Characters of the lines that are prose (feature `prose`), links not counted."""
        return float(self.features[:, _PLAIN_CHARS] @ self.features[:, _PROSE])


def page_lines(tree: HTMLTree) -> PageLines:
    """The lines of a page's main content, or of the whole page where that content is but a small part of it."""
    title = without_keepers(tree.title or "")
    main = _main_lines(tree, title)
    has_prose = main.prose_chars >= LITTLE_PROSE_CHARS
    if has_prose and main.chars >= SHORT_CHARS:
        return main
    whole = _page_lines(tree, title, list(WHOLE_PAGE_SKIPPED), main_content=False)
    if has_prose:
        is_part = whole.prose_chars > MIN_PROSE_RATIO * main.prose_chars
    else:
        is_part = whole.chars > MIN_CHARS_RATIO * main.chars
    return replace(whole if is_part else main, page_chars=whole.chars)


def _main_lines(tree: HTMLTree, title: str) -> PageLines:
    """The lines that resiliparse takes for main content, without SKIPPED_ELEMENTS unless little prose is left so."""
    page = _page_lines(tree, title, list(SKIPPED_ELEMENTS))
    if page.prose_chars >= MIN_PROSE_CHARS:
        return page
    full = _page_lines(tree, title, list(NEVER_TEXT))
    # what was skipped was the article itself, not its frame
    return full if full.prose_chars > 2 * page.prose_chars else page


def _page_lines(tree: HTMLTree, title: str, skipped: list[str], *, main_content: bool = True) -> PageLines:
    markup = extract_plain_text(
        tree,
        main_content=main_content,
        alt_texts=False,
        links=True,
        preserve_formatting="minimal_html",
        skip_elements=skipped,
    )
    lines = markup_lines(without_keepers(markup))
    if len(lines.rows) > MAX_LINES:
        raise TooMuchWorkError("lines", len(lines.rows), MAX_LINES)
    return PageLines(lines, line_features(lines, title))


def keep_lines(page: PageLines, forest: Forest, min_probability: float) -> npt.NDArray[np.bool_]:
    """Which lines are content: those of at least `min_probability`; all, when too little would be left.

    The first heading that is the page's title is content whatever its probability: the forest learned from gold texts
    of which many leave the title to the metadata.
    """
    keep = probabilities(forest, page.features) >= min_probability
    level = page.features[:, _HEADING_LEVEL]
    titles = np.flatnonzero((level == 1) | ((level > 0) & (page.features[:, _IN_TITLE] > 0)))
    keep[titles[:1]] = True
    chars = page.features[:, _CHARS]
    if chars[keep].sum() < MIN_KEPT_SHARE * chars.sum():
        keep[:] = True
    return keep


def main_text(tree: HTMLTree, forest: Forest, min_probability: float = MIN_CONTENT_PROBABILITY) -> MainText:
    """The main text of a page: its content lines, blank lines and list marks as resiliparse sets them.

    The texts of its JSON-LD where it has few of its own.
    """
    page = page_lines(tree)
    keep = keep_lines(page, forest, min_probability)
    cut = int(page.features[~keep, _CHARS].sum())
    text = render_lines(page.lines, keep)
    if len(text) < FEW_CHARS:
        linked = linked_data_text(tree)
        text = linked if len(linked) > MIN_LINKED_RATIO * len(text) else text
    return MainText(text, cut, max(page.page_chars, page.chars))
