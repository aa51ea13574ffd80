"""`python -m benchmarks.native_peers --data DIR`: texts in memory in, the speeds of our kernels and of libraries of Rust out.

MinHash beside rensa; byte-level ids by `tokenizers`, gigatoken, fastokens and kitoken; SentencePiece's ids by ours,
SentencePiece and kitoken. One thread each; a library that is not installed is a line that says so (`pip install NAME`).
"""

from __future__ import annotations

import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import chain
from pathlib import Path
from typing import Any

import pyarrow as pa
import sentencepiece
from cyclopts import App
from tokenizers import Tokenizer

from benchmarks import corpus, work
from benchmarks.byte_level import train_byte_level
from stages.core.manifest import MODEL
from stages.dedup.near.verb import DedupNear
from stages.kernels.sketch.minhash import sign
from stages.tokenize.tokenizers.load import load_tokenizer
from stages.tokenize.train import SampleText, TrainTokenizer

WORDS = re.compile(r"\w+")
BEST_OF = 3
TRAINED_ON = 4_000

app = App(name="native_peers", help="Our kernels beside libraries of Rust.")


@app.default
def main(*, data: Path, mb: float = 16.0, vocab: int = 32_000) -> None:
    """Measure and print a Markdown table.

    Parameters
    ----------
    data
        folder of raw dumps, a folder per source
    mb
        MB of text
    vocab
        entries of the vocabularies that are trained on a part of it
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows, _ = corpus.documents(data, folder, mb, sources=("books", "c4"))
        texts = [text for _, text in rows]
        size = sum(len(text.encode()) for text in texts) / 1e6
        print(f"{len(texts):,} documents, {size:.1f} MB\n\n| what | by | MB/s | |\n|---|---|---|---|")
        for what, by, run, note in chain(signing(texts), encoding(texts, vocab, folder)):
            print(f"| {what} | {by} | {_speed(run, size)} | {note} |", flush=True)


def _speed(run: Callable[[], object], size: float) -> str:
    try:
        run()  # compiles, loads, fills caches
    except ImportError as error:
        return f"not installed ({error.name})"
    seconds = []
    for _ in range(BEST_OF):
        began = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - began)
    return f"{size / min(seconds):.1f}"


Line = tuple[str, str, Callable[[], object], str]


def signing(texts: list[str]) -> Iterator[Line]:
    """MinHash of shingles of five words, from texts on: the libraries take sets of words, which Python makes."""
    options = DedupNear()
    hashes, shingle = options.bands * options.band_rows, options.shingle_words
    column = pa.array(texts, pa.large_string())
    what = f"MinHash, {hashes} hashes"
    yield what, "ours", lambda: sign(column, shingle, hashes), "words, shingles, sketch in one kernel"
    sets: list[list[str]] = []

    def shingles() -> list[list[str]]:
        sets[:] = [_shingles(text, shingle) for text in texts]
        return sets

    yield "shingles alone", "Python", shingles, "what stands before the next two"
    yield (
        what,
        "rensa, RMinHash",
        lambda: _rensa("digest_matrix_from_token_sets", sets, hashes),
        "of shingles",
    )
    rho = "digest_matrix_from_token_sets_rho"
    yield what, "rensa, rho", lambda: _rensa(rho, sets, hashes), "of shingles; another sketch"


def _shingles(text: str, words: int) -> list[str]:
    found = WORDS.findall(text.lower())
    return [" ".join(found[i : i + words]) for i in range(max(1, len(found) - words + 1))]


def _rensa(way: str, sets: list[list[str]], hashes: int) -> Any:
    return getattr(import_module("rensa").RMinHash, way)(sets, hashes, 42)


def encoding(texts: list[str], vocab: int, folder: Path) -> Iterator[Line]:
    """Ids of two kinds of tokenizer, all with warm caches where they have any."""
    file = str(folder / "tokenizer.json")
    train_byte_level(texts[:TRAINED_ON], vocab).save(file)
    column, what = pa.array(texts, pa.large_string()), f"byte-level BPE, {vocab:,}"
    loaded, theirs = load_tokenizer(file), Tokenizer.from_file(file)
    yield what, f"ours, by {loaded.encoder}", lambda: loaded.encode(column), ""
    yield what, "tokenizers", lambda: [theirs.encode(text, add_special_tokens=False) for text in texts], ""
    yield what, "fastokens", _once(lambda: _fastokens(file), texts), ""
    yield what, "kitoken", _once(lambda: _kitoken("from_tokenizers_file", file), texts), ""
    model = _sentencepiece(texts, vocab, folder)
    own, peer = load_tokenizer(model), sentencepiece.SentencePieceProcessor(model_file=model)
    what = f"SentencePiece BPE, {vocab:,}"
    yield what, "ours", lambda: own.encode(column), "warm"
    yield what, "ours", lambda: _cold(model, folder).encode(column), "cold: loaded anew"
    yield what, "sentencepiece", lambda: peer.encode(texts, num_threads=1), ""
    yield what, "kitoken", _once(lambda: _kitoken("from_sentencepiece_file", model), texts), ""


def _once(load: Callable[[], Callable[[str], object]], texts: list[str]) -> Callable[[], object]:
    """All texts through an encoder that is loaded at the first call."""
    loaded: list[Callable[[str], object]] = []

    def run() -> None:
        if not loaded:
            loaded.append(load())
        for text in texts:
            loaded[0](text)

    return run


def _fastokens(file: str) -> Callable[[str], object]:
    tokenizer = import_module("fastokens").Tokenizer.from_file(file)
    return lambda text: tokenizer.encode(text, add_special_tokens=False)


def _kitoken(way: str, file: str) -> Callable[[str], object]:
    tokenizer = getattr(import_module("kitoken").Kitoken, way)(file)
    return lambda text: tokenizer.encode(text, True)


def _cold(model: str, folder: Path) -> Any:
    number = len(list(folder.glob("cold-*")))
    return load_tokenizer(str(shutil.copy(model, folder / f"cold-{number}.model")))


def _sentencepiece(texts: list[str], vocab: int, folder: Path) -> str:
    """The file of a SentencePiece model that is trained on a part of the texts."""
    documents = folder / "documents-of-training"
    made = corpus.write_documents([("c4", text) for text in texts], documents, folder / "lines.jsonl")
    for stage in (SampleText(max_text_bytes=8_000_000), TrainTokenizer(vocab_size=vocab)):
        out = folder / stage.stage_name
        out.mkdir()
        made = work.finish_stage(stage, str(out), [made])
    (model,) = made.uris(MODEL)
    return model


if __name__ == "__main__":
    app()
