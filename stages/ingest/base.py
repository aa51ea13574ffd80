"""What all sources share: raw files planned by bytes, raw records read one by one, documents and ledger rows written.

A source is a subclass of `IngestStage` with a `read` method: one raw file in, a stream of `RawDocument` and `Loss` out.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, BinaryIO, ClassVar, Generic, TypeVar

import orjson
import pyarrow as pa
from pydantic import Field

from stages.core import storage
from stages.core.documents import document_batch, to_valid_unicode
from stages.core.errors import DamagedInputError, UserError
from stages.core.ledger import MERGE
from stages.core.location import Location
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.parquet import SHARD_TEXT_BYTES
from stages.core.reading import Reads
from stages.core.stage import Params, Stage, Task, task_id
from stages.core.storage import FoundFile
from stages.core.verb import Wiring
from stages.core.writer import TaskWriter

BATCH_TEXT_BYTES = 8 << 20
BATCH_ROWS = 4096
METADATA_OPTIONS = orjson.OPT_SORT_KEYS

Part = TypeVar("Part")
Range = tuple[int, int]
"""Where a stretch of a raw file starts and stops, in bytes."""


@dataclass(frozen=True)
class RawFile:
    """One raw file of a dump: where it is, its name below the input pattern's root, its size in bytes.

    Of a file that is split over tasks, a task reads the records that begin in bytes `start` to `stop` (None: its
    end). The name is the whole file's, so ids do not depend on how it is split.

    Its bytes come through `open` and `read_below` alone: a read that fails is remembered in `reads`, and no record of
    the file is written then, whatever a reader made of it.
    """

    uri: str
    name: str
    size: int
    start: int = field(default=0, kw_only=True)
    stop: int | None = field(default=None, kw_only=True)
    reads: Reads = field(default_factory=Reads, kw_only=True, repr=False, compare=False)

    @property
    def num_bytes(self) -> int:
        """Bytes from `start` to `stop`."""
        return (self.size if self.stop is None else self.stop) - self.start

    def open(self) -> BinaryIO:
        """A seekable binary stream of the raw bytes."""
        return storage.open_whole(self.uri, self.size, self.reads)

    def read_below(self, path: str, size: int, max_bytes: int) -> bytes:
        """The first bytes of a file in a raw file that is a folder; see `is_of_input` for what may be a row of it."""
        with storage.open_whole(storage.join(self.uri, path), size) as stream:
            return stream.read(max_bytes)


@dataclass(frozen=True)
class RawDocument:
    """A document as a source reads it. `key` is its stable name inside the raw file ("" when it is the whole file)."""

    key: str
    text: str
    url: str | None = None
    language: str | None = None
    language_score: float | None = None
    metadata: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Loss:
    """A raw record, or a damaged stretch of a raw file, that gives no document, and why: a ledger row.

    `key` as in RawDocument; a damaged stretch has the key `@<offset>`. `rule` is a short snake_case name.
    """

    key: str
    rule: str
    detail: str | None = None
    value: float | None = None
    threshold: float | None = None
    url: str | None = None
    text_bytes: int = 0


@dataclass(frozen=True)
class Merged:
    """A raw record that became part of another document, `partner` (a key): a ledger row with action `merge`."""

    key: str
    rule: str
    partner: str
    url: str | None = None
    text_bytes: int = 0


RawRecord = RawDocument | Loss | Merged


@dataclass(frozen=True)
class RawBatch:
    """Documents that a source already has as a batch of DOCUMENT_SCHEMA, in public form, none with an empty text."""

    documents: pa.RecordBatch


def document_id(source: str, raw_name: str, key: str) -> str:
    """`<source>/<raw file>/<record key>`; without key when the raw file is one document."""
    return f"{source}/{raw_name}/{key}" if key else f"{source}/{raw_name}"


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


def raw_files_of(task: Task[RawParams]) -> list[RawFile]:
    """The raw files of a task made by `tasks_by_bytes`."""
    return [
        RawFile(
            uri, part.name, part.size, start=part.start, stop=None if part.stop == part.size else part.stop
        )
        for uri, part in zip(task.inputs, task.params.parts, strict=True)
    ]


class RawStage(Stage[Params], Generic[Params]):
    """A stage that reads raw files: input patterns, and a fingerprint over the files' content probes.

    A kind of source is such a stage in the file `stage.py` of a room of its own below `stages/ingest`.
    """

    source: ClassVar[str]

    input: tuple[Annotated[Location, Field(min_length=1)], ...] = Field(
        min_length=1, description="raw files: paths, folders or patterns, local or remote"
    )
    task_bytes: int = Field(SHARD_TEXT_BYTES, gt=0, description="raw bytes that one task reads, about")

    def raw_files(self) -> list[FoundFile]:
        """The raw files of the input, sorted by name."""
        return list_raw_files(self.input)

    def split(self, file: FoundFile) -> Sequence[Range]:
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
    """Raw files of one source to documents: subclasses say what the records of a raw file are."""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RawParams]]:
        """Tasks over the raw files, by bytes."""
        return tasks_by_bytes(self.raw_files(), self.task_bytes, self.split)

    @abstractmethod
    def read(self, raw: RawFile) -> Iterator[RawRecord | RawBatch]:
        """All records that begin in a raw file's range, in file order.

        What cannot be made out is a Loss, or a DamagedInputError that ends this file; nothing is skipped silently.
        Whether a read had failed is asked afterwards, for all readers, where the records are written.
        """

    def run(self, task: Task[RawParams]) -> ShardReport:
        """Read the task's raw files and write documents and ledger."""
        with TaskWriter(task, self.stage_name) as out:
            writer = RecordWriter(out, self.source)
            for raw in raw_files_of(task):
                out.bytes_in += raw.num_bytes
                writer.add_file(raw, self.read(raw))
            writer.flush()
        return out.report


class RecordWriter:
    """Turns raw records into document batches and ledger rows of a TaskWriter; memory is one batch."""

    def __init__(self, out: TaskWriter, source: str) -> None:
        self._out, self._source = out, source
        self._pending: list[tuple[str, RawDocument]] = []
        self._pending_bytes = 0

    def add_file(self, raw: RawFile, records: Iterator[RawRecord | RawBatch]) -> None:
        """Write all records of one raw file; damage that ends the file becomes a ledger row, an empty file too.

        A read that failed is a ReadFaultError, and none of its consequences is written.
        """
        if raw.size == 0:
            self.add(raw.name, Loss("", "empty_file"))
            return
        try:
            for record in raw.reads.checked(records):
                self.add(raw.name, record)
        except DamagedInputError as error:
            lost = max(0, raw.size - error.offset)
            self.add(raw.name, Loss(f"@{error.offset}", error.rule, error.reason, text_bytes=lost))

    def add(self, raw_name: str, record: RawRecord | RawBatch) -> None:
        """Write one record, or one batch of them, of the raw file `raw_name`."""
        if isinstance(record, RawBatch):
            self.flush()
            self._out.created += record.documents.num_rows
            self._out.keep(record.documents)
            return
        self._out.created += 1
        name = document_id(self._source, raw_name, record.key)
        if isinstance(record, RawDocument) and not record.text.strip():
            record = Loss(record.key, "empty_text", url=record.url)
        if isinstance(record, Merged):
            self._out.ledger.row(
                action=MERGE,
                id=to_valid_unicode(name),
                source=self._source,
                rule=record.rule,
                partner=to_valid_unicode(document_id(self._source, raw_name, record.partner)),
                text_bytes=record.text_bytes,
                url=None if record.url is None else to_valid_unicode(record.url),
            )
            return
        if isinstance(record, Loss):
            self._out.ledger.row(
                id=to_valid_unicode(name),
                source=self._source,
                rule=record.rule,
                value=record.value,
                threshold=record.threshold,
                detail=None if record.detail is None else to_valid_unicode(record.detail),
                text_bytes=record.text_bytes,
                url=None if record.url is None else to_valid_unicode(record.url),
            )
            return
        self._pending.append((name, record))
        self._pending_bytes += len(record.text)
        if self._pending_bytes >= BATCH_TEXT_BYTES or len(self._pending) >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the pending documents."""
        if self._pending:
            self._out.keep(_batch(self._source, self._pending))
        self._pending, self._pending_bytes = [], 0


def _batch(source: str, rows: Sequence[tuple[str, RawDocument]]) -> pa.RecordBatch:
    records = [record for _, record in rows]
    return document_batch(
        {
            "id": [to_valid_unicode(name) for name, _ in rows],
            "source": [source] * len(rows),
            "text": [to_valid_unicode(record.text) for record in records],
            "url": [None if record.url is None else to_valid_unicode(record.url) for record in records],
            "language": [record.language for record in records],
            "language_score": [record.language_score for record in records],
            "metadata": [_metadata_json(record.metadata) for record in records],
        }
    )


def _metadata_json(metadata: dict[str, Any]) -> str:
    try:
        return orjson.dumps(metadata, option=METADATA_OPTIONS).decode()
    except TypeError:  # lone surrogates, which orjson refuses: mend every string
        mended = {key: to_valid_unicode(v) if isinstance(v, str) else v for key, v in metadata.items()}
        return orjson.dumps(mended, option=METADATA_OPTIONS, default=str).decode()
