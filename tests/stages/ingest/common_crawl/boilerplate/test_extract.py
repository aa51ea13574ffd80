"""The main text of a page: what the model cuts, and what it must never cut."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from resiliparse.extract.html2text import extract_plain_text
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import FEATURES
from stages.ingest.common_crawl.boilerplate.extract import (
    best_lines,
    judged_page,
    keep_lines,
    main_text,
)
from stages.ingest.common_crawl.boilerplate.model import PageModel, fitted_model, from_bytes, to_bytes
from stages.kernels.trees import LEAF, Forest

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and a cow. "
STORY = "".join(f"<p>{SENTENCE}It was day {day} of the long journey home, they said.</p>" for day in range(8))


def page(body: str, title: str = "The ferry | Island News") -> HTMLTree:
    return HTMLTree.parse(f"<html><head><title>{title}</title></head><body>{body}</body></html>")


def text(body: str) -> str:
    return main_text(page(body), None, fitted_model()).text


def constant(log_odds: float) -> PageModel:
    """The fitted model with a forest that gives every line the same log-odds."""
    leaf, zero = np.array([LEAF]), np.array([0])
    forest = Forest(log_odds, zero, leaf, np.array([0.0]), zero, zero, np.array([0.0]))
    return fitted_model()._replace(forest=forest)


def test_story_is_kept_whole() -> None:
    found = main_text(page(f"<main><h1>The ferry</h1>{STORY}</main>"), None, fitted_model())
    assert found.text.startswith("The ferry\n\nThe ferry to the northern")
    assert found.text.count("of the long journey home") == 8
    assert found.cut_chars == 0


def test_teasers_after_the_story_are_cut() -> None:
    teasers = "".join(f'<p><a href="/news/{n}">Other news of day {n}</a></p>' for n in range(9))
    found = main_text(
        page(f"<main><h1>The ferry</h1>{STORY}<h3>More stories</h3>{teasers}</main>"),
        None,
        fitted_model(),
    )
    assert "Other news" not in found.text
    assert found.text.count("of the long journey home") == 8
    assert found.cut_chars > 100


@pytest.mark.parametrize("tag", ["article", "main", "body"])
def test_an_article_filed_under_comment_or_social_is_kept(tag: str) -> None:
    tree = HTMLTree.parse(f'<html><{tag} class="post category-social tag-comments">{STORY}</{tag}></html>')
    assert main_text(tree, None, fitted_model()).text.count("of the long journey home") == 8


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
    model = constant(-5.0)
    lines = judged_page(page(f"<main><h2>By the way</h2>{STORY}<h1>The ferry</h1></main>"), None, model)
    assert keep_lines(lines, model, 0.4).tolist() == [False] * 9 + [True]
    assert keep_lines(lines, model, None).all(), "all are as likely: all have the greatest F1"


def test_lines_of_code_are_kept_or_cut_together() -> None:
    code = "".join(f"let x{n} = {n};\n" for n in range(9)) + "}\n"
    found = text(f"<main><h1>The ferry</h1>{STORY}<pre><code>fn main() {{\n{code}</code></pre>{STORY}</main>")
    assert "fn main() {\nlet x0 = 0;" in found
    assert "let x8 = 8;\n}" in found


def test_a_blank_line_does_not_part_code() -> None:
    code = "\n\n".join(f"fn f{n}() {{\n    x{n}();\n}}" for n in range(9))
    found = text(f"<main><h1>The ferry</h1>{STORY}<pre><code>{code}</code></pre>{STORY}</main>")
    assert [f"fn f{n}() {{\n    x{n}();\n}}" in found for n in range(9)] == [True] * 9


def test_the_heading_in_the_title_is_the_title_and_not_the_name_of_the_site_above_it() -> None:
    model = constant(-5.0)
    head = "<title>The ferry - Ask the Post</title>"
    body = f"<main><h1>Ask the Post</h1><h2>Ferries</h2><h1>The ferry leaves</h1>{STORY}</main>"
    tree = HTMLTree.parse(
        f"<html><head>{head.replace('The ferry', 'The ferry leaves')}</head><body>{body}</body></html>"
    )
    lines = judged_page(tree, None, model)
    assert np.flatnonzero(keep_lines(lines, model, 0.4)).tolist() == [2]


def test_headings_and_terms_stay_with_what_they_head() -> None:
    parts = "".join(f"<dt>term {n}</dt><dd>{SENTENCE}</dd>" for n in range(4))
    found = text(f"<main><h1>The ferry</h1>{STORY}<h2>Words</h2><dl>{parts}</dl>{STORY}</main>")
    assert [f"term {n}\n{SENTENCE.strip()}" in found for n in range(4)] == [True] * 4
    assert "\n\nWords\n\n" in found


@pytest.mark.parametrize(
    ("likely", "chars", "kept"),
    [
        ([0.9, 0.1, 0.8], [100, 100, 100], [True, False, True]),
        ([0.2, 0.2, 0.2], [10, 10, 10], [True, True, True]),
        ([0.3, 0.0], [50, 50], [True, False]),
        ([0.9, 0.45, 0.1], [10, 1000, 1000], [True, True, False]),
        ([0.99, 0.3], [1000, 100], [True, False]),
        ([], [], []),
    ],
)
def test_the_lines_of_the_greatest_expected_f1(
    likely: list[float], chars: list[float], kept: list[bool]
) -> None:
    assert best_lines(np.array(likely), np.array(chars, np.float64)).tolist() == kept


@given(st.lists(st.tuples(st.floats(0.01, 0.99), st.integers(1, 500)), min_size=1, max_size=7))
def test_no_other_lines_have_a_greater_expected_f1(lines: list[tuple[float, int]]) -> None:
    likely, chars = np.array([p for p, _ in lines]), np.array([n for _, n in lines], np.float64)

    def score(keep: np.ndarray) -> float:
        return float(2 * (likely * chars)[keep].sum() / (chars[keep].sum() + (likely * chars).sum()))

    sets = [
        np.array([number >> bit & 1 for bit in range(len(lines))], bool)
        for number in range(1, 2 ** len(lines))
    ]
    assert score(best_lines(likely, chars)) == pytest.approx(max(map(score, sets)))


def test_a_title_element_in_the_body_is_no_text() -> None:
    tree = HTMLTree.parse(f"<text id='x'><title>Odd place - Site</title><main>{STORY}</main>")
    assert "Odd place" not in main_text(tree, None, fitted_model()).text


def test_an_empty_pre_does_not_swallow_the_lines_after_it() -> None:
    body = f"<main><pre></pre>{STORY}<p>{SENTENCE}</p></main>"
    assert text(body).count("\n\n") == 8


def test_with_probability_zero_nothing_is_cut() -> None:
    tree = page(f"<main><h1>The ferry</h1>{STORY}<ul><li>one<li>two</ul></main>")
    plain = extract_plain_text(tree, main_content=False, alt_texts=False, skip_elements=["title"])
    found = main_text(tree, None, fitted_model(), min_probability=0.0)
    assert found.text.split() == plain.split()
    assert found.cut_chars == 0


@pytest.mark.parametrize(
    "html", ["", "<", "<html></html>", "<p>", "<frameset></frameset>", "<svg><p>x</svg>"]
)
def test_pages_without_text(html: str) -> None:
    assert len(main_text(HTMLTree.parse(html), None, fitted_model()).text) <= 1


def test_the_model_file_is_written_as_it_was_read() -> None:
    model = fitted_model()
    assert to_bytes(from_bytes(to_bytes(model))) == to_bytes(model)
    assert len(to_bytes(model)) < 2_000_000
    assert model.forest.feature.max() < len(FEATURES)


def test_a_model_of_other_features_is_refused() -> None:
    with np.load(io.BytesIO(to_bytes(fitted_model()))) as file:
        content = dict(file) | {"features": np.array(FEATURES[1:])}
    broken = io.BytesIO()
    np.savez(broken, **content)
    with pytest.raises(ValueError, match="other features"):
        from_bytes(broken.getvalue())
