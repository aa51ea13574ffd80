"""Pages with labelled lines in, a fitted PageModel out: kinds of pages, scores of names, and a forest upon both.

Three fits, each upon what the one before says of pages that it did not see: logistic regression of a page's kind; of a line
being content by the names around it, its weights sums over heads for kinds of pages; and gradient-boosted trees.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.name_scores import PathLines, fit_name_scores
from stages.ingest.common_crawl.boilerplate.columns import OWN_FEATURES, PAGE_KINDS
from stages.ingest.common_crawl.boilerplate.features import line_features
from stages.ingest.common_crawl.boilerplate.model import PageModel
from stages.ingest.common_crawl.boilerplate.names import (
    KIND_WEIGHT,
    kind_probabilities,
    name_places,
    node_scores,
)
from stages.ingest.common_crawl.boilerplate.structure import NODE_SCORES
from stages.kernels.hash import key_set
from stages.kernels.page.columns import FIRST_TOKEN, NODE, PARENT, START, STOP, Page
from stages.kernels.trees import LEAF, Forest

TREES, LEAVES, LEARNING_RATE, MIN_LEAF_LINES, L2, FEATURE_SHARE, BINS = 120, 12, 0.08, 20, 5.0, 0.25, 127
MIN_NAME_HOSTS, MIN_WORD_HOSTS = 8, 3
INNER_FOLDS = 3
HEADS = ((), ("forum",), ("product",), ("collection", "listing"), ("documentation", "service"))
"""The kinds of pages for which a name has weights of its own, beside those for all."""

MIN_FOUND_SHARE, UNSURE_WEIGHT = 0.5, 0.1
"""A page in which less of its gold text was found (the crawl brought another one) counts little."""

_CHARS = OWN_FEATURES.index("chars")


@dataclass
class FitPage:
    """A page to learn from: its host, lines and elements, the words of its kind, its kind where that is known.

    `content`, shape (lines,): which lines are content; `found_share`: how much of the gold text its lines hold.
    """

    host: str
    title: str
    page: Page
    words: list[str]
    kind: str | None
    content: npt.NDArray[np.bool_]
    counted: npt.NDArray[np.bool_]
    found_share: float
    places: npt.NDArray[np.int64] | None = None
    weight: float = 1.0
    line_weights: npt.NDArray[np.float64] | None = None


def fit_model(pages: Sequence[FitPage]) -> PageModel:
    """The model fitted to `pages`; a host weighs by the root of its pages, a page the same whatever its length."""
    empty = _vocabulary(pages)
    _weigh(pages, empty)
    inner = np.array([hashlib.sha1(page.host.encode()).digest()[3] % INNER_FOLDS for page in pages])
    kinds = np.zeros((len(pages), len(PAGE_KINDS)))
    for fold in range(INNER_FOLDS):
        part = _fit_kinds([page for page, other in zip(pages, inner, strict=True) if other != fold], empty)
        for at in np.flatnonzero(inner == fold):
            kinds[at] = _kinds_of(pages[at], part)
    model = _fit_kinds(pages, empty)
    scores: list[Any] = [None] * len(pages)
    for fold in range(INNER_FOLDS):
        kept = np.flatnonzero(inner != fold)
        part = _fit_names([pages[at] for at in kept], kinds[kept], model)
        for at in np.flatnonzero(inner == fold):
            scores[at] = node_scores(pages[at].page, pages[at].places, kinds[at], part)
    model = _fit_names(pages, kinds, model)
    rows = [
        line_features(page.page, page.title, score, kind)
        for page, score, kind in zip(pages, scores, kinds, strict=True)
    ]
    return model._replace(forest=_fit_forest(pages, rows))


def _vocabulary(pages: Sequence[FitPage]) -> PageModel:
    """A model without weights, of names and words that several hosts have."""
    names: Counter[int] = Counter()
    words: Counter[str] = Counter()
    by_host: dict[str, list[FitPage]] = {}
    for page in pages:
        by_host.setdefault(page.host, []).append(page)
    for members in by_host.values():
        names.update(np.unique(np.concatenate([page.page.tokens for page in members])).tolist())
        words.update({word for page in members for word in page.words})
    kept = np.array(sorted(name for name, hosts in names.items() if hosts >= MIN_NAME_HOSTS), np.int64)
    listed = sorted(word for word, hosts in words.items() if hosts >= MIN_WORD_HOSTS)
    heads = np.zeros((len(HEADS), 1 + len(PAGE_KINDS)))
    heads[0, 0] = 1
    for head, kinds in enumerate(HEADS):
        for kind in kinds:
            heads[head, 1 + PAGE_KINDS.index(kind)] = 1
    nothing = np.zeros(0, np.int64)
    return PageModel(
        names=kept,
        name_slots=key_set.build(kept.view(np.uint64)),
        words={word: place for place, word in enumerate(listed)},
        kind_by_name=np.zeros((len(kept), len(PAGE_KINDS)), np.float32),
        kind_by_word=np.zeros((len(listed), len(PAGE_KINDS)), np.float32),
        kind_bias=np.zeros(len(PAGE_KINDS)),
        heads=heads,
        scores_by_name=np.zeros((len(kept), NODE_SCORES, len(HEADS)), np.float32),
        forest=Forest(0.0, nothing, nothing, np.zeros(0), nothing, nothing, np.zeros(0)),
    )


def _weigh(pages: Sequence[FitPage], model: PageModel) -> None:
    """Fill the weights of pages and lines, and where their names stand in the vocabulary."""
    hosts = Counter(page.host for page in pages)
    for page in pages:
        page.weight = page_weight(hosts[page.host], page.found_share)
        page.line_weights = line_weights(page.page, page.weight)
        page.places = name_places(page.page, model)


def page_weight(host_pages: int, found_share: float) -> float:
    """What a page weighs of whose host there are so many, and of whose gold text so much was found."""
    return host_pages**-0.5 * (1.0 if found_share >= MIN_FOUND_SHARE else UNSURE_WEIGHT)  # type: ignore[no-any-return]


def line_weights(page: Page, weight: float) -> npt.NDArray[np.float64]:
    """What each line of a page weighs that weighs so much, shape (lines,)."""
    chars = np.maximum(1, page.lines[:, STOP] - page.lines[:, START]) ** 0.75
    return chars / max(1.0, chars.sum()) * weight  # type: ignore[no-any-return]


def _word_places(page: FitPage, model: PageModel) -> list[int]:
    return [model.words[word] for word in page.words if word in model.words]


def _kinds_of(page: FitPage, model: PageModel) -> npt.NDArray[np.float64]:
    assert page.places is not None
    return kind_probabilities(page.places, _word_places(page, model), model)


def _fit_kinds(pages: Sequence[FitPage], model: PageModel) -> PageModel:
    """The model with weights for kinds of pages, by logistic regression of the pages whose kind is known."""
    from scipy.sparse import csr_matrix
    from sklearn.linear_model import LogisticRegression

    known = [page for page in pages if page.kind is not None]
    rows, columns, values = [], [], []
    for row, page in enumerate(known):
        assert page.places is not None
        words = _word_places(page, model)
        names = np.unique(page.places[page.places >= 0]) + len(model.words)
        rows += [row] * (len(words) + len(names))
        columns += [*words, *names.tolist()]
        values += [1.0] * len(words) + [KIND_WEIGHT / max(1.0, len(names) ** 0.5)] * len(names)
    shape = (len(known), len(model.words) + len(model.names))
    fitted = LogisticRegression(C=1.0, max_iter=300).fit(
        csr_matrix((values, (rows, columns)), shape), [page.kind for page in known]
    )
    weights, bias = np.zeros((shape[1], len(PAGE_KINDS))), np.full(len(PAGE_KINDS), -20.0)
    for place, kind in enumerate(fitted.classes_):
        weights[:, PAGE_KINDS.index(kind)] = fitted.coef_[place]
        bias[PAGE_KINDS.index(kind)] = fitted.intercept_[place]
    by_word, by_name = np.split(_rounded(weights).astype(np.float32), [len(model.words)])
    return model._replace(kind_by_word=by_word, kind_by_name=by_name, kind_bias=_rounded(bias))


def _fit_names(pages: Sequence[FitPage], kinds: npt.NDArray[np.float64], model: PageModel) -> PageModel:
    """The model with scores of names, given the probabilities of the pages' kinds, shape (pages, kinds)."""
    shift, parents, nodes, names, heads, positive, negative = 0, [], [], [], [], [], []
    for page, kind in zip(pages, kinds, strict=True):
        assert page.places is not None and page.line_weights is not None
        tree = page.page.nodes
        size = len(tree)
        parents.append(np.where(tree[:, PARENT] < 0, -1, tree[:, PARENT] + shift))
        starts = np.append(tree[:, FIRST_TOKEN], len(page.places))
        owners = np.repeat(np.arange(size), np.diff(starts))
        known = page.places >= 0
        nodes.append(owners[known] + shift)
        names.append(page.places[known])
        heads.append(np.broadcast_to(model.heads @ np.append(1.0, kind), (size, len(model.heads))))
        lines = page.page.lines[:, NODE]
        positive.append(np.bincount(lines, page.line_weights * page.content, size))
        negative.append(np.bincount(lines, page.line_weights * ~page.content, size))
        shift += size
    columns = (np.concatenate(column) for column in (parents, nodes, names, heads, positive, negative))
    return model._replace(scores_by_name=fit_name_scores(PathLines(*columns), len(model.names)))


def _fit_forest(pages: Sequence[FitPage], rows: Sequence[npt.NDArray[np.float64]]) -> Forest:
    features = np.concatenate(
        [row[page.counted].astype(np.float32) for page, row in zip(pages, rows, strict=True)]
    )
    labels = np.concatenate([page.content[page.counted] for page in pages])
    weights = np.concatenate(
        [page.line_weights[page.counted] for page in pages if page.line_weights is not None]
    )
    return fit_forest(features, labels, weights)


def fit_forest(
    features: npt.NDArray[np.float32],
    labels: npt.NDArray[np.bool_],
    weights: npt.NDArray[np.float64],
    *,
    trees: int = TREES,
    leaves: int = LEAVES,
    learning_rate: float = LEARNING_RATE,
) -> Forest:
    """The forest fitted to rows of features, shape (lines, features), by gradient boosting."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    fitted = HistGradientBoostingClassifier(
        max_iter=trees,
        max_leaf_nodes=leaves,
        learning_rate=learning_rate,
        min_samples_leaf=MIN_LEAF_LINES,
        l2_regularization=L2,
        max_features=FEATURE_SHARE,
        max_bins=BINS,
        early_stopping=False,
        random_state=0,
    )
    fitted.fit(features, labels, 100 * weights)
    return _forest_of(fitted)


def _forest_of(model: object) -> Forest:
    """The trees of a fitted scikit-learn model as arrays; thresholds and values to nine digits."""
    predictors = [trees[0].nodes for trees in model._predictors]  # type: ignore[attr-defined]
    roots = np.cumsum([0, *(len(nodes) for nodes in predictors)])[:-1].astype(np.int64)
    nodes = np.concatenate(predictors)
    shift = np.repeat(roots, [len(tree) for tree in predictors])
    leaf = nodes["is_leaf"].astype(bool)

    def inner(column: npt.NDArray[np.generic], otherwise: float) -> npt.NDArray[np.float64]:
        return np.where(leaf, otherwise, column)

    return Forest(
        bias=float(_rounded(np.ravel(model._baseline_prediction))[0]),  # type: ignore[attr-defined]
        roots=roots,
        feature=inner(nodes["feature_idx"], LEAF).astype(np.int64),
        threshold=_rounded(inner(nodes["num_threshold"], 0.0)),
        left=inner(nodes["left"] + shift, 0).astype(np.int64),
        right=inner(nodes["right"] + shift, 0).astype(np.int64),
        value=_rounded(np.where(leaf, nodes["value"], 0.0)),
    )


def _rounded(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """To six digits: what the last ones hold is noise of sums."""
    return np.array([float(f"{value:.6g}") for value in values.ravel()]).reshape(values.shape)
