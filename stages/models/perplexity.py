"""Texts in, their perplexity out: a SentencePiece model and a KenLM model behind one function (CCNet, 3.3).

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
from stages.models.kenlm_file import check_kenlm_file
from stages.models.perplexity_files import ModelFiles
from stages.models.sentencepiece_file import read_pieces

Sentences = Literal["lines", "document"]
"""`lines` scores every line by itself; `document` removes line ends first, as cc_net's own pipeline does."""

GROUP_SIZE = 1 << 20
"""Characters that are encoded at a time: SentencePiece starts its threads anew for every call, pieces take memory."""

_Values = npt.NDArray[np.float64]

MIN_KNOWN_PIECES = 0.1
"""A KenLM model that knows fewer of the pieces was trained on words, or on another tokenizer's pieces."""

MAX_PERPLEXITY = float(np.finfo(np.float32).max)


class LanguageModel:
    """A loaded pair of models."""

    def __init__(self, files: ModelFiles) -> None:
        self._pieces = load_pieces(files.pieces)
        self._model = _load_kenlm(files.ngrams)
        size = self._pieces.vocab_size()
        known = sum(self._pieces.id_to_piece(i) in self._model for i in range(size))
        if known < MIN_KNOWN_PIECES * size:
            raise UserError(
                f"{files.ngrams}: knows {known} of the {size} pieces of {files.pieces}: these two do not belong together"
            )

    @property
    def num_pieces(self) -> int:
        """Entries of the tokenizer's vocabulary."""
        return int(self._pieces.vocab_size())

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

    def _score(self, sentences: list[str]) -> tuple[_Values, _Values]:
        """log10 p of each sentence and its number of pieces, its end counted; 0 and 0 of one without a piece."""
        log10, words = np.zeros(len(sentences)), np.zeros(len(sentences))
        score = self._model.score
        for rows in _groups(np.fromiter(map(len, sentences), np.int64, len(sentences))):
            encoded = self._pieces.encode(sentences[rows], out_type=str, num_threads=1)
            log10[rows] = [score(" ".join(pieces)) if pieces else 0.0 for pieces in encoded]
            words[rows] = [len(pieces) + 1 if pieces else 0 for pieces in encoded]
        return log10, words


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
    try:
        data = storage.read_bytes(path)
        read_pieces(data, path)
        return sentencepiece.SentencePieceProcessor(model_proto=data)
    except (RuntimeError, OSError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a SentencePiece model, or not all of one ({_first(error)})") from error


def _load_kenlm(path: str) -> Any:
    try:
        import kenlm  # on use: it is an extra that compiles itself
    except ImportError as error:
        raise UserError("perplexity needs kenlm: pip install 'altiplano[perplexity]'") from error
    check_kenlm_file(path)
    config = kenlm.Config()
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    try:
        return kenlm.Model(path, config)
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise UserError(f"{path}: not a KenLM model, or not all of one ({_first(error)})") from error


def _first(error: Exception) -> str:
    """The reason alone: the libraries say first which file it was and where in their source they found out."""
    text = " ".join(str(error).split()) or type(error).__name__
    for start in (" threw ", "' ("):
        text = text.rpartition(start)[2]
    return text.removesuffix(")")[:200]


def load_language_model(files: ModelFiles) -> LanguageModel:
    """The models of a language, loaded once per process while their files stay what they are.

    KenLM maps its file, so processes share its memory.
    """
    return _loaded(files, storage.stamp(files.pieces), storage.stamp(files.ngrams))


@lru_cache(maxsize=64)
def _loaded(files: ModelFiles, pieces: tuple[int, int], ngrams: tuple[int, int]) -> LanguageModel:
    return LanguageModel(files)
