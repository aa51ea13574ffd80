"""`python -m benchmarks.fasttext_models --data DIR`: our inference of fastText's models beside fastText's own predict.

Documents of 4,000 characters: books, source code and questions of the dumps below DIR. One process on one core; in turns.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fasttext
import numpy as np
import pyarrow as pa
from cyclopts import App

from benchmarks import work
from quality_classifier.fit import fit
from stages.core.manifest import DOCUMENTS
from stages.core.parquet import read_documents
from stages.ingest.base import RawStage
from stages.ingest.books.stage import BooksIngest
from stages.ingest.github.stage import GithubIngest
from stages.ingest.stackexchange.stage import StackExchangeIngest
from stages.kernels.hash.hashing import hash_strings
from stages.models.fasttext.model import FastTextModel
from stages.models.fasttext.reference import NEGATIVE_MARK, POSITIVE_MARK
from stages.models.find import find_language_model

DOCUMENT_CHARS = 4_000
REPEATS = 3
SOURCES: dict[str, tuple[type[RawStage], str]] = {
    "books": (BooksIngest, "books/**/*.txt"),
    "github": (GithubIngest, "github/*.tar.gz"),
    "stackexchange": (StackExchangeIngest, "stackexchange/*/Posts.xml"),
}
QUALITY = {"lr": 0.5, "dim": 16, "epoch": 5, "minCount": 1, "seed": 1}
MODELS: dict[str, dict[str, Any]] = {
    "quality model, bigrams": {"wordNgrams": 2, "bucket": 200_000},
    "quality model, bigrams, 100 numbers and 2 million buckets": {
        "wordNgrams": 2,
        "bucket": 2_000_000,
        "dim": 100,
    },
}

app = App(name="fasttext_models", help="Inference of fastText's models beside fastText.")


def documents(data: Path, folder: Path, megabytes: float) -> list[str]:
    """Documents of DOCUMENT_CHARS characters, as many MB of each source, mixed."""
    found: list[str] = []
    for source, (stage_class, pattern) in SOURCES.items():
        out = folder / source
        out.mkdir()
        stage = stage_class.model_validate({"input": (str(data / pattern),)})
        texts: list[str] = []
        size = 0.0
        for batch in read_documents(work.finish_stage(stage, str(out)).uris(DOCUMENTS), ["text"]):
            if size < megabytes * 1e6 / len(SOURCES):
                texts += batch.column("text").to_pylist()
                size += batch.column("text").nbytes
        whole = "\n".join(texts)[: int(megabytes * 1e6 / len(SOURCES))]
        found += [whole[i : i + DOCUMENT_CHARS] for i in range(0, len(whole), DOCUMENT_CHARS)]
    order = np.argsort(hash_strings(pa.array(found, pa.large_string())), kind="stable")
    return [found[i] for i in order]


def seconds(function: Callable[[], Any]) -> float:
    """Processor time of one call: others may run beside it."""
    started = time.process_time()
    function()
    return time.process_time() - started


def row(name: str, path: str, texts: list[str]) -> Iterator[str]:
    """Cells of one model: MB/s of ours when it knows no word yet, when it knows them, of fastText's; how far they differ."""
    column = pa.array(texts, pa.large_string())
    lines = [text.replace("\n", " ") for text in texts]
    theirs = fasttext.load_model(path)
    FastTextModel(path).predict(column[:1])
    cold, warm, other = [], [], []
    for _ in range(REPEATS):
        ours = FastTextModel(path)
        cold.append(seconds(lambda model=ours: model.predict(column)))  # type: ignore[misc]
        warm.append(seconds(lambda model=ours: model.predict(column)))  # type: ignore[misc]
        other.append(seconds(lambda: theirs.predict(lines)))
    size = column.nbytes / 1e6
    labels, scores = theirs.predict(lines)
    predicted = ours.predict(column)
    names = ours.label_names(predicted).tolist()
    equal = sum(name == found[0].removeprefix("__label__") for name, found in zip(names, labels, strict=True))
    difference = max(abs(min(1.0, float(s[0])) - p) for s, p in zip(scores, predicted.score, strict=True))
    yield name
    yield from (f"{size / min(times):.1f}" for times in (cold, warm, other))
    yield from (f"{min(other) / min(times):.1f}" for times in (cold, warm))
    yield f"{equal:,} of {len(texts):,}, {difference:.0e}"


@app.default
def main(*, data: Path, mb: float = 40.0) -> None:
    """Measure and print a Markdown table.

    Parameters
    ----------
    data
        folder of raw dumps with books, github and stackexchange
    mb
        million characters of documents
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as folder:
        texts = documents(data, Path(folder), mb)
        print(f"{len(texts):,} documents, {sum(len(t.encode()) for t in texts) / 1e6:.1f} MB\n")
        header = ["model", "ours, cold", "ours, warm", "fastText", "ratio cold", "ratio warm", "equal labels"]
        print("| " + " | ".join(header) + " |\n" + "|---" * len(header) + "|")
        print("| " + " | ".join(row("language ID", find_language_model(None), texts)) + " |", flush=True)
        corpus = Path(folder) / "lines"
        marks = (POSITIVE_MARK, NEGATIVE_MARK)
        lowered = [text.lower() for text in texts]
        corpus.write_text(
            "\n".join(marks[i % 2] + " " + text.replace("\n", " ") for i, text in enumerate(lowered[:2_000]))
        )
        for name, options in MODELS.items():
            path = Path(folder) / "model.bin"
            fit(corpus, path, QUALITY | options)
            print("| " + " | ".join(row(name, str(path), lowered)) + " |", flush=True)


if __name__ == "__main__":
    app()
