"""What the tree around a line says of it: scores of names, blocks, repeated siblings, the page."""

from __future__ import annotations

import numpy as np
import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import FEATURES, PAGE_KINDS
from stages.ingest.common_crawl.boilerplate.features import line_features
from stages.kernels.markup.element_kinds import name_hash
from stages.kernels.page.columns import NAME
from stages.kernels.page.read import read_page

PROSE = "This sentence is long enough to be prose: it has more than eighty characters, and it ends well."


def features(body: str, scores: dict[str, tuple[float, float]] | None = None) -> list[dict[str, float]]:
    """The features of each line, given the scores of elements by name."""
    page = read_page(HTMLTree.parse(f"<body>{body}</body>").document.html)
    by_node = np.zeros((len(page.nodes), 2))
    for name, pair in (scores or {}).items():
        by_node[page.nodes[:, NAME] == name_hash(name)] = pair
    rows = line_features(page, "", by_node, np.arange(len(PAGE_KINDS)) / 10)
    return [dict(zip(FEATURES, row, strict=True)) for row in rows.tolist()]


def test_scores_are_summed_along_the_path() -> None:
    found = features(
        "<main><div><p>ab</p></div></main><p>cd</p>", {"main": (1, 9), "div": (-3, 2), "p": (0.5, 4)}
    )
    first, second = found
    assert (first["path_score"], first["node_score"], first["parent_score"]) == (-1.5, 0.5, -3)
    assert (first["highest_score"], first["lowest_score"], first["near_score"]) == (1, -3, -1.5)
    assert (first["head_score"], first["sum_score"]) == (6, 4.5)
    assert (second["path_score"], second["head_score"], second["node_depth"]) == (0.5, 4, 2)
    assert second["page_mean_score"] == -0.5
    assert [line["path_score_to_page"] for line in found] == [-1, 1]
    assert second["page_highest_score"] == 0.5


def test_what_a_line_stands_in() -> None:
    first, second = features("<article><ul><li>a</li></ul></article><p>b</p>")
    assert (first["in_article"], first["in_listed"], first["in_paragraph_element"]) == (1, 1, 0)
    assert (second["in_article"], second["in_listed"], second["in_paragraph_element"]) == (0, 0, 1)
    assert first["page_has_article"] == second["page_has_article"] == second["page_articles"] == 1
    assert second["page_has_main"] == 0
    assert (second["page_p_share"], second["page_list_share"]) == (0.5, 0.5)


def test_blocks_around_a_line() -> None:
    first, *_, last = features(f"<div><div><p>{PROSE}</p><p>{PROSE}</p></div><a href=/x>b</a></div>")
    chars = len(PROSE)
    assert (first["chars_of_150_chars"], first["levels_up_of_150_chars"]) == (2 * chars, 1)
    assert (first["prose_share_of_150_chars"], first["lines_of_150_chars"]) == (1, 2)
    assert first["chars_of_600_chars"] == -1, "nothing is as large"
    assert (first["levels_up_of_3_tenths"], first["levels_up_of_6_tenths"]) == (0, 1)
    assert (last["link_share_of_parent"], last["lines_of_parent"]) == (pytest.approx(1 / (2 * chars + 1)), 3)
    assert last["page_share_of_2_lines"] == 1


def test_repeated_siblings() -> None:
    card = "<div class=card><p>{0}</p></div>"
    found = features(
        f"<p>lead</p><section>{''.join(card.format(n) for n in 'abc')}<div>other</div></section>"
    )
    assert [line["repeats"] for line in found] == [0, 3, 3, 3, 0]
    assert [line["repeat_place"] for line in found] == [0, 0, 1, 2, 0]
    assert [line["repeat_levels_up"] for line in found] == [0, 1, 1, 1, 0]
    assert found[1]["repeat_page_share"] == found[0]["group_page_share"] == 8 / 12
    assert (found[0]["group_repeats"], found[0]["group_chars"]) == (3, 8 / 3)


def test_groups_inside_groups() -> None:
    item = "<li>x</li>" * 3
    (first, *_) = features(f"<div>{f'<ul>{item}</ul>' * 4}</div>")
    assert (first["repeats"], first["outer_repeats"], first["most_repeats"]) == (3, 4, 4)
    assert (first["outer_repeat_chars"], first["outer_repeat_levels_up"]) == (3, 1)


def test_two_siblings_or_siblings_of_other_parents_are_no_group() -> None:
    assert [line["repeats"] for line in features("<div><p>a</div><div><p>b</div><p>c</p>")] == [0, 0, 0]


def test_place_and_kinds() -> None:
    first, second = features("<p>abc</p><p>d</p>")
    assert (first["share_before"], first["chars_after"]) == (0, 1)
    assert (second["share_before"], second["chars_after"], second["page_chars"]) == (0.75, 0, 4)
    assert [first[f"is_{kind}"] for kind in PAGE_KINDS] == [n / 10 for n in range(len(PAGE_KINDS))]
