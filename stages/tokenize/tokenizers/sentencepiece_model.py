"""A SentencePiece model file in, texts to token ids and back out: the one place that talks to SentencePiece."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import pyarrow as pa
import sentencepiece

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets
from stages.models.sentencepiece_file import read_pieces
from stages.tokenize.tokenizers.base import TokenIds, Tokenizer, flatten
from stages.tokenize.tokenizers.words import WordEncoder, why_not_by_words, without_prefix


class SentencePieceTokenizer(Tokenizer):
    """A SentencePiece model with `<s>` and `</s>`, and a cache of words before it where that gives the same ids."""

    def __init__(self, model: bytes, name: str, by_words: bool = True) -> None:
        proto = read_pieces(model, name)
        self._processor = _processor(model, name)
        self.vocab_size = int(self._processor.vocab_size())
        self.bos, self.eos = int(self._processor.bos_id()), int(self._processor.eos_id())
        if self.bos < 0 or self.eos < 0:
            raise UserError(
                f"{name}: the model has no <s> and </s>; train it with `altiplano tokenizer train`"
            )
        self._by_words: WordEncoder | None = None
        reason = why_not_by_words(proto) if by_words else "asked for"
        if reason is None:
            words = _processor(without_prefix(model), name)
            self._by_words = WordEncoder(
                proto, lambda texts: words.encode(texts, num_threads=1), self.dtype, (self.bos, self.eos)
            )
        self.encoder = "word cache" if reason is None else f"SentencePiece ({reason})"

    def encode(self, texts: pa.Array) -> tuple[TokenIds, Offsets]:
        """As `Tokenizer.encode`: the ids that SentencePiece gives."""
        if self._by_words is not None:
            return self._by_words.encode(texts)
        rows = self._processor.encode(texts.to_pylist(), add_bos=True, add_eos=True, num_threads=1)
        return flatten(rows, self.dtype)

    def decode(self, ids: npt.NDArray[Any]) -> str:
        """The text of token ids; `<s>` and `</s>` are no text."""
        return str(self._processor.decode(self._text_ids(ids)))

    def piece(self, token: int) -> str:
        """The piece with this id, as the model spells it."""
        return str(self._processor.id_to_piece(token))


def _processor(model: bytes, name: str) -> Any:
    try:
        return sentencepiece.SentencePieceProcessor(model_proto=model)
    except (RuntimeError, UnicodeDecodeError) as error:  # what it says may hold the bytes that are wrong
        reason = " ".join(str(error).split())[:200]
        raise UserError(f"{name}: not a SentencePiece model, or not all of one ({reason})") from error
