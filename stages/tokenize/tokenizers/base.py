"""What every tokenizer does: texts to token ids between <s> and </s>, and ids back to text."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.kernels.arrow import Offsets

MAX_UINT16_VOCABULARY = 65_536

TokenIds = npt.NDArray[np.uint16] | npt.NDArray[np.uint32]


class Tokenizer(ABC):
    """A loaded tokenizer with `<s>` (`bos`) and `</s>` (`eos`)."""

    vocab_size: int
    bos: int
    eos: int
    encoder: str
    """What encodes, for the record: `word cache`, or the library and why no cache stands before it."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Little-endian uint16 or uint32, by the size of the vocabulary."""
        return np.dtype("<u2") if self.vocab_size <= MAX_UINT16_VOCABULARY else np.dtype("<u4")

    @abstractmethod
    def encode(self, texts: pa.Array) -> tuple[TokenIds, Offsets]:
        """`<s> ids </s>` of each text, end to end, and the offsets (rows + 1,) of each document in them."""

    @abstractmethod
    def decode(self, ids: npt.NDArray[Any]) -> str:
        """The text of token ids; `<s>` and `</s>` are no text."""

    @abstractmethod
    def piece(self, token: int) -> str:
        """The piece with this id, as the model spells it."""

    def _text_ids(self, ids: npt.NDArray[Any]) -> list[int]:
        inner: list[int] = ids[(ids != self.bos) & (ids != self.eos)].tolist()
        return inner
