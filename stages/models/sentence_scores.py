"""Lines in CCNet's form in, log10 of their probability and numbers of pieces out: our own, or kenlm's (CCNet, 3.3)."""

from __future__ import annotations

from itertools import chain
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets
from stages.models.kenlm_binary import UNKNOWN, ProbingModel, is_probing
from stages.models.kenlm_file import check_kenlm_file
from stages.models.unigram_words import ends_before_spaces, roots_of, why_words_depend
from stages.models.word_encoder import WordEncoder, flatten, framed

ScoreColumn = npt.NDArray[np.float64]

MIN_WHOLE_CHARS = 64
MAX_WORD_CHARS = 32
"""A longer line whose words have more than so many characters on average is given to SentencePiece as it is: its words
hardly come again, as where a language writes no spaces."""


AMBIGUOUS = np.uint32(0xFFFFFFFF)
"""In place of the ids of a word that SentencePiece cuts now one way, now another: no model has so many words."""


class SentenceScores(Protocol):
    """What tells the probability of lines."""

    known: int
    """Pieces of the tokenizer's vocabulary that the n-gram model knows."""

    def score(self, lines: list[str]) -> tuple[ScoreColumn, ScoreColumn]:
        """log10 p of each line and its number of pieces, its end counted; 0 and 0 of one without a piece. Shape (rows,)."""
        ...


class OwnScores:
    """A SentencePiece model, before a KenLM file of hash tables."""

    def __init__(self, processor: Any, proto: Any, model: ProbingModel) -> None:
        """`proto` is what `processor` was made of."""
        names = [processor.id_to_piece(i) for i in range(processor.vocab_size())]
        self._processor, self._model = processor, model
        self._piece_ids = model.word_ids(pa.array(names, pa.large_string()))
        self._roots = roots_of(names)
        self._unknown = processor.unk_id()
        self.known = int(np.count_nonzero(self._piece_ids))
        self._by_words: WordEncoder | None = None
        if why_words_depend(proto) is None:
            self._by_words = WordEncoder(
                ends_before_spaces(),
                self._encode_words,
                np.dtype(np.uint32),
                (model.begin, model.end),
                prefix=False,
            )

    def score(self, lines: list[str]) -> tuple[ScoreColumn, ScoreColumn]:
        """As `SentenceScores.score`: kenlm's scores of SentencePiece's pieces."""
        log10, words = np.zeros(len(lines)), np.zeros(len(lines))
        whole = np.ones(len(lines), np.bool_)
        if self._by_words is not None:
            rows = np.flatnonzero(np.fromiter(map(_has_words, lines), np.bool_, len(lines)))
            ids, offsets = self._by_words.encode(
                pa.array([lines[i] for i in rows.tolist()], pa.large_string())
            )
            left = np.zeros(len(rows), np.bool_)
            left[np.searchsorted(offsets, np.flatnonzero(ids == AMBIGUOUS), side="right") - 1] = True
            ids[ids == AMBIGUOUS] = UNKNOWN
            log10[rows], words[rows] = self._scored(ids, offsets)
            whole[rows[~left]] = False
        if whole.any():
            ids, offsets = self._piece_ids_of([lines[i] for i in np.flatnonzero(whole).tolist()])
            log10[whole], words[whole] = self._scored(
                *framed(ids, offsets, self._model.begin, self._model.end)
            )
        return log10, words

    def _scored(self, ids: npt.NDArray[np.uint32], offsets: Offsets) -> tuple[ScoreColumn, ScoreColumn]:
        pieces = np.diff(offsets) - 2
        return np.where(pieces > 0, self._model.scores(ids, offsets), 0.0), np.where(
            pieces > 0, pieces + 1.0, 0.0
        )

    def _encode_words(self, unknown: pa.Array) -> tuple[npt.NDArray[np.uint32], Offsets]:
        """Ids of words; AMBIGUOUS for one whose pieces could as well stand in another order."""
        words = unknown.to_pylist()
        flat, offsets = flatten(self._processor.encode(words, num_threads=1), np.int64)
        roots = self._roots[flat]
        same = np.flatnonzero((roots[1:] == roots[:-1]) & (flat[1:] != flat[:-1]))
        ids = self._model_ids(words, flat, offsets)
        word_of = np.searchsorted(offsets, same, side="right") - 1
        ambiguous = word_of[same + 1 < offsets[word_of + 1]]  # both in one word
        for word in np.unique(ambiguous).tolist():
            ids[offsets[word] : offsets[word + 1]] = AMBIGUOUS
        return ids, offsets

    def _piece_ids_of(self, texts: list[str]) -> tuple[npt.NDArray[np.uint32], Offsets]:
        flat, offsets = flatten(self._processor.encode(texts, num_threads=1), np.int64)
        return self._model_ids(texts, flat, offsets), offsets

    def _model_ids(
        self, texts: list[str], flat: npt.NDArray[np.int64], offsets: Offsets
    ) -> npt.NDArray[np.uint32]:
        """Ids of the pieces `flat` of texts. Characters without a piece are one of their own, which the model may know."""
        ids = self._piece_ids[flat]
        unknown = np.zeros(len(texts), np.bool_)
        unknown[np.searchsorted(offsets, np.flatnonzero(flat == self._unknown), side="right") - 1] = True
        if unknown.any():
            spelt = self._processor.encode(
                [texts[i] for i in np.flatnonzero(unknown).tolist()], out_type=str, num_threads=1
            )
            pieces = pa.array(list(chain.from_iterable(spelt)), pa.large_string())
            ids[np.repeat(unknown, np.diff(offsets))] = self._model.word_ids(pieces)
        return ids


def _has_words(line: str) -> bool:
    return len(line) <= MIN_WHOLE_CHARS or line.count(" ") * MAX_WORD_CHARS >= len(line)


class KenlmScores:
    """A SentencePiece model before kenlm, which reads every form of its files."""

    def __init__(self, processor: Any, model: Any) -> None:
        """`model` is a `kenlm.Model`."""
        self._processor, self._model = processor, model
        size = processor.vocab_size()
        self.known = sum(processor.id_to_piece(i) in model for i in range(size))

    def score(self, lines: list[str]) -> tuple[ScoreColumn, ScoreColumn]:
        """As `SentenceScores.score`."""
        encoded = self._processor.encode(lines, out_type=str, num_threads=1)
        score = self._model.score
        log10 = [score(" ".join(pieces)) if pieces else 0.0 for pieces in encoded]
        words = [len(pieces) + 1 if pieces else 0 for pieces in encoded]
        return np.array(log10, np.float64), np.array(words, np.float64)


def load_scores(processor: Any, proto: Any, ngrams: str) -> SentenceScores:
    """The n-gram model of a file behind a tokenizer; a UserError in one line when the file is no model, or not all of one."""
    if is_probing(ngrams):
        return OwnScores(processor, proto, ProbingModel(ngrams))
    return KenlmScores(processor, _load_kenlm(ngrams))


def _load_kenlm(path: str) -> Any:
    check_kenlm_file(path)
    try:
        import kenlm  # on use: it is an extra that compiles itself
    except ImportError as error:
        raise UserError(
            f"{path}: this form of an n-gram model needs kenlm: pip install 'altiplano[perplexity]'; or make it one of"
            " hash tables with kenlm's build_binary"
        ) from error
    config = kenlm.Config()
    config.show_progress = False
    config.arpa_complain = kenlm.ARPALoadComplain.NONE
    try:
        return kenlm.Model(path, config)
    except (OSError, RuntimeError, ValueError, MemoryError) as error:
        raise UserError(f"{path}: not a KenLM model, or not all of one ({first_words(error)})") from error


def first_words(error: Exception) -> str:
    """The reason alone: the libraries say first which file it was and where in their source they found out."""
    text = " ".join(str(error).split()) or type(error).__name__
    for start in (" threw ", "' ("):
        text = text.rpartition(start)[2]
    return text.removesuffix(")")[:200]
