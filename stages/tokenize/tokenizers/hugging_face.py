"""A Hugging Face `tokenizer.json` in, texts to token ids and back out, through `tokenizers`: Llama 3's byte-level BPE."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt
import pyarrow as pa
import tokenizers

from stages.core.errors import UserError
from stages.kernels.arrow import Offsets
from stages.tokenize.tokenizers.base import TokenIds, Tokenizer, flatten, framed

ENDS = (
    ("<|begin_of_text|>", "<|end_of_text|>"),
    ("<s>", "</s>"),
    ("<bos>", "<eos>"),
    ("<|endoftext|>", "<|endoftext|>"),
)
"""Names of the first and last token of a document, in the order in which they are looked for: the file does not name them."""


class HuggingFaceTokenizer(Tokenizer):
    """A `tokenizer.json`. A text that spells a special token is text: it never ends a document."""

    def __init__(self, model: bytes, name: str) -> None:
        self._name = name
        self._tokenizer = _read(model, name)
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._tokenizer.encode_special_tokens = True
        self.vocab_size = 1 + max(self._tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)
        self.bos, self.eos = self._ends(name)
        self.encoder = "tokenizers (a tokenizer.json)"

    def _ends(self, name: str) -> tuple[int, int]:
        for first, last in ENDS:
            bos, eos = (self._tokenizer.token_to_id(token) for token in (first, last))
            if bos is not None and eos is not None:
                return bos, eos
        known = ", ".join(f"{first} and {last}" for first, last in ENDS)
        raise UserError(f"{name}: has no tokens that begin and end a document (known: {known})")

    def encode(self, texts: pa.Array) -> tuple[TokenIds, Offsets]:
        """As `Tokenizer.encode`."""
        # one text at a time: a batch would be encoded by all cores, each of which has a worker of its own
        try:
            rows = [self._tokenizer.encode(text, add_special_tokens=False).ids for text in texts.to_pylist()]
        except BaseException as error:
            raise _refused(error, f"{self._name}: cannot encode a text") from error
        flat, offsets = flatten(rows, self.dtype)
        return framed(flat, offsets, self.bos, self.eos)

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
