"""Documents in, the texts of one language out, each with a number drawn from its id that says what it is used for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.documents import text_lengths_bytes
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.parquet import read_batches, read_documents
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.kernels.hash.hashing import hash_strings

TEXT_SCHEMA = pa.schema([("draw", pa.float64()), ("text", pa.large_string())])


class LanguageOptions(Record):
    """Of which language."""

    language: str = Field(min_length=1, description="code of the language, as documents say it")


class TextDrawOptions(Record):
    """What chooses documents."""

    seed: int = Field(0, description="chooses the documents")


class LanguageTexts(Record):
    """What a shard holds in the language."""

    documents: int
    text_bytes: int


class LanguageText(LanguageOptions, TextDrawOptions, Stage[None]):
    """Shard -> the texts of its documents in one language; a document without a language counts as one of them."""

    stage_name: ClassVar[str] = "language_text"
    version: ClassVar[int] = 2
    groups_small_shards: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task for each document shard, or for neighbours that are small of every input."""
        return [Task(task_id(i), uris, None) for i, uris in enumerate(shard_groups(inputs))]

    def run(self, task: Task[None]) -> ShardReport:
        """Write the texts, and count them."""
        documents = text_bytes = 0
        with TaskWriter(task, self.stage_name) as out:
            table = out.table(f"text-{task.id}", TEXT_SCHEMA)
            for batch in read_documents(task.inputs):
                wanted = pc.fill_null(pc.equal(batch.column("language"), self.language), True)
                chosen = batch.filter(wanted)
                documents += chosen.num_rows
                text_bytes += pc.sum(text_lengths_bytes(chosen.column("text"))).as_py() or 0
                draw = pa.array(hash_strings(chosen.column("id"), self.seed) / 2.0**64)
                table.write(pa.table([draw, chosen.column("text")], schema=TEXT_SCHEMA))
            out.facts = LanguageTexts(documents=documents, text_bytes=text_bytes)
        return out.report


def found_texts(manifests: Sequence[Manifest]) -> LanguageTexts:
    """What finished LanguageText stages hold in all."""
    found = [facts for manifest in manifests for facts in manifest.facts_of(LanguageTexts)]
    return LanguageTexts(
        documents=sum(facts.documents for facts in found), text_bytes=sum(facts.text_bytes for facts in found)
    )


def drawn(uris: Sequence[str], low: float, high: float) -> Iterator[pa.Array]:
    """Batches of the texts whose draw is at least `low` and below `high`."""
    for batch in read_batches(uris):
        draw = batch.column("draw")
        yield batch.filter(pc.and_(pc.greater_equal(draw, low), pc.less(draw, high))).column("text")
