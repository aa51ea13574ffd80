"""The file of a tokenizer in, the tokenizer out: SentencePiece's `tokenizer.model` or Hugging Face's `tokenizer.json`."""

from __future__ import annotations

from functools import lru_cache

from stages.core import storage
from stages.core.errors import UserError
from stages.tokenize.tokenizers.base import Tokenizer
from stages.tokenize.tokenizers.ends import NAMED, Ends
from stages.tokenize.tokenizers.hugging_face import HuggingFaceTokenizer
from stages.tokenize.tokenizers.sentencepiece_model import SentencePieceTokenizer

__all__ = ["Tokenizer", "load_tokenizer", "make_tokenizer"]


def make_tokenizer(model: bytes, name: str, ends: Ends = NAMED) -> Tokenizer:
    """The tokenizer in the bytes of a file called `name`: JSON is Hugging Face's, all else SentencePiece's."""
    if model.lstrip()[:1] == b"{":
        return HuggingFaceTokenizer(model, name, ends)
    return SentencePieceTokenizer(model, name, ends=ends)


def load_tokenizer(uri: str, ends: Ends = NAMED) -> Tokenizer:
    """The tokenizer at `uri`, loaded once per process for as long as its file stays what it is."""
    if not storage.exists(uri):
        raise UserError(f"{uri}: no such tokenizer; train one with `altiplano tokenizer train`")
    return _loaded(uri, storage.stamp(uri), ends)


@lru_cache(maxsize=2)
def _loaded(uri: str, stamp: tuple[int, int], ends: Ends) -> Tokenizer:
    return make_tokenizer(storage.read_bytes(uri), uri, ends)
