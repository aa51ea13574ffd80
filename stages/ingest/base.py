"""What all sources share: raw files planned by bytes, raw records read one by one, documents and ledger rows written.

A kind of source is a subclass of `IngestStage` with a `read` method: one raw file in, its `RawDocument` and `Loss` out.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, Generic, TypeVar

from pydantic import BaseModel, Field, model_validator

from stages.core import storage
from stages.core.discover import Pluggable
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.names import SourceName
from stages.core.parquet import SHARD_TEXT_BYTES
from stages.core.stage import Params, Stage, Task, task_id
from stages.core.storage import FoundFile
from stages.core.verb import Wiring
from stages.core.writer import TaskWriter
from stages.ingest.raw import RawBatch, RawFile, RawRecord
from stages.ingest.records import RecordWriter
from stages.ingest.unwatched import Watch
from stages.ingest.watch import RECORD_SECONDS, TaskWatch

Part = TypeVar("Part")
Range = tuple[int, int]
"""Where a stretch of a raw file starts and stops, in bytes."""


def list_raw_files(
    patterns: Sequence[str], find: Callable[[str], list[FoundFile]] = storage.find_files
) -> list[FoundFile]:
    """All raw files of an input, sorted by name; a UserError when two share a name, since ids would repeat.

    `find` gives the raw files of one pattern: every file, unless a source says otherwise.
    """
    by_name: dict[str, FoundFile] = {}
    places: dict[str, str] = {}
    for pattern in patterns:
        for file in find(pattern):
            place = places.setdefault(storage.absolute(file.uri), file.name)
            if place != file.name:
                raise UserError(f"{file.uri}: two patterns match it; its documents would be there twice")
            other = by_name.setdefault(file.name, file)
            if other.uri != file.uri:
                raise UserError(
                    f"{file.uri} and {other.uri} would both be named {file.name!r}; "
                    "give one pattern whose fixed part lies above both"
                )
    return [by_name[name] for name in sorted(by_name)]


def byte_ranges(size: int, range_bytes: int) -> list[Range]:
    """Equal ranges, of at most `range_bytes` each, that cover `size` bytes in order; one when there are none."""
    count = max(1, -(-size // range_bytes))
    return [(size * i // count, size * (i + 1) // count) for i in range(count)]


def whole_file(file: FoundFile) -> list[Range]:
    """The one range of a raw file that is not split."""
    return [(0, file.size)]


def group_by_bytes(parts: Iterable[tuple[Part, int]], task_bytes: int) -> list[list[Part]]:
    """Group parts, given with their bytes, in order, to about `task_bytes` each; a larger one is a group of its own."""
    groups: list[list[Part]] = []
    filled = 0
    for part, num_bytes in parts:
        if not groups or filled + num_bytes > task_bytes:
            groups.append([])
            filled = 0
        groups[-1].append(part)
        filled += num_bytes
    return groups


class RawPart(Record):
    """A stretch of a raw file that a task reads: the file's name and size, and where the stretch starts and stops."""

    name: str
    size: int
    start: int
    stop: int


class RawParams(Record):
    """What a task reads of each of its inputs."""

    parts: tuple[RawPart, ...]


def tasks_by_bytes(
    files: Sequence[FoundFile], task_bytes: int, split: Callable[[FoundFile], Sequence[Range]] = whole_file
) -> list[Task[RawParams]]:
    """Group raw files, in order, into tasks of about `task_bytes` each; a larger file is a task of its own.

    `split` gives the ranges of a file whose records can be read by ranges.
    """
    parts = (((file, part), part[1] - part[0]) for file in files for part in split(file))
    return [
        Task(
            task_id(index),
            tuple(file.uri for file, _ in group),
            RawParams(
                parts=tuple(
                    RawPart(name=file.name, size=file.size, start=start, stop=stop)
                    for file, (start, stop) in group
                )
            ),
        )
        for index, group in enumerate(group_by_bytes(parts, task_bytes))
    ]


def raw_files_of(task: Task[RawParams], watch: Watch | None = None) -> list[RawFile]:
    """The raw files of a task made by `tasks_by_bytes`."""
    return [
        RawFile(
            uri,
            part.name,
            part.size,
            start=part.start,
            stop=None if part.stop == part.size else part.stop,
            watch=watch or Watch(),
        )
        for uri, part in zip(task.inputs, task.params.parts, strict=True)
    ]


class NamedSource(BaseModel):
    """What carries the name of a source: that of its kind, where nothing else is said."""

    kind: ClassVar[str]

    source: SourceName = Field(
        "", description="name of the source, which documents carry; its kind's by default"
    )

    @model_validator(mode="before")
    @classmethod
    def _named_as_its_kind(cls, values: Any) -> Any:
        return {"source": cls.kind, **values} if isinstance(values, dict) else values


class RawStage(Pluggable, NamedSource, Stage[Params], Generic[Params]):
    """A stage that reads raw files: input patterns, and a fingerprint over the files' content probes.

    A kind of source is such a stage in the file `stage.py` of a room of its own below `stages/ingest`, or a plug-in.
    """

    reads: ClassVar[frozenset[str]] = frozenset()
    """What its raw files may hold, of all that `contents` tells apart (none: anything); a run refuses a source of others."""

    input: tuple[Annotated[Location, Field(min_length=1)], ...] = Field(
        min_length=1, description="raw files: paths, folders or patterns, local or remote"
    )
    task_bytes: int = Field(SHARD_TEXT_BYTES, gt=0, description="raw bytes that one task reads, about")

    def raw_files(self) -> list[FoundFile]:
        """The raw files of the input, sorted by name."""
        return list_raw_files(self.input)

    def ranges(self, file: FoundFile) -> Sequence[Range]:
        """The ranges that tasks may read of a raw file: all of it, unless a source knows how to split its files."""
        return whole_file(file)

    def wire(self, wiring: Wiring) -> str:
        """Add what makes documents of the raw files; the name of the output that holds them."""
        return wiring.add(self)

    def dependencies(self) -> list[str]:
        """Name, size and content probe of every raw file."""
        files = self.raw_files()
        return [f"{file.name} {file.size} {storage.probe(file.uri, file.size)}" for file in files]


class IngestStage(RawStage[RawParams]):
    """Raw files of one kind of source to documents: subclasses say what the records of a raw file are."""

    record_seconds: ClassVar[float] = RECORD_SECONDS

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RawParams]]:
        """Tasks over the raw files, by bytes."""
        return tasks_by_bytes(self.raw_files(), self.task_bytes, self.ranges)

    @abstractmethod
    def read(self, raw: RawFile) -> Iterator[RawRecord | RawBatch]:
        """All records that begin in a raw file's range, in file order.

        What cannot be made out is a `Loss`, or a DamagedInputError that ends this file; nothing is skipped silently.
        Whether a read had failed is asked afterwards, for all readers, where the records are written.
        """

    def facts(self, raws: Sequence[RawFile]) -> Record | None:
        """What a task's report says beside its counts, of files that are read; nothing unless a source has more to say."""
        return None

    def run(self, task: Task[RawParams]) -> ShardReport:
        """Read the task's raw files and write documents and ledger."""
        with TaskWriter(task, self.stage_name) as out, TaskWatch(task, self.record_seconds) as watch:
            writer = RecordWriter(out, self.source)
            raws = raw_files_of(task, watch)
            for raw in raws:
                out.bytes_in += raw.num_bytes
                writer.add_file(raw, self.read(raw))
            writer.flush()
            out.facts = self.facts(raws)
        return out.report
