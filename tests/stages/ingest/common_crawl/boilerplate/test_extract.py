"""The main text of a page: what the pass cuts, and what it must never cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import FEATURES
from stages.ingest.common_crawl.boilerplate.extract import keep_lines, main_text, page_lines
from stages.ingest.common_crawl.boilerplate.model import fitted_forest, from_json, to_json
from stages.kernels.trees import LEAF, Forest

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow. "
STORY = "".join(f"<p>{SENTENCE}It was day {day} of the long journey home, they said.</p>" for day in range(8))


def page(body: str, title: str = "The ferry | Island News") -> HTMLTree:
    return HTMLTree.parse(f"<html><head><title>{title}</title></head><body>{body}</body></html>")


def text(body: str) -> str:
    return main_text(page(body), fitted_forest()).text


def constant(value: float) -> Forest:
    """A forest that gives every line the same log-odds."""
    leaf, zero = np.array([LEAF]), np.array([0])
    return Forest(value, zero, leaf, np.array([0.0]), zero, zero, np.array([0.0]))


def test_story_is_kept_whole() -> None:
    found = main_text(page(f"<main><h1>The ferry</h1>{STORY}</main>"), fitted_forest())
    assert found.text.startswith("The ferry\n\nThe ferry to the northern")
    assert found.text.count("of the long journey home") == 8
    assert found.cut_chars == 0


def test_teasers_after_the_story_are_cut() -> None:
    teasers = "".join(f'<p><a href="/news/{n}">Other news of day {n}</a></p>' for n in range(9))
    found = main_text(
        page(f"<main><h1>The ferry</h1>{STORY}<h3>More stories</h3>{teasers}</main>"),
        fitted_forest(),
    )
    assert "Other news" not in found.text
    assert found.text.count("of the long journey home") == 8
    assert found.cut_chars > 100


def test_comments_are_cut() -> None:
    comment = f'<div class="comment-body"><p>{SENTENCE} I was on it myself, says a reader.</p></div>'
    assert "says a reader" not in text(f"<main>{STORY}</main>{comment * 3}")


@pytest.mark.parametrize("tag", ["article", "main", "body"])
def test_an_article_filed_under_comment_or_social_is_kept(tag: str) -> None:
    tree = HTMLTree.parse(f'<html><{tag} class="post category-social tag-comments">{STORY}</{tag}></html>')
    assert main_text(tree, fitted_forest()).text.count("of the long journey home") == 8


def test_a_recipe_for_cookies_is_kept() -> None:
    assert text(f'<main><div class="tag-cookies recipe">{STORY}</div></main>').count("long journey home") == 8


def test_when_the_skipped_elements_were_the_story_they_come_back() -> None:
    assert text(f'<main><div class="share-story">{STORY}</div></main>').count("long journey home") == 8


def test_a_heading_whose_id_is_a_word_of_the_list_is_kept() -> None:
    body = f'<main><h2 id="shared-comment">Shared history</h2>{STORY}</main>'
    assert "Shared history" in text(body)


def test_a_page_of_few_words_is_left_as_it_is() -> None:
    assert text("<main><p>abc</p><p>def</p></main>") == "abc\n\ndef"


def test_the_title_is_kept_whatever_the_forest_says() -> None:
    lines = page_lines(page(f"<main><h2>By the way</h2><h1>The ferry</h1>{STORY}</main>"))
    bias = constant(-5.0)
    assert keep_lines(lines, bias, 0.4).all(), "nothing else would be left: all stays"
    lines = page_lines(page(f"<main>{STORY}<h1>The ferry</h1></main>"))
    keep = keep_lines(lines, fitted_forest(), 0.4)
    assert keep[-1]


def test_a_title_element_in_the_body_is_no_text() -> None:
    tree = HTMLTree.parse(f"<text id='x'><title>Odd place - Site</title><main>{STORY}</main>")
    assert "Odd place" not in main_text(tree, fitted_forest()).text


def test_an_empty_pre_does_not_swallow_the_lines_after_it() -> None:
    body = f"<main><pre></pre>{STORY}<p>{SENTENCE}</p></main>"
    assert text(body).count("\n\n") == 8


def test_with_probability_zero_nothing_is_cut() -> None:
    tree = page(f"<main><h1>The ferry</h1>{STORY}<ul><li>one<li>two</ul></main>")
    plain = extract_plain_text(tree, main_content=True, alt_texts=False, skip_elements=["title"])
    found = main_text(tree, fitted_forest(), min_probability=0.0)
    assert found.text.split() == plain.split()
    assert found.cut_chars == 0


@pytest.mark.parametrize(
    "html", ["", "<", "<html></html>", "<p>", "<frameset></frameset>", "<svg><p>x</svg>"]
)
def test_pages_without_text(html: str) -> None:
    assert len(main_text(HTMLTree.parse(html), fitted_forest()).text) <= 1


def test_the_model_file_is_written_as_it_was_read() -> None:
    forest = fitted_forest()
    assert to_json(from_json(to_json(forest))) == to_json(forest)
    assert forest.feature.max() < len(FEATURES)


def test_a_forest_of_other_features_is_refused() -> None:
    broken = to_json(fitted_forest()).replace(b'"chars"', b'"bytes"')
    with pytest.raises(ValueError, match="other features"):
        from_json(broken)


@pytest.mark.real
def test_held_out_f1_is_two_points_above_resiliparse(shared_data: Path) -> None:
    from benchmarks.extraction import fit_forest, read_pages, score_pages

    pages = read_pages(shared_data / "common_crawl/pages")
    trees = {page.url: HTMLTree.parse(page.html) for page in pages}
    forests = [fit_forest([page for page in pages if page.half != half]) for half in (0, 1)]
    plain = score_pages(
        [(p.gold, extract_plain_text(trees[p.url], main_content=True, alt_texts=False)) for p in pages]
    )
    ours = score_pages([(p.gold, main_text(trees[p.url], forests[p.half]).text) for p in pages])
    assert len(pages) == 201
    assert ours.f1 >= plain.f1 + 0.02
