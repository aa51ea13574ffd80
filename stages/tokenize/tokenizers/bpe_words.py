"""Words in, the ids of SentencePiece's BPE out, by a kernel: what the table of words does not know yet (LLaMA, 2.1).

Only of models of which `why_not_by_words` says nothing: no normalization, byte fallback, no symbols of the user's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import Offsets, string_buffers
from stages.kernels.words import bpe
from stages.kernels.words import word_table as table
from stages.models.sentencepiece_file import FORMAT
from stages.models.word_encoder import flatten
from stages.tokenize.tokenizers.words import SPACE

_ID_BYTES = 4


class BpeWords:
    """The pieces of a model in a table, and their scores."""

    def __init__(self, proto: Any, processor: Any) -> None:
        """`processor` is the model without a space before texts; it has the words that are too long for the kernel."""
        kind = FORMAT.ModelProto.SentencePiece
        self._processor = processor
        self._scores = np.array([piece.score for piece in proto.pieces], np.float32)
        self._byte_ids = np.zeros(256, np.uint32)
        names: dict[bytes, int] = {}
        for number, piece in enumerate(proto.pieces):
            if piece.type == kind.BYTE:
                self._byte_ids[int(piece.piece[3:5], 16)] = number
            elif piece.type == kind.NORMAL and " " not in piece.piece:  # texts have no space inside
                name = piece.piece.replace(SPACE, " ").encode()
                if 0 < len(name) <= table.MAX_WORD_BYTES:
                    names.setdefault(name, number)
        self._fill(names)

    def _fill(self, names: dict[bytes, int]) -> None:
        data = np.frombuffer(b"".join(names) + bytes(table.PADDING_BYTES), np.uint8)
        offsets = np.cumsum([0, *map(len, names)], dtype=np.int64)
        self._slots = table.empty_table(1 << (2 * len(names)).bit_length())
        self._kept = np.zeros(len(data) + table.PADDING_BYTES, np.uint8)
        self._ids = np.fromiter(names.values(), np.uint32, len(names))
        unknown = np.empty((len(names), len(table.Unknown)), np.int64)
        bpe.enter_pieces(offsets, data, self._slots, self._kept, unknown)
        ends = np.arange(len(names) + 1, dtype=np.int64)
        table.learn(self._slots, unknown, self._ids, 0, ends, 8 // _ID_BYTES)

    def encode(self, words: pa.Array) -> tuple[npt.NDArray[np.uint32], Offsets]:
        """The ids of each word, end to end, and offsets (words + 1,); a UnicodeDecodeError where one is no text."""
        offsets, data = string_buffers(words)
        lengths = np.diff(offsets)
        if len(lengths) and int(lengths.max()) > table.MAX_WORD_BYTES:
            return flatten(self._processor.encode(words.to_pylist(), num_threads=1), np.uint32)
        _check(words)
        out, out_offsets = np.empty(int(lengths.sum()), np.uint32), np.zeros(len(offsets), np.int64)
        tables = (self._slots, self._kept, self._ids, self._scores, self._byte_ids)
        filled = bpe.merged(offsets, data, *tables, out, out_offsets)
        return out[:filled], out_offsets


def _check(words: pa.Array) -> None:
    """Raise the UnicodeDecodeError that Python gives where a word is no UTF-8."""
    try:
        words.validate(full=True)
    except pa.ArrowInvalid:
        words.to_pylist()
        raise
