"""A SentencePiece model file in, texts to token ids and back out: the one place that talks to SentencePiece."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import pyarrow as pa
import sentencepiece

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets
from stages.models.sentencepiece_file import read_pieces
from stages.models.word_encoder import WordEncoder, flatten, framed
from stages.tokenize.tokenizers.base import TokenIds, Tokenizer
from stages.tokenize.tokenizers.bpe_words import BpeWords
from stages.tokenize.tokenizers.ends import NAMED, Ends, find_ends
from stages.tokenize.tokenizers.words import joins_of, why_not_by_words, without_prefix


class SentencePieceTokenizer(Tokenizer):
    """A SentencePiece model, and a cache of words before it where that gives the same ids."""

    def __init__(self, model: bytes, name: str, by_words: bool = True, ends: Ends = NAMED) -> None:
        proto = read_pieces(model, name)
        self._processor = _processor(model, name)
        self.vocab_size = int(self._processor.vocab_size())
        self.bos, self.eos = self._ends(ends, name)
        self._by_words: WordEncoder | None = None
        reason = why_not_by_words(proto) if by_words else "asked for"
        if reason is None:
            words = _processor(without_prefix(model), name)
            self._by_words = WordEncoder(
                joins_of(proto),
                BpeWords(proto, words).encode,
                self.dtype,
                (self.bos, self.eos),
                prefix=bool(proto.normalizer_spec.add_dummy_prefix),
            )
        self.encoder = "word cache" if reason is None else f"SentencePiece ({reason})"

    def encode(self, texts: pa.Array) -> tuple[TokenIds, Offsets]:
        """As `Tokenizer.encode`: the ids that SentencePiece gives."""
        if self._by_words is not None:
            return self._by_words.encode(texts)
        rows = self._processor.encode(texts.to_pylist(), num_threads=1)
        return framed(*flatten(rows, self.dtype), self.bos, self.eos)

    def _ends(self, asked: Ends, name: str) -> tuple[int, int]:
        """What was asked for, else what the model itself calls so; all are control tokens, which no text gives."""
        own = [
            int(token) if token >= 0 else None
            for token in (self._processor.bos_id(), self._processor.eos_id())
        ]
        controls = [self.piece(i) for i in range(self.vocab_size) if self._processor.is_control(i)]
        filled = Ends(*(end if other is None else other for end, other in zip(own, asked, strict=True)))
        return find_ends(
            filled,
            controls,
            dict(zip(controls, map(self._processor.piece_to_id, controls), strict=True)).get,
            name,
        )

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
