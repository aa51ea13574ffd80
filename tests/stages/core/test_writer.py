"""What a task writes: counts that come from what passed through, a ledger row for every drop, nothing after an error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.documents import document_batch
from stages.core.errors import ConservationError
from stages.core.ledger import EDIT, LEDGER_SCHEMA
from stages.core.stage import Task
from stages.core.writer import TaskWriter


def documents(count: int) -> pa.RecordBatch:
    numbers = range(count)
    return document_batch(
        {
            "id": [f"c4/f/{i}" for i in numbers],
            "source": ["c4"] * count,
            "text": ["x" * i for i in numbers],
            "metadata": ["{}"] * count,
        }
    )


def task(folder: Path) -> Task[None]:
    return Task("00000", (), None, str(folder))


@given(st.lists(st.booleans()))
def test_conservation_holds_when_every_document_is_kept_or_in_the_ledger(
    tmp_path_factory: pytest.TempPathFactory, keep: list[bool]
) -> None:
    folder = tmp_path_factory.mktemp("task")
    batch = documents(len(keep))
    with TaskWriter(task(folder), "filter") as out:
        out.created = batch.num_rows
        mask = pa.array(keep, pa.bool_())
        out.keep(batch.filter(mask))
        out.ledger.rows(batch.filter(pa.array([not k for k in keep], pa.bool_())), rule="short", value=1.0)
    assert out.report.documents_out == sum(keep)
    assert sum(out.report.dropped.values()) == len(keep) - sum(keep)


def test_a_lost_document_fails_the_task(tmp_path: Path) -> None:
    with pytest.raises(ConservationError), TaskWriter(task(tmp_path), "filter") as out:
        out.created = 2
        out.keep(documents(1))


def test_an_error_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stop"), TaskWriter(task(tmp_path), "filter") as out:
        out.ledger.row(id="a", source="c4", rule="r", text_bytes=0)
        out.keep(documents(3))
        raise RuntimeError("stop")
    assert list(tmp_path.iterdir()) == []


def test_the_ledger_holds_rule_value_threshold_and_partner(tmp_path: Path) -> None:
    with TaskWriter(task(tmp_path), "near") as out:
        out.created = 3
        out.keep(documents(1))
        out.ledger.row(id="x", source="c4", rule="one", text_bytes=5, detail="why")
        out.ledger.rows(
            documents(3).slice(2),
            rule="near_duplicate",
            value=[0.9],
            threshold=0.7,
            partner=pa.array(["c4/f/0"]),
        )
        out.ledger.row(id="y", source="c4", action=EDIT, rule="lines", text_bytes=2)
    rows: list[dict[str, Any]] = pq.read_table(tmp_path / "ledger" / "00000.parquet").to_pylist()
    empty = dict.fromkeys(LEDGER_SCHEMA.names) | {"stage": "near", "source": "c4"}
    assert rows == [
        empty | {"id": "x", "action": "drop", "rule": "one", "text_bytes": 5, "detail": "why"},
        empty
        | {
            "id": "c4/f/2",
            "action": "drop",
            "rule": "near_duplicate",
            "value": 0.9,
            "threshold": 0.7,
            "partner": "c4/f/0",
            "text_bytes": 2,
        },
        empty | {"id": "y", "action": "edit", "rule": "lines", "text_bytes": 2},
    ]
    assert (out.report.dropped, out.report.edited) == ({"near_duplicate": 1, "one": 1}, {"lines": 1})


def test_an_unknown_ledger_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="reason"), TaskWriter(task(tmp_path), "filter") as out:
        out.ledger.row(id="x", source="c4", rule="one", text_bytes=5, reason="why")
