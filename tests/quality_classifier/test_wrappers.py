"""Copies, caches, translations and redirections: the page behind them."""

from __future__ import annotations

import pytest

from quality_classifier.urls import normalize_url
from quality_classifier.wrappers import unwrap_url

PAGE = "a.example/b"


@pytest.mark.parametrize(
    "url",
    [
        "https://web.archive.org/web/20150101/http://www.a.example/b",
        "https://web.archive.org/web/http://a.example/b",
        "https://web.archive.org/web/*/http://a.example/b",
        "https://web.archive.org/web/2015/www.a.example/b",
        "https://web.archive.org/web/20150101/http%3A//a.example/b",
        "https://archive.today/2014.09.05-120000/http://a.example/b",
        "https://web.archive.org/web/2015/https://archive.today/2014/http://a.example/b",
        "http://webarchive.nationalarchives.gov.uk/20100101/http://a.example/b",
        "http://www.webcitation.org/query?url=http%3A%2F%2Fa.example%2Fb&date=2010",
        "http://webcache.googleusercontent.com/search?q=cache:AbC_dEfGhIjK:www.a.example/b+some+words&hl=en",
        "http://webcache.googleusercontent.com/search?q=cache:a.example/b",
        "http://translate.google.com/translate?hl=en&sl=de&u=http://a.example/b&prev=x",
        "https://a-example.translate.goog/b?_x_tr_sl=de&_x_tr_tl=en",
        "https://www.google.com/url?sa=t&url=https%3A%2F%2Fa.example%2Fb&ei=1",
        "https://www.google.de/amp/s/a.example/b",
    ],
)
def test_the_page_behind_a_wrapper(url: str) -> None:
    assert normalize_url(url) == PAGE


@pytest.mark.parametrize(
    "url",
    [
        "https://archive.org/details/book",
        "https://www.webcitation.org/5xYz",
        "https://a.example/login?url=http://b.example",
        "https://a.example/web/2015/http://b.example",
        "https://www.google.com/search?q=words",
        "https://notarchive.org/web/2015/http://b.example",
    ],
)
def test_what_is_no_copy_stays(url: str) -> None:
    assert unwrap_url(url) == url
