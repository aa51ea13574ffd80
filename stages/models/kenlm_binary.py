"""A KenLM file of hash tables in, log10 of sentences of word ids out, without kenlm (Heafield 2011, "KenLM", 3.1: probing).

That is what `build_binary` writes unless told otherwise: CCNet's published models are such files, and `lm train` makes them.
KenLM's other forms (ARPA, tries, rest costs) are for kenlm itself. The file is mapped, so processes share its memory.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets, string_buffers
from stages.kernels.hash.murmur import murmur64a
from stages.kernels.perplexity import ngram_scores

_MAGIC = b"mmap lm http://kheafield.com/code format version 5\n\0\0"
_SANITY = _MAGIC.ljust(56, b"\0") + struct.pack("<3f3IQ", 0.0, 1.0, -0.5, 1, 0xFFFFFFFF, 0, 1)
"""How the file begins where its numbers have the sizes and the byte order that the tables below take for granted."""

_PARAMETERS = struct.Struct("<BxxxfiBxxxI")
"""Order, buckets an entry, kind of model, whether the words follow, version of the tables."""

_PROBING = 0
_UNIT_BYTES = 4
_WORD_HEAD_UNITS = 2
"""Before the table of words: its version, and the number of its words."""

BEGIN, END, UNKNOWN = "<s>", "</s>", 0


def is_probing(path: str) -> bool:
    """Whether the file says that it is one of hash tables, as this module reads them."""
    with Path(path).open("rb") as stream:
        head = stream.read(len(_SANITY) + _PARAMETERS.size)
    if len(head) < len(_SANITY) + _PARAMETERS.size or not head.startswith(_SANITY):
        return False
    order, _, kind, _, version = _PARAMETERS.unpack_from(head, len(_SANITY))
    return bool(kind == _PROBING and version == 0 and 2 <= order <= ngram_scores.MAX_ORDER)


class ProbingModel:
    """A mapped file: words to ids, and sentences of ids to log10 of their probability."""

    def __init__(self, path: str) -> None:
        """Map the file; a UserError unless all its tables lie in it."""
        self._path = path
        with Path(path).open("rb") as stream:
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        order, multiplier, *_ = _PARAMETERS.unpack_from(data, len(_SANITY))
        counts_at = len(_SANITY) + _PARAMETERS.size
        head = -(-(counts_at + 8 * order) // 8) * 8
        if len(data) < head:
            raise self._damaged(f"its head has {head} bytes, the file {len(data)}")
        counts = struct.unpack_from(f"<{order}Q", data, counts_at)
        if not 1.0 <= multiplier < 1e6 or max(counts) > len(data):
            raise self._damaged("its head has numbers that cannot be")
        self._units = np.frombuffer(data, np.uint32, len(data) // _UNIT_BYTES)
        self._values = self._units.view(np.float32)
        self._lay_out(head // _UNIT_BYTES, counts, multiplier)
        self.begin, self.end = self.word_ids(pa.array([BEGIN, END], pa.large_string())).tolist()
        if UNKNOWN in (self.begin, self.end):
            raise self._damaged(f"it does not know {BEGIN} and {END}")

    def _lay_out(self, at: int, counts: Sequence[int], multiplier: float) -> None:
        """Where the tables begin: words, unigrams, then n-grams of each order."""
        buckets = [_buckets(count, multiplier) for count in counts]
        self._words, self._word_buckets = at + _WORD_HEAD_UNITS, buckets[0]
        self._unigrams = self._words + buckets[0] * ngram_scores.WORD_UNITS
        self._num_words = counts[0] + 1
        starts = [self._unigrams + 2 * self._num_words]
        for number in buckets[1:-1]:
            starts.append(starts[-1] + number * ngram_scores.MIDDLE_UNITS)
        stop = starts[-1] + buckets[-1] * ngram_scores.LONGEST_UNITS
        if stop > len(self._units):
            raise self._damaged(
                f"its tables take {stop * _UNIT_BYTES:,} bytes, the file has {4 * len(self._units):,}"
            )
        self._starts, self._buckets = np.array(starts, np.int64), np.array(buckets[1:], np.int64)

    def word_ids(self, words: pa.Array) -> npt.NDArray[np.uint32]:
        """The id of each word, shape (rows,); UNKNOWN of those that the model does not know."""
        hashes = murmur64a(*string_buffers(words))
        found: npt.NDArray[np.uint32] = ngram_scores.word_ids(
            self._units, self._words, self._word_buckets, hashes
        )
        if len(found) and int(found.max()) >= self._num_words:
            raise self._damaged(f"a word has number {found.max():,} of {self._num_words:,}")
        return found

    def scores(self, ids: npt.NDArray[np.uint32], offsets: Offsets) -> npt.NDArray[np.float32]:
        """log10 p of each row ids[offsets[i]:offsets[i + 1]], from `begin` to `end`: KenLM's, bit by bit."""
        found: npt.NDArray[np.float32] = ngram_scores.sentence_scores(
            self._units, self._values, self._unigrams, self._starts, self._buckets, ids, offsets
        )
        return found

    def _damaged(self, reason: str) -> UserError:
        return UserError(
            f"{self._path}: not a KenLM model, or not all of one ({reason}); fetch or train it again"
        )


def _buckets(entries: int, multiplier: float) -> int:
    """Buckets of a table, in the single precision in which KenLM reckons them."""
    return max(entries + 1, int(np.float32(multiplier) * np.float32(entries)))
