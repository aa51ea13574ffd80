"""Documents of given shards as a finished stage, and a dedup's whole chain run on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Protocol

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.documents import document_batch
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Step
from stages.core.writer import TaskWriter

Row = tuple[str, str]
"""Id and text; the source is the part of the id before the first slash."""


class Given(Stage):
    stage_name: ClassVar[str] = "given"

    shards: tuple[tuple[tuple[str, str], ...], ...]
    metadata: dict[str, str]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        return [Task(task_id(i), (), {"shard": i}) for i in range(len(self.shards))]

    def run(self, task: Task) -> ShardReport:
        rows = self.shards[task.params["shard"]]
        with TaskWriter(task, self.stage_name) as out:
            out.created = len(rows)
            columns = {
                "id": [name for name, _ in rows],
                "source": [name.split("/")[0] for name, _ in rows],
                "text": [text for _, text in rows],
                "metadata": [self.metadata.get(name, "{}") for name, _ in rows],
            }
            out.keep(document_batch(columns))
        return out.report


class Options(Protocol):
    def steps(self) -> list[Step]: ...


class Chain:
    """Runs a chain and reads what it left."""

    def __init__(self, run_stage: Callable[..., Manifest]) -> None:
        self._run_stage = run_stage

    def given(self, *shards: Sequence[Row], metadata: dict[str, str] | None = None) -> Manifest:
        stage = Given(shards=tuple(tuple(shard) for shard in shards), metadata=metadata or {})
        return self._run_stage(stage)

    def run(self, options: Options, documents: Manifest) -> list[Manifest]:
        outputs = [documents]
        for step in options.steps():
            outputs.append(self._run_stage(step.stage, [outputs[i] for i in step.inputs]))
        return outputs

    def texts(self, manifest: Manifest) -> dict[str, str]:
        rows: dict[str, str] = {}
        for uri in manifest.uris(DOCUMENTS):
            table = pq.read_table(uri, columns=["id", "text"])
            rows |= dict(zip(*(table.column(n).to_pylist() for n in ("id", "text")), strict=True))
        return rows

    def ledger(self, manifest: Manifest) -> list[dict[str, Any]]:
        tables = [pq.read_table(uri) for uri in manifest.uris(LEDGER)]
        return sorted(pa.concat_tables(tables).to_pylist(), key=lambda r: r["id"]) if tables else []


@pytest.fixture
def chain(run_stage: Callable[..., Manifest]) -> Chain:
    return Chain(run_stage)
