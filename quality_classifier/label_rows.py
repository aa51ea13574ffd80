"""Tables of labels, of people or of a model, in, labelled pages out: a class for each label, or two by a score."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from quality_classifier.dataset import (
    LABELLED_SCHEMA,
    LabelOptions,
    SeedOptions,
    drawn_pages,
    hosts_of,
    labelled,
)
from quality_classifier.labels import LABEL_COLUMNS, label_name
from quality_classifier.score_texts import SCORED_SCHEMA
from stages.core.manifest import TABLE, Manifest, Record, ShardReport, add_counts
from stages.core.parquet import read_batches, read_documents
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.models.fasttext.reference import NEGATIVE, POSITIVE

LABEL_TABLE_SCHEMA = pa.schema([*LABELLED_SCHEMA, ("url", pa.string()), ("score", pa.float32())])
"""Labelled pages, with what their label follows from."""


class LabelRows(SeedOptions, LabelOptions, Stage[None]):
    """Shard of a table of labels -> labelled pages; the label, and the host where it is told, are in the metadata."""

    stage_name: ClassVar[str] = "label_rows"
    version: ClassVar[int] = 2
    groups_small_shards: ClassVar[bool] = True
    follows_unicode: ClassVar[bool] = True

    good: float | None

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task for each document shard, or for neighbours that are small."""
        return [Task(task_id(i), uris, None) for i, uris in enumerate(shard_groups(inputs))]

    def run(self, task: Task[None]) -> ShardReport:
        """Read the labels of what is long enough."""
        with TaskWriter(task, self.stage_name) as out:
            tables = []
            for batch in read_documents(task.inputs, ["id", "text", "url", "language", "metadata"]):
                everyone = np.ones(batch.num_rows)
                rows = batch.filter(pa.array(drawn_pages(batch, self.seed, self.min_chars, everyone)))
                tables.append(self._labelled(rows))
            out.write_table(f"pages-{task.id}", LABELLED_SCHEMA, tables)
        return out.report

    def _labelled(self, rows: pa.RecordBatch) -> pa.Table:
        ids = rows.column("id").to_pylist()
        told = [orjson.loads(metadata) for metadata in rows.column("metadata").to_pylist()]
        labels = [
            label_name(next((own[name] for name in LABEL_COLUMNS if name in own), None), self.good, key)
            for key, own in zip(ids, told, strict=True)
        ]
        pages = labelled(rows, pa.array(labels, pa.string()), self.seed)
        hosts = pa.array([str(own["host"]) if own.get("host") else None for own in told], pa.string())
        found = pc.coalesce(hosts, hosts_of(rows.column("url"), rows.column("id")))
        return pages.set_column(pages.schema.get_field_index("host"), LABELLED_SCHEMA.field("host"), found)


class LabelledScores(Record):
    """Pages with a score from `good` on, and others."""

    good: float
    pages: dict[str, int]


class LabelScores(SeedOptions, LabelOptions, Stage[None]):
    """Scores -> labelled pages. Another `good` runs no model again."""

    stage_name: ClassVar[str] = "label_scores"
    follows_unicode: ClassVar[bool] = True

    good: float

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task for each table of scores."""
        uris = [uri for one in inputs for uri in one.uris(TABLE)]
        return [Task(task_id(number), (uri,), None) for number, uri in enumerate(uris)]

    def run(self, task: Task[None]) -> ShardReport:
        """Label what has a score."""
        counts = {POSITIVE: 0, NEGATIVE: 0}
        with TaskWriter(task, self.stage_name) as out:
            table = out.table(f"labels-{task.id}", LABEL_TABLE_SCHEMA)
            for batch in read_batches(task.inputs, SCORED_SCHEMA.names):
                rows = batch.filter(batch.column("score").is_valid())
                good = pc.greater_equal(rows.column("score"), pa.scalar(self.good, pa.float32()))
                pages = labelled(rows, pc.if_else(good, POSITIVE, NEGATIVE), self.seed)
                for name in ("url", "score"):
                    pages = pages.append_column(LABEL_TABLE_SCHEMA.field(name), rows.column(name))
                table.write(pages)
                counts[POSITIVE] += good.true_count
                counts[NEGATIVE] += good.false_count
            out.facts = LabelledScores(good=self.good, pages=counts)
        return out.report


def label_counts(labelled: Manifest) -> dict[str, int]:
    """Pages by their labels of a finished `label_scores`."""
    return add_counts(facts.pages for facts in labelled.facts_of(LabelledScores))
