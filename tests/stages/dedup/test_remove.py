"""The last stage of every dedup by document: rows out, the rest kept, the reasons in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.dedup.remove import REMOVALS_SCHEMA, RemoveDocuments


class FileParams(Record):
    file: int


class GivenRemovals(Stage[FileParams]):
    stage_name: ClassVar[str] = "given_removals"

    files: tuple[tuple[dict[str, Any], ...], ...]
    shards: int

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[FileParams]]:
        return [Task(task_id(i), (), FileParams(file=i)) for i in range(len(self.files))]

    def run(self, task: Task[FileParams]) -> ShardReport:
        rows = self.files[task.params.file]
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(REMOVALS_SCHEMA, self.shards)
            wanted = [{name: row.get(name) for name in REMOVALS_SCHEMA.names} for row in rows]
            batch = pa.RecordBatch.from_pylist(wanted, schema=REMOVALS_SCHEMA)
            exchange.write(batch, np.array([row["shard"] for row in rows], np.int64))
        return out.report


SHARDS = (
    [("c4/a", "one"), ("c4/b", "two")],
    [("books/c", "three"), ("books/d", "four"), ("books/e", "five")],
)


def test_removed_rows_go_to_the_ledger_with_their_reasons_and_the_others_stay(
    chain: Any, run_stage: Callable[..., Manifest]
) -> None:
    one = {"shard": 1, "row": 2, "rule": "near_duplicate", "value": 0.9, "threshold": 0.7, "partner": "c4/a"}
    two = {"shard": 1, "row": 0, "rule": "exact_duplicate", "value": 1.0, "detail": "x"}
    removals = run_stage(GivenRemovals(files=((one,), (two,)), shards=2))
    removed = run_stage(RemoveDocuments(), [chain.given(*SHARDS), removals])
    assert chain.texts(removed) == {"c4/a": "one", "c4/b": "two", "books/d": "four"}
    reasons = ("id", "source", "action", "rule", "value", "threshold", "partner", "detail", "text_bytes")
    assert [tuple(row[name] for name in reasons) for row in chain.ledger(removed)] == [
        ("books/c", "books", "drop", "exact_duplicate", 1.0, None, None, "x", 5),
        ("books/e", "books", "drop", "near_duplicate", 0.9, 0.7, "c4/a", None, 4),
    ]
    assert (removed.documents_in, removed.documents_out) == (5, 3)


def test_the_first_file_counts_when_a_row_is_named_twice(
    chain: Any, run_stage: Callable[..., Manifest]
) -> None:
    first = {"shard": 0, "row": 1, "rule": "first"}
    second = {"shard": 0, "row": 1, "rule": "second"}
    removals = run_stage(GivenRemovals(files=((first,), (second,)), shards=2))
    removed = run_stage(RemoveDocuments(), [chain.given(*SHARDS), removals])
    assert removed.dropped == {"first": 1}


def test_without_removals_everything_stays(chain: Any, run_stage: Callable[..., Manifest]) -> None:
    removed = run_stage(
        RemoveDocuments(), [chain.given(*SHARDS), run_stage(GivenRemovals(files=(), shards=2))]
    )
    assert len(chain.texts(removed)) == 5
    assert chain.ledger(removed) == []


def test_a_row_that_the_shard_does_not_have_is_an_error(
    chain: Any, run_stage: Callable[..., Manifest]
) -> None:
    removals = run_stage(GivenRemovals(files=(({"shard": 0, "row": 2, "rule": "x"},),), shards=2))
    with pytest.raises(ValueError, match="removal of row 2 in a shard of 2 rows"):
        run_stage(RemoveDocuments(), [chain.given(*SHARDS), removals])
