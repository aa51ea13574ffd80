"""A SentencePiece model in, the ids that SentencePiece gives out, from a cache of words (LLaMA, section 2.1, Tokenizer).

SentencePiece's BPE starts from characters and joins neighbours whose join is a piece. Two characters that stand side by
side in no piece are therefore never joined, however long the text: what lies between two such places is a word, and its
ids are its own. In LLaMA's models a space is never inside a piece after another character, so no word is longer than a
run of spaces and what follows it; most end earlier (a newline, a digit, a bracket).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from stages.core.errors import UserError
from stages.kernels import word_cache as kernel
from stages.kernels.arrow import large_strings, string_buffers
from stages.tokenize.base import Offsets, TokenIds, flatten

SPACE = "\u2581"
"""How SentencePiece writes a space; a text may hold the character itself."""

MIN_SLOTS = 1 << 14
MAX_SLOTS = 1 << 21
"""Slots of the table, 32 bytes each; when half of them are filled, the words that were not found again go."""

MAX_KEPT_BYTES = 16 << 20
"""Bytes of words longer than 16 bytes, at most."""

MAX_KEPT_IDS = 4 << 20
"""Ids of words whose ids have no room in their slot, about."""

MAX_MISSES = 1 << 15
"""Unknown words that SentencePiece encodes in one call, at most."""

MAX_AHEAD_BYTES = 1 << 20
"""How far past the first unknown word others are looked for."""

_SPACE_INSIDE = re.compile(f"[^{SPACE}]{SPACE}")

_FORMAT: Any = sentencepiece_model_pb2  # its classes are made when it is imported

EncodeWords = Callable[[list[str]], Sequence[Sequence[int]]]


def read_model(model: bytes, name: str) -> Any:
    """The model as SentencePiece's message `ModelProto`."""
    try:
        return _FORMAT.ModelProto.FromString(model)
    except DecodeError as error:
        raise UserError(f"{name}: not a SentencePiece model ({error})") from error


def why_not_by_words(proto: Any) -> str | None:
    """Why words of this model cannot be encoded one by one, or None when they can."""
    trainer, normalizer = proto.trainer_spec, proto.normalizer_spec
    kinds = {piece.type for piece in proto.pieces}
    kind = _FORMAT.ModelProto.SentencePiece
    pieces = [piece.piece for piece in proto.pieces if piece.type == kind.NORMAL]
    reasons = {
        "the model is no BPE": trainer.model_type != _FORMAT.TrainerSpec.BPE,
        "its normalization is not the identity": bool(normalizer.precompiled_charsmap),
        "it removes extra spaces": normalizer.remove_extra_whitespaces,
        "it does not write spaces as U+2581": not normalizer.escape_whitespaces,
        "it puts spaces after words": trainer.treat_whitespace_as_suffix,
        "it has no byte fallback": not trainer.byte_fallback,
        "it has user-defined symbols": kind.USER_DEFINED in kinds,
        "it has unused pieces": kind.UNUSED in kinds,
        "it has no piece for a space": SPACE not in pieces,
        "a piece holds a space after another character": any(map(_SPACE_INSIDE.search, pieces)),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def without_prefix(model: bytes) -> bytes:
    """The same model, but without a space before each text: it encodes words as they stand inside a text."""
    change = _FORMAT.ModelProto()
    change.normalizer_spec.add_dummy_prefix = False
    # the last value of a field counts, so the change is put after the model
    return model + bytes(change.SerializePartialToString())


def joins_of(proto: Any) -> npt.NDArray[np.bool_]:
    """The pairs of bytes that no word ends between: spaces as they are in texts, U+2581 as it may be in them."""
    kind = _FORMAT.ModelProto.SentencePiece
    pieces = [piece.piece for piece in proto.pieces if piece.type == kind.NORMAL]
    pairs = kernel.joined_bytes(
        [piece.replace(SPACE, " ").encode() for piece in pieces] + [piece.encode() for piece in pieces]
    )
    if pairs[0x2020]:  # runs of both forms
        first, last = SPACE.encode()[0], SPACE.encode()[-1]
        pairs[(0x20 << 8) | first] = pairs[(last << 8) | 0x20] = pairs[(last << 8) | first] = True
    return pairs


class WordEncoder:
    """Encodes texts by words; `encode_words` is asked once for each word as long as the cache holds it.

    What is kept has no effect on the ids. Memory is bounded by the constants above: about 100 MB, twice that for a moment.
    """

    def __init__(
        self,
        proto: Any,
        encode_words: EncodeWords,
        dtype: np.dtype[np.unsignedinteger],
        frame: tuple[int, int],
        max_slots: int = MAX_SLOTS,
    ) -> None:
        self._encode_words = encode_words
        self._dtype = dtype
        self._bos, self._eos = frame
        self._prefix = bool(proto.normalizer_spec.add_dummy_prefix)
        self._joins = joins_of(proto)
        self._max_slots = max_slots
        self._misses = np.empty((MAX_MISSES, 3), np.int64)
        self._state = np.zeros(kernel.END + 1, np.int64)
        self._slots = kernel.empty_table(min(MIN_SLOTS, max_slots))
        self._kept = np.zeros(1 << 16, np.uint8)
        self._ids = np.zeros(1 << 16, np.uint32)
        self._num_ids = 0

    def encode(self, texts: pa.Array) -> tuple[TokenIds, Offsets]:
        """As `Tokenizer.encode`."""
        offsets, data = kernel.frame(*string_buffers(texts), self._prefix)
        out = np.empty(len(data) + 2 * len(offsets) + kernel.MAX_WORD_BYTES, self._dtype)
        out_offsets = np.zeros(len(offsets), np.int64)
        state = self._state
        state[[kernel.ROW, kernel.AT, kernel.FILLED]] = 0
        while True:
            status = self._walk(data, offsets, out, out_offsets)
            if status == kernel.DONE:
                return out[: state[kernel.FILLED]], out_offsets
            if status == kernel.MISSING:
                self._learn(data, self._misses[: state[kernel.MISSED]])
            elif status == kernel.FULL:
                self._make_room()
            else:
                self._write_long_word(data, out)

    def _walk(
        self,
        data: npt.NDArray[np.uint8],
        offsets: Offsets,
        out: npt.NDArray[np.unsignedinteger],
        out_offsets: Offsets,
    ) -> int:
        status: int = kernel.walk(
            data,
            offsets,
            self._joins,
            self._slots,
            self._kept,
            self._ids,
            self._state,
            out,
            out_offsets,
            self._misses,
            0 if self._num_ids > MAX_KEPT_IDS else len(self._slots) // 2,
            MAX_AHEAD_BYTES,
            self._bos,
            self._eos,
        )
        return status

    def _learn(self, data: npt.NDArray[np.uint8], misses: npt.NDArray[np.int64]) -> None:
        """Ask for the ids of the words that were missed, and keep them."""
        words = large_strings(*kernel.gather(data, misses)).to_pylist()
        ids, offsets = flatten(self._encode_words(words), np.uint32)
        start, self._num_ids = self._num_ids, self._num_ids + len(ids)
        if self._num_ids > len(self._ids):
            self._ids = np.concatenate([self._ids[:start], np.zeros(2 * self._num_ids, np.uint32)])
        self._ids[start : self._num_ids] = ids
        kernel.learn(self._slots, misses, self._ids, start, offsets, 8 // self._dtype.itemsize)

    def _make_room(self) -> None:
        """Twice the room for what is full; where that is too much, only words found again since the last time stay."""
        words_full = self._state[kernel.WORDS] >= len(self._slots) // 2
        bytes_full = not words_full and self._num_ids <= MAX_KEPT_IDS
        num_slots, num_bytes = len(self._slots) << words_full, len(self._kept) << bytes_full
        if num_slots <= self._max_slots and num_bytes <= MAX_KEPT_BYTES and self._num_ids <= MAX_KEPT_IDS:
            self._rehash(num_slots, num_bytes, only_used=False)
            return
        self._rehash(len(self._slots), len(self._kept), only_used=True)
        filled = (self._state[kernel.WORDS], self._state[kernel.KEPT_BYTES], self._num_ids)
        most = (len(self._slots) // 4, len(self._kept) // 2, MAX_KEPT_IDS // 2)
        if any(some > limit for some, limit in zip(filled, most, strict=True)):
            self._slots[:] = 0
            self._state[[kernel.WORDS, kernel.KEPT_BYTES]] = 0
            self._num_ids = 0

    def _rehash(self, num_slots: int, num_bytes: int, only_used: bool) -> None:
        slots, kept, ids = (
            kernel.empty_table(num_slots),
            np.zeros(num_bytes, np.uint8),
            np.zeros_like(self._ids),
        )
        counts = kernel.rehash(self._slots, self._kept, self._ids, slots, kept, ids, only_used)
        self._state[kernel.WORDS], self._state[kernel.KEPT_BYTES], self._num_ids = counts
        self._slots, self._kept, self._ids = slots, kept, ids

    def _write_long_word(self, data: npt.NDArray[np.uint8], out: npt.NDArray[np.unsignedinteger]) -> None:
        """Write the ids of one word that is too long to be kept."""
        start, end, filled = (int(self._state[i]) for i in (kernel.AT, kernel.END, kernel.FILLED))
        (ids,) = self._encode_words([data[start:end].tobytes().decode()])
        out[filled : filled + len(ids)] = ids
        self._state[kernel.AT], self._state[kernel.FILLED] = end, filled + len(ids)
