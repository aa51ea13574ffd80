"""Small elements that are named after what is no content, and what bears such a name and stays."""

from __future__ import annotations

import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import FEATURES, PAGE_KINDS
from stages.ingest.common_crawl.boilerplate.extract import judged_page, main_text
from stages.ingest.common_crawl.boilerplate.frames import framed_lines
from stages.ingest.common_crawl.boilerplate.model import fitted_model
from stages.kernels.page.columns import START, STOP

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow."
STORY = "".join(f"<p>{number}. {SENTENCE}</p>" for number in range(6))
LINES = "\n\n".join(f"{number}. {SENTENCE}" for number in range(6))
URL = "https://www.island-news.example/2020/05/17/which-ferry"


def framed(body: str, kind: str = "article") -> list[str]:
    """The framed lines of a page that is of one kind for sure."""
    page = judged_page(HTMLTree.parse(f"<html><body>{body}</body></html>"), None, fitted_model())
    page.features[:, -len(PAGE_KINDS) :] = 0
    page.features[:, FEATURES.index(f"is_{kind}")] = 1
    data = page.page.text.tobytes()
    found = framed_lines(page.page, page.features)
    return [data[row[0] : row[1]].decode() for row in page.page.lines[found][:, [START, STOP]].tolist()]


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        (
            '<div class="cookie-banner"><p>We use cookies.</p><button>Accept</button></div>',
            ["We use cookies.", "Accept"],
        ),
        ('<section id="gdprConsent">834 partners</section>', ["834 partners"]),
        ("<div class='newsletter_signup'><h3>Our newsletter</h3></div>", ["Our newsletter"]),
        ("<aside class=paywall><p>Subscribe to read on</p></aside>", ["Subscribe to read on"]),
        ("<span class='sr-only'>opens in a new window</span>", ["opens in a new window"]),
        ("<ol class=breadcrumbs><li>Home</ol>", ["Home"]),
        ("<div class=note>An aside</div>", []),
        ("<div class=cookies-and-cakes>Bake them</div>", []),
    ],
)
def test_notices_are_framed_on_any_page(markup: str, lines: list[str]) -> None:
    assert framed(STORY + markup, "listing") == lines
    assert framed(markup + STORY) == lines


@pytest.mark.parametrize(
    ("markup", "lines"),
    [
        ("<p class=byline>By Jo Doe</p>", ["By Jo Doe"]),
        ("<time datetime=2020-05-17>May 17, 2020</time>", ["May 17, 2020"]),
        ("<div class=wp-caption><p class=wp-caption-text>At dawn</p></div>", ["At dawn"]),
        ("<div><span class=image-credit>Photo: Jo Doe</span></div>", ["Photo: Jo Doe"]),
        ("<div class=tags>ferries, islands</div>", ["ferries, islands"]),
        ("<div class=share-line>Tell your friends</div>", ["Tell your friends"]),
        ("<h2 id=what-share-of-cows>What share of cows</h2>", []),
    ],
)
def test_bylines_and_the_like_are_framed_in_articles_alone(markup: str, lines: list[str]) -> None:
    assert framed(markup + STORY) == lines
    assert framed(markup + STORY, "listing") == []


def test_an_element_that_holds_much_of_the_page_is_no_frame_whatever_its_name() -> None:
    assert framed(f"<body class='newsletter'><div class='consent'>{STORY}</div>{STORY}") == []


def test_a_notice_may_be_more_of_a_short_page() -> None:
    short = f"<p>{SENTENCE}</p>" * 2
    assert framed(f"<div class=consent><p>{SENTENCE[:70]}</p></div>{short}") == [SENTENCE[:70]]
    assert framed(f"<div class=consent>{STORY}</div>{short}") == []


def test_teasers_are_framed_behind_an_article_that_is_more_and_nowhere_else() -> None:
    teasers = f"<div class=related><p>{SENTENCE}</p><p>{SENTENCE}</p></div>"
    assert framed(STORY + teasers) == [SENTENCE] * 2
    assert framed(teasers + STORY) == []
    assert framed(STORY + teasers, "listing") == []
    assert framed(f"<p>{SENTENCE}</p>{teasers}") == []


@pytest.mark.parametrize("place", ["before", "in", "after"])
@pytest.mark.parametrize(
    "frame",
    [
        "<div id=cookie-banner><p>We use cookies to give you the best on our site. By going on you accept them.</p></div>",
        "<div class=paywall><h3>Subscribe to read on</h3><p>You have read your three free articles of this month.</p></div>",
        "<div class=newsletter-signup><h3>Our newsletter</h3><p>Get the best stories in your inbox each week.</p></div>",
        "<p class=byline>By <a href=/a/jo>Jo Doe</a>, staff writer</p>",
        "<div class=author>By Jo Doe</div><time datetime=2020-05-17>May 17, 2020</time>",
        "<div class=wp-caption><img src=a><p class=wp-caption-text>The ferry at dawn. Photo: A. Mann</p></div>",
    ],
    ids=["cookie", "paywall", "newsletter", "byline", "date", "caption"],
)
def test_what_is_framed_is_cut_amid_an_article(frame: str, place: str) -> None:
    half = len(STORY) // 2
    body = {"before": frame + STORY, "in": STORY[:half] + frame + STORY[half:], "after": STORY + frame}[place]
    tree = HTMLTree.parse(f"<html><head><title>x</title></head><body><article>{body}</article></body></html>")
    assert main_text(tree, URL, fitted_model()).text == LINES
