"""A model of pages fitted to a few made-up ones: it learns what they show, and the same pages give the same bytes."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.name_scores import PathLines, _odds, _slope, fit_name_scores
from benchmarks.page_fit import FitPage, fit_model
from benchmarks.page_labels import labelled
from stages.ingest.common_crawl.boilerplate.extract import main_text
from stages.ingest.common_crawl.boilerplate.model import to_bytes
from stages.ingest.common_crawl.html import parse_web_page

SENTENCE = "The ferry to the northern islands leaves at dawn, and it takes the mail, two cars and cow {0}."
STORY = [SENTENCE.format(n) for n in range(6)]
ASIDE = [SENTENCE.format(n) for n in range(20, 24)]


def html(number: int, kind: str) -> str:
    """A page whose text and whose frame differ by the names of their elements alone."""
    text = "".join(f"<p>{line} {number}</p>" for line in STORY)
    frame = "".join(f"<p>{line} {number}</p>" for line in ASIDE)
    return f"<div class='wrap {kind}'><div class=prose-x>{text}</div><div class=frame-x>{frame}</div></div>"


def pages() -> list[FitPage]:
    found = []
    for number in range(30):
        kind = ("article", "forum", "product")[number % 3]
        gold = " ".join(f"{line} {number}" for line in STORY)
        found.append(labelled(f"https://site{number}.example/{kind}/x", html(number, kind), gold, kind))
    return found


def test_names_and_kinds_are_learned() -> None:
    model = fit_model(pages())
    text = main_text(parse_web_page(html(99, "forum")), "https://other.example/forum/y", model).text
    assert text == "\n\n".join(f"{line} 99" for line in STORY)
    assert "u:forum" in model.words
    assert to_bytes(fit_model(pages())) == to_bytes(model)


def test_lines_with_half_of_their_words_in_the_gold_text_are_content() -> None:
    page = labelled("https://a.example/", "<p>one two three four<p>five six seven<p>...", "one two six", None)
    assert (page.content.tolist(), page.counted.tolist()) == ([True, False, False], [True, True, False])
    assert (page.found_share, page.kind, page.host) == (1.0, None, "a.example")


def path_lines() -> PathLines:
    parents = np.array([-1, 0, 1, 0])
    nodes, names = np.array([0, 1, 1, 2, 3]), np.array([0, 1, 2, 0, 2])
    heads = np.array([[1.0, 0.0]] * 2 + [[1.0, 0.5]] * 2)
    return PathLines(parents, nodes, names, heads, np.array([0.0, 1, 3, 0]), np.array([1.0, 0, 1, 4]))


def test_log_odds_are_the_path_and_twice_the_end_of_it() -> None:
    scores = np.zeros((3, 2, 2))
    scores[:, 0, 0], scores[2, 1, 1] = (1, 10, 100), 7
    assert _odds(path_lines(), scores).tolist() == [1, 111, 112, 101 + 3.5]


def test_the_slope_is_that_of_the_log_odds() -> None:
    lines, scores = path_lines(), np.random.default_rng(0).normal(size=(3, 2, 2))
    error = np.array([0.3, -0.2, 0.5, 0.1])
    slope = _slope(lines, error, scores)
    for place in np.ndindex(scores.shape):
        moved = scores.copy()
        moved[place] += 1e-6
        expected = (_odds(lines, moved) - _odds(lines, scores)) @ error / 1e-6
        assert slope[place] == pytest.approx(expected, abs=1e-6)


def test_elements_around_content_score_above_those_around_the_rest() -> None:
    lines = path_lines()
    scores = fit_name_scores(lines, 3)
    odds = _odds(lines, scores.astype(np.float64))
    assert scores.dtype == np.float32
    assert odds[3] < min(odds[1], odds[2])
