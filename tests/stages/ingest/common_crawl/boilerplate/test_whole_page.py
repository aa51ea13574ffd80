"""Pages of which extractors that go by names and hidden elements keep nothing, and what stays cut beside them."""

from __future__ import annotations

import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.extract import MainText, main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_model

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow."
STORY = f"<p>{SENTENCE}</p>" * 6
LINES = "\n\n".join([SENTENCE] * 6)
MENU = '<nav><a href="/">Home</a> <a href="/a">All about us</a></nav>'
FOOTER = "<footer><p>© 1999 The Ferry Company of the Northern Islands, all rights reserved.</p></footer>"


URL = "https://www.island-news.example/2020/05/17/which-ferry"


def main_of(body: str, url: str | None = None) -> MainText:
    html = f"<html><head><title>x</title></head><body>{body}</body></html>"
    return main_text(HTMLTree.parse(html), url, fitted_model())


@pytest.mark.parametrize(
    "opening",
    [
        '<div hidden id="S:1">',
        '<div aria-hidden="true">',
        '<div style="display:none">',
        '<div style="visibility:hidden">',
        '<article class="newsletter-post post">',
        '<article class="hentry promoted">',
        '<div class="share-container">',
        '<div id="search">',
        '<section class="announcement-banner">',
    ],
)
def test_an_article_that_is_hidden_or_named_as_a_frame_is_kept(opening: str) -> None:
    tag = opening[1:].partition(" ")[0]
    assert main_of(f"{MENU}<div>{opening}{STORY}</{tag}></div>{FOOTER}").text == LINES


def test_an_article_inside_a_list_near_the_body_is_kept() -> None:
    found = main_of(f"{MENU}<ul>{''.join(f'<li><p>{SENTENCE} {n}</p></li>' for n in range(6))}</ul>{FOOTER}")
    assert found.text == "\n\n".join(f"  • {SENTENCE} {n}" for n in range(6))


def test_posts_of_a_forum_in_comment_classes_are_kept() -> None:
    posts = "".join(f'<div class="comment-body"><p>{n}. {SENTENCE}</p></div>' for n in range(12))
    found = main_of(f"{MENU}<main><h1>Which ferry?</h1><p>{SENTENCE}</p>{posts}</main>{FOOTER}")
    assert found.text == "\n\n".join(["Which ferry?", SENTENCE, *(f"{n}. {SENTENCE}" for n in range(12))])


def test_comments_that_are_no_longer_than_the_article_stay_cut() -> None:
    comment = f'<li class="comment"><div class="comment-body"><p>{SENTENCE}</p></div></li>'
    comments = (
        f'<section id="comments" class="comments-area"><ol class="comment-list">{comment * 4}</ol></section>'
    )
    assert main_of(f"{MENU}<main>{STORY}</main>{comments}{FOOTER}", URL).text == LINES


def test_a_hidden_copy_beside_an_article_stays_cut() -> None:
    assert main_of(f"<main>{STORY}</main><div hidden>{STORY}</div>").text == LINES


def test_the_characters_of_the_whole_page_are_told() -> None:
    assert (
        main_of(f"<main><p>{SENTENCE}</p></main><div hidden><p>Four</p></div>").page_chars
        == len(SENTENCE) + 4
    )
    assert main_of("").page_chars == 0


TEASERS = "".join(f'<p><a href="/news/{n}">Other news of day {n}</a></p>' for n in range(9))
CARDS = "".join(
    f'<div class="card"><a href="/p/{n}"><h3>Ferry number {n}</h3></a><span class="price">$1{n}.00</span></div>'
    for n in range(8)
)

STORIES = "".join(
    f"<div class='related-item'><a href='/n/{n}'><h3>Pier number {n} opens</h3></a>"
    f"<p>The harbour master said on day {n} that the pier would open again next spring.</p></div>"
    for n in range(4)
)


@pytest.mark.parametrize(
    "around",
    [
        f"<section class='related-stories'><h2>More stories</h2>{STORIES}</section>",
        "<div id='consent-modal' role='dialog'><p>We and our partners store and access information on a device, such as "
        "cookies, and process personal data.</p><button>Accept all</button><button>Reject all</button></div>",
        "<div class='comment-form'><h3>Leave a reply</h3><p>Your email address will not be published. Required fields are "
        "marked *</p></div>",
        f"<aside><h3>More stories</h3>{TEASERS}</aside>",
        "<div class='cookie-banner'><p>We use cookies on this site to make it better.</p><button>Accept</button></div>",
        "<div class='newsletter-signup'><h3>Sign up</h3><p>Get the news in your inbox, every morning.</p></div>",
        "<div class='share-buttons'><a href='/share?u=1'>Share</a> <a href='mailto:?x'>Mail</a></div>",
        "<div class='post-tags'><a href=/tag/a rel=tag>ferry</a> <a href=/tag/b rel=tag>isles</a></div>",
        "<nav aria-label=pages><a href='/1'>Older</a> <a href='/2'>Newer</a></nav>",
    ],
)
def test_what_stands_around_an_article_is_cut(around: str) -> None:
    found = main_of(f"{MENU}<article><h1>Which ferry?</h1>{STORY}</article>{around}{FOOTER}", URL)
    assert found.text == f"Which ferry?\n\n{LINES}"


def test_a_tweet_quoted_in_an_article_is_kept() -> None:
    tweet = (
        "<blockquote class='twitter-tweet'><p>I saw the ferry today and it was great, honest.</p>"
        "&mdash; Ann (@ann) <a href='https://twitter.com/ann/status/1'>May 3</a></blockquote>"
    )
    found = main_of(f"{MENU}<article><h1>Which ferry?</h1>{STORY}{tweet}{STORY}</article>{FOOTER}", URL)
    assert "I saw the ferry today and it was great, honest." in found.text


def test_cards_of_a_listing_are_kept() -> None:
    found = main_of(f"{MENU}<main><h1>Ferries</h1>{CARDS}</main>{FOOTER}", "https://shop.example/ferries/")
    assert found.text.count("Ferry number") == found.text.count("$1") == 8
    assert "All about us" not in found.text


def test_a_page_for_readers_without_scripts_is_kept() -> None:
    found = main_of(f"<div id=app></div><noscript><div class='topic-body'>{STORY}</div></noscript>")
    assert found.text == LINES


def test_share_lines_inside_an_article_are_cut() -> None:
    share = (
        "<ul class='social-share'><li><a href='https://facebook.com/sharer?u=1'>Share on Facebook</a></li>"
        "<li><a href='https://twitter.com/intent/tweet?u=1'>Tweet</a></li></ul>"
    )
    found = main_of(f"{MENU}<article><h1>Which ferry?</h1>{share}{STORY}</article>{FOOTER}", URL)
    assert found.text == f"Which ferry?\n\n{LINES}"


def test_tabs_of_a_product_are_kept_though_all_but_one_are_hidden() -> None:
    tabs = "".join(
        f"<div class='tab-pane' role=tabpanel {'hidden' if n else ''}><h3>Tab {n}</h3><p>{SENTENCE} {n}</p></div>"
        for n in range(3)
    )
    body = f"{MENU}<main class=product><h1>Ferry model</h1><p>{SENTENCE}</p>{tabs}</main>{FOOTER}"
    text = main_of(body, "https://shop.example/product/ferry-model").text
    assert [f"{SENTENCE} {n}" in text for n in range(3)] == [True] * 3


def test_a_fact_box_that_is_there_twice_is_kept_once_at_most() -> None:
    facts = "<div class=infobox><h4>Ferry facts</h4><p>Built 1999</p><p>Length 80 m</p></div>"
    body = f"{MENU}<article><h1>Which ferry?</h1>{STORY}{facts}{STORY}<div hidden>{facts}</div></article>{FOOTER}"
    assert main_of(body, URL).text.count("Built 1999") <= 1


def test_a_chinese_article_is_told_from_teasers_by_what_it_says_in_as_many_characters() -> None:
    lines = [
        f"清晨渡輪離開了北方的島嶼，船上載著郵件和兩輛汽車，還有一頭從牧場買來的母牛{n}" for n in range(6)
    ]
    menu = "".join(f"<a href='/{n}'>相關文章{n}</a> " for n in range(12))
    news = "".join(
        f"<div><a href='/n{n}'>船公司宣布明年增加航班{n}</a><span>2019-01-0{n}</span></div>"
        for n in range(1, 9)
    )
    body = f"<div>{menu}</div><table><tr><td>{'<br>'.join(lines)}</td><td><div>{menu}</div></td></tr></table>"
    text = main_of(f"{body}<div><h4>熱門新聞</h4>{news}</div><p>版權所有 1999 船公司</p>").text
    assert [line in text for line in lines] == [True] * 6
    assert "增加航班" not in text


def test_the_characters_of_a_chinese_page_are_counted_as_they_are() -> None:
    found = main_of("<p>渡輪離開了</p>")
    assert (found.cut_chars, found.page_chars) == (0, 5)
