"""Files of evaluation benchmarks in, the table of their word n-grams out (Brown et al. 2020, appendix C).

Every text (a string, however deep) of an item is taken by itself, so that no n-gram runs from a question into
an answer that no page has there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import Field

from stages.core import storage
from stages.core.bounded import READ_BYTES, bounded_batches
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.kernels.match.overlaps import WordPlaces, word_places
from stages.kernels.words.ngrams import gram_hashes

GRAMS_SCHEMA = pa.schema([("hash", pa.uint64()), ("words", pa.uint8()), ("item", pa.string())])
"""An n-gram: its hash, its length, and the first benchmark item that has it. Sorted by length, then hash."""

MIN_WORDS = 8
"""Shorter n-grams match by chance: the least length of GPT-3's (appendix C)."""

BENCHMARK_ROWS = 1024
_COMPRESSIONS = {".gz": "gzip", ".bz2": "bz2", ".zst": "zstd", ".lz4": "lz4"}
_LETTER = re.compile(r"[^\W\d_]")
_LINES = (".jsonl", ".json", ".ndjson")


class GramOptions(Record):
    """Which texts of which benchmarks are looked for."""

    benchmarks: tuple[Location, ...] = Field(
        min_length=1, description="benchmark files: JSON lines, JSON, Parquet or plain text"
    )
    ngram_words: int = Field(
        13, ge=MIN_WORDS, le=255, description="words in a row that show a benchmark's text"
    )
    min_words: int = Field(
        13,
        ge=MIN_WORDS,
        le=255,
        description="benchmark texts of fewer words are not looked for, others as a whole",
    )
    skip_fields: tuple[str, ...] = Field((), description="fields of the benchmark items that are left out")


class BenchmarkCounts(Record):
    """What the benchmarks hold: files, items, texts (some too short), n-grams, and those left out as they tell nothing."""

    files: int
    items: int
    texts: int
    texts_too_short: int
    plain_ngrams: int
    ngrams: int


class BenchmarkGrams(GramOptions, Stage[None]):
    """Benchmark files -> one table of n-grams."""

    stage_name: ClassVar[str] = "benchmark_grams"
    follows_unicode: ClassVar[bool] = True

    def dependencies(self) -> list[str]:
        """Name and SHA-256 of every file."""
        return [f"{name} {storage.sha256_file(uri)}" for name, uri in _files(self.benchmarks)]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task: benchmarks are small."""
        return [Task(task_id(0), tuple(uri for _, uri in _files(self.benchmarks)), None)]

    def run(self, task: Task[None]) -> ShardReport:
        """Hash the n-grams of every text of `ngram_words` words, and shorter texts of `min_words` as a whole."""
        counts = {"files": len(task.inputs), "items": 0, "texts": 0, "texts_too_short": 0, "plain_ngrams": 0}
        hashes, words, items = [], [], []
        for name, uri in _files(self.benchmarks):
            for item, record in _records(uri, name):
                counts["items"] += 1
                for text in _texts(record, self.skip_fields):
                    counts["texts"] += 1
                    found = word_places(text)
                    length = min(self.ngram_words, len(found.hashes))
                    if length < min(self.min_words, self.ngram_words):
                        counts["texts_too_short"] += 1
                        continue
                    telling = _telling(text, found, length)
                    grams = gram_hashes(found.hashes, length)[telling]
                    counts["plain_ngrams"] += len(telling) - len(grams)
                    hashes.append(grams)
                    words.append(np.full(len(grams), length, np.uint8))
                    items += [item] * len(grams)
        if not hashes:
            raise UserError(
                f"{', '.join(self.benchmarks)}: no text of {self.min_words} words or more in these benchmarks"
            )
        table = _first_of_each(np.concatenate(hashes), np.concatenate(words), items)
        with TaskWriter(task, self.stage_name) as out:
            out.write_table("grams", GRAMS_SCHEMA, [table])
            out.facts = BenchmarkCounts(**counts, ngrams=table.num_rows)
        return out.report


def _telling(text: str, words: WordPlaces, length: int) -> npt.NDArray[np.bool_]:
    """Which n-grams show where they are from: at least half of the words are distinct, and half have a letter.

    Zeros of a matrix and counting to thirteen are in a benchmark of code, and on any page.
    """
    data = text.encode()
    places = zip(words.starts.tolist(), words.ends.tolist(), strict=True)
    lettered = np.array([_LETTER.search(data[begin:end].decode()) is not None for begin, end in places])
    windows = np.sort(np.lib.stride_tricks.sliding_window_view(words.hashes, length), axis=1)
    distinct = 1 + (windows[:, 1:] != windows[:, :-1]).sum(axis=1)
    letters = np.lib.stride_tricks.sliding_window_view(lettered, length).sum(axis=1)
    telling: npt.NDArray[np.bool_] = (2 * distinct >= length) & (2 * letters >= length)
    return telling


def _first_of_each(
    hashes: npt.NDArray[np.uint64], words: npt.NDArray[np.uint8], items: list[str]
) -> pa.Table:
    keys = np.rec.fromarrays([words, hashes])
    _, first = np.unique(keys, return_index=True)
    names = pa.array(items, pa.string()).take(pa.array(first))
    return pa.Table.from_arrays([pa.array(hashes[first]), pa.array(words[first]), names], schema=GRAMS_SCHEMA)


def _files(patterns: Sequence[str]) -> list[tuple[str, str]]:
    """Name and URI of the benchmark files, sorted by name."""
    found = {(file.name, file.uri) for pattern in patterns for file in storage.find_files(pattern)}
    return sorted(found)


def _records(uri: str, name: str) -> Iterator[tuple[str, Any]]:
    """(name of the item, its record) of one file: JSON lines, a JSON array, Parquet, or plain text as one item."""
    plain = name
    compression = None
    for ending, kind in _COMPRESSIONS.items():
        if plain.endswith(ending):
            plain, compression = plain.removesuffix(ending), kind
    if plain.endswith(".parquet"):
        yield from _parquet_records(uri, name)
        return
    data = _bytes_of(uri, compression)
    if not plain.endswith(_LINES):
        yield name, _decoded(data, uri)
    elif data.lstrip()[:1] == b"[":
        for number, record in enumerate(_parsed(data, uri)):
            yield f"{name}:{number + 1}", record
    else:
        for number, line in enumerate(data.split(b"\n")):
            if line.strip():
                yield f"{name}:{number + 1}", _parsed(line, f"{uri} line {number + 1}")


def _parquet_records(uri: str, name: str) -> Iterator[tuple[str, Any]]:
    with storage.open_whole(uri, storage.size_bytes(uri)) as raw:
        number = 0
        try:
            file = pq.ParquetFile(raw, buffer_size=READ_BYTES)
            for group in range(file.num_row_groups):
                for batch in bounded_batches(file, group, None, BENCHMARK_ROWS):
                    batch.validate(full=True)
                    for record in batch.to_pylist():
                        number += 1
                        yield f"{name}:{number}", record
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
            if isinstance(error, MemoryError):  # ArrowMemoryError is both
                raise
            raise UserError(f"{uri}: not a Parquet file ({error})") from error


def _bytes_of(uri: str, compression: str | None) -> bytes:
    try:
        with storage.open_whole(uri, storage.size_bytes(uri)) as raw:
            if compression is None:
                return raw.read()
            data: bytes = pa.CompressedInputStream(pa.PythonFile(raw, mode="r"), compression).read()
            return data
    except (OSError, pa.ArrowException) as error:
        if isinstance(error, MemoryError):  # ArrowMemoryError is both
            raise
        raise UserError(f"{uri}: cannot be read ({error}); a benchmark must be whole") from error


def _decoded(data: bytes, where: str) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UserError(f"{where}: not UTF-8 (byte {error.start}); a benchmark must be readable") from error


def _parsed(data: bytes, where: str) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise UserError(f"{where}: not JSON ({error}); mend or remove it") from error


def _texts(record: Any, skip_fields: Sequence[str]) -> Iterator[str]:
    """Every string of a record but those below skipped keys, in order."""
    waiting = [record]  # and no recursion: what nests too deeply for Python is still a benchmark
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, Mapping):
            waiting += [value[key] for key in reversed(value) if key not in skip_fields]
        elif isinstance(value, list):
            waiting += reversed(value)
