"""A small tokenizer with LLaMA's options, trained once for all tests here."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
import sentencepiece

WORDS = (
    "the quick brown fox jumps over the lazy dog while seven wizards make toxic brew for the queen".split()
)
LINES = [" ".join(WORDS[i:] + WORDS[:i]) for i in range(len(WORDS))] * 3


def train_model(vocab_size: int) -> bytes:
    """A BPE model as stages/tokenize/train.py makes them, small."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(LINES),
        model_writer=model,
        model_type="bpe",
        vocab_size=vocab_size,
        split_digits=True,
        byte_fallback=True,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        minloglevel=2,
    )
    return model.getvalue()


@pytest.fixture(scope="session")
def tokenizer_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer file with 320 pieces."""
    path = tmp_path_factory.mktemp("tokenizer") / "tokenizer.model"
    path.write_bytes(train_model(320))
    return path
