"""Windows (units in a row: words or sentences) of a hash range in, those that an earlier place has out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field

from stages.core.exchange import Exchange
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import PassesParams, passes_tasks, range_part, source_places, split_nodes
from stages.kernels.hash.hashing import hash_strings
from stages.kernels.match.windows import find_twins

Within = Literal["all", "source"]
KeepSpans = Literal["first", "none"]

WINDOWS_SCHEMA = pa.schema(
    [
        ("high", pa.uint64()),
        ("low", pa.uint32()),
        ("rank", pa.uint64()),
        ("node", pa.uint64()),
        ("place", pa.uint32()),
    ]
)
"""A window: its hash of 96 bits, the document's rank among others and number, the place of its first unit.

Two different windows of 10^11 have one hash with odds of about 10^-7.
"""

TWINS_SCHEMA = pa.schema([("row", pa.uint32()), ("place", pa.uint32()), ("keeper", pa.uint64())])
"""A window to remove from a shard, and the document that has it first."""

WINDOW_BYTES = 32
ROWS_PER_PASS = 4 << 20
"""Rows of a range that a task holds at a time; a fuller range is read several times, a part of it each."""


class RepeatOptions(Record):
    """How long a repeat must be."""

    @property
    @abstractmethod
    def window(self) -> int:
        """That, in the units that are counted."""


class WithinOptions(Record):
    """Which documents are compared."""

    within: Within = Field("all", description="compare within each source, or all documents")


class KeepSpansOptions(Record):
    """Which occurrence of a span stays."""

    keep: KeepSpans = Field("first", description="keep the first occurrence of a span, or none")


def source_seeds(sources: pa.Array, within: Within) -> npt.NDArray[np.uint64]:
    """The hash seed of each document: windows of documents with different seeds never meet."""
    return hash_strings(sources) if within == "source" else np.zeros(len(sources), np.uint64)


def document_ranks(batch: pa.RecordBatch, priority: Sequence[str]) -> npt.NDArray[np.uint64]:
    """The order in which the first of equal windows is chosen: place of the source, then a hash of the id."""
    sources = source_places(batch.column("source"), priority).to_numpy().astype(np.uint64)
    ranks: npt.NDArray[np.uint64] = (sources << np.uint64(56)) | (
        hash_strings(batch.column("id")) >> np.uint64(8)
    )
    return ranks


def repeated_windows(
    windows: pa.Table, window: int, keep: KeepSpans
) -> tuple[pa.RecordBatch, npt.NDArray[np.int64]]:
    """Windows to remove (TWINS_SCHEMA) and their shards from all windows (WINDOWS_SCHEMA) of a hash range."""
    highs, lows, ranks, nodes, places = (windows.column(name).to_numpy() for name in WINDOWS_SCHEMA.names)
    order = np.argsort(highs, kind="stable")
    twins = find_twins(order, highs, lows, ranks, nodes, places, window, keep == "first")
    removed = np.flatnonzero(twins >= 0)
    shards, rows = split_nodes(nodes[removed])
    columns = [rows, places[removed], nodes[twins[removed]]]
    return pa.RecordBatch.from_arrays(list(map(pa.array, columns)), schema=TWINS_SCHEMA), shards


class MatchRepeats(RepeatOptions, KeepSpansOptions, Stage[PassesParams]):
    """Range of windows -> those to remove, by shard. Inputs: windows, documents."""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[PassesParams]]:
        """One task per range."""
        windows, documents = inputs
        return passes_tasks(Exchange.of(windows), documents, ROWS_PER_PASS)

    def run(self, task: Task[PassesParams]) -> ShardReport:
        """Find the windows that an earlier place has, a part of the range at a time."""
        with TaskWriter(task, self.stage_name) as out:
            exchange = out.exchange(TWINS_SCHEMA, task.params.shards)
            for part in range(task.params.passes):
                rows = range_part(out, task.params, part, WINDOWS_SCHEMA)
                exchange.write(*repeated_windows(rows, self.window, self.keep))
        return out.report
