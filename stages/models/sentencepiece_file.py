"""A SentencePiece model file in, its message out when its tables lead nowhere else: SentencePiece believes them."""

from __future__ import annotations

from typing import Any

import numpy as np
from google.protobuf.message import DecodeError
from sentencepiece import sentencepiece_model_pb2

from stages.core.errors import UserError

FORMAT: Any = sentencepiece_model_pb2
_BLOCK = 256
"""Units of a double array that one step may reach."""


def read_pieces(model: bytes, name: str) -> Any:
    """The model as SentencePiece's message `ModelProto`; a UserError in one line when it is none, or not all of one."""
    if not model:  # SentencePiece takes it for a model and fails later
        raise UserError(f"{name}: not a SentencePiece model: the file is empty")
    try:
        proto = FORMAT.ModelProto.FromString(model)
    except DecodeError as error:
        raise UserError(f"{name}: not a SentencePiece model, or not all of one ({error})") from error
    if not all(isinstance(piece.piece, str) for piece in proto.pieces):  # what is no UTF-8 is given as bytes
        raise UserError(f"{name}: not a SentencePiece model, or not all of one (a piece is no text)")
    for spec in (proto.normalizer_spec, proto.denormalizer_spec):
        if not _stays_inside(spec.precompiled_charsmap):
            raise UserError(
                f"{name}: a damaged SentencePiece model (its table of characters); fetch or train it again"
            )
    return proto


def _stays_inside(table: bytes) -> bool:
    """Whether every step in a table of characters (the size of a double array, the array, texts) ends in it."""
    if not table:
        return True
    size = int.from_bytes(table[:4], "little")
    texts = table[4 + size :]
    if size % (4 * _BLOCK) or len(table) < 4 + size or not texts.endswith(b"\0"):
        return False
    units = np.frombuffer(table[4 : 4 + size], "<u4").astype(np.int64)
    is_value = units >> 31 == 1
    offsets = (units >> 10) << ((units & 512) >> 6)
    furthest = (np.arange(len(units)) ^ offsets) | (_BLOCK - 1)
    values = units & 0x7FFFFFFF
    return bool(np.where(is_value, values < len(texts), furthest < len(units)).all())
