"""Documents and a rule in, the threshold out at which the rule keeps a given share of them: a first pass over a source.

Every shard counts its values, one task adds the counts. Values are those of float32 at 18 bits of their fraction: the share
that is kept is the least one, not below the share asked for, that a threshold of so many bits can keep.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import SerializeAsAny

from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches, read_documents
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.filter.rule import Rule
from stages.models.trained_quality import judging_model

DROPPED_BITS = 5
"""Of the 23 of a float32's fraction."""

BINS = (int(np.float32(1.0).view(np.uint32)) >> DROPPED_BITS) + 1
"""Of all numbers from 0 to 1."""

COUNT_SCHEMA = pa.schema([("bin", pa.uint32()), ("count", pa.int64())])


def bins_of(values: npt.NDArray[np.floating]) -> npt.NDArray[np.uint32]:
    """The bin of each value from 0 to 1, shape (rows,); a greater value has no lesser bin."""
    bits = np.maximum(values.astype(np.float32), np.float32(0)).view(np.uint32) >> np.uint32(DROPPED_BITS)
    bins: npt.NDArray[np.uint32] = np.minimum(bits, np.uint32(BINS - 1))
    return bins


def lower_edge(number: int) -> float:
    """The least value of a bin."""
    return float(np.uint32(number << DROPPED_BITS).view(np.float32))


def threshold_of_counts(
    bins: npt.NDArray[np.integer], counts: npt.NDArray[np.int64], share: float
) -> tuple[float, int]:
    """The greatest threshold that keeps at least this share, and how many values reach it.

    `bins` are those that hold values, ascending, shape (bins,), `counts` how many each.
    """
    if not len(bins):
        return 0.0, 0
    reached = np.cumsum(counts[::-1])[::-1]
    last = int(np.flatnonzero(reached >= share * reached[0])[-1])
    return lower_edge(int(bins[last])), int(reached[last])


class CountParams(Record):
    """The quality model that the run trained, where the rule waits for one."""

    model: str | None


class CountValues(Stage[CountParams]):
    """Shard -> how many of its documents have which value. Inputs: documents; the trained model where the rule needs it."""

    stage_name: ClassVar[str] = "count_values"
    version: ClassVar[int] = 2
    groups_small_shards: ClassVar[bool] = True
    follows_unicode: ClassVar[bool] = True

    rule: SerializeAsAny[Rule]

    def dependencies(self) -> list[str]:
        """Those of the rule."""
        return self.rule.dependencies()

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[CountParams]]:
        """One task for each document shard, or for neighbours that are small; none where the run has no model."""
        model = None
        if self.rule.needs_trained_model:
            model, instead = judging_model(inputs[1])
            if instead is not None:
                return []
        groups = shard_groups(inputs[:1])
        return [Task(task_id(i), uris, CountParams(model=model)) for i, uris in enumerate(groups)]

    def run(self, task: Task[CountParams]) -> ShardReport:
        """Judge the shard and count."""
        with TaskWriter(task, self.stage_name) as out:
            judge = self.rule.judge(task.params.model)
            found = [np.empty(0, np.uint32)]
            for batch in read_documents(task.inputs):
                found.append(bins_of(judge(batch)[0].value))
            numbers, counts = np.unique(np.concatenate(found), return_counts=True)
            table = pa.table([pa.array(numbers), pa.array(counts.astype(np.int64))], schema=COUNT_SCHEMA)
            out.write_table(f"counts-{task.id}", COUNT_SCHEMA, [table])
        return out.report


class ChosenThreshold(Record):
    """The threshold, the documents that were measured, and those of them that reach it."""

    threshold: float
    documents: int
    kept: int


class ChooseThreshold(Stage[None]):
    """All counts -> the threshold that keeps a share. Memory: 8 bytes for each of BINS, whatever the number of documents."""

    stage_name: ClassVar[str] = "choose_threshold"

    share: float

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task over all counts."""
        return [Task(task_id(0), tuple(uri for one in inputs for uri in one.uris(TABLE)), None)]

    def run(self, task: Task[None]) -> ShardReport:
        """Add the counts, and choose."""
        counts = np.zeros(BINS, np.int64)
        for batch in read_batches(task.inputs):
            counts[batch.column("bin").to_numpy()] += batch.column("count").to_numpy()
        bins = np.flatnonzero(counts)
        threshold, kept = threshold_of_counts(bins, counts[bins], self.share)
        with TaskWriter(task, self.stage_name) as out:
            out.facts = ChosenThreshold(threshold=threshold, documents=int(counts.sum()), kept=kept)
        return out.report


def chosen_threshold(chosen: Manifest) -> float:
    """What a finished `ChooseThreshold` chose."""
    (facts,) = chosen.facts_of(ChosenThreshold)
    return facts.threshold
