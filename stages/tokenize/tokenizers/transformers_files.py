"""A tokenizer's file in, what `AutoTokenizer` loads out: tokenizer.json, tokenizer_config.json, special_tokens_map.json.

A SentencePiece BPE model becomes a tokenizer.json whose merges are all pairs of pieces that join to a piece, the better piece
first, so that `tokenizers` gives SentencePiece's ids; the model itself goes beside it, for llama.cpp.
"""

from __future__ import annotations

from typing import Any

import orjson
import tokenizers
from tokenizers import decoders, models, normalizers, processors

from stages.core.errors import UserError
from stages.tokenize.tokenizers.hugging_face import HuggingFaceTokenizer
from stages.tokenize.tokenizers.load import make_tokenizer
from stages.tokenize.tokenizers.words import SPACE, read_model, why_not_by_words

FAST = "PreTrainedTokenizerFast"


def transformers_files(model: bytes, name: str, sequence_length: int) -> dict[str, bytes]:
    """Contents by file name, of a tokenizer in the bytes of a file called `name`; texts get `<s>` before them only."""
    tokenizer = make_tokenizer(model, name)
    ends = {"bos_token": tokenizer.piece(tokenizer.bos), "eos_token": tokenizer.piece(tokenizer.eos)}
    files = {}
    if isinstance(tokenizer, HuggingFaceTokenizer):
        files["tokenizer.json"] = model
    else:
        proto = read_model(model, name)
        if reason := why_not_by_words(proto):
            raise UserError(f"{name}: `tokenizers` cannot encode as this SentencePiece model does: {reason}")
        ends["unk_token"] = proto.pieces[proto.trainer_spec.unk_id].piece
        files["tokenizer.model"] = model
        files["tokenizer.json"] = _bpe(proto, ends, tokenizer.bos).to_str().encode()
    settings = {
        **ends,
        "tokenizer_class": FAST,
        "model_max_length": sequence_length,
        "clean_up_tokenization_spaces": False,
    }
    files["tokenizer_config.json"] = _json(settings)
    files["special_tokens_map.json"] = _json(ends)
    return files


def _bpe(proto: Any, ends: dict[str, str], bos: int) -> Any:
    """The model as one of `tokenizers`: spaces as U+2581 and one before the text, unknown characters as bytes."""
    ids = {piece.piece: number for number, piece in enumerate(proto.pieces)}
    normal = proto.pieces[0].NORMAL
    pieces = [piece for piece in proto.pieces if piece.type == normal]
    joined = {piece.piece for piece in pieces}
    merges = []
    for piece in sorted(pieces, key=lambda piece: (-piece.score, ids[piece.piece])):
        text = piece.piece
        splits = ((text[:at], text[at:]) for at in range(1, len(text)))
        merges += sorted(
            ((left, right) for left, right in splits if left in joined and right in joined),
            key=lambda pair: (ids[pair[0]], ids[pair[1]]),
        )
    bpe = models.BPE(ids, merges, unk_token=ends["unk_token"], fuse_unk=True, byte_fallback=True)
    made = tokenizers.Tokenizer(bpe)
    before = [normalizers.Prepend(SPACE)] if proto.normalizer_spec.add_dummy_prefix else []
    made.normalizer = normalizers.Sequence([*before, normalizers.Replace(" ", SPACE)])
    after = [decoders.Strip(" ", 1, 0)] if before else []
    made.decoder = decoders.Sequence(
        [decoders.Replace(SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), *after]
    )
    begin = ends["bos_token"]
    made.post_processor = processors.TemplateProcessing(
        single=f"{begin} $A", pair=f"{begin} $A {begin} $B:1", special_tokens=[(begin, bos)]
    )
    made.add_special_tokens([tokenizers.AddedToken(token, normalized=False) for token in ends.values()])
    return made


def _json(value: dict[str, Any]) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n"
