"""`python -m benchmarks.tokens INPUT ... --model FILE`: encoding beside SentencePiece, tiktoken and tokenizers.

INPUT are runs, stage folders or Parquet files of documents. Every line is a process of its own on one core; ours reads
shards and writes the exchange file, the peers read the shards and only compute.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import sentencepiece
from cyclopts import App
from tokenizers import Tokenizer

from benchmarks import work
from benchmarks.byte_level import as_tiktoken, train_byte_level
from benchmarks.measure import HEADER, Row, measure
from pipeline.given import given_documents
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import read_documents
from stages.tokenize.encode import Encode
from stages.tokenize.tokenizers.load import load_tokenizer

TRAINING_CHARS = 4_000_000

app = App(name="tokens", help="Encoding beside SentencePiece, tiktoken and tokenizers.")


@app.default
def main(*inputs: str, model: str) -> None:
    """Measure and print a Markdown table.

    Parameters
    ----------
    inputs
        runs, folders of a stage, or Parquet files of documents
    model
        the SentencePiece model that ours and SentencePiece use
    """
    print("| " + " | ".join(HEADER) + " |")
    print("|" + "---|" * len(HEADER))
    with tempfile.TemporaryDirectory() as folder, given_documents(list(inputs)) as manifests:
        for row in rows(manifests, model, Path(folder)):
            print("| " + " | ".join(row.cells()) + " |", flush=True)


def rows(documents: Sequence[Manifest], model: str, folder: Path) -> Iterator[Row]:
    """Ours warm beside every peer, then ours with a cache that is empty at the start."""
    shards = [uri for manifest in documents for uri in manifest.uris(DOCUMENTS)]
    size = sum(manifest.bytes_out for manifest in documents) / 1e6
    pieces = load_tokenizer(model).vocab_size
    copy = Path(shutil.copy(model, folder))
    warm, cold = measure(work.run_stage, Encode(model=model), documents), measure(run_cold, copy, documents)
    theirs = measure(sentencepiece_alone, shards, model)
    name = f"encode ({pieces:,} pieces)"
    yield Row(f"{name}, warm", size, warm, "SentencePiece, lists", theirs)
    yield Row(f"{name}, cold", size, cold, "SentencePiece, lists", theirs)
    byte_level = str(folder / "tokenizer.json")
    train_byte_level(_training_texts(shards), pieces).save(byte_level)
    for peer, alone in (("tiktoken", tiktoken_alone), ("tokenizers", tokenizers_alone)):
        yield Row(f"{name}, warm", size, warm, f"{peer}, byte-level", measure(alone, shards, byte_level))


def run_cold(model: Path, inputs: Sequence[Manifest]) -> None:
    """All tasks of encoding, the first of which loads the tokenizer anew and finds its cache empty."""
    os.utime(model)  # a file that was touched is another one to a process that keeps what it read
    work.run_stage(Encode(model=str(model)), inputs)


def sentencepiece_alone(shards: Sequence[str], model: str) -> None:
    """SentencePiece's ids of every text; nothing is written."""
    processor = sentencepiece.SentencePieceProcessor(model_file=model)
    for batch in read_documents(shards, ["text"]):
        processor.encode(batch.column("text").to_pylist(), add_bos=True, add_eos=True, num_threads=1)


def tiktoken_alone(shards: Sequence[str], file: str) -> None:
    """tiktoken's ids of every text; nothing is written."""
    encoding = as_tiktoken(Tokenizer.from_file(file))
    for batch in read_documents(shards, ["text"]):
        for text in batch.column("text").to_pylist():
            encoding.encode_ordinary(text)


def tokenizers_alone(shards: Sequence[str], file: str) -> None:
    """The ids of every text by `tokenizers`; nothing is written."""
    tokenizer = Tokenizer.from_file(file)
    for batch in read_documents(shards, ["text"]):
        for text in batch.column("text").to_pylist():
            tokenizer.encode(text, add_special_tokens=False)


def _training_texts(shards: Sequence[str]) -> Iterator[str]:
    taken = 0
    for batch in read_documents(shards, ["text"]):
        for text in batch.column("text").to_pylist():
            if taken >= TRAINING_CHARS:
                return
            yield text[: TRAINING_CHARS - taken]
            taken += len(text)


if __name__ == "__main__":
    app()
