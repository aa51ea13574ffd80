"""Documents and a tokenizer in, how well it fits them out: bytes per token, fertility, unknown and byte-fallback rates."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.documents import text_lengths_bytes
from stages.kernels.words.gopher import quality_counts
from stages.tokenize.tokenizers.load import Tokenizer

UNKNOWN_LANGUAGE = "-"
_BYTE_PIECE = re.compile(r"<0x[0-9A-F]{2}>")
_UNKNOWN_PIECE = "<unk>"


@dataclass(frozen=True)
class Fit:
    """Counts over some documents. Tokens are those of the text: <s> and </s> are not counted."""

    documents: int = 0
    text_bytes: int = 0
    words: int = 0
    tokens: int = 0
    unknown_tokens: int = 0
    byte_tokens: int = 0

    def __add__(self, other: Fit) -> Fit:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Fit(*(mine + theirs for mine, theirs in pairs))

    @property
    def bytes_per_token(self) -> float:
        """Bytes of UTF-8 for a token: more is a better fit."""
        return self.text_bytes / max(1, self.tokens)

    @property
    def fertility(self) -> float:
        """Tokens for a word (white space and scripts without spaces as in the Gopher rules): 1 is the best."""
        return self.tokens / max(1, self.words)


class FitMeter:
    """Measures texts with one tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        pieces = [tokenizer.piece(token) for token in range(tokenizer.vocab_size)]
        self._is_byte = np.array([_BYTE_PIECE.fullmatch(piece) is not None for piece in pieces])
        self._is_unknown = np.array([piece == _UNKNOWN_PIECE for piece in pieces])

    def fit(self, texts: pa.Array) -> Fit:
        """The counts of all texts together."""
        ids, _ = self._tokenizer.encode(texts)
        words = quality_counts(texts, (), "")["words"]
        return Fit(
            documents=len(texts),
            text_bytes=pc.sum(text_lengths_bytes(texts)).as_py() or 0,
            words=int(words.sum()),
            tokens=len(ids) - 2 * len(texts),
            unknown_tokens=_count(self._is_unknown, ids),
            byte_tokens=_count(self._is_byte, ids),
        )


def _count(table: npt.NDArray[np.bool_], ids: npt.NDArray[np.generic]) -> int:
    return int(table[ids].sum())


def fits_by_language(
    batches: Iterable[pa.RecordBatch], tokenizers: Mapping[str, Tokenizer], max_text_bytes: int
) -> dict[tuple[str, str], dict[str, Fit]]:
    """(source, language) -> tokenizer -> counts, over the first `max_text_bytes` of documents of each, in their order."""
    meters = {name: FitMeter(tokenizer) for name, tokenizer in tokenizers.items()}
    found: dict[tuple[str, str], dict[str, Fit]] = {}
    for batch in batches:
        for key, texts in _groups(batch):
            so_far = found.setdefault(key, {name: Fit() for name in meters})
            room = max_text_bytes - next(iter(so_far.values())).text_bytes
            taken = texts.slice(0, int(np.searchsorted(np.cumsum(text_lengths_bytes(texts)), room) + 1))
            if room <= 0 or len(taken) == 0:
                continue
            for name, meter in meters.items():
                so_far[name] += meter.fit(taken)
    return found


def _groups(batch: pa.RecordBatch) -> Iterator[tuple[tuple[str, str], pa.Array]]:
    languages = pc.fill_null(batch.column("language"), UNKNOWN_LANGUAGE)
    keys = pc.binary_join_element_wise(batch.column("source"), languages, "\n")
    for key in pc.unique(keys).to_pylist():
        source, _, language = key.partition("\n")
        yield (source, language), batch.column("text").filter(pc.equal(keys, key))
