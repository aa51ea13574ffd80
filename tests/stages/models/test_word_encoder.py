"""The table of words: no id changes however full it is, memory stays in bounds, words in use stay."""

from __future__ import annotations

import random
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.kernels.words import word_table
from stages.models import word_encoder
from stages.models.word_encoder import WordEncoder
from tests.stages.bpe_models import TEXT, by_sentencepiece, encoder, model, rows


@pytest.fixture(scope="module")
def joining() -> bytes:
    """A model in which every two letters of "abcde" stand side by side somewhere, so words end at other characters."""
    letters = "abcde"
    pairs = [first + second for first in letters for second in letters]
    joined: bytes = model([*letters, "\u2581a", "\u2581ab", *pairs, "abcd", "eeee"]).SerializeToString()
    return joined


@settings(max_examples=60)
@given(batches=st.lists(st.lists(st.one_of(TEXT, st.text("abcde .")))), max_slots=st.sampled_from([2, 8, 64]))
def test_a_cache_that_is_always_full_changes_no_id(
    joining: bytes, batches: list[list[str]], max_slots: int
) -> None:
    tokenizer = encoder(joining, max_slots)
    for texts in batches:
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)


@pytest.mark.parametrize("length", [1, 2, 7, 8, 9, 15, 16, 17, 24, 25, 254, 255, 256, 257, 5000])
def test_words_of_every_length(joining: bytes, length: int) -> None:
    """Lengths at which the table's layout changes; words that differ in any byte, or by a NUL at their end."""
    stem = "".join(random.Random(length).choices("abcde", k=length))
    texts = [
        stem,
        stem + "\0",
        *(
            stem[:i] + other + stem[i + 1 :]
            for i in range(0, length, max(1, length // 25))
            for other in "abcde"
        ),
    ]
    texts += [f" {text} {text}" for text in texts]
    tokenizer = encoder(joining, max_slots=1 << 14)
    for _ in range(2):
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
    shown = [word for word in tokenizer_words(tokenizer) if len(word) == length + 1]
    assert bool(shown) == (length < word_table.MAX_WORD_BYTES)


def tokenizer_words(tokenizer: WordEncoder) -> list[str]:
    """A character for each byte of each word that the table holds."""
    lengths = tokenizer._slots[:, word_table.META] & word_table.EIGHT_BITS
    return ["x" * int(length) for length in lengths if length]


def test_memory_is_bounded_and_words_in_use_stay(joining: bytes) -> None:
    """However many words come, the table keeps its size; a word that comes again and again is seldom asked for."""
    tokenizer = encoder(joining, max_slots=1 << 8)
    asked: list[str] = []
    inner = tokenizer._encode_words

    def ask(texts: pa.Array) -> Any:
        asked.extend(texts.to_pylist())
        return inner(texts)

    tokenizer._encode_words = ask
    draw = random.Random(0)
    for _ in range(300):
        texts = [f"abc {''.join(draw.choices('abcde', k=12))} {''.join(draw.choices('abcde', k=30))} cde"]
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
    assert len(tokenizer._slots) == 1 << 8
    assert len(tokenizer._kept) == 1 << 16
    assert (asked.count(" abc"), asked.count("cde")) == (1, 1)
    assert len(asked) > 600


def test_many_new_words_stay_in_bounds(joining: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_encoder, "MAX_KEPT_IDS", 500)
    monkeypatch.setattr(word_encoder, "MAX_KEPT_BYTES", 1 << 16)
    monkeypatch.setattr(word_encoder, "MAX_AHEAD_BYTES", 300)
    tokenizer = encoder(joining, max_slots=1 << 12)
    draw = random.Random(1)
    texts = [" ".join("".join(draw.choices("abcde", k=draw.randint(1, 300))) for _ in range(2000))]
    for _ in range(2):
        assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
        assert tokenizer._num_ids <= 500 + 300 + word_table.MAX_WORD_BYTES
        assert len(tokenizer._kept) == 1 << 16
    monkeypatch.setattr(word_encoder, "MAX_KEPT_IDS", 1 << 20)
    tokenizer = encoder(joining, max_slots=1 << 12)  # now the bytes of words are what is too much
    assert rows(tokenizer, texts) == by_sentencepiece(joining, texts)
    assert len(tokenizer._kept) == 1 << 16


def test_a_call_that_fails_leaves_no_word_without_ids(joining: bytes) -> None:
    tokenizer = encoder(joining, max_slots=64)
    inner = tokenizer._encode_words

    def fail(texts: pa.Array) -> Any:
        raise KeyboardInterrupt

    tokenizer._encode_words = fail
    with pytest.raises(KeyboardInterrupt):
        rows(tokenizer, ["abc de"])
    tokenizer._encode_words = inner
    assert rows(tokenizer, ["abc de"]) == by_sentencepiece(joining, ["abc de"])
