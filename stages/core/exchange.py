"""The exchange file: rows of one task laid out by destination, an Arrow IPC file with one record batch for each.

M tasks write M files (more where a task's rows are many); destination p reads batch p of every file through its footer,
so a shuffle never makes M x P files and no memory ever holds the whole. How many destinations there are is stored with
the exchange; its readers take the number from there. An exchange of many files or destinations has two levels: a task's
file has a record batch for each group of about sqrt(P) destinations, and `stages/core/merge.py` makes of them files that
hold the rows of many tasks for one group.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stages.core.errors import UserError
from stages.core.finished import FinishedFile, FinishedFiles
from stages.core.manifest import EXCHANGE, FOLDERS, PARTS, FileInfo, Manifest, Record
from stages.core.names import below, name_of_number
from stages.core.stored import open_stored

ONE_LEVEL_DESTINATIONS = 256
"""With more of them a read of a full file would be less than half a MB, which a store takes longer to find than to send."""

MOST_OPENED_FILES = 4096
"""Files that one task opens, at most: four minutes where a store takes 60 ms for each."""

ONE_LEVEL_READS = 1 << 16
"""Of more of them a second level saves most, and costs a wave of tasks that are over in seconds. So many reads of one
level are an hour of waiting for a store that takes 60 ms for each, half a minute on a disk."""

DESTINATION_FIELD = pa.field("destination of the exchange", pa.uint32())
"""Where a row of the first level goes: the last column there."""


def group_size(destinations: int, tasks: int) -> int | None:
    """Destinations of a group of the first level; None where the exchange has one level.

    Everyone asks here, and everyone knows both numbers before anything is written: into how many parts the rows go, and
    how many tasks send them, each a file at least.
    """
    has_few = destinations <= ONE_LEVEL_DESTINATIONS and tasks <= MOST_OPENED_FILES
    if has_few and tasks * destinations <= ONE_LEVEL_READS:
        return None
    return math.isqrt(destinations - 1) + 1


def merge_task(number: int) -> str:
    """The id of a task of the second level."""
    return f"merge-{name_of_number(number)}"


def exchange_file(kind: str, task: str, number: int) -> str:
    """The name of a task's file below its stage's folder: `kind` is EXCHANGE, or PARTS of the first level."""
    return f"{FOLDERS[kind]}/{task}-{name_of_number(number)}.arrow"


class MergedFiles(Record):
    """A second level all of whose merges wrote one file: so many for a group of so many destinations, group by group."""

    group_size: int
    files: int

    @classmethod
    def of(cls, files: Sequence[FileInfo], destinations: int) -> Self | None:
        """That of these files; None where a merge wrote several."""
        size = files[0].destinations or 1
        made = cls(group_size=size, files=len(files) // -(-destinations // size))
        expected = (
            (exchange_file(EXCHANGE, merge_task(number), 0), made.first_destination(number))
            for number in range(len(files))
        )
        is_so = all(
            (file.name, file.first_destination) == one for file, one in zip(files, expected, strict=True)
        )
        return made if is_so else None

    def first_destination(self, number: int) -> int:
        """Of the file that merge `number` wrote."""
        return number // max(1, self.files) * self.group_size


class Exchange(Record):
    """A finished exchange, as the params of its readers hold it: the stage that wrote it (fingerprint), where, how much.

    Its files are those that the manifest in the folder names; where names follow from `merged`, no worker has to read it.
    """

    stage: str
    folder: str
    destinations: int
    num_files: int
    rows: int
    merged: MergedFiles | None = None

    @classmethod
    def of(cls, manifest: Manifest) -> Self:
        """The exchange that a finished stage wrote; no destinations where it had no task."""
        files = manifest.of_kind(EXCHANGE)
        has_two_levels = any(file.kind == PARTS for file in manifest.files)
        if has_two_levels:
            if not files:
                raise ValueError(f"stage {manifest.node}: the parts of its exchange are not merged")
            destinations = max((file.first_destination or 0) + (file.destinations or 0) for file in files)
        else:
            counts = {file.destinations for file in files}
            if len(counts) > 1 or None in counts:
                raise ValueError(
                    f"stage {manifest.node}: exchange files of {sorted(map(str, counts))} destinations"
                )
            destinations = next(iter(counts), 0) or 0
        return cls(
            stage=manifest.fingerprint,
            folder=manifest.folder,
            destinations=destinations,
            num_files=len(files),
            rows=manifest.rows(EXCHANGE),
            merged=MergedFiles.of(files, destinations) if has_two_levels else None,
        )

    def read(self, destination: int, start: int = 0, stop: int | None = None) -> Iterator[pa.RecordBatch]:
        """The rows that the files (those from `start` to `stop` of them) hold for `destination`, file by file, in order."""
        if not self.num_files:  # the stage that writes it had no task
            return
        if not 0 <= destination < self.destinations:
            raise ValueError(f"destination {destination} of {self.destinations}")
        yield from self._read(destination, destination, start, stop)

    def read_part(self, part: int, parts: int) -> Iterator[pa.RecordBatch]:
        """Batches that together hold every row of range `part` of `parts` of the hash, and perhaps others.

        For a number of ranges that the rows were not sent to (by `destination_of`): the destinations overlap this one,
        and the caller leaves out what belongs to other parts. The order is that of files, then destinations.
        """
        first, last = ((part << 32) + parts - 1) // parts, (((part + 1) << 32) - 1) // parts
        count = self.destinations
        yield from self._read((first * count) >> 32, (last * count) >> 32)

    def _read(
        self, first: int, last: int, start: int = 0, stop: int | None = None
    ) -> Iterator[pa.RecordBatch]:
        """What the files hold for the destinations from `first` to `last`."""
        for file in self.files_of(first, last, start, stop):
            begin = max(first, file.first_destination) - file.first_destination
            end = min(last + 1 - file.first_destination, file.destinations)
            if begin < end:
                yield from read_batches_of(file.uri, file.destinations, range(begin, end))

    def files_of(
        self, first: int, last: int, start: int = 0, stop: int | None = None
    ) -> Sequence[FinishedFile]:
        """The files from `start` to `stop`; others than of the destinations from `first` to `last` may be left out."""
        if (merged := self.merged) is None:
            return FinishedFiles(stage=self.stage, folder=self.folder, kind=EXCHANGE).read()[start:stop]
        begin = max(start, first // merged.group_size * merged.files)
        end = min(self.num_files, (last // merged.group_size + 1) * merged.files)
        end = end if stop is None else min(stop, end)
        return [self._merged_file(merged, number) for number in range(begin, end)]

    def _merged_file(self, merged: MergedFiles, number: int) -> FinishedFile:
        uri = below(self.folder, exchange_file(EXCHANGE, merge_task(number), 0))
        place = merged.first_destination(number)
        return FinishedFile(uri, place, min(merged.group_size, self.destinations - place))


def read_batches_of(uri: str, count: int, places: Iterable[int]) -> Iterator[pa.RecordBatch]:
    """The record batches at `places` of an exchange file that must have `count` of them."""
    with open_stored(uri) as raw, pa.ipc.open_file(raw) as reader:
        if reader.num_record_batches != count:
            raise UserError(
                f"{uri}: holds {reader.num_record_batches} destinations, its manifest says {count}"
            )
        for place in places:
            batch = reader.get_batch(place)
            batch.validate(full=True)  # wrong offsets would send a reader anywhere in memory
            yield batch


def num_destinations(total_bytes: int, target_bytes: int) -> int:
    """How many destinations hold `total_bytes` at about `target_bytes` each; at least one."""
    return max(1, -(-total_bytes // target_bytes))


def destination_of(hashes: npt.NDArray[np.uint64], count: int) -> npt.NDArray[np.int64]:
    """Destination of each uint64 hash: equal ranges of the hash's upper 32 bits, so order follows the hash."""
    upper = (hashes >> np.uint64(32)).astype(np.uint64)
    return ((upper * np.uint64(count)) >> np.uint64(32)).astype(np.int64)
