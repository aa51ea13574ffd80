"""Texts in, a byte-level BPE of a wanted size out, as `tokenizers` and as tiktoken read it: the same merges for both."""

from __future__ import annotations

from collections.abc import Iterable

import tiktoken
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

ENDS = ["<|begin_of_text|>", "<|end_of_text|>"]
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 cuts texts before BPE."""


def train_byte_level(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """A tokenizer of Llama 3's kind."""
    tokenizer = Tokenizer(models.BPE())
    cut = pre_tokenizers.Split(Regex(PATTERN), behavior="isolated")
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([cut, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size, initial_alphabet=alphabet, special_tokens=ENDS, show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def as_tiktoken(tokenizer: Tokenizer) -> tiktoken.Encoding:
    """The same vocabulary in tiktoken, without the special tokens."""
    to_byte = {letter: byte for byte, letter in enumerate(_byte_letters())}
    pieces = sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda item: item[1])
    names = [piece for piece, _ in pieces if piece not in ENDS]
    ranks = {bytes(to_byte[letter] for letter in name): rank for rank, name in enumerate(names)}
    return tiktoken.Encoding("benchmark", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})


def _byte_letters() -> list[str]:
    """The letter that stands for each byte in byte-level vocabularies: printable ones for themselves (GPT-2)."""
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(byte) if byte in printable else chr(256 + others.index(byte)) for byte in range(256)]
