"""Lines in CCNet's form in, log10 of their probability and numbers of pieces out: our own, or kenlm's (CCNet, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets
from stages.models.kenlm_binary import ProbingModel, is_probing
from stages.models.kenlm_file import check_kenlm_file
from stages.models.unigram_words import ends_before_spaces, why_not_by_words
from stages.models.word_encoder import WordEncoder, flatten

Values = npt.NDArray[np.float64]

MIN_WHOLE_CHARS = 64
MAX_WORD_CHARS = 32
"""A longer line whose words have more than so many characters on average is given to SentencePiece as it is: its words
hardly come again, as where a language writes no spaces."""


class SentenceScores(Protocol):
    """What tells the probability of lines."""

    known: int
    """Pieces of the tokenizer's vocabulary that the n-gram model knows."""

    def score(self, lines: list[str]) -> tuple[Values, Values]:
        """log10 p of each line and its number of pieces, its end counted; 0 and 0 of one without a piece. Shape (rows,)."""
        ...


class OwnScores:
    """A SentencePiece model, before a KenLM file of hash tables."""

    def __init__(self, processor: Any, proto: Any, model: ProbingModel) -> None:
        """`proto` is what `processor` was made of."""
        names = [processor.id_to_piece(i) for i in range(processor.vocab_size())]
        self._processor, self._model = processor, model
        self._piece_ids = model.word_ids(pa.array(names, pa.large_string()))
        self._unknown = processor.unk_id()
        self.known = int(np.count_nonzero(self._piece_ids))
        self._by_words: WordEncoder | None = None
        if why_not_by_words(proto) is None:
            self._by_words = WordEncoder(
                ends_before_spaces(), self._ids, np.dtype(np.uint32), (model.begin, model.end), prefix=False
            )

    def score(self, lines: list[str]) -> tuple[Values, Values]:
        """As `SentenceScores.score`: kenlm's scores of SentencePiece's pieces."""
        log10, words = np.zeros(len(lines)), np.zeros(len(lines))
        has_words = np.fromiter(map(_has_words, lines), np.bool_, len(lines)) & (self._by_words is not None)
        for rows, encode in ((has_words, self._encode_words), (~has_words, self._encode_whole)):
            if rows.any():
                ids, offsets = encode([lines[i] for i in np.flatnonzero(rows).tolist()])
                pieces = np.diff(offsets) - 2
                log10[rows] = np.where(pieces > 0, self._model.scores(ids, offsets), 0.0)
                words[rows] = np.where(pieces > 0, pieces + 1, 0)
        return log10, words

    def _encode_words(self, lines: list[str]) -> tuple[npt.NDArray[np.uint32], Offsets]:
        assert self._by_words is not None
        return self._by_words.encode(pa.array(lines, pa.large_string()))

    def _encode_whole(self, lines: list[str]) -> tuple[npt.NDArray[np.uint32], Offsets]:
        begin, end = self._model.begin, self._model.end
        return flatten([[begin, *ids, end] for ids in self._ids(lines)], np.uint32)

    def _ids(self, texts: list[str]) -> Sequence[Sequence[int]]:
        """The model's ids of each text's pieces. Characters without a piece are one of their own, which it may know."""
        rows = self._processor.encode(texts, num_threads=1)
        found: list[list[int]] = [self._piece_ids[row].tolist() for row in rows]
        unknown = [i for i, row in enumerate(rows) if self._unknown in row]
        spelt = self._processor.encode([texts[i] for i in unknown], out_type=str, num_threads=1)
        for i, pieces in zip(unknown, spelt, strict=True):
            found[i] = self._model.word_ids(pa.array(pieces, pa.large_string())).tolist()
        return found


def _has_words(line: str) -> bool:
    return len(line) <= MIN_WHOLE_CHARS or line.count(" ") * MAX_WORD_CHARS >= len(line)


class KenlmScores:
    """A SentencePiece model before kenlm, which reads every form of its files."""

    def __init__(self, processor: Any, model: Any) -> None:
        """`model` is a `kenlm.Model`."""
        self._processor, self._model = processor, model
        size = processor.vocab_size()
        self.known = sum(processor.id_to_piece(i) in model for i in range(size))

    def score(self, lines: list[str]) -> tuple[Values, Values]:
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
