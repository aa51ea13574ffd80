"""JSON lines of C4 in, what reading them into Parquet takes out: kind `dataset` beside `datasets` and polars, one core each.

`python -m benchmarks.own_documents --data FOLDER`; FOLDER holds `c4/*.json.gz`. The others write the columns as they are: no
ids, no normal form of texts, no metadata in one column, no ledger.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import orjson
from cyclopts import App

ROWS = 150_000
REPEATS = 3
ONE_CORE = {"POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1", "ARROW_NUM_THREADS": "1"}

OURS = """
from stages.ingest.dataset.stage import DatasetIngest
stage = DatasetIngest(input=(path,), columns={"text": "content", "url": "link"})
report = stage.run(stage.plan(())[0].at(out))
assert report.documents_out == ROWS
"""
DATASETS = """
import datasets
datasets.disable_progress_bars()
found = datasets.load_dataset("json", data_files=path, split="train", cache_dir=out)
found.to_parquet(out + "/x.parquet")
assert found.num_rows == ROWS
"""
POLARS = """
import polars
polars.scan_ndjson(path).sink_parquet(out + "/x.parquet", compression="zstd")
"""
READERS = {"kind `dataset`": OURS, "`datasets`": DATASETS, "polars": POLARS}
TIMED = """
import os, sys, tempfile
path, ROWS = sys.argv[1], {rows}
with tempfile.TemporaryDirectory() as out:
    before = os.times()
    {body}
    after = os.times()
print(sum(after[:4]) - sum(before[:4]))
"""

app = App(name="own_documents", help="Reading anyone's JSON lines.")


def rows(data: Path) -> Iterator[bytes]:
    """Lines with column names of their own, from C4's texts over and over."""
    files = sorted(data.glob("c4/*.json.gz"))
    found = [orjson.loads(line) for path in files for line in gzip.decompress(path.read_bytes()).splitlines()]
    for number, row in enumerate(islice(cycle(found), ROWS)):
        own = {"id": f"d{number}", "content": row["text"], "link": row["url"], "score": number / 2}
        yield orjson.dumps(own | {"tags": ["a", "b"], "when": row["timestamp"]}) + b"\n"


def seconds(body: str, path: Path) -> float:
    """CPU seconds of a reader in a process of its own, imports included; the best of several."""
    script = TIMED.format(rows=ROWS, body=body.strip().replace("\n", "\n    "))
    found = []
    for _ in range(REPEATS):
        done = subprocess.run(
            [sys.executable, "-c", script, str(path)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, **ONE_CORE},
        )
        found.append(float(done.stdout.split()[-1]))
    return min(found)


@app.default
def main(*, data: Path) -> None:
    """A line of a table for each reader."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "own.jsonl"
        with path.open("wb") as out:
            out.writelines(rows(data))
        size = path.stat().st_size / 1e6
        print(f"{ROWS:,} JSON lines, {size:.0f} MB\n\n| reader | CPU seconds | MB/s |\n|---|---|---|")
        for name, body in READERS.items():
            spent = seconds(body, path)
            print(f"| {name} | {spent:.2f} | {size / spent:.0f} |", flush=True)


if __name__ == "__main__":
    app()
