"""A source's raw files, or what its recipe says of them, in; bytes, tasks and the largest of these out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.plan.packing import AS_USUAL, Unpacked, held_in
from stages.core.storage import FoundFile
from stages.ingest.base import RawStage, group_by_bytes, whole_file


@dataclass(frozen=True)
class SourceSize:
    """Raw bytes of a source and their files; None where the recipe does not say how many will come.

    Of files that are there: what they hold, the tasks that read them, bytes of the largest stretch that is read as one.
    """

    num_bytes: int
    num_files: int | None
    is_there: bool
    held: Unpacked = AS_USUAL
    num_tasks: int | None = None
    largest_bytes: int | None = None


def size_of_files(stage: RawStage[Any], files: Sequence[FoundFile], seed: int) -> SourceSize:
    """That of raw files that are there."""
    parts = [part for file in files for part in _parts(stage, file)]
    return SourceSize(
        num_bytes=sum(file.size for file in files),
        num_files=len(files),
        is_there=True,
        held=held_in(stage.kind, files, seed),
        num_tasks=len(group_by_bytes(((size, size) for size in parts), stage.task_bytes)),
        largest_bytes=max(parts, default=0),
    )


def _parts(stage: RawStage[Any], file: FoundFile) -> list[int]:
    """Bytes of the stretches of a file that are read as one; only a large file is looked into."""
    ranges = stage.ranges(file) if file.size > stage.task_bytes else whole_file(file)
    return [stop - start for start, stop in ranges]


def raw_tasks(size: SourceSize, stage: RawStage[Any]) -> int:
    """Tasks that read a source: of `task_bytes` each, a larger file alone unless its kind splits files."""
    if size.num_tasks is not None:
        return max(1, size.num_tasks)
    by_bytes = max(1, -(-size.num_bytes // stage.task_bytes))
    if size.num_files is None or _splits(stage) or size.num_bytes < size.num_files * stage.task_bytes:
        return by_bytes
    return size.num_files


def largest_raw_bytes(size: SourceSize, stage: RawStage[Any]) -> float:
    """Raw bytes of the task that reads most."""
    if size.largest_bytes is not None:
        return max(size.largest_bytes, size.num_bytes / raw_tasks(size, stage))
    if size.num_files is None or _splits(stage):
        return min(size.num_bytes, stage.task_bytes)
    return max(min(size.num_bytes, stage.task_bytes), size.num_bytes / size.num_files)


def _splits(stage: RawStage[Any]) -> bool:
    return type(stage).ranges is not RawStage.ranges
