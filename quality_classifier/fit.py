"""Labelled texts in, a fastText model file out (Joulin et al. 2016).

One thread makes training repeatable: equal lines give equal bytes, whatever the process did before. That holds for
fasttext-community; fastText 0.9.3 itself leaves most of its matrix as the memory was, and other bytes each time.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import fasttext
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.kernels.fasttext.vocabulary import LABEL_MARK
from stages.models.fasttext.reference import classifier_texts


class FitOptions(Record):
    """What fastText is told."""

    epochs: int = Field(5, gt=0, description="passes of the training, at least")
    min_updates: int = Field(10_000, ge=0, description="pages shown to the model in all passes, at least")
    learning_rate: float = Field(0.5, gt=0, description="fastText's learning rate")
    dimensions: int = Field(16, gt=0, description="numbers that stand for a word")
    word_ngrams: int = Field(2, gt=0, description="words in the longest n-gram")
    buckets: int = Field(200_000, gt=0, description="hashed n-grams; the model's size follows")


def write_corpus(pages: pa.Table, corpus: Path) -> None:
    """Write a line for each page (label, text) in the form in which the classifier sees pages."""
    with corpus.open("w", encoding="utf-8") as lines:
        for batch in pages.select(["label", "text"]).to_batches():
            marks = pc.binary_join_element_wise(LABEL_MARK.decode(), batch.column("label"), "")
            joined = pc.binary_join_element_wise(
                marks.cast(pa.large_string()),
                classifier_texts(batch.column("text")),
                pa.scalar(" ", pa.large_string()),
            )
            lines.writelines(f"{line}\n" for line in joined.to_pylist())


def fit_corpus(corpus: Path, num_pages: int, model: Path, options: FitOptions, seed: int) -> None:
    """Train on the `num_pages` lines of `write_corpus` and write `model`."""
    given = {
        "lr": options.learning_rate,
        "dim": options.dimensions,
        # A linear model needs so many updates whatever the number of pages; few pages make few in 5 passes.
        "epoch": max(options.epochs, -(-options.min_updates // max(1, num_pages))),
        "wordNgrams": options.word_ngrams,
        "bucket": options.buckets,
        "minCount": 1,
        "seed": seed,
    }
    fit(corpus, model, given)


def fit(corpus: Path, model: Path, options: dict[str, Any]) -> None:
    """Train on `corpus` (one `__label__x text` per line) with fastText's `options` and write `model`."""
    try:
        trained = fasttext.train_supervised(str(corpus), thread=1, verbose=0, **options)
    except RuntimeError as error:
        raise UserError(
            f"quality_classifier: fastText could not train ({error}); lower learning_rate"
        ) from error
    trained.save_model(str(model))
