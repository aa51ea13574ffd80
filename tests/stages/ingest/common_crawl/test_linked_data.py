"""The texts of JSON-LD stand in for a DOM that has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import fitted_model
from stages.ingest.common_crawl.linked_data import linked_data_text

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow."


def page(content: str, body: str = "<div id=root></div>") -> HTMLTree:
    return HTMLTree.parse(
        f'<head><script type="application/ld+json">{content}</script></head><body>{body}</body>'
    )


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ({"@type": "NewsArticle", "articleBody": SENTENCE, "description": "Short"}, SENTENCE),
        ({"@type": "Product", "description": f"<p>{SENTENCE}</p>"}, SENTENCE),
        (
            {"@graph": [{"@type": "Movie", "description": SENTENCE + n} for n in "aba"]},
            f"{SENTENCE}a\n\n{SENTENCE}b",
        ),
        (
            {
                "@type": "QAPage",
                "mainEntity": {"text": SENTENCE, "acceptedAnswer": {"text": SENTENCE + " Yes."}},
            },
            f"{SENTENCE}\n\n{SENTENCE} Yes.",
        ),
        ({"@type": "Organization", "description": SENTENCE}, ""),
        ({"@type": ["Thing", "WebSite"], "description": SENTENCE}, ""),
        ({"@type": "Article", "articleBody": 5, "text": ["x"]}, ""),
        ([[[]]], ""),
        (None, ""),
    ],
)
def test_bodies(data: Any, text: str) -> None:
    assert linked_data_text(page(json.dumps(data))) == text


@pytest.mark.parametrize(
    "content", ["", "{", "[" * 100_000, '{"@type": {"a": []}, "text": "\\ud800"}', "\x01"]
)
def test_what_is_no_json_is_no_text(content: str) -> None:
    assert linked_data_text(page(content)) == ""


def test_a_bare_line_break_in_a_string_is_read() -> None:
    assert linked_data_text(page(f'{{"text": "{SENTENCE}\n{SENTENCE}"}}')) == f"{SENTENCE}\n{SENTENCE}"


def test_it_is_taken_only_where_the_dom_gives_little() -> None:
    data = json.dumps({"articleBody": SENTENCE * 9})
    assert main_text(page(data), None, fitted_model()).text == SENTENCE * 9
    story = f"<main>{f'<p>{SENTENCE}</p>' * 4}</main>"
    assert main_text(page(data, story), None, fitted_model()).text == "\n\n".join([SENTENCE] * 4)
