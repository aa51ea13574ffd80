"""The fitted model of the lines of a page's plain text, a file of arrays beside this module, in; a forest out, and back.

`python -m benchmarks.text_lines` fits it anew; the file names its features, so that a forest never meets columns that it was
not fitted to.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from pathlib import Path

import numpy as np

from stages.ingest.common_crawl.boilerplate.forest_file import forest_columns, take_forest
from stages.ingest.common_crawl.boilerplate.text_features import TEXT_FEATURES
from stages.kernels.trees import Forest

TEXT_MODEL_PATH = Path(__file__).with_name("text_model.npz")


def text_model_bytes(forest: Forest) -> bytes:
    """The file of a model; the same model gives the same bytes."""
    file = io.BytesIO()
    np.savez(file, features=np.array(TEXT_FEATURES), **forest_columns(forest))
    return file.getvalue()


def text_model_of(data: bytes) -> Forest:
    """The model of a file; a ValueError when it was fitted to other features than TEXT_FEATURES."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        content = dict(file)
    if content.pop("features").tolist() != list(TEXT_FEATURES):
        raise ValueError("the model of a page's plain text was fitted to other features: fit it anew")
    return take_forest(content)


@cache
def fitted_text_model() -> Forest:
    """The model that comes with this version."""
    return text_model_of(TEXT_MODEL_PATH.read_bytes())


@cache
def text_model_sha256() -> str:
    """Hex SHA-256 of its file, for fingerprints."""
    return hashlib.sha256(TEXT_MODEL_PATH.read_bytes()).hexdigest()
