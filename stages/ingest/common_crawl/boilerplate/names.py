"""The words of the names of a page's elements in, a score of each element and what they say of the page's kind out."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.model import PageModel
from stages.kernels.compiled import kernel
from stages.kernels.hash import key_set
from stages.kernels.page.columns import FIRST_TOKEN, Page

KIND_WEIGHT = 1.2
"""What all words of a page's names together weigh beside the words of its URL, by the root of their number."""


def kind_probabilities(
    places: npt.NDArray[np.int64], words: list[int], model: PageModel
) -> npt.NDArray[np.float64]:
    """How likely a page is of each of PAGE_KINDS, from its names' places in the model and those of its words."""
    return _kinds(places, np.array(words, np.int64), model.kind_by_name, model.kind_by_word, model.kind_bias)  # type: ignore[no-any-return]


def name_places(page: Page, model: PageModel) -> npt.NDArray[np.int64]:
    """Where in the model's vocabulary each token of a page stands; -1 where it does not, or stood in its element before."""
    places = key_set.find(model.names.view(np.uint64), model.name_slots, page.tokens.view(np.uint64))
    return _once(places, page.nodes)  # type: ignore[no-any-return]


def node_scores(
    page: Page, places: npt.NDArray[np.int64], kinds: npt.NDArray[np.float64], model: PageModel
) -> npt.NDArray[np.float64]:
    """The scores of the elements of a page of these kinds, shape (elements, NODE_SCORES)."""
    heads = model.heads @ np.append(1.0, kinds)
    return _scores(page.nodes, places, heads, model.scores_by_name)  # type: ignore[no-any-return]


@kernel
def _once(places, nodes):  # type: ignore[no-untyped-def]
    for node in range(len(nodes)):
        start = nodes[node, FIRST_TOKEN]
        stop = nodes[node + 1, FIRST_TOKEN] if node + 1 < len(nodes) else len(places)
        for at in range(start, stop):
            if places[at] < 0:
                continue
            for before in range(start, at):
                if places[before] == places[at]:
                    places[at] = -1
                    break
    return places


@kernel
def _kinds(places, words, by_name, by_word, bias):  # type: ignore[no-untyped-def]
    seen = np.zeros(len(by_name), np.bool_)
    sums, total = np.zeros(len(bias)), 0
    for place in places:
        if place >= 0 and not seen[place]:
            seen[place] = True
            total += 1
            sums += by_name[place]
    logits = bias + sums * (KIND_WEIGHT / max(1.0, np.sqrt(total)))
    for word in words:
        logits += by_word[word]
    result = np.exp(logits - logits.max())
    return result / result.sum()


@kernel
def _scores(nodes, places, heads, by_name):  # type: ignore[no-untyped-def]
    """Sums over the tokens of each element; a token's weights are `by_name[token, score] @ heads`."""
    scores = np.zeros((len(nodes), by_name.shape[1]))
    node = 0
    for at in range(len(places)):
        while node + 1 < len(nodes) and nodes[node + 1, FIRST_TOKEN] <= at:
            node += 1
        place = places[at]
        if place < 0:
            continue
        for score in range(by_name.shape[1]):
            for head in range(len(heads)):
                scores[node, score] += by_name[place, score, head] * heads[head]
    return scores
