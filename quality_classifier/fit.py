"""A file of labelled lines in, a fastText model file out.

One thread makes training repeatable: equal lines give equal bytes, whatever the process did before. That holds for
fasttext-community; fastText 0.9.3 itself leaves most of its matrix as the memory was, and other bytes each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fasttext

from stages.core.errors import UserError


def fit(corpus: Path, model: Path, options: dict[str, Any]) -> None:
    """Train on `corpus` (one `__label__x text` per line) with fastText's `options` and write `model`."""
    try:
        trained = fasttext.train_supervised(str(corpus), thread=1, verbose=0, **options)
    except RuntimeError as error:
        raise UserError(
            f"quality_classifier: fastText could not train ({error}); lower learning_rate"
        ) from error
    trained.save_model(str(model))
