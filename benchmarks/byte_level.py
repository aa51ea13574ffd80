"""Texts in, a byte-level BPE of a wanted size out, as `tokenizers` and as tiktoken read it: the same merges for both.

`python -m benchmarks.byte_level INPUT ...`: ours through a `tokenizer.json` beside `tokenizers`, in one process on one core.
INPUT are Parquet files of documents, runs or stage folders.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any

import pyarrow as pa
import tiktoken
from cyclopts import App
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from pipeline.given import given_documents
from stages.core.manifest import DOCUMENTS
from stages.core.parquet import read_documents
from stages.tokenize.tokenizers.load import make_tokenizer

ENDS = ["<|begin_of_text|>", "<|end_of_text|>"]
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|"
    r"\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 cuts texts before BPE."""

PEER_BYTES = 4_000_000
"""Text that `tokenizers` encodes, about: it takes its time."""

app = App(name="byte_level", help="A tokenizer.json beside tokenizers.")


@app.default
def main(*inputs: str, vocab_size: int = 128_000) -> None:
    """Train on the documents, encode them twice, and print a Markdown table: MB/s of text.

    Parameters
    ----------
    inputs
        runs, folders of a stage, or Parquet files of documents
    vocab_size
        entries of the vocabulary, Llama 3's by default
    """
    with given_documents(list(inputs)) as manifests:
        shards = [uri for manifest in manifests for uri in manifest.uris(DOCUMENTS)]
        batches = [batch.column("text") for batch in read_documents(shards, ["text"])]
    model = train_byte_level((text for batch in batches for text in batch.to_pylist()), vocab_size)
    ours = make_tokenizer(model.to_str().encode(), "tokenizer.json")
    few = _first(batches, PEER_BYTES)
    peer = _speed(
        lambda texts: [model.encode(text, add_special_tokens=False) for text in texts.to_pylist()], few
    )
    print(
        f"{model.get_vocab_size():,} entries; {_megabytes(batches):.1f} MB; ours encodes by {ours.encoder}\n"
    )
    print("| encode | ours, MB/s | tokenizers, MB/s | |\n|---|---|---|---|")
    for name in ("cold", "second time"):
        speed = _speed(ours.encode, batches)
        print(f"| tokenizer.json, {name} | {speed:.1f} | {peer:.2f} | {speed / peer:.0f} x |", flush=True)


def _first(batches: list[pa.Array], num_bytes: int) -> list[pa.Array]:
    """The first rows, a few thousandths of a batch at a time, until there is enough."""
    taken: list[pa.Array] = []
    for batch in batches:
        for start in range(0, len(batch), 50):
            if _megabytes(taken) * 1e6 >= num_bytes:
                return taken
            taken.append(batch.slice(start, 50))
    return taken


def _megabytes(batches: list[pa.Array]) -> float:
    return sum(batch.nbytes for batch in batches) / 1e6


def _speed(encode: Callable[[pa.Array], Any], batches: list[pa.Array]) -> float:
    start = time.perf_counter()
    for batch in batches:
        encode(batch)
    return _megabytes(batches) / (time.perf_counter() - start)


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


if __name__ == "__main__":
    app()
