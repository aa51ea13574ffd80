"""A Hugging Face `tokenizer.json` in, texts to ids and back out, by gigatoken or `tokenizers`: Llama 3's byte-level BPE."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import pyarrow as pa
import tokenizers

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets
from stages.models.word_encoder import flatten, framed
from stages.tokenize.tokenizers.base import TokenIds, Tokenizer
from stages.tokenize.tokenizers.ends import NAMED, Ends, find_ends
from stages.tokenize.tokenizers.gigatoken_encoder import PROBED_PIECES, fast_encoder


class HuggingFaceTokenizer(Tokenizer):
    """A `tokenizer.json`. A text that spells a special token is text: it never ends a document."""

    def __init__(self, model: bytes, name: str, ends: Ends = NAMED) -> None:
        self._name = name
        self._tokenizer = _read(model, name)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self.vocab_size = 1 + max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
        added = self._tokenizer.get_added_tokens_decoder()
        specials = [token.content for _, token in sorted(added.items()) if token.special]
        self.bos, self.eos = find_ends(ends, specials, self._tokenizer.token_to_id, name)
        for end in (self.bos, self.eos):
            if end in self._plain_ids(self.piece(end)):
                raise UserError(
                    f"{name}: a text that spells {self.piece(end)!r} would begin or end a document; name special tokens by "
                    "`bos` and `eos`"
                )
        self._fast, self.encoder = fast_encoder(model, self._plain_ids, specials, self._some_pieces)

    def _some_pieces(self) -> list[str]:
        """Texts of some tokens of the vocabulary, spread evenly over the ids."""
        ids = sorted(self._tokenizer.get_vocab(with_added_tokens=False).values())
        pieces: list[str] = self._tokenizer.decode_batch(
            [[token] for token in ids[:: 1 + len(ids) // PROBED_PIECES]]
        )
        return pieces

    def _plain_ids(self, text: str) -> list[int]:
        try:
            ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        except BaseException as error:
            raise _refused(error, f"{self._name}: cannot encode a text") from error
        return ids

    def encode(self, texts: pa.Array) -> tuple[TokenIds, Offsets]:
        """As `Tokenizer.encode`."""
        # one text at a time: a batch would be encoded by all cores, each of which has a worker of its own
        if self._fast is None:
            flat, offsets = flatten([self._plain_ids(text) for text in texts.to_pylist()], self.dtype)
        else:
            flat, offsets = self._fast_ids(texts.to_pylist())
        return framed(flat, offsets, self.bos, self.eos)

    def _fast_ids(self, texts: list[str]) -> tuple[TokenIds, Offsets]:
        assert self._fast is not None
        try:
            flat, offsets = self._fast.encode(texts)
        except BaseException as error:
            raise _refused(error, f"{self._name}: cannot encode a text") from error
        return flat.astype(self.dtype), offsets

    def decode(self, ids: npt.NDArray[Any]) -> str:
        """The text of token ids; the tokens that begin and end a document are no text."""
        try:
            return str(self._tokenizer.decode(self._text_ids(ids), skip_special_tokens=False))
        except BaseException as error:
            raise _refused(error, f"{self._name}: cannot decode ids") from error

    def piece(self, token: int) -> str:
        """The piece with this id, as the file spells it."""
        return str(self._tokenizer.id_to_token(token) or "")


def _read(model: bytes, name: str) -> Any:
    try:
        return tokenizers.Tokenizer.from_buffer(model)
    except BaseException as error:
        raise _refused(error, f"{name}: not a tokenizer.json, or not all of one") from error


def _refused(error: BaseException, what: str) -> BaseException:
    """The library raises bare exceptions, and Rust's panics are none that `except Exception` would hold."""
    if type(error).__name__ != "PanicException" and (
        not isinstance(error, Exception) or isinstance(error, MemoryError)
    ):
        return error
    return UserError(f"{what} ({' '.join(str(error).split())[:200]}); fetch or train the tokenizer again")
