"""The fitted forest, a JSON file beside this module, in; arrays for the kernel out, and back.

`python -m benchmarks.extraction --data FOLDER --fit` fits it anew; the file names its features, so that a forest never
meets columns that it was not fitted to.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from stages.ingest.common_crawl.boilerplate.columns import FEATURES
from stages.kernels.trees import Forest

MODEL_PATH = Path(__file__).with_name("forest.json")


def to_json(forest: Forest) -> bytes:
    """The file of a forest; the same forest gives the same bytes."""
    columns = {name: getattr(forest, name).tolist() for name in Forest._fields if name != "bias"}
    return orjson.dumps({"features": list(FEATURES), "bias": forest.bias, **columns}) + b"\n"


def from_json(data: bytes) -> Forest:
    """The forest of a file; a ValueError when it was fitted to other features than FEATURES."""
    content: dict[str, Any] = orjson.loads(data)
    if content["features"] != list(FEATURES):
        raise ValueError("the forest was fitted to other features: fit it anew")
    return Forest(
        bias=float(content["bias"]),
        roots=np.array(content["roots"], np.int64),
        feature=np.array(content["feature"], np.int64),
        threshold=np.array(content["threshold"], np.float64),
        left=np.array(content["left"], np.int64),
        right=np.array(content["right"], np.int64),
        value=np.array(content["value"], np.float64),
    )


@cache
def fitted_forest() -> Forest:
    """The forest that comes with this version."""
    return from_json(MODEL_PATH.read_bytes())


@cache
def forest_sha256() -> str:
    """Hex SHA-256 of its file, for fingerprints."""
    return hashlib.sha256(MODEL_PATH.read_bytes()).hexdigest()
