"""Files of an exchange's first level in, those of its second out: the rows of many tasks for one group of destinations.

M files and P destinations would cost M x P reads of a few KB. With G groups and B blocks of files they cost M x G reads
here, each of a group's batch of one file, and P x B reads of one destination's batch of one merged file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar

import pyarrow as pa

from stages.core.errors import UserError
from stages.core.exchange import MOST_OPENED_FILES, group_size, merge_task, read_batches_of
from stages.core.exchange_writer import ExchangeWriter
from stages.core.manifest import EXCHANGE, PARTS, FileInfo, Manifest, Record, ShardReport
from stages.core.names import below
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter

MERGE_BYTES = 256 << 20
"""Of the first level's files that one task merges, about."""

MERGED_BYTES = 512 << 20
"""Rows that it holds before they go into a file: more than MERGE_BYTES become of it where they compress well."""

PIECE_BYTES = 16 << 20
"""Rows of neighbouring files that are sorted by destination at a time."""


class MergeParams(Record):
    """Which group, of how many, a task merges, and the destinations that are in it."""

    group: int
    groups: int
    first_destination: int
    destinations: int


class MergeParts(Stage[MergeParams]):
    """A group's batches of some files of the first level -> a file with a batch for each destination of the group.

    It is planned over the reports of a stage's own tasks (`second_level`) and belongs to that stage: its files are the
    exchange that the stage's readers see.
    """

    stage_name: ClassVar[str] = "merge_parts"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[MergeParams]]:
        """None: it is no node of a graph."""
        return []

    def run(self, task: Task[MergeParams]) -> ShardReport:
        """File by file, so that a destination's rows stay in the order of one level."""
        params = task.params
        exchange: ExchangeWriter | None = None
        with TaskWriter(task, self.stage_name) as out:
            for batch in _joined(out.counted(PARTS, _group_of_files(task))):
                schema = pa.schema(list(batch.schema)[:-1], batch.schema.metadata)
                if exchange is None:
                    exchange = out.merged_exchange(
                        schema, params.first_destination, params.destinations, MERGED_BYTES
                    )
                rows = pa.RecordBatch.from_arrays(batch.columns[:-1], schema=schema)
                exchange.write(rows, batch.columns[-1].to_numpy() - params.first_destination)
        return out.report


def _group_of_files(task: Task[MergeParams]) -> Iterator[pa.RecordBatch]:
    """The group's batch of every file."""
    for uri in task.inputs:
        yield from read_batches_of(uri, task.params.groups, [task.params.group])


def _joined(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """Neighbours as one batch of about PIECE_BYTES: a few rows for a destination take less than the batch that holds them."""
    held: list[pa.RecordBatch] = []
    num_bytes = 0
    for batch in batches:
        held.append(batch)
        num_bytes += batch.nbytes
        if num_bytes >= PIECE_BYTES:
            yield pa.concat_batches(held)
            held, num_bytes = [], 0
    if held:
        yield pa.concat_batches(held)


def second_level(folder: str, reports: Sequence[ShardReport]) -> list[Task[MergeParams]]:
    """The tasks that merge what a stage's tasks sent, group by group; none where its exchange has one level.

    `reports` are those of all its tasks, in plan order. A UserError when some were written before there were two levels.
    """
    parts = [file for report in reports for file in report.files if file.kind == PARTS]
    if not parts:
        return []
    if any(file.kind == EXCHANGE for report in reports for file in report.files):
        raise UserError(
            f"{folder}: begun by a version whose exchange had one level; delete this folder and run again"
        )
    counts = {file.destinations or 0 for file in parts}
    if len(counts) > 1:
        raise ValueError(f"{folder}: parts of {sorted(counts)} destinations")
    (destinations,) = counts
    size = group_size(destinations, len(reports))
    if size is None:
        raise UserError(
            f"{folder}: begun by a version whose exchange had two levels; delete this folder and run again"
        )
    firsts = range(0, destinations, size)
    blocks = [tuple(below(folder, file.name) for file in block) for block in _blocks(parts, len(firsts))]
    params = [
        MergeParams(
            group=group,
            groups=len(firsts),
            first_destination=first,
            destinations=min(size, destinations - first),
        )
        for group, first in enumerate(firsts)
    ]
    merges = [(block, of_group) for of_group in params for block in blocks]
    return [
        Task(merge_task(number), block, of_group, folder) for number, (block, of_group) in enumerate(merges)
    ]


def _blocks(parts: Sequence[FileInfo], groups: int) -> list[list[FileInfo]]:
    """Neighbours among files, MOST_OPENED_FILES at most, such that one of `groups` groups of a block is about MERGE_BYTES."""
    blocks: list[list[FileInfo]] = [[]]
    held = 0
    for file in parts:
        if blocks[-1] and (held + file.bytes > MERGE_BYTES * groups or len(blocks[-1]) == MOST_OPENED_FILES):
            blocks.append([])
            held = 0
        blocks[-1].append(file)
        held += file.bytes
    return blocks
