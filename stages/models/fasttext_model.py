"""Texts in, P(reference page) out: a fastText supervised model behind two functions (LLaMA, section 2.1, CommonCrawl)."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import fasttext
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core import storage
from stages.core.errors import UserError
from stages.models.fasttext_file import check_model_file

POSITIVE, NEGATIVE = "__label__reference", "__label__random"
MAX_CHARS = 4_000
"""What the model sees of a page, in training and in use alike: about the length of a reference page's opening."""


def load_fasttext(path: str) -> Any:
    """A fastText model, loaded once per process while its file stays what it is; a UserError when the file is none."""
    if not storage.exists(path):
        raise UserError(f"{path}: no such fastText model")
    return _loaded(path, storage.stamp(path))


@lru_cache(maxsize=4)
def _loaded(path: str, stamp: tuple[int, int]) -> Any:
    try:
        with storage.local_file(path) as local:
            check_model_file(local)
            return fasttext.FastText._FastText(model_path=local)
    except (ValueError, RuntimeError, OSError) as error:
        raise UserError(f"{path}: not a fastText model ({error})") from error


def one_line(texts: pa.Array, max_chars: int) -> list[str]:
    """The first `max_chars` code points of each text on one line, which is what fastText takes as a document."""
    cut = pc.utf8_slice_codeunits(texts, 0, max_chars)
    return pc.replace_substring(cut, pattern="\n", replacement=" ").to_pylist()  # type: ignore[no-any-return]


def classifier_text(texts: pa.Array) -> list[str]:
    """The form in which the quality classifier sees pages: lower case, one line, bounded."""
    return one_line(pc.utf8_lower(texts), MAX_CHARS)


def top_labels(model: Any, texts: list[str]) -> tuple[npt.NDArray[np.object_], npt.NDArray[np.float32]]:
    """Best label (without `__label__`) and its probability for each text; "" and 0 where the model gives none."""
    labels = np.full(len(texts), "", dtype=object)
    scores = np.zeros(len(texts), dtype=np.float32)
    if not texts:
        return labels, scores
    # A list, since fastText 0.9.3's predict on a single string breaks with NumPy 2.
    predicted, probabilities = _predict(model, texts, 1)
    for row, (names, values) in enumerate(zip(predicted, probabilities, strict=True)):
        if names:
            labels[row] = names[0].removeprefix("__label__")
            scores[row] = min(1.0, float(values[0]))  # fastText rounds softmax up to 1.00001
    return labels, scores


def _predict(model: Any, texts: list[str], count: int) -> Any:
    """Labels and probabilities; numbers in a model that are none only show when it is used."""
    try:
        return model.predict(texts, k=count)
    except (RuntimeError, ValueError) as error:
        raise UserError(
            f"the fastText model cannot be used ({error}): it is damaged; fetch or train it again"
        ) from error


def reference_scores(model: Any, texts: pa.Array) -> npt.NDArray[np.float32]:
    """P(reference page) of each text, float32, shape (rows,)."""
    scores = np.zeros(len(texts), dtype=np.float32)
    prepared = classifier_text(texts)
    if not prepared:
        return scores
    predicted, probabilities = _predict(model, prepared, 2)
    for row, (names, values) in enumerate(zip(predicted, probabilities, strict=True)):
        for name, value in zip(names, values, strict=True):
            if name == POSITIVE:
                scores[row] = min(1.0, float(value))
    return scores


def check_labels(model: Any, path: str) -> None:
    """A UserError unless the model tells reference pages from others."""
    try:
        labels = set(model.get_labels())
    except ValueError as error:
        raise UserError(f"{path}: a damaged fastText model ({error}); fetch or train it again") from error
    if labels != {POSITIVE, NEGATIVE}:
        shown = [label[:80] for label in sorted(labels)[:4]]
        raise UserError(
            f"{path}: a quality model has the labels {POSITIVE} and {NEGATIVE}, this one {shown}; "
            "train one with a recipe's quality_classifier"
        )
