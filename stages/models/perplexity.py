"""Texts in, their perplexity out: a SentencePiece model and an n-gram model behind one function (CCNet, 3.3).

The perplexity of a document is 10 ** (-sum(log10 p) / sum(pieces + 1)) over its sentences; a sentence is a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import sentencepiece

from stages.core import storage
from stages.core.errors import UserError
from stages.models.ccnet_normalize import lines_of, whole_of
from stages.models.perplexity_files import ModelFiles
from stages.models.sentence_scores import ScoreColumn, first_words, load_scores
from stages.models.sentencepiece_file import read_pieces

Sentences = Literal["lines", "document"]
"""`lines` scores every line by itself; `document` removes line ends first, as cc_net's own pipeline does."""

GROUP_SIZE = 1 << 20
"""Characters that are encoded at a time: SentencePiece starts its threads anew for every call, pieces take memory."""

MIN_KNOWN_PIECES = 0.1
"""A KenLM model that knows fewer of the pieces was trained on words, or on another tokenizer's pieces."""

MAX_PERPLEXITY = float(np.finfo(np.float32).max)


class LanguageModel:
    """A loaded pair of models."""

    def __init__(self, files: ModelFiles) -> None:
        processor, proto = _load_pieces(files.pieces)
        self._scores = load_scores(processor, proto, files.ngrams)
        self._size = int(processor.vocab_size())
        if self._scores.known < MIN_KNOWN_PIECES * self._size:
            raise UserError(
                f"{files.ngrams}: knows {self._scores.known} of the {self._size} pieces of {files.pieces}:"
                " these two do not belong together"
            )

    @property
    def num_pieces(self) -> int:
        """Entries of the tokenizer's vocabulary."""
        return self._size

    def perplexities(
        self, texts: pa.Array, sentences: Sentences = "lines", max_chars: int | None = None
    ) -> npt.NDArray[np.float32]:
        """Perplexity of each text, shape (rows,); nan where there is nothing to judge. `max_chars` None: all of it."""
        if max_chars is not None:
            texts = pc.utf8_slice_codeunits(texts, 0, max_chars)
        split = lines_of if sentences == "lines" else whole_of
        found = [np.empty(0)]
        for rows in _groups(pc.binary_length(texts).to_numpy(zero_copy_only=False)):
            parts = [split(text) for text in texts[rows].to_pylist()]
            row = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
            log10, words = self._score([sentence for part in parts for sentence in part])
            total = np.bincount(row, log10, minlength=len(parts))
            length = np.bincount(row, words, minlength=len(parts))
            with np.errstate(invalid="ignore", over="ignore"):
                found.append(np.minimum(10.0 ** (-total / length), MAX_PERPLEXITY))
        return np.concatenate(found).astype(np.float32)

    def _score(self, sentences: list[str]) -> tuple[ScoreColumn, ScoreColumn]:
        """log10 p of each sentence and its number of pieces, GROUP_SIZE characters at a time."""
        sizes = np.fromiter(map(len, sentences), np.int64, len(sentences))
        parts = [self._scores.score(sentences[rows]) for rows in _groups(sizes)]
        log10, words = (
            ([np.empty(0), *column] for column in zip(*parts, strict=True)) if parts else ([np.empty(0)],) * 2
        )
        return np.concatenate(log10), np.concatenate(words)


def _groups(sizes: npt.NDArray[np.integer]) -> Iterator[slice]:
    """Neighbouring rows, GROUP_SIZE at a time, or one row that is larger."""
    ends = np.cumsum(sizes, dtype=np.int64)
    start = 0
    while start < len(sizes):
        before = int(ends[start - 1]) if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + GROUP_SIZE, side="right")))
        yield slice(start, stop)
        start = stop


def load_pieces(path: str) -> Any:
    """A SentencePiece model; a UserError when the file is none."""
    return _load_pieces(path)[0]


def _load_pieces(path: str) -> tuple[Any, Any]:
    """SentencePiece's processor, and the message that the file holds."""
    try:
        data = storage.read_bytes(path)
        proto = read_pieces(data, path)
        return sentencepiece.SentencePieceProcessor(model_proto=data), proto
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise UserError(
            f"{path}: not a SentencePiece model, or not all of one ({first_words(error)})"
        ) from error


def load_language_model(files: ModelFiles) -> LanguageModel:
    """The models of a language, loaded once per process while their files stay what they are.

    The n-gram model's file is mapped, so processes share its memory.
    """
    return _loaded(files, storage.stamp(files.pieces), storage.stamp(files.ngrams))


@lru_cache(maxsize=64)
def _loaded(files: ModelFiles, pieces: tuple[int, int], ngrams: tuple[int, int]) -> LanguageModel:
    return LanguageModel(files)
