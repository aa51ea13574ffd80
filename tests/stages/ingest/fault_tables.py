"""A small file of each format of the kind `dataset`, and a folder that `datasets` saved."""

from __future__ import annotations

import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import datasets
import pyarrow as pa
from fastwarc.stream_io import Lz4Writer

from tests.stages.ingest.fault_packing import (
    PACKERS,
    Files,
    damaged_parquet,
    fastwarc_packed,
    json_lines,
    parquet_of_table,
    prose,
)


def table_rows() -> list[dict[str, Any]]:
    return [{"text": prose(i, 40), "id": f"r{i}", "n": i, "tags": prose(i, 3).split()} for i in range(12)]


def _flat() -> pa.Table:
    return pa.Table.from_pylist(table_rows()).drop_columns("tags")


def _written(table: pa.Table, make: Any, **options: Any) -> bytes:
    stream = io.BytesIO()
    with make(stream, table.schema, **options) as writer:
        writer.write_table(table, 5)
    return stream.getvalue()


def _delimited(delimiter: str) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["text", "id", "n"], delimiter=delimiter, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(table_rows())
    return out.getvalue().encode()


def table_files() -> Files:
    """Everything that the kind `dataset` reads, but saved folders."""
    lines, flat, nested = json_lines(table_rows()), _flat(), pa.Table.from_pylist(table_rows())
    coded = flat.set_column(0, "text", flat["text"].dictionary_encode())
    views = flat.set_column(0, "text", flat["text"].cast(pa.string_view()))
    packed = pa.ipc.IpcWriteOptions(compression="zstd")
    return {
        "tables/a.jsonl": lines,
        "tables/a.jsonl.gz": PACKERS["gz"](lines),
        "tables/a.jsonl.zst": pa.compress(lines, codec="zstd", asbytes=True),
        "tables/a.jsonl.lz4": fastwarc_packed(Lz4Writer, [lines]),
        "tables/array.json": json.dumps(table_rows()).encode(),
        "tables/a.csv": _delimited(","),
        "tables/a.tsv.gz": PACKERS["gz"](_delimited("\t")),
        "tables/coded.parquet": parquet_of_table(coded),
        "tables/views.parquet": parquet_of_table(views),
        "tables/nested.parquet": parquet_of_table(nested),
        "tables/damaged.parquet": damaged_parquet([{"text": row["text"]} for row in table_rows()]),
        "tables/file.arrow": _written(nested, pa.ipc.new_file),
        "tables/coded.arrow": _written(coded, pa.ipc.new_file),
        "tables/stream.arrow": _written(views, pa.ipc.new_stream),
        "tables/packed.arrow": _written(nested, pa.ipc.new_stream, options=packed),
        "tables/a.txt": prose(1).encode(),
        "tables/a.md.gz": PACKERS["gz"](prose(2).encode()),
    }


def saved_files() -> Files:
    """A folder that `datasets` saved, of two splits."""
    rows = datasets.Dataset.from_list(table_rows())
    splits = datasets.DatasetDict({"train": rows, "test": rows.select(range(3))})
    with tempfile.TemporaryDirectory() as folder:
        splits.save_to_disk(folder, num_shards={"train": 2, "test": 1})
        return {
            f"saved/{path.relative_to(folder)}": path.read_bytes()
            for path in sorted(Path(folder).rglob("*"))
            if path.is_file()
        }
