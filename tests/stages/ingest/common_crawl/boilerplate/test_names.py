"""What the names of a page's elements say: their places in the vocabulary, scores by kind of page, the page's kind."""

from __future__ import annotations

import numpy as np
import pytest
from resiliparse.parse.html import HTMLTree

from stages.ingest.common_crawl.boilerplate.columns import PAGE_KINDS
from stages.ingest.common_crawl.boilerplate.model import PageModel, fitted_model
from stages.ingest.common_crawl.boilerplate.names import (
    KIND_WEIGHT,
    kind_probabilities,
    name_places,
    node_scores,
)
from stages.kernels.hash import key_set
from stages.kernels.page.columns import FIRST_TOKEN, Page
from stages.kernels.page.read import read_page


def page() -> Page:
    html = HTMLTree.parse("<body><div class='menu menu other'><p class=text>x</p></div></body>").document.html
    return read_page(html)


def model_of(found: Page) -> PageModel:
    """A model of two names, `menu` and `text`, with one head for all pages and one for forums."""
    menu = found.tokens[found.nodes[3, FIRST_TOKEN] + 1]  # html, head, body, div
    text = found.tokens[-1]
    names = np.sort(np.array([menu, text]))
    by_name = {int(menu): [[-2.0, 0.0], [-1.0, 3.0]], int(text): [[1.0, 4.0], [0.5, 0.0]]}
    heads = np.zeros((2, 1 + len(PAGE_KINDS)))
    heads[0, 0] = heads[1, 1 + PAGE_KINDS.index("forum")] = 1
    kinds = np.zeros((2, len(PAGE_KINDS)), np.float32)
    kinds[list(names).index(menu), 0] = 2.0
    return fitted_model()._replace(
        names=names,
        name_slots=key_set.build(names.view(np.uint64)),
        words={"u:forum": 0},
        kind_by_name=kinds,
        kind_by_word=np.eye(1, len(PAGE_KINDS), PAGE_KINDS.index("forum"), dtype=np.float32),
        kind_bias=np.zeros(len(PAGE_KINDS)),
        heads=heads,
        scores_by_name=np.array([by_name[int(name)] for name in names], np.float32),
    )


def test_a_name_counts_once_in_its_element_and_unknown_ones_do_not() -> None:
    found = page()
    model = model_of(found)
    places = name_places(found, model)
    known = [int(model.names[place]) for place in places if place >= 0]
    menu, text = found.tokens[found.nodes[3, FIRST_TOKEN] + 1], found.tokens[-1]
    assert known == [menu, text]


def test_scores_by_kind_of_page() -> None:
    found = page()
    model = model_of(found)
    places = name_places(found, model)
    kinds = np.zeros(len(PAGE_KINDS))
    assert node_scores(found, places, kinds, model)[3:].tolist() == [[-2, -1], [1, 0.5]]
    kinds[PAGE_KINDS.index("forum")] = 0.5
    assert node_scores(found, places, kinds, model)[3:].tolist() == [[-2, 0.5], [3, 0.5]]


def test_kinds_by_names_and_words() -> None:
    found = page()
    model = model_of(found)
    places = name_places(found, model)
    names_alone = kind_probabilities(places, [], model)
    odds = np.exp(2 * KIND_WEIGHT / np.sqrt(2))
    assert names_alone[0] == pytest.approx(odds / (odds + len(PAGE_KINDS) - 1))
    assert kind_probabilities(places, [0], model)[PAGE_KINDS.index("forum")] > names_alone[1]
    assert kind_probabilities(places, [0], model).sum() == pytest.approx(1)
