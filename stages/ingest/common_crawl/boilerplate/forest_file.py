"""A forest in, the arrays that a model's file has of it out, and back."""

from __future__ import annotations

from typing import Any

import numpy as np

from stages.kernels.trees import Forest


def forest_columns(forest: Forest) -> dict[str, Any]:
    """The arrays of a forest by their names in a file."""
    return {f"forest_{name}": np.asarray(value) for name, value in forest._asdict().items()}


def take_forest(content: dict[str, Any]) -> Forest:
    """The forest of a file's arrays, which are taken out of `content`."""
    parts = {name: content.pop(f"forest_{name}") for name in Forest._fields}
    return Forest(**parts | {"bias": float(parts["bias"])})
