"""A SentencePiece model in, the ids that SentencePiece gives out, from a cache of words (LLaMA, section 2.1, Tokenizer).

SentencePiece's BPE starts from characters and joins neighbours whose join is a piece. Two characters that stand side by
side in no piece are therefore never joined, however long the text: what lies between two such places is a word, and its
ids are its own. In LLaMA's models a space is never inside a piece after another character, so no word is longer than a
run of spaces and what follows it; most end earlier (a newline, a digit, a bracket).
"""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import numpy.typing as npt
from sentencepiece import sentencepiece_model_pb2

from stages.kernels.words import word_cache as cache
from stages.models.sentencepiece_file import read_pieces

SPACE = "\u2581"
"""How SentencePiece writes a space; a text may hold the character itself."""

_SPACE_INSIDE = re.compile(f"[^{SPACE}]{SPACE}")

_FORMAT: Any = sentencepiece_model_pb2  # its classes are made when it is imported


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
