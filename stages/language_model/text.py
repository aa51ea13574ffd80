"""Documents in, the texts of one language out, each with a number drawn from its id that says what it is used for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.documents import text_lengths_bytes
from stages.core.parquet import read_batches, read_documents, write_table
from stages.core.stage import DOCUMENTS, TABLE, Manifest, ShardReport, Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.kernels.hash.hashing import hash_strings

TEXT_SCHEMA = pa.schema([("draw", pa.float64()), ("text", pa.large_string())])
TEXT_BYTES, TEXT_DOCUMENTS = "text_bytes", "documents"
"""Facts of a task: what it found in the language."""


class LanguageText(Stage):
    """Shard -> the texts of its documents in one language; a document without a language counts as one of them."""

    stage_name: ClassVar[str] = "language_text"

    language: str = Field(min_length=1)
    seed: int = 0

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard of every input."""
        uris = [uri for manifest in inputs for uri in manifest.uris(DOCUMENTS)]
        return [Task(task_id(i), (uri,)) for i, uri in enumerate(uris)]

    def run(self, task: Task) -> ShardReport:
        """Write the texts, and count them."""
        counts = {TEXT_DOCUMENTS: 0, TEXT_BYTES: 0}
        with TaskWriter(task, self.stage_name) as out:
            tables = self._tables(task.inputs, counts)
            out.add_file(write_table(task.output, f"text-{task.id}.parquet", tables, TEXT_SCHEMA, TABLE))
            out.facts = counts
        return out.report

    def _tables(self, uris: Sequence[str], counts: dict[str, int]) -> Iterator[pa.Table]:
        for batch in read_documents(uris):
            wanted = pc.fill_null(pc.equal(batch.column("language"), self.language), True)
            chosen = batch.filter(wanted)
            counts[TEXT_DOCUMENTS] += chosen.num_rows
            counts[TEXT_BYTES] += pc.sum(text_lengths_bytes(chosen.column("text"))).as_py() or 0
            draw = pa.array(hash_strings(chosen.column("id"), self.seed) / 2.0**64)
            yield pa.table([draw, chosen.column("text")], schema=TEXT_SCHEMA)


def total(manifest: Manifest, fact: str) -> int:
    """Sum of a fact over the tasks of a finished LanguageText."""
    return sum(int(facts[fact]) for facts in manifest.facts)


def drawn(uris: Sequence[str], low: float, high: float) -> Iterator[pa.Array]:
    """Batches of the texts whose draw is at least `low` and below `high`."""
    for batch in read_batches(uris):
        draw = batch.column("draw")
        yield batch.filter(pc.and_(pc.greater_equal(draw, low), pc.less(draw, high))).column("text")
