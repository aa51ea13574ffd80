"""Raw dumps in, distinct documents of 100 to 1,000 words out, with seeded variants and a word-level model to make more."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import orjson

from benchmarks import work
from stages.core.documents import document_batch
from stages.core.given import manifest_of_parquet
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import DocumentWriter, read_documents
from stages.ingest.arxiv.stage import ArxivIngest
from stages.ingest.base import RawStage
from stages.ingest.books.stage import BooksIngest
from stages.ingest.c4.stage import C4Ingest
from stages.ingest.common_crawl.stage import CommonCrawlIngest
from stages.ingest.wikipedia.stage import WikipediaIngest

PROSE: dict[str, tuple[type[RawStage], str]] = {
    "c4": (C4Ingest, "c4/*.json.gz"),
    "wikipedia": (WikipediaIngest, "wikipedia/*.xml.bz2"),
    "arxiv": (ArxivIngest, "arxiv/*.gz"),
    "common_crawl": (CommonCrawlIngest, "common_crawl/**/*.warc.gz"),
    "books": (BooksIngest, "books/**/*.txt"),
}
MIN_WORDS, MAX_WORDS = 100, 1_000
MAX_CHARS_PER_WORD = 12
"""A word counts once for every so many characters: scripts without spaces have long ones."""

ROWS_PER_BATCH = 1_000

_WORD = re.compile(r"\S+\s*")


def real_texts(data: Path, folder: Path, sources: Sequence[str] = tuple(PROSE)) -> Iterator[tuple[str, str]]:
    """(source, text) of every document that the dumps of prose below `data` give, source by source."""
    for source in sources:
        stage_class, pattern = PROSE[source]
        if not any(path.is_file() for path in data.glob(pattern)):
            continue
        out = folder / f"prose-{source}"
        out.mkdir()
        stage = stage_class.model_validate({"input": (str(data / pattern),)})
        shards = work.finish_stage(stage, str(out)).uris(DOCUMENTS)
        for batch in read_documents(shards, ["text"]):
            for text in batch.column("text").to_pylist():
                yield source, text


def cut(texts: Iterable[str], seed: int) -> Iterator[str]:
    """Pieces of 100 to 1,000 words of each text, lengths log-uniform; what is shorter is left out."""
    generator = np.random.default_rng(seed)
    for text in texts:
        words = _WORD.findall(text)
        weights = np.array([1 + len(word) // MAX_CHARS_PER_WORD for word in words], np.int64)
        ends = np.cumsum(weights)
        start = 0
        while start < len(words):
            size = int(np.exp(generator.uniform(np.log(MIN_WORDS), np.log(MAX_WORDS))))
            before = ends[start - 1] if start else 0
            stop = int(np.searchsorted(ends, before + size, side="left")) + 1
            piece = "".join(words[start:stop])
            if ends[min(stop, len(words)) - 1] - before >= MIN_WORDS:
                yield piece.strip()
            start = stop


def generated(texts: Sequence[str], count: int, seed: int, words: int = 400) -> list[str]:
    """`count` texts of a bigram model of `texts`: each word follows one that it follows somewhere in them."""
    generator = np.random.default_rng(seed)
    vocabulary: dict[str, int] = {}
    ids = np.array(
        [vocabulary.setdefault(word, len(vocabulary)) for text in texts for word in text.split()], np.int64
    )
    order = np.argsort(ids, kind="stable")
    starts = np.searchsorted(ids[order], np.arange(len(vocabulary) + 1))
    places = generator.integers(0, len(ids), count)
    drawn = np.empty((words, count), np.int64)
    for step in range(words):
        drawn[step] = ids[places]
        first, last = starts[drawn[step]], starts[drawn[step] + 1]
        places = (order[generator.integers(first, last)] + 1) % len(ids)
    names = np.array(list(vocabulary), object)
    return [" ".join(names[column]) for column in drawn.T]


def replaced(
    words: Sequence[str], share: float, pool: Sequence[str], generator: np.random.Generator
) -> list[str]:
    """`words` with each one replaced by one of `pool` at odds `share`."""
    changed = generator.random(len(words)) < share
    drawn = generator.integers(0, len(pool), len(words))
    return [pool[k] if other else word for word, other, k in zip(words, changed, drawn, strict=True)]


def deleted(words: Sequence[str], share: float, generator: np.random.Generator) -> list[str]:
    """`words` with each one left out at odds `share`."""
    return [word for word, gone in zip(words, generator.random(len(words)) < share, strict=True) if not gone]


def inserted(
    words: Sequence[str], share: float, pool: Sequence[str], generator: np.random.Generator
) -> list[str]:
    """`words` with one of `pool` before each at odds `share`."""
    more = generator.random(len(words)) < share
    drawn = generator.integers(0, len(pool), len(words))
    out = []
    for word, other, k in zip(words, more, drawn, strict=True):
        if other:
            out.append(pool[k])
        out.append(word)
    return out


def documents(
    data: Path, folder: Path, megabytes: float, seed: int = 1, sources: Sequence[str] = tuple(PROSE)
) -> tuple[list[tuple[str, str]], float]:
    """(source, text) of at least `megabytes`, and the share of bytes that a word model made.

    Texts are real as far as they reach. Every tenth comes again with 2% of its words replaced and every twentieth as it
    is, at the end, so that there are duplicates to remove; nothing else is a copy.
    """
    target = megabytes * 1e6 / 1.15
    pieces: list[tuple[str, str]] = []
    size = made = 0
    for source, text in real_texts(data, folder, sources):
        for piece in cut([text], seed + len(pieces)):
            pieces.append((source, piece))
            size += len(piece.encode())
        if size >= target:
            break
    if not pieces:
        raise SystemExit(f"{data}: no dump of prose there")
    model_of = [piece for _, piece in pieces]
    while size < target:
        more = generated(model_of, 128, seed + len(pieces))
        pieces += [("c4", text) for text in more]
        more_bytes = sum(len(text.encode()) for text in more)
        made, size = made + more_bytes, size + more_bytes
    generator = np.random.default_rng(seed)
    pool = pieces[0][1].split()
    variants = [
        (source, " ".join(replaced(text.split(), 0.02, pool, generator))) for source, text in pieces[::10]
    ]
    return pieces + variants + pieces[::20], made / size


def shuffled(texts: Sequence[str], seed: int = 1) -> list[str]:
    """The texts in a seeded order."""
    return [texts[k] for k in np.random.default_rng(seed).permutation(len(texts))]


def write_documents(rows: Sequence[tuple[str, str]], folder: Path, lines: Path) -> Manifest:
    """(source, text) as document shards in `folder` for our stages and as JSON lines for peers, in the same order."""
    folder.mkdir()
    writer = DocumentWriter(str(folder), "00000")
    with lines.open("wb") as out:
        for start in range(0, len(rows), ROWS_PER_BATCH):
            part = rows[start : start + ROWS_PER_BATCH]
            columns = {
                "id": [f"{source}/{start + row:08d}" for row, (source, _) in enumerate(part)],
                "source": [source for source, _ in part],
                "text": [text for _, text in part],
                "metadata": ["{}"] * len(part),
            }
            batch = document_batch(columns)
            writer.write(batch)
            for name, text in zip(columns["id"], batch.column("text").to_pylist(), strict=True):
                out.write(orjson.dumps({"id": name, "text": text}) + b"\n")
    writer.commit()
    return manifest_of_parquet([str(folder)])
