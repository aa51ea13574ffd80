"""Small tables that hold gigabytes in, what ingesting each as `dataset` takes out: `python -m benchmarks.table_bombs`."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS, TEXT_ROWS, COLUMNS = 2000, 150, 40_000
VALUE_BYTES = 20 << 20
NUMBERS = 300_000_000
PIECE = 1 << 20

_PROGRAM = """
import resource, sys, tempfile, time
from collections import Counter
from pathlib import Path
import pyarrow.parquet as pq
from benchmarks.measure import forget_peak_memory, peak_memory_bytes
from stages.core.errors import UserError
from stages.ingest.dataset.stage import DatasetIngest
path = sys.argv[1]
with tempfile.TemporaryDirectory() as folder:
    small = Path(folder) / "a.jsonl"
    small.write_text('{"text": "x"}\\n')
    for name in (str(small), path):
        forget_peak_memory()
        start, rules = time.perf_counter(), Counter()
        try:
            stage = DatasetIngest(input=(name,))
            (task,) = stage.plan([])
            report = stage.run(task.at(folder))
        except UserError as error:
            found = f"one line: {str(error)[-60:]}"
            continue
        for file in report.files:
            if file.kind == "ledger":
                for row in pq.read_table(f"{folder}/{file.name}").to_pylist():
                    rules[f"`{row['rule']}`: {(row['detail'] or '').splitlines()[0][:90]}"] += 1
        found = f"{report.documents_out} documents" + "".join(f", {n} {rule}" for rule, n in rules.items())
    spent = time.perf_counter() - start
    apart = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss >> 10
print(f"{spent:.1f} | {peak_memory_bytes() >> 20:,} | {apart:,} | {found}")
"""

Make = Callable[[Path], None]


def _large(rows: int = TEXT_ROWS) -> pa.DictionaryArray:
    """Rows that each are one value of 20 MB."""
    line = "word " * 4 + "\n"
    return pa.DictionaryArray.from_arrays(
        pa.array(np.zeros(rows, np.int32)), pa.array([line * (VALUE_BYTES // len(line))])
    )


def _numbers() -> pa.Array:
    return pa.LargeListArray.from_arrays(
        pa.array([0, NUMBERS], pa.int64()), pa.array(np.zeros(NUMBERS, np.int64))
    )


def _parquet(columns: Callable[[], dict[str, Any]]) -> Make:
    def make(path: Path) -> None:
        options: dict[str, Any] = {"store_schema": False, "write_statistics": False, "compression": "zstd"}
        pq.write_table(pa.table(columns()), path, dictionary_pagesize_limit=1 << 30, **options)

    return make


def _arrow(columns: Callable[[], dict[str, Any]]) -> Make:
    def make(path: Path) -> None:
        batch = pa.record_batch(columns())
        with pa.ipc.new_file(
            path, batch.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
        ) as writer:
            writer.write_batch(batch)

    return make


def _gzip(pieces: Callable[[], Iterator[bytes]]) -> Make:
    def make(path: Path) -> None:
        with gzip.open(path, "wb", 6) as stream:
            for piece in pieces():
                stream.write(piece)

    return make


def _list_of(values: pa.Array) -> pa.Array:
    return pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values)


def _wide() -> dict[str, Any]:
    return {"text": ["t"] * 20} | {f"c{number}": ["v"] * 20 for number in range(COLUMNS)}


def _deep() -> Iterator[bytes]:
    yield b'{"text":"a"}\n'
    for depth in (100_000, 1000, 300):
        yield b'{"text":"b","x":' + b"[" * depth + b"]" * depth + b"}\n"
    yield b'{"text":"c"}\n'


def _unclosed() -> Iterator[bytes]:
    yield b'text,n\na,1\n"never closed'
    for _ in range(1000):
        yield b"some words of a line\n" * (PIECE // 21)


def _zeros() -> Iterator[bytes]:
    yield b"text,n\na,1\n"
    for _ in range(1000):
        yield bytes(PIECE)


def _array() -> Iterator[bytes]:
    yield b'[{"text":"a"}'
    for _ in range(10_000):
        yield b',{"text":"some words"}' * (PIECE // 22)


def _wide_csv() -> Iterator[bytes]:
    yield ",".join(_wide()).encode() + b"\n"
    yield from ((b"v," * COLUMNS + b"v\n") for _ in range(20))


def _wide_lines() -> Iterator[bytes]:
    line = json.dumps({name: values[0] for name, values in _wide().items()}).encode()
    yield from (line + b"\n" for _ in range(20))


BOMBS: dict[str, tuple[str, Make]] = {
    "Parquet: 150 texts, one value": ("a.parquet", _parquet(lambda: {"text": _large()})),
    "Parquet: 150 of another column, one value": (
        "a.parquet",
        _parquet(lambda: {"text": ["x"] * TEXT_ROWS, "more": _large()}),
    ),
    "Parquet: a list of 2,000 times one value": (
        "a.parquet",
        _parquet(lambda: {"text": ["x"], "more": _list_of(_large(ROWS))}),
    ),
    "Parquet: a list of 300,000,000 numbers": (
        "a.parquet",
        _parquet(lambda: {"text": ["x"], "more": _numbers()}),
    ),
    "Arrow: 150 texts, one value": ("a.arrow", _arrow(lambda: {"text": _large()})),
    "Arrow: a list of 2,000 times one value": (
        "a.arrow",
        _arrow(lambda: {"text": ["x"], "more": _list_of(_large(ROWS))}),
    ),
    "Arrow: a list of 300,000,000 numbers": ("a.arrow", _arrow(lambda: {"text": ["x"], "more": _numbers()})),
    "JSON lines: 100,000, 1,000 and 300 deep": ("a.jsonl.gz", _gzip(_deep)),
    "JSON: an array of 10 GB": ("a.json.gz", _gzip(_array)),
    "CSV: a quote that is never closed, 1 GB": ("a.csv.gz", _gzip(_unclosed)),
    "CSV: 1 GB of zeros": ("a.csv.gz", _gzip(_zeros)),
    "Parquet: 40,000 columns": ("a.parquet", _parquet(_wide)),
    "Arrow: 40,000 columns": ("a.arrow", _arrow(_wide)),
    "CSV: 40,000 columns": ("a.csv.gz", _gzip(_wide_csv)),
    "JSON lines: 40,000 columns": ("a.jsonl.gz", _gzip(_wide_lines)),
}


def main() -> None:
    """Print a line for each bomb, or for those whose names hold a word of the command line."""
    sys.stdout.write(
        "| file | KB | seconds | peak MB | peak MB apart | outcome |\n|---|---|---|---|---|---|\n"
    )
    for name, (file, make) in BOMBS.items():
        if sys.argv[1:] and not any(word in name for word in sys.argv[1:]):
            continue
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / file
            make(path)
            done = subprocess.run(
                [sys.executable, "-c", _PROGRAM, str(path)], capture_output=True, text=True, check=False
            )
            found = done.stdout.strip() or f"| | | {done.stderr.strip().splitlines()[-1:]}"
            sys.stdout.write(f"| {name} | {path.stat().st_size / 1000:,.0f} | {found} |\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
