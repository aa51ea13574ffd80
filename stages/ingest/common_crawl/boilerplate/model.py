"""The fitted model of a page, a file of arrays beside this module, in; arrays for the kernels out, and back.

`python -m benchmarks.page_model` fits it anew; the file names its features, so that a forest never meets columns that it
was not fitted to.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from stages.ingest.common_crawl.boilerplate.columns import FEATURES, PAGE_KINDS
from stages.ingest.common_crawl.boilerplate.forest_file import forest_columns, take_forest
from stages.kernels.hash import key_set
from stages.kernels.trees import Forest

MODEL_PATH = Path(__file__).with_name("page_model.npz")


class PageModel(NamedTuple):
    """What is learned of pages.

    `names`: hashes of words of elements' names, sorted; `name_slots` their table (`key_set`), which no file holds.
    `kind_by_name`, `kind_by_word`, shape (words, kinds): what a name, and a word of `words`, says for each of PAGE_KINDS.
    `scores_by_name`, shape (names, NODE_SCORES, heads): what it says for its element. `heads`, shape (heads, 1 + kinds):
    what share a head has in a page, by 1 and its kinds.
    """

    names: npt.NDArray[np.int64]
    name_slots: npt.NDArray[np.int64]
    words: dict[str, int]
    kind_by_name: npt.NDArray[np.float32]
    kind_by_word: npt.NDArray[np.float32]
    kind_bias: npt.NDArray[np.float64]
    heads: npt.NDArray[np.float64]
    scores_by_name: npt.NDArray[np.float32]
    forest: Forest


def to_bytes(model: PageModel) -> bytes:
    """The file of a model; the same model gives the same bytes."""
    columns: dict[str, Any] = {
        "features": np.array(FEATURES),
        "kinds": np.array(PAGE_KINDS),
        **{
            name: value
            for name, value in model._asdict().items()
            if name not in ("name_slots", "words", "forest")
        },
        "words": np.array(list(model.words)),
        **forest_columns(model.forest),
    }
    file = io.BytesIO()
    np.savez(file, **columns)
    return file.getvalue()


def from_bytes(data: bytes) -> PageModel:
    """The model of a file; a ValueError when it was fitted to other features than FEATURES."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        content = dict(file)
    if content.pop("features").tolist() != list(FEATURES) or content.pop("kinds").tolist() != list(
        PAGE_KINDS
    ):
        raise ValueError("the model of a page was fitted to other features: fit it anew")
    forest = take_forest(content)
    words = {word: place for place, word in enumerate(content.pop("words").tolist())}
    slots = key_set.build(content["names"].view(np.uint64))
    return PageModel(name_slots=slots, words=words, forest=forest, **content)


@cache
def fitted_model() -> PageModel:
    """The model that comes with this version."""
    return from_bytes(MODEL_PATH.read_bytes())


@cache
def page_model_sha256() -> str:
    """Hex SHA-256 of its file, for fingerprints."""
    return hashlib.sha256(MODEL_PATH.read_bytes()).hexdigest()
