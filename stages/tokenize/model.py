"""A SentencePiece model file in, texts to token ids and back out: the one place that talks to SentencePiece."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import sentencepiece

from stages.core import storage
from stages.core.errors import UserError

MAX_UINT16_VOCABULARY = 65_536

TokenIds = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


class Tokenizer:
    """A loaded SentencePiece model with `<s>` and `</s>`."""

    def __init__(self, model: bytes, name: str) -> None:
        try:
            self._processor: Any = sentencepiece.SentencePieceProcessor(model_proto=model)
        except RuntimeError as error:
            raise UserError(f"{name}: not a SentencePiece model ({error})") from error
        self.vocab_size = int(self._processor.vocab_size())
        self.bos, self.eos = int(self._processor.bos_id()), int(self._processor.eos_id())
        if self.bos < 0 or self.eos < 0:
            raise UserError(
                f"{name}: the model has no <s> and </s>; train it with `altiplano tokenizer train`"
            )
        small = self.vocab_size <= MAX_UINT16_VOCABULARY
        self.dtype: npt.DTypeLike = np.dtype("<u2") if small else np.dtype("<u4")

    def encode(self, texts: pa.Array) -> tuple[TokenIds, npt.NDArray[np.int64]]:
        """`<s> ids </s>` of each text, end to end, and the offsets (rows + 1,) of each document in them."""
        encoded = self._processor.encode(texts.to_pylist(), add_bos=True, add_eos=True, num_threads=1)
        offsets = np.zeros(len(encoded) + 1, dtype=np.int64)
        np.cumsum([len(ids) for ids in encoded], out=offsets[1:])
        flat = np.empty(int(offsets[-1]), dtype=self.dtype)
        for start, stop, ids in zip(offsets[:-1], offsets[1:], encoded, strict=True):
            flat[start:stop] = ids
        return flat, offsets

    def decode(self, ids: npt.NDArray[Any]) -> str:
        """The text of token ids; `<s>` and `</s>` are no text."""
        return str(self._processor.decode([int(i) for i in ids if i not in (self.bos, self.eos)]))

    def piece(self, token: int) -> str:
        """The piece with this id, as the model spells it."""
        return str(self._processor.id_to_piece(token))


@lru_cache(maxsize=2)
def load_tokenizer(uri: str) -> Tokenizer:
    """The tokenizer at `uri`, loaded once per process."""
    if not storage.exists(uri):
        raise UserError(f"{uri}: no such tokenizer; train one with `altiplano tokenizer train`")
    return Tokenizer(storage.read_bytes(uri), uri)
