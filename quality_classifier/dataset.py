"""Documents and their cited rows in, labelled pages out: positives are cited, negatives drawn from the rest.

Both classes have the same length floor, the same preparation and the same draw by the hash of (seed, id); the open
reproduction had a floor on one class only, and its training file held all positives first.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from quality_classifier.pages import CitedPages
from stages.core.exchange import Exchange
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.parquet import read_documents
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, shard_tasks
from stages.kernels.hash.hashing import hash_strings
from stages.models.fasttext.reference import classifier_texts

LABELLED_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("order", pa.uint64()),
        ("positive", pa.bool_()),
        ("held_out", pa.bool_()),
        ("text", pa.large_string()),
    ]
)
OVERSAMPLE = 1.1
"""Draw a little more than needed: training balances the classes exactly."""


class PageDrawOptions(Record):
    """Which pages are drawn, and how many."""

    max_pages: int = Field(300_000, gt=0, description="pages of each class to train on, at most")
    seed: int = Field(0, description="chooses and orders the pages")


class LabelOptions(Record):
    """Which pages are long enough, and how many are kept for the figures."""

    min_chars: int = Field(200, ge=0, description="length floor of both classes")
    held_out: float = Field(0.1, gt=0, lt=1, description="share of pages kept for the figures")


class LabelPagesParams(ShardParams):
    """A shard, the cited rows of all, and the share of each class to draw."""

    cited: Exchange
    positive_rate: float
    negative_rate: float


class LabelPages(PageDrawOptions, LabelOptions, Stage[LabelPagesParams]):
    """Shard -> labelled pages. Inputs: documents, cited rows."""

    stage_name: ClassVar[str] = "label_pages"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[LabelPagesParams]]:
        """One task per document shard, with the share of each class to draw."""
        documents, cited = inputs
        positives = sum(facts.cited for facts in cited.facts_of(CitedPages))
        negatives = max(1, documents.documents_out - positives)
        wanted = min(positives, self.max_pages)
        rows = Exchange.of(cited)
        return shard_tasks(
            documents,
            lambda shard: LabelPagesParams(
                shard=shard,
                cited=rows,
                positive_rate=min(1.0, OVERSAMPLE * wanted / max(1, positives)),
                negative_rate=min(1.0, OVERSAMPLE * wanted / negatives),
            ),
        )

    def run(self, task: Task[LabelPagesParams]) -> ShardReport:
        """Label and draw."""
        with TaskWriter(task, self.stage_name) as out:
            batches = out.receive(task.params.cited, task.params.shard)
            cited = np.sort(
                np.concatenate([np.empty(0, np.uint32), *(b.column("row").to_numpy() for b in batches)])
            )
            tables, row = [], 0
            for batch in read_documents(task.inputs, ["id", "text"]):
                rows = np.arange(row, row + batch.num_rows)
                tables.append(self._label(batch, np.isin(rows, cited), task.params))
                row += batch.num_rows
            out.write_table(f"pages-{task.id}", LABELLED_SCHEMA, tables)
        return out.report

    def _label(self, batch: pa.RecordBatch, positive: np.ndarray, params: LabelPagesParams) -> pa.Table:
        ids = batch.column("id")
        draw = hash_strings(ids, self.seed + 1) / 2.0**64
        long_enough = pc.utf8_length(batch.column("text")).to_numpy(zero_copy_only=False) >= self.min_chars
        rate = np.where(positive, params.positive_rate, params.negative_rate)
        chosen = pa.array(long_enough & (draw < rate))
        # The split must not follow the draw, or the held-out pages would be those of the smallest hashes.
        held_out = hash_strings(ids, self.seed + 2) / 2.0**64 < self.held_out
        columns = {
            "id": ids.filter(chosen),
            "order": pa.array(hash_strings(ids, self.seed + 3)).filter(chosen),
            "positive": pa.array(positive).filter(chosen),
            "held_out": pa.array(held_out).filter(chosen),
            "text": classifier_texts(batch.column("text").filter(chosen)),
        }
        return pa.table(columns, schema=LABELLED_SCHEMA)
