"""Row groups whose bytes tell nothing of their rows: batches hold few bytes, and the rows are the same."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.bounded import GroupReader, bounded_batches
from stages.core.documents import DOCUMENT_SCHEMA
from stages.core.parquet import read_batches, read_documents, read_rows

ROOT = Path(__file__).resolve().parents[3]
VALUE_BYTES = 4 << 20
ROWS = 300
"""1.2 GB of text in a file of a few KB."""

LIMIT_MB = 800
"""Python, Arrow and numba take 120 MB; the rows at once are 1.2 GB, several times."""

RUN = """
import tempfile
from benchmarks.measure import peak_memory_bytes  # not ru_maxrss, which begins with that of the process that forked
{code}
print(peak_memory_bytes() >> 20)
"""


def repeated(value: str | bytes, rows: int = ROWS) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int32)), pa.array([value]))


def write(path: Path, /, **columns: object) -> str:
    pq.write_table(
        pa.table(columns), path, store_schema=False, write_statistics=False, dictionary_pagesize_limit=1 << 30
    )
    assert path.stat().st_size < 1 << 20
    return str(path)


def peak_mb(code: str) -> int:
    program = RUN.format(code=textwrap.dedent(code))
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split()[-1])


@pytest.mark.slow
@pytest.mark.parametrize("column", ["text", "url", "timestamp"])
def test_a_dictionary_bomb_of_c4_is_read_in_little_memory(column: str, tmp_path: Path) -> None:
    columns: dict[str, object] = {name: [name] * ROWS for name in ("text", "url", "timestamp")}
    path = write(tmp_path / "a.parquet", **{**columns, column: repeated("word " * (VALUE_BYTES // 5))})
    code = f"""
    from stages.ingest.c4.stage import C4Ingest
    stage = C4Ingest(input=({path!r},))
    (task,) = stage.plan([])
    with tempfile.TemporaryDirectory() as folder:
        assert stage.run(task.at(folder)).documents_out == {ROWS}
    """
    assert peak_mb(code) < LIMIT_MB


@pytest.mark.slow
def test_a_dictionary_bomb_of_an_export_is_read_in_little_memory(tmp_path: Path) -> None:
    names = [f"x{i}.py" for i in range(ROWS)]
    bomb = repeated("x = 1\n" * (VALUE_BYTES // 6))
    path = write(
        tmp_path / "a.parquet", repo_name=["a/b"] * ROWS, path=names, license=["mit"] * ROWS, content=bomb
    )
    code = f"""
    from stages.ingest.github.stage import GithubIngest
    stage = GithubIngest(input=({path!r},))
    (task,) = stage.plan([])
    with tempfile.TemporaryDirectory() as folder:
        assert stage.run(task.at(folder)).created == {ROWS}
    """
    assert peak_mb(code) < LIMIT_MB


@pytest.mark.slow
@pytest.mark.parametrize("column", ["text", "url"])
def test_a_dictionary_bomb_of_given_documents_is_read_in_little_memory(column: str, tmp_path: Path) -> None:
    columns: dict[str, object] = {
        "id": [f"c4/x/{i}" for i in range(ROWS)],
        "source": ["c4"] * ROWS,
        "text": ["x"] * ROWS,
        "url": ["x"] * ROWS,
        "metadata": ["{}"] * ROWS,
    }
    path = write(tmp_path / "a.parquet", **{**columns, column: repeated("word " * (VALUE_BYTES // 5))})
    code = f"""
    from stages.core.given import manifest_of_parquet
    from stages.core.parquet import read_documents
    from stages.core.stage import Task
    from stages.core.writer import TaskWriter
    manifest = manifest_of_parquet([{path!r}])
    with tempfile.TemporaryDirectory() as folder:
        with TaskWriter(Task("00000", (), None, folder), "copy") as out:
            for batch in out.read(manifest.uris("documents")):
                out.keep(batch)
        assert out.report.documents_out == {ROWS}
    """
    assert peak_mb(code) < LIMIT_MB


def parquet(**options: object) -> tuple[io.BytesIO, pa.Table]:
    lengths = np.random.default_rng(1).integers(0, 3000, 500)
    texts = ["x" * int(length) + str(row % 7) for row, length in enumerate(lengths)]
    table = pa.table({"text": texts, "number": range(500), "same": ["y" * 5000] * 500, "none": [None] * 500})
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)  # type: ignore[arg-type]
    return stream, table


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"use_dictionary": False},
        {
            "use_dictionary": False,
            "column_encoding": {"text": "DELTA_BYTE_ARRAY", "same": "DELTA_LENGTH_BYTE_ARRAY"},
        },
        {"data_page_size": 1000, "dictionary_pagesize_limit": 9000, "data_page_version": "2.0"},
        {"row_group_size": 77, "compression": "zstd"},
    ],
)
@pytest.mark.parametrize(
    ("max_rows", "max_bytes"), [(64, 1 << 20), (1000, 20_000), (3, 1), (1 << 20, 1 << 30)]
)
def test_rows_come_in_order_in_batches_within_both_bounds(
    options: dict[str, object], max_rows: int, max_bytes: int
) -> None:
    stream, table = parquet(**options)
    file = pq.ParquetFile(stream)
    found = [
        batch
        for group in range(file.num_row_groups)
        for batch in bounded_batches(file, group, None, max_rows, max_bytes)
    ]
    assert pa.Table.from_batches(found).cast(table.schema).equals(table)
    assert all(batch.num_rows <= max_rows for batch in found)
    assert all(batch.num_rows == 1 or batch.nbytes <= max_bytes for batch in found)


def test_a_small_row_group_is_one_batch_and_a_large_one_several(monkeypatch: pytest.MonkeyPatch) -> None:
    stream, table = parquet()
    assert [batch.num_rows for batch in GroupReader(stream, None, 256).batches(0)] == [500]
    monkeypatch.setattr(
        "stages.core.bounded.BATCH_BYTES", 1_000_000
    )  # `same` takes 2.5 MB, and 5 KB of the file
    found = list(GroupReader(stream, None, 256).batches(0))
    assert len(found) > 1
    assert pa.Table.from_batches(found).equals(table)


def test_columns_that_nobody_asked_for_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    bomb = pa.ListArray.from_arrays(pa.array([0, 1, 2]), pa.array(["x", "y"]))
    pq.write_table(
        pa.table(
            {"id": ["a", "b"], "source": ["c4"] * 2, "text": ["x", "y"], "metadata": ["{}"] * 2, "more": bomb}
        ),
        path,
    )
    (batch,) = read_documents([str(path)])
    assert batch.schema == DOCUMENT_SCHEMA


def test_rows_with_numbers_are_found_in_large_row_groups_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.parquet"
    path.write_bytes(parquet(row_group_size=200)[0].getvalue())
    wanted = np.array([0, 7, 199, 200, 399, 400, 499])
    for limit in (1 << 30, 1000):
        monkeypatch.setattr("stages.core.bounded.BATCH_BYTES", limit)
        found = [
            number
            for batch in read_rows(str(path), wanted, ["number"])
            for number in batch.column(0).to_pylist()
        ]
        assert found == wanted.tolist()
        assert sum(batch.num_rows for batch in read_batches([str(path)], max_rows=9)) == 500
