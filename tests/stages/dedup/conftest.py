"""Documents of given shards as a finished stage, and a dedup's whole chain run on them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from stages.core.documents import document_batch
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Verb
from stages.core.writer import TaskWriter
from tests.wiring import Running

Row = tuple[str, str]
"""Id and text; the source is the part of the id before the first slash."""


class GivenParams(Record):
    shard: int


class Given(Stage[GivenParams]):
    stage_name: ClassVar[str] = "given"

    shards: tuple[tuple[tuple[str, str], ...], ...]
    metadata: dict[str, str]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[GivenParams]]:
        return [Task(task_id(i), (), GivenParams(shard=i)) for i in range(len(self.shards))]

    def run(self, task: Task[GivenParams]) -> ShardReport:
        rows = self.shards[task.params.shard]
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


class Chain:
    """Runs a chain and reads what it left."""

    def __init__(self, run_stage: Callable[..., Manifest]) -> None:
        self._run_stage = run_stage

    def given(self, *shards: Sequence[Row], metadata: dict[str, str] | None = None) -> Manifest:
        stage = Given(shards=tuple(tuple(shard) for shard in shards), metadata=metadata or {})
        return self._run_stage(stage)

    def run(self, verb: Verb, documents: Manifest) -> list[Manifest]:
        """The documents, and the outputs of the verb's stages in order."""
        running = Running(self._run_stage, documents=documents)
        verb.wire(running, "documents")
        return list(running.outputs.values())

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
