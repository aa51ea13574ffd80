"""Pages that are no good HTML: what text they hold is read, and nothing raises."""

from __future__ import annotations

import pytest

from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_model
from stages.ingest.common_crawl.html import end_frames, parse_web_page

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow."
STORY = "".join(f"<p>{SENTENCE}</p>" for _ in range(4))
TEXT = "\n\n".join([SENTENCE] * 4)


def text_of(html: str) -> str:
    return main_text(parse_web_page(html), None, fitted_model()).text


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("", ""),
        ("\0\0\0", ""),
        ("<html></html>", ""),
        ("<script>let a = '<p>b</p>';</script>" * 50, ""),
        ("<html><frameset cols='1,2'><frame src=a><frame src=b></frameset></html>", ""),
        (f"<html>{STORY}", TEXT),
        (f"<html><head><title>x</title></head>{STORY}</html>", TEXT),
        (
            '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Strict//EN" "x.dtd">'
            f'<html xmlns="http://www.w3.org/1999/xhtml"><head><title>x</title></head><body>{STORY}<br /></body></html>',
            TEXT,
        ),
        (f"<b><i><p></b></i></div></p><main></section>{STORY}</b></main></table>", TEXT),
        ("<html>" * 1_000 + f"<body>{STORY}", TEXT),
        ("<body>" * 1_000 + STORY, TEXT),
        (f"<body>{STORY.replace('ferry', 'fe' + chr(0) + 'rry')}", TEXT),
        (f"<body>{STORY}<!-- {STORY}", TEXT),
        (f"<body>{STORY}<sup", TEXT),
        (f'<body><noscript><iframe src="//tags.example/x" height="0" /></noscript>{STORY}', TEXT),
        (f"<body><noscript><p><iframe src=x></p></noscript>{STORY}<noscript><iframe /></noscript>", TEXT),
    ],
)
def test_the_text_of_a_bad_page(html: str, text: str) -> None:
    assert text_of(html) == text


@pytest.mark.parametrize(
    ("html", "ended"),
    [
        ("<noscript><iframe/></noscript>a", "<noscript><iframe/></iframe></noscript>a"),
        ("<noscript><iframe></iframe></noscript>a", "<noscript><iframe></iframe></noscript>a"),
        ("<noscript><img/></noscript><iframe/>a", "<noscript><img/></noscript><iframe/>a"),
        ("<noscript><iframe/>a", "<noscript><iframe/>a"),
        ("<noscript><style>p{}</noscript>a", "<noscript><style>p{}</style></noscript>a"),
        ("<noscript><textarea></noscript>a", "<noscript><textarea></textarea></noscript>a"),
    ],
)
def test_frames_of_a_noscript_end_with_it(html: str, ended: str) -> None:
    assert end_frames(html) == ended


@pytest.mark.slow
def test_a_page_of_thirty_megabytes_in_one_line_is_read_whole() -> None:
    words = "and then a cow " * 2_000_000
    assert text_of(f"<body><main><p>{words}</p></main>") == words.strip()
