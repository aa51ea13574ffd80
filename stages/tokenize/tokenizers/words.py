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
from sentencepiece import sentencepiece_model_pb2

from stages.kernels.arrow import Offsets, large_strings, string_buffers
from stages.kernels.words import word_cache as cache
from stages.kernels.words import word_table as table
from stages.models.sentencepiece_file import read_pieces
from stages.tokenize.tokenizers.base import TokenIds, flatten

SPACE = "\u2581"
"""How SentencePiece writes a space; a text may hold the character itself."""

MIN_SLOTS = 1 << 14
MAX_SLOTS = 1 << 21
"""Slots of the table, 32 bytes each; when half of them are filled, the words that were not found again go."""

MAX_KEPT_BYTES = 16 << 20
"""Bytes of words longer than 16 bytes, at most."""

MAX_KEPT_IDS = 4 << 20
"""Ids of words whose ids have no room in their slot, about."""

MAX_UNKNOWN = 1 << 15
"""Unknown words that SentencePiece encodes in one call, at most."""

MAX_AHEAD_BYTES = 1 << 20
"""How far past the first unknown word others are looked for."""

_SPACE_INSIDE = re.compile(f"[^{SPACE}]{SPACE}")

_FORMAT: Any = sentencepiece_model_pb2  # its classes are made when it is imported

EncodeWords = Callable[[list[str]], Sequence[Sequence[int]]]


def read_model(model: bytes, name: str) -> Any:
    """The model as SentencePiece's message `ModelProto`."""
    return read_pieces(model, name)


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
    pairs = cache.joined_bytes(
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
        dtype: np.dtype[Any],
        ends: tuple[int, int],
        max_slots: int = MAX_SLOTS,
    ) -> None:
        self._encode_words = encode_words
        self._dtype = dtype
        self._ends = ends
        self._prefix = bool(proto.normalizer_spec.add_dummy_prefix)
        self._joins = joins_of(proto)
        self._max_slots = max_slots
        self._unknown = np.empty((MAX_UNKNOWN, len(table.Unknown)), np.int64)
        self._slots = table.empty_table(min(MIN_SLOTS, max_slots))
        self._kept = np.zeros(1 << 16, np.uint8)
        self._ids = np.zeros(1 << 16, np.uint32)
        self._num_words = self._num_bytes = self._num_ids = 0

    def encode(self, texts: pa.Array) -> tuple[TokenIds, Offsets]:
        """As `Tokenizer.encode`."""
        offsets, data = cache.frame(*string_buffers(texts), self._prefix)
        out = np.empty(len(data) + 2 * len(offsets) + table.MAX_WORD_BYTES, self._dtype)
        out_offsets = np.zeros(len(offsets), np.int64)
        place = np.zeros(cache.END + 1, np.int64)
        while True:
            tables = (self._joins, self._slots, self._kept, self._ids)
            status = cache.write_ids(data, offsets, *tables, place, out, out_offsets, *self._ends)
            if status == cache.DONE:
                return out[: place[cache.FILLED]], out_offsets
            if status == cache.LONG:
                self._write_long_word(data, place, out)
            elif not self._learn(data, int(place[cache.AT])):
                self._make_room()

    def _learn(self, data: npt.NDArray[np.uint8], at: int) -> bool:
        """Learn the unknown words of data[at:] as far as MAX_AHEAD_BYTES; False when there is room for none."""
        room = 0 if self._num_ids > MAX_KEPT_IDS else len(self._slots) // 2 - self._num_words
        stop = min(at + MAX_AHEAD_BYTES, len(data) - table.PADDING_BYTES)
        tables = (self._joins, self._slots, self._kept, self._num_bytes)
        count, self._num_bytes = cache.enter_unknown(data, at, stop, *tables, room, self._unknown)
        if not count:
            return False
        unknown = self._unknown[:count]
        try:
            words = large_strings(*cache.gather(data, unknown)).to_pylist()
            ids, offsets = flatten(self._encode_words(words), np.uint32)
        except BaseException:
            self._forget()  # the words have no ids yet
            raise
        start, self._num_ids = self._num_ids, self._num_ids + len(ids)
        if self._num_ids > len(self._ids):
            self._ids = np.concatenate([self._ids[:start], np.zeros(2 * self._num_ids, np.uint32)])
        self._ids[start : self._num_ids] = ids
        table.learn(self._slots, unknown, self._ids, start, offsets, 8 // self._dtype.itemsize)
        self._num_words += count
        return True

    def _make_room(self) -> None:
        """Twice the room for what is full; where that is too much, only words found again since the last time stay."""
        words_full = self._num_words >= len(self._slots) // 2
        bytes_full = not words_full and self._num_ids <= MAX_KEPT_IDS
        num_slots, num_bytes = len(self._slots) << words_full, len(self._kept) << bytes_full
        if num_slots <= self._max_slots and num_bytes <= MAX_KEPT_BYTES and self._num_ids <= MAX_KEPT_IDS:
            self._rehash(num_slots, num_bytes, only_used=False)
            return
        self._rehash(len(self._slots), len(self._kept), only_used=True)
        filled = (self._num_words, self._num_bytes, self._num_ids)
        most = (len(self._slots) // 4, len(self._kept) // 2, MAX_KEPT_IDS // 2)
        if any(some > limit for some, limit in zip(filled, most, strict=True)):
            self._forget()

    def _forget(self) -> None:
        self._slots[:] = 0
        self._num_words = self._num_bytes = self._num_ids = 0

    def _rehash(self, num_slots: int, num_bytes: int, only_used: bool) -> None:
        slots, kept, ids = (
            table.empty_table(num_slots),
            np.zeros(num_bytes, np.uint8),
            np.zeros_like(self._ids),
        )
        counts = table.rehash(self._slots, self._kept, self._ids, slots, kept, ids, only_used)
        self._num_words, self._num_bytes, self._num_ids = counts
        self._slots, self._kept, self._ids = slots, kept, ids

    def _write_long_word(
        self,
        data: npt.NDArray[np.uint8],
        place: npt.NDArray[np.int64],
        out: npt.NDArray[np.unsignedinteger[Any]],
    ) -> None:
        """Write the ids of one word that is too long for the table."""
        start, end, filled = (int(place[i]) for i in (cache.AT, cache.END, cache.FILLED))
        (ids,) = self._encode_words([data[start:end].tobytes().decode()])
        out[filled : filled + len(ids)] = ids
        place[cache.AT], place[cache.FILLED] = end, filled + len(ids)
