"""BPE models written by hand, what SentencePiece makes of texts by them, and an encoder with a table of few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import sentencepiece
from hypothesis import strategies as st
from sentencepiece import sentencepiece_model_pb2

from stages.models.word_encoder import WordEncoder
from stages.tokenize.tokenizers import words
from stages.tokenize.tokenizers.bpe_words import BpeWords

FORMAT: Any = sentencepiece_model_pb2
PIECE = FORMAT.ModelProto.SentencePiece

AWKWARD = [
    " ",
    "  ",
    "\n",
    "\t",
    "\0",
    "\r",
    "\u2581",
    "\u00a0",
    "\u3000",
    "\u0301",
    "\u200d",
    "\ufeff",
    "\u00ad",
]
AWKWARD += [
    "\U0001f600",
    "\U0001f468\u200d\U0001f469",
    "é",
    "ß",
    "漢字",
    "かな",
    "한",
    "а",
    "ب",
    "12",
    "<0x0A>",
    "<s>",
    "</s>",
    "<unk>",
]
TEXT = st.one_of(
    st.text(st.characters(blacklist_categories=["Cs"])),
    st.lists(st.sampled_from([*AWKWARD, *"abt.,(", "the", " quick"])).map("".join),
)


def model(pieces: Sequence[str], scores: Sequence[float] | None = None) -> Any:
    """A BPE model with LLaMA's options: <unk> <s> </s>, 256 bytes, a space, and these pieces, the first joined first."""
    proto = FORMAT.ModelProto()
    for name, kind in (("<unk>", PIECE.UNKNOWN), ("<s>", PIECE.CONTROL), ("</s>", PIECE.CONTROL)):
        proto.pieces.add(piece=name, type=kind, score=0)
    for byte in range(256):
        proto.pieces.add(piece=f"<0x{byte:02X}>", type=PIECE.BYTE, score=0)
    for rank, piece in enumerate(dict.fromkeys(["\u2581", *pieces])):
        proto.pieces.add(piece=piece, type=PIECE.NORMAL, score=-rank if scores is None else scores[rank])
    proto.trainer_spec.model_type = FORMAT.TrainerSpec.BPE
    proto.trainer_spec.byte_fallback = True
    proto.trainer_spec.vocab_size = len(proto.pieces)
    proto.normalizer_spec.name = "identity"
    proto.normalizer_spec.remove_extra_whitespaces = False
    return proto


def by_sentencepiece(model_bytes: bytes, texts: Sequence[str]) -> list[list[int]]:
    processor = sentencepiece.SentencePieceProcessor(model_proto=model_bytes)
    return processor.encode(list(texts), add_bos=True, add_eos=True)


def rows(tokenizer: Any, texts: Sequence[str]) -> list[list[int]]:
    ids, offsets = tokenizer.encode(pa.array(texts, pa.large_string()))
    assert len(offsets) == len(texts) + 1
    return [ids[offsets[i] : offsets[i + 1]].tolist() for i in range(len(texts))]


def encoder(model_bytes: bytes, max_slots: int) -> WordEncoder:
    """A word encoder with a small table."""
    processor = sentencepiece.SentencePieceProcessor(model_proto=words.without_prefix(model_bytes))
    proto = words.read_model(model_bytes, "x.model")
    joins = words.joins_of(proto)
    return WordEncoder(joins, BpeWords(proto, processor).encode, np.dtype("<u2"), (1, 2), True, max_slots)
