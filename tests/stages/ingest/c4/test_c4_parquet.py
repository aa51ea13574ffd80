"""C4 as Parquet files: rows to documents, every rule, damage that costs its row group only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_documents
from stages.ingest.c4.stage import C4Ingest

Run = Callable[..., Manifest]
TIME = "2019-04-25T12:57:54Z"


def run(run_stage: Run, path: Path, **options: Any) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    manifest = run_stage(C4Ingest(input=(str(path),), **options))
    documents = [row for batch in read_documents(manifest.uris(DOCUMENTS)) for row in batch.to_pylist()]
    ledger = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    return documents, ledger


def write(path: Path, columns: dict[str, Any], **options: Any) -> Path:
    pq.write_table(pa.table(columns), path, **options)
    return path


def test_rows_to_documents(tmp_path: Path, run_stage: Run) -> None:
    columns = {
        "url": ["u0", None, "u2"],
        "other": [1, 2, 3],
        "text": ["a\r\nb", " ", "e\u0301"],
        "timestamp": [TIME, None, TIME],
    }
    documents, ledger = run(run_stage, write(tmp_path / "c4.parquet", columns, row_group_size=2))
    assert [(row["id"], row["text"], row["url"], row["metadata"]) for row in documents] == [
        ("c4/c4.parquet/0", "a\nb", "u0", f'{{"timestamp":"{TIME}"}}'),
        ("c4/c4.parquet/2", "é", "u2", f'{{"timestamp":"{TIME}"}}'),
    ]
    assert [(row["id"], row["rule"]) for row in ledger] == [("c4/c4.parquet/1", "empty_text")]


@pytest.mark.parametrize(
    "times",
    [
        pa.array([datetime(2019, 4, 25, 12, 57, 54)], pa.timestamp("s")),
        pa.array([datetime(2019, 4, 25, 12, 57, 54)], pa.timestamp("us", "Europe/Paris")),
        pa.array([TIME.encode()], pa.binary()),
        pa.array([TIME]).dictionary_encode(),
    ],
)
def test_times_of_any_type_are_written_as_in_c4(tmp_path: Path, run_stage: Run, times: pa.Array) -> None:
    for text in (["x"], [b"x"]):
        documents, _ = run(run_stage, write(tmp_path / "c4.parquet", {"text": text, "timestamp": times}))
        assert [row["metadata"] for row in documents] == [f'{{"timestamp":"{TIME}"}}']
    documents, _ = run(
        run_stage, write(tmp_path / "c4.parquet", {"text": ["x", None], "timestamp": [times[0]] * 2})
    )
    assert [row["metadata"] for row in documents] == [f'{{"timestamp":"{TIME}"}}']


def test_rules(tmp_path: Path, run_stage: Run) -> None:
    texts = pa.array([b"kept", None, b"bad \xff", b"x" * 50, b"", b"kept too"]).view(pa.binary())
    strings = pa.Array.from_buffers(pa.string(), len(texts), texts.buffers(), null_count=1)
    for column in (texts, strings):
        path = write(tmp_path / "c4.parquet", {"text": column, "url": [1, 2, 3, 4, 5, 6]})
        documents, ledger = run(run_stage, path, max_line_bytes=20)
        assert [(row["id"], row["text"], row["url"]) for row in documents] == [
            ("c4/c4.parquet/0", "kept", None),
            ("c4/c4.parquet/5", "kept too", None),
        ]
        assert [(row["id"], row["rule"], row["text_bytes"]) for row in ledger] == [
            ("c4/c4.parquet/1", "missing_text", 0),
            ("c4/c4.parquet/2", "encoding", 5),
            ("c4/c4.parquet/3", "too_large", 50),
            ("c4/c4.parquet/4", "empty_text", 0),
        ]


@pytest.mark.parametrize("columns", [{"url": ["u"]}, {"text": [7]}])
def test_no_text_is_a_ledger_row(tmp_path: Path, run_stage: Run, columns: dict[str, Any]) -> None:
    documents, ledger = run(run_stage, write(tmp_path / "c4.parquet", columns))
    assert (documents, [row["rule"] for row in ledger]) == ([], ["missing_text"])


def test_a_damaged_row_group_costs_itself_only(tmp_path: Path, run_stage: Run) -> None:
    texts = [f"text {i} {i * 7919}" for i in range(3000)]
    path = write(
        tmp_path / "c4.parquet",
        {"text": texts},
        row_group_size=1000,
        compression="zstd",
        use_dictionary=False,
    )
    group = pq.ParquetFile(path).metadata.row_group(1).column(0)
    data = bytearray(path.read_bytes())
    start = group.data_page_offset + 40
    data[start : start + 200] = bytes(200)
    path.write_bytes(data)
    documents, ledger = run(run_stage, path)
    assert [row["text"] for row in documents] == texts[:1000] + texts[2000:]
    assert [(row["id"], row["rule"]) for row in ledger] == [
        (f"c4/c4.parquet/@{group.data_page_offset}", "damaged")
    ]
    assert "row group 1, rows 1000 to 1999" in ledger[0]["detail"]


def test_a_file_without_its_footer_is_damage(tmp_path: Path, run_stage: Run) -> None:
    path = write(tmp_path / "c4.parquet", {"text": ["x"]})
    path.write_bytes(path.read_bytes()[:-8])
    documents, ledger = run(run_stage, path)
    assert (documents, [row["rule"] for row in ledger]) == ([], ["damaged"])
