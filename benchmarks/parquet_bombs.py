"""Parquet files of a few KB with gigabytes of rows in, what reading them takes out: `python -m benchmarks.parquet_bombs`."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROWS = 150
VALUE_BYTES = 20 << 20

_STAGE = """
stage = {stage}(input=({path!r},))
(task,) = stage.plan([])
with tempfile.TemporaryDirectory() as folder:
    rows = stage.run(task.at(folder)).created
"""
_PROGRAMS = {
    "c4": "from stages.ingest.c4.stage import C4Ingest\n" + _STAGE.replace("{stage}", "C4Ingest"),
    "github": "from stages.ingest.github.stage import GithubIngest\n"
    + _STAGE.replace("{stage}", "GithubIngest"),
    "documents": "from stages.core.given import manifest_of_parquet\nrows = manifest_of_parquet([{path!r}]).documents_out\n",
}
_PEAK = """
import tempfile
from benchmarks.measure import peak_memory_bytes
{program}
print(rows, peak_memory_bytes() >> 20)
"""


def bombs() -> dict[str, tuple[str, dict[str, Any]]]:
    """By name, who reads it and its columns: each has one that is a single value of 20 MB and references to it."""
    line = "word " * 4 + "\n"
    large = line * (VALUE_BYTES // len(line))
    bomb = pa.DictionaryArray.from_arrays(pa.array(np.zeros(ROWS, np.int32)), pa.array([large]))
    names = [f"x{i}.py" for i in range(ROWS)]
    pages = {"text": names, "url": names, "timestamp": names}
    code = {"repo_name": ["a/b"] * ROWS, "path": names, "license": ["mit"] * ROWS, "content": bomb}
    documents = {"id": names, "source": ["c4"] * ROWS, "text": bomb, "metadata": ["{}"] * ROWS}
    return {
        "C4, text": ("c4", {**pages, "text": bomb}),
        "C4, url and timestamp": ("c4", {**pages, "url": bomb, "timestamp": bomb}),
        "BigQuery export, content": ("github", code),
        "given documents, text": ("documents", documents),
    }


def peak(reader: str, path: Path) -> tuple[int, int]:
    """Rows that a process of its own reads, and its peak memory in MB."""
    program = _PEAK.format(program=_PROGRAMS[reader].format(path=str(path)))
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    rows, megabytes = done.stdout.split()[-2:]
    return int(rows), int(megabytes)


def main() -> None:
    """Print a line for each bomb."""
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, (reader, columns)) in enumerate(bombs().items()):
            path = Path(folder) / f"{number}.parquet"
            options: dict[str, Any] = {
                "store_schema": False,
                "write_statistics": False,
                "compression": "zstd",
            }
            pq.write_table(pa.table(columns), path, dictionary_pagesize_limit=1 << 30, **options)
            rows, megabytes = peak(reader, path)
            sys.stdout.write(f"{name}: {path.stat().st_size:,} bytes, {rows} rows, peak {megabytes:,} MB\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
