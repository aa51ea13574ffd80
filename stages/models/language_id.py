"""Texts in, their languages and how sure they are out: fastText's lid.176 (CCNet, section 3.2) and what it needs beside it.

Croatian, Serbian, Bosnian and Serbo-Croatian are one language to the model, which shares its probability out among four
labels; here they are one for the score. A text that is longer than what is judged of its beginning is sampled.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.models.fasttext.model import FastTextModel

ONE_LANGUAGE = ("hr", "sr", "bs", "sh")
"""Labels of one language: Croatian, Serbian, Bosnian, Serbo-Croatian. The first names it where none is wanted."""

MIN_SCORE = 0.5
"""CCNet's threshold, for a language that has none of its own."""

MIN_SCORES = {"ca": 0.47, "ro": 0.48, "sl": 0.3}
"""Where MIN_SCORE keeps less than 97% of pieces of 300 characters (`python -m benchmarks.language_scores`, lid.176.ftz)."""

SAMPLES, SAMPLE_CHARS = 8, 1_000
"""Pieces of what follows the beginning of a long text, and their length."""

MIN_SHARE = 0.1
"""A language with less of a text is not told of it."""


@dataclass(frozen=True)
class Languages:
    """What texts are in, a row for each: `name` (object, "" where the model says nothing), `score` (float32).

    `members` (float32, shape (rows, labels of ONE_LANGUAGE that the model has)) are their probabilities, `is_member` (bool)
    says where the language is that one; `mixtures` has the shares of languages of the long texts that have several, by row.
    """

    name: npt.NDArray[np.object_]
    score: npt.NDArray[np.float32]
    labels: tuple[str, ...]
    members: npt.NDArray[np.float32]
    is_member: npt.NDArray[np.bool_]
    mixtures: dict[int, dict[str, float]]

    def named(self, rows: npt.NDArray[np.bool_], wanted: Sequence[str]) -> npt.NDArray[np.object_]:
        """The names of `rows`: of ONE_LANGUAGE the likeliest label of the wanted ones, or of all when none is."""
        names = self.name[rows].copy()
        labels = [label for label in self.labels if label in wanted] or list(self.labels)
        inside = self.is_member[rows]
        if inside.any():
            columns = [self.labels.index(label) for label in labels]
            best = self.members[rows][inside][:, columns].argmax(axis=1)
            names[inside] = np.array(labels, object)[best]
        return names


def one_name(language: str) -> str:
    """The language, and of those that are one the name that stands for all."""
    return ONE_LANGUAGE[0] if language in ONE_LANGUAGE else language


def min_score_of(names: npt.NDArray[np.object_]) -> npt.NDArray[np.float64]:
    """The score that each language must have, float64: its own, or MIN_SCORE."""
    return np.array([MIN_SCORES.get(name, MIN_SCORE) for name in names], np.float64)


def identify(model: FastTextModel, texts: pa.Array, max_chars: int) -> Languages:
    """The languages of texts, from their first `max_chars` characters and samples of what follows."""
    beginning = _judge(model, texts, max_chars)
    lengths = pc.utf8_length(texts).to_numpy(zero_copy_only=False)
    long_rows = np.flatnonzero(lengths > max_chars)
    mixtures = {}
    for row in long_rows.tolist():  # few, and each is many words
        samples, weights = _samples(texts[row].as_py(), max_chars)
        mixture = _join(beginning, row, _judge(model, samples, max_chars), weights)
        if len(mixture) > 1:
            mixtures[row] = mixture
    return Languages(
        beginning.name, beginning.score, beginning.labels, beginning.members, beginning.is_member, mixtures
    )


def _judge(model: FastTextModel, texts: pa.Array, max_chars: int) -> Languages:
    labels = tuple(label for label in ONE_LANGUAGE if label in model.labels)
    predicted = model.predict(texts, max_chars, labels)
    names, score = model.label_names(predicted), predicted.score
    # The likeliest label decides, not the larger sum: that would take a tenth of Slovenian.
    is_member = np.isin(names.astype(str), labels)
    names[is_member] = ONE_LANGUAGE[0]
    together = np.minimum(predicted.shares.sum(axis=1), 1)
    score = np.where(is_member, together, score).astype(np.float32)
    return Languages(names, score, labels, predicted.shares, is_member, {})


def _samples(text: str, max_chars: int) -> tuple[pa.Array, npt.NDArray[np.float64]]:
    """Pieces of a text behind its beginning, and the share of the text that the beginning and each of them stand for."""
    rest = len(text) - max_chars
    count = min(SAMPLES, -(-rest // SAMPLE_CHARS))
    starts = [max_chars + (rest - SAMPLE_CHARS) * i // max(1, count - 1) for i in range(count)]
    pieces = [text[max(max_chars, start) : max(max_chars, start) + SAMPLE_CHARS] for start in starts]
    weights = np.array([max_chars / len(text), *[rest / len(text) / count] * count])
    return pa.array(pieces, pa.large_string()), weights


def _join(
    beginning: Languages, row: int, samples: Languages, weights: npt.NDArray[np.float64]
) -> dict[str, float]:
    """Put the language of most of a text in the place of its beginning's; the shares of its languages, the largest first.

    Its score is the mean over the parts, where those in another language count nothing.
    """
    names = [str(beginning.name[row]), *samples.name.tolist()]
    scores = np.array([beginning.score[row], *samples.score], np.float64)
    shares: dict[str, float] = {}
    for name, weight in zip(names, weights.tolist(), strict=True):
        shares[name] = shares.get(name, 0.0) + weight
    best = max(shares, key=lambda name: shares[name])
    same = np.array([name == best for name in names])
    members = np.vstack([beginning.members[row], samples.members])
    beginning.name[row] = best
    beginning.score[row] = float((weights * scores)[same].sum())
    beginning.members[row] = (weights[:, None] * members).sum(axis=0)
    beginning.is_member[row] = bool(beginning.labels) and best == ONE_LANGUAGE[0]
    sure = scores >= min_score_of(np.array(names, object))
    told = {
        name: share
        for name, share in shares.items()
        if name and share >= MIN_SHARE and any(sure[i] for i in range(len(names)) if names[i] == name)
    }
    return {name: round(told[name], 2) for name in sorted(told, key=lambda name: (-told[name], name))}
