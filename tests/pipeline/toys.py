"""Toy stages for tests of the runner: importable by worker processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stages.core.errors import UserError
from stages.core.exchange import Exchange
from stages.core.manifest import Manifest, Record, ShardReport, document_uris
from stages.core.parquet import read_documents
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.ingest.base import IngestStage
from stages.ingest.raw import RawDocument, RawFile, RawRecord
from stages.ingest.records import RecordWriter
from stages.ingest.work import bounded


class NumberParams(Record):
    number: int


class Numbers(Stage[NumberParams]):
    """Makes `tasks` shards of three documents each; `trouble` happens once per mark file, or always without one."""

    stage_name: ClassVar[str] = "numbers"

    tasks: int = 3
    trouble: str = "none"
    mark: str = ""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[NumberParams]]:
        return [Task(task_id(i), (), NumberParams(number=i)) for i in range(self.tasks)]

    def run(self, task: Task[NumberParams]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            writer = RecordWriter(out, "c4")
            for i in range(3):
                writer.add(f"raw-{task.params.number}", RawDocument(str(i), f"text {task.id} {i}"))
            writer.flush()
            if task.params.number == 1:
                self._stumble()
        return out.report

    def _stumble(self) -> None:
        if self.mark:
            if Path(self.mark).exists():
                return
            Path(self.mark).write_text("stumbled")
        if self.trouble == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.trouble == "raise":
            raise RuntimeError("a fault of the stage")
        if self.trouble == "mistake":
            raise UserError("input: mend it")


class Copy(Stage[None]):
    """Passes documents on."""

    stage_name: ClassVar[str] = "copy"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        return [Task(task_id(i), (uri,), None) for i, uri in enumerate(document_uris(inputs))]

    def run(self, task: Task[None]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            for batch in out.read(task.inputs):
                out.keep(batch)
        return out.report


class Lossy(Copy):
    """Loses a document without a ledger row."""

    stage_name: ClassVar[str] = "lossy"

    def run(self, task: Task[None]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            for batch in read_documents(task.inputs):
                out.documents_in += batch.num_rows
                out.keep(batch.slice(1))
        return out.report


NUMBER_SCHEMA = pa.schema([("number", pa.int64())])


class ScatterParams(Record):
    number: int
    destinations: int


class Scatter(Stage[ScatterParams]):
    """Sends the numbers 0 to 19 from each of `tasks` tasks, number n to destination n % `destinations`."""

    stage_name: ClassVar[str] = "scatter"

    tasks: int = 3
    destinations: int = 7

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[ScatterParams]]:
        params = (ScatterParams(number=i, destinations=self.destinations) for i in range(self.tasks))
        return [Task(task_id(i), (), one) for i, one in enumerate(params)]

    def run(self, task: Task[ScatterParams]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            numbers = np.arange(20) + 100 * task.params.number
            rows = pa.RecordBatch.from_arrays([pa.array(numbers)], schema=NUMBER_SCHEMA)
            exchange = out.exchange(NUMBER_SCHEMA, task.params.destinations)
            exchange.write(rows, np.arange(20) % task.params.destinations)
        return out.report


class GatherParams(Record):
    rows: Exchange
    destination: int


class Gather(Stage[GatherParams]):
    """A table of each destination's numbers."""

    stage_name: ClassVar[str] = "gather"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[GatherParams]]:
        rows = Exchange.of(inputs[0])
        params = (GatherParams(rows=rows, destination=part) for part in range(rows.destinations))
        return [Task(task_id(i), (), one) for i, one in enumerate(params)]

    def run(self, task: Task[GatherParams]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            rows = pa.Table.from_batches(out.receive(task.params.rows, task.params.destination))
            out.write_table(task.id, NUMBER_SCHEMA, [rows])
        return out.report


class Stubborn(IngestStage):
    """A document for each line of a file; lines that say so hang, kill the process, fail, or are too large for memory."""

    stage_name: ClassVar[str] = "stubborn"
    kind: ClassVar[str] = "c4"
    record_seconds: ClassVar[float] = 0.2

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        with raw.open() as stream:
            for number, line in enumerate(stream.read().decode().splitlines()):
                key = str(number)
                yield bounded(raw, partial(self._line, key, line), key, "https://x", len(line))

    @staticmethod
    def _line(key: str, line: str) -> RawRecord:
        if line == "hang":
            time.sleep(1000)
        if line == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if line == "eat":
            held = []
            while True:  # until the machine's memory is used up
                held.append(b"x" * (32 << 20))
                time.sleep(0.05)
        if line == "fail":
            raise ValueError("a fault of the reader")
        return RawDocument(key, line)


class Hungry(Stubborn):
    """The same, with time to eat; beside its file it notes how many cores each attempt had."""

    stage_name: ClassVar[str] = "hungry"
    record_seconds: ClassVar[float] = 60.0

    @staticmethod
    def notes(uri: str) -> Path:
        return Path(f"{uri}.cores")

    def read(self, raw: RawFile) -> Iterator[RawRecord]:
        import ray  # on use: other toys run without

        cores = ray.get_runtime_context().get_assigned_resources()["CPU"]
        with self.notes(raw.uri).open("a") as notes:
            notes.write(f"{cores:.0f}\n")
        yield from super().read(raw)
