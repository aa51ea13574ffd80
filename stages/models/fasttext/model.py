"""Texts in, labels and their probabilities out: a supervised fastText model (Joulin et al. 2016), run by our kernels."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core import storage
from stages.core.errors import UserError
from stages.kernels.arrow import string_buffers
from stages.kernels.fasttext.texts import predict_labels
from stages.kernels.fasttext.vocabulary import has_capitals
from stages.kernels.fasttext.word_sums import MAX_WORDS, word_sums
from stages.models.fasttext.file import read_parts

NO_LIMIT = 2**62
"""Characters of a text that are read where a rule sets no bound."""

NO_LABEL = -1


@dataclass(frozen=True)
class Predicted:
    """What a model says of texts, a row for each.

    `label` (int32) is the number of the likeliest label, or NO_LABEL; `score` (float32) its probability; `shares` (float32,
    shape (rows, labels asked for)) the probabilities of labels asked for; 0 where the model gives none.
    """

    label: npt.NDArray[np.int32]
    score: npt.NDArray[np.float32]
    shares: npt.NDArray[np.float32]


class FastTextModel:
    """A loaded model. It gives what fastText gives for the same text on one line, to 1e-5.

    What it remembers of words has no effect on what it gives. Memory beside the model's own: about 80 MB.
    """

    def __init__(self, path: str, name: str | None = None, max_words: int = MAX_WORDS) -> None:
        self.name = path if name is None else name
        parts = read_parts(path)
        self.labels = parts.labels
        self._reader, self._outputs = parts.reader, parts.outputs
        self._words = word_sums(parts.dim, max_words)
        self._lock = threading.Lock()

    @cached_property
    def has_capitals(self) -> bool:
        """Whether it knows words with capitals: what was trained on texts in lower case knows none."""
        return bool(has_capitals(self._reader.vocabulary))

    def predict(self, texts: pa.Array, max_chars: int = NO_LIMIT, asked: Sequence[str] = ()) -> Predicted:
        """The likeliest label of the first `max_chars` characters of each text, and the probabilities of `asked` labels."""
        offsets, data = string_buffers(texts)
        rows = len(offsets) - 1
        numbers = np.array([self.labels.index(label) for label in asked], np.int64)
        label, score = np.empty(rows, np.int32), np.empty(rows, np.float32)
        shares = np.empty((rows, len(numbers)), np.float32)
        models = (self._reader, self._outputs, self._words)
        with self._lock:
            predict_labels(*models, offsets, data, max_chars, numbers, label, score, shares)
        if np.isnan(score).any():
            raise UserError(
                f"{self.name}: the fastText model cannot be used (its numbers overflow): it is damaged; fetch or train it"
                " again"
            )
        return Predicted(label, score, shares)

    def label_names(self, predicted: Predicted) -> npt.NDArray[np.object_]:
        """The name of each row's likeliest label, "" where there is none."""
        return np.array([*self.labels, ""], dtype=object)[predicted.label]


def load_fasttext(path: str) -> FastTextModel:
    """A fastText model, loaded once per process while its file stays what it is; a UserError when the file is none."""
    if not storage.exists(path):
        raise UserError(f"{path}: no such fastText model")
    return _loaded(path, storage.stamp(path))


@lru_cache(maxsize=4)
def _loaded(path: str, stamp: tuple[int, int]) -> FastTextModel:
    with storage.local_file(path) as local:
        return FastTextModel(local, path)
