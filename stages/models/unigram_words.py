"""A SentencePiece unigram model in, whether each word of a text has pieces of its own out (CCNet, section 3.3).

A unigram model takes the way through a text whose pieces' scores add up highest. Where no piece holds a space after another
character, every way passes between a space and what stands before it, so the best way is made of the words' best ways. Two
ways of a word that are equally good (`0 00` and `00 0`) are told apart by rounding, which depends on the sum before the word:
such words are found by `roots_of`, and what holds one is left to SentencePiece.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.kernels.perplexity.characters import replaces_a_space
from stages.kernels.words.word_cache import SEPARATOR
from stages.models.sentencepiece_file import FORMAT

SPACE = "\u2581"
_SPACE_INSIDE = re.compile(f"(?s).{SPACE}")


def why_words_depend(proto: Any) -> str | None:
    """Why words of this model cannot be encoded one by one, or None when they can."""
    trainer, normalizer = proto.trainer_spec, proto.normalizer_spec
    kind = FORMAT.ModelProto.SentencePiece
    kinds = {piece.type for piece in proto.pieces}
    pieces = [piece.piece for piece in proto.pieces if piece.type == kind.NORMAL]
    reasons = {
        "the model is no unigram model": trainer.model_type != FORMAT.TrainerSpec.UNIGRAM,
        "it keeps extra spaces": not normalizer.remove_extra_whitespaces,
        "it puts no space before a text": not normalizer.add_dummy_prefix,
        "it does not write spaces as U+2581": not normalizer.escape_whitespaces,
        "it puts spaces after words": trainer.treat_whitespace_as_suffix,
        "it falls back to bytes": trainer.byte_fallback,
        "it has user-defined symbols": kind.USER_DEFINED in kinds,
        "it has no piece for a space": SPACE not in pieces,
        "a piece holds a space after another character": any(map(_SPACE_INSIDE.search, pieces)),
        "it replaces texts with a space in them": _replaces_a_space(normalizer.precompiled_charsmap),
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _replaces_a_space(table: bytes) -> bool:
    """Of a table that `read_pieces` has checked."""
    if not table:
        return False
    size = int.from_bytes(table[:4], "little")
    return bool(replaces_a_space(np.frombuffer(table[4 : 4 + size], "<u4").astype(np.int64)))


def ends_before_spaces() -> npt.NDArray[np.bool_]:
    """The pairs of bytes (first << 8 | second) that no word ends between, shape (65536,): all but those before a space."""
    joins = np.ones((256, 256), np.bool_)
    joins[:, ord(" ")] = False
    joins[:, SEPARATOR] = joins[SEPARATOR, :] = False
    return joins.reshape(-1)


def roots_of(pieces: Sequence[str]) -> npt.NDArray[np.int64]:
    """A number for what each piece is a repetition of, shape (pieces,): `--` and `---` have that of `-`.

    Two neighbours of one root can change places, and the sum of their scores stays the same.
    """
    numbers: dict[str, int] = {}
    shortest = (piece[: (piece + piece).find(piece, 1)] for piece in pieces)
    return np.array([numbers.setdefault(root, len(numbers)) for root in shortest], np.int64)
