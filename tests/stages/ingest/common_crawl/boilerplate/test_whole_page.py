"""Pages of which resiliparse's main content keeps nothing: all of their lines are judged."""

from __future__ import annotations

import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.extract import MainText, main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_forest

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow."
STORY = f"<p>{SENTENCE}</p>" * 6
LINES = "\n\n".join([SENTENCE] * 6)
MENU = '<nav><a href="/">Home</a> <a href="/a">All about us</a></nav>'
FOOTER = "<footer><p>© 1999 The Ferry Company of the Northern Islands, all rights reserved.</p></footer>"


def main_of(body: str) -> MainText:
    html = f"<html><head><title>x</title></head><body>{body}</body></html>"
    return main_text(HTMLTree.parse(html), fitted_forest())


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
    comments = f'<div class="comment-body">{STORY}</div>'
    assert main_of(f"{MENU}<main>{STORY}</main>{comments}{FOOTER}").text == LINES


def test_a_hidden_part_beside_an_article_stays_cut() -> None:
    assert main_of(f"<main>{STORY}</main><div hidden>{STORY}</div>").text == LINES


def test_the_characters_of_the_whole_page_are_told() -> None:
    assert (
        main_of(f"<main><p>{SENTENCE}</p></main><div hidden><p>Four</p></div>").page_chars
        == len(SENTENCE) + 4
    )
    assert main_of("").page_chars == 0
