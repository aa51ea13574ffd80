"""Rows of a packed shard: in order whatever batches they come in, one buffer that grows, pieces of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.stage import Task
from stages.core.writer import TaskWriter
from stages.kernels.hash.hashing import hash_strings
from stages.tokenize import token_rows
from stages.tokenize.encode import TOKEN_DOCUMENTS_SCHEMA
from stages.tokenize.token_rows import TokenRows

ROWS = [
    (7, "b", [1, 9, 2], 30),
    (3, "z", [1, 2], 0),
    (7, "a", [1, 8, 8, 8, 2], 12),
    (0, "c", [], 1),
    (9, "d", [5], 2),
]


def batches(sizes: list[int], width: int) -> list[pa.RecordBatch]:
    columns = {
        "order": [row[0] for row in ROWS],
        "id": [row[1] for row in ROWS],
        "ids": [np.array(row[2], f"<u{width}").tobytes() for row in ROWS],
        "text_bytes": [row[3] for row in ROWS],
    }
    whole = pa.RecordBatch.from_pydict(columns, schema=TOKEN_DOCUMENTS_SCHEMA)
    starts = np.cumsum([0, *sizes])
    return [whole.slice(start, size) for start, size in zip(starts, sizes, strict=False)]


def written(folder: Path, rows: TokenRows, width: int) -> tuple[int, list[int], list[tuple[object, ...]]]:
    task: Task[None] = Task("00000", (), None, str(folder))
    with TaskWriter(task, "toy") as out:
        tokens = rows.write(out, "tokens", width)
    ids = np.fromfile(folder / "tokens/tokens.bin", f"<u{width}").tolist()
    index = pq.read_table(folder / "tokens/tokens.index.parquet").to_pydict()
    return tokens, ids, list(zip(*index.values(), strict=True))


@pytest.mark.parametrize("width", [2, 4])
@pytest.mark.parametrize("sizes", [[5], [1, 1, 1, 1, 1], [2, 0, 3]])
@pytest.mark.parametrize("piece_bytes", [1, 7, 1 << 20])
def test_documents_lie_by_order_and_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sizes: list[int], width: int, piece_bytes: int
) -> None:
    monkeypatch.setattr(token_rows, "GROWTH_BYTES", 1)
    monkeypatch.setattr(token_rows, "PIECE_BYTES", piece_bytes)
    rows = TokenRows.of(batches(sizes, width))
    assert (rows.documents, rows.text_bytes) == (5, 45)
    tokens, ids, index = written(tmp_path, rows, width)
    assert (tokens, ids) == (11, [1, 2, 1, 8, 8, 8, 2, 1, 9, 2, 5])
    expected = [
        ("c", 0, 0, []),
        ("z", 0, 2, [1, 2]),
        ("a", 2, 5, [1, 8, 8, 8, 2]),
        ("b", 7, 3, [1, 9, 2]),
        ("d", 10, 1, [5]),
    ]
    hashes = hash_strings(pa.array([np.array(row[3], f"<u{width}").tobytes() for row in expected])).tolist()
    assert index == [(*row[:3], digest) for row, digest in zip(expected, hashes, strict=True)]


def test_a_shard_of_nothing_is_empty(tmp_path: Path) -> None:
    assert written(tmp_path, TokenRows.of([]), 2) == (0, [], [])


def test_what_comes_is_let_go_of() -> None:
    """The ids of a batch are copied: what it lay in may be overwritten."""
    ids = np.array([1, 2, 3, 4], "<u2")
    column = pa.LargeBinaryArray.from_buffers(
        pa.large_binary(), 1, [None, pa.py_buffer(np.array([0, 8])), pa.py_buffer(ids)]
    )
    one = pa.RecordBatch.from_arrays(
        [pa.array([1], pa.uint64()), pa.array(["a"]), column, pa.array([4])], schema=TOKEN_DOCUMENTS_SCHEMA
    )
    rows = TokenRows.of([one])
    ids[:] = 9
    assert rows._ids[:8].tobytes() == np.array([1, 2, 3, 4], "<u2").tobytes()
