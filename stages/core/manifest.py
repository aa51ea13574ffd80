"""What tasks and stages leave behind of themselves: reports and manifests, as frozen records stored as JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from stages.core import storage
from stages.core.atomic import write_bytes
from stages.core.errors import ConservationError
from stages.core.names import below
from stages.core.sealed import content_sha256, damaged, sealed, unsealed
from stages.core.stored import parsed

MANIFEST_NAME = "manifest.json"
REPORTS_FOLDER = "reports"

DOCUMENTS, LEDGER, VALUES, TABLE, EXCHANGE, PARTS, TOKENS, INDEX, MODEL = (
    "documents",
    "ledger",
    "values",
    "table",
    "exchange",
    "parts",
    "tokens",
    "index",
    "model",
)

FOLDERS: Mapping[str, str] = MappingProxyType(
    {kind: kind for kind in (DOCUMENTS, LEDGER, VALUES, EXCHANGE, PARTS, TOKENS, MODEL)}
    | {TABLE: "tables", INDEX: TOKENS}
)
"""The folder of each kind of file below the stage's: a reader of `documents/*.parquet` reads documents and nothing else."""


class Record(BaseModel):
    """Base of the small frozen values that are stored as JSON; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Facts = TypeVar("Facts", bound=Record)
AnyRecord = TypeVar("AnyRecord", bound=Record)


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTotals:
    """Documents and bytes of text of one source. A driver holds one for each shard, so it takes no more than its numbers."""

    __pydantic_config__: ClassVar[ConfigDict] = Record.model_config

    documents: int = 0
    text_bytes: int = 0


def is_none(value: object) -> bool:
    """Whether a value is None: for fields that are left out then, so that records without them stay as they were."""
    return value is None


def is_true(value: object) -> bool:
    """Whether a value is True: for fields that are left out then."""
    return value is True


@dataclass(frozen=True, slots=True, kw_only=True)
class FileInfo:
    """A finished file of a stage: name inside the stage's folder, kind, rows, bytes, SHA-256.

    `destinations` is how many parts an exchange file has: its readers take the number from here. A file of the second
    level of an exchange has those from `first_destination` on. Where `kept` is false, its rows went on to who needed
    them and it is not there: it was never written (then without bytes and SHA-256) or is deleted (`keep: outputs`).
    """

    __pydantic_config__: ClassVar[ConfigDict] = Record.model_config

    name: str
    kind: str
    rows: int
    bytes: int
    sha256: str
    sources: dict[str, SourceTotals] = field(default_factory=dict)
    destinations: int | None = None
    first_destination: Annotated[int | None, Field(exclude_if=is_none)] = None
    kept: Annotated[bool, Field(exclude_if=is_true)] = True


class Measured(Record):
    """What differs between two runs of the same task; kept out of the manifest for that reason."""

    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0


class ShardReport(Record):
    """What one task did. Units: documents, bytes of text; `dropped`, `edited` by rule.

    `created` counts raw records that ingest found, `merged` those that became part of another document
    (an answer in its question's thread). `edited` documents stay documents. `rows_read` counts rows of exchanges, by
    the fingerprint of the stage that wrote them (those of its own first level as `parts`).
    """

    task: str
    files: tuple[FileInfo, ...] = ()
    documents_in: int = 0
    created: int = 0
    documents_out: int = 0
    merged: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    dropped: dict[str, int] = Field(default_factory=dict)
    edited: dict[str, int] = Field(default_factory=dict)
    rows_read: dict[str, int] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    measured: Measured = Measured()

    def check_conservation(self) -> None:
        """Raise ConservationError unless in + created == out + merged + dropped."""
        if fault := conservation_fault(self):
            raise ConservationError(f"task {self.task}: {fault}")

    def content_sha256(self) -> str:
        """Hex SHA-256 of what is equal for equal work."""
        return content_sha256(self.model_dump(mode="json", exclude={"measured"}))


class Manifest(Record):
    """What a finished stage holds, in plan order; equal bytes for equal work, so no times and no paths.

    `reports` are the SHA-256 of what its tasks reported (`ShardReport.content_sha256`), by task.
    Without a `folder` the files are named by their URIs (documents given from outside a run, or those of several
    manifests taken as one, its `members`).
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    node: str
    stage: str
    version: int
    fingerprint: str
    config: dict[str, Any]
    inputs: tuple[str, ...]
    files: tuple[FileInfo, ...]
    documents_in: int
    created: int
    documents_out: int
    merged: int
    bytes_in: int
    bytes_out: int
    dropped: dict[str, int]
    edited: dict[str, int]
    rows_read: dict[str, int] = Field(default_factory=dict)
    sources: dict[str, SourceTotals]
    facts: tuple[dict[str, Any], ...] = ()
    reports: dict[str, str] = Field(default_factory=dict)
    folder: str = Field(default="", exclude=True)
    members: tuple[Manifest, ...] = Field(default=(), exclude=True)

    def of_kind(self, kind: str) -> list[FileInfo]:
        """The files of one kind that are there, in plan order."""
        return [file for file in self.files if file.kind == kind and file.kept]

    def uris(self, kind: str) -> list[str]:
        """URIs of the files of one kind that are there, in plan order."""
        named = (file.name for file in self.of_kind(kind))
        return [below(self.folder, name) if self.folder else name for name in named]

    def rows(self, kind: str) -> int:
        """Rows of the files of one kind, those that are not kept too."""
        return sum(file.rows for file in self.files if file.kind == kind)

    @property
    def wrote_documents(self) -> bool:
        """Whether it made documents, kept or not."""
        return self.rows(DOCUMENTS) > 0

    @property
    def text_bytes(self) -> int:
        """Bytes of text of its documents."""
        return sum(totals.text_bytes for totals in self.sources.values())

    def facts_of(self, kind: type[Facts]) -> list[Facts]:
        """What the tasks said of their work, in plan order, as the stage's own type."""
        uri = storage.join(self.folder, MANIFEST_NAME)
        return [parsed(kind, orjson.dumps(facts), uri) for facts in self.facts]


def conservation_fault(counted: ShardReport | Manifest) -> str | None:
    """What is wrong where documents in + created != out + merged + dropped; None when nothing is."""
    dropped = sum(counted.dropped.values())
    if counted.documents_in + counted.created == counted.documents_out + counted.merged + dropped:
        return None
    return (
        f"{counted.documents_in} in + {counted.created} created != {counted.documents_out} out"
        f" + {counted.merged} merged + {dropped} dropped {counted.dropped}"
    )


def merging_fault(manifest: Manifest) -> str | None:
    """What is wrong where the two levels of an exchange hold different rows; None when nothing is."""
    sent, merged = manifest.rows(PARTS), manifest.rows(EXCHANGE)
    read = manifest.rows_read.get(PARTS, 0)
    if not any(file.kind == PARTS for file in manifest.files) or sent == read == merged:
        return None
    return f"its exchange has {sent} rows in parts, of which {read} were read and {merged} merged"


def add_counts(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """Sum of several counts by key, keys sorted."""
    total: dict[str, int] = {}
    for count in counts:
        for key, value in count.items():
            total[key] = total.get(key, 0) + value
    return dict(sorted(total.items()))


def add_sources(parts: Iterable[Mapping[str, SourceTotals]]) -> dict[str, SourceTotals]:
    """Sum of several per-source totals, sources sorted."""
    listed = list(parts)
    documents = add_counts({k: v.documents for k, v in part.items()} for part in listed)
    text_bytes = add_counts({k: v.text_bytes for k, v in part.items()} for part in listed)
    return {key: SourceTotals(documents=documents[key], text_bytes=text_bytes[key]) for key in documents}


def is_whole(manifest: Manifest) -> bool:
    """Whether every file that a finished stage kept is still in its folder."""
    names = set(storage.list_files(manifest.folder))
    return all(file.name in names for file in manifest.files if file.kept)


def document_uris(manifests: Sequence[Manifest]) -> list[str]:
    """URIs of the document shards of several manifests, in order."""
    return [uri for manifest in manifests for uri in manifest.uris(DOCUMENTS)]


def write_record(uri: str, record: Record) -> str:
    """Store a record as JSON with its checksum, atomically; the SHA-256 of the file."""
    data = sealed(record.model_dump(mode="json"))
    write_bytes(uri, data)
    return hashlib.sha256(data).hexdigest()


def read_record(uri: str, kind: type[AnyRecord]) -> AnyRecord:
    """A record that `write_record` stored; a UserError that says what to delete when it is not as it was stored."""
    content = unsealed(storage.read_bytes(uri), uri)
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise damaged(uri, f"it is no {kind.__name__}") from error


def read_manifest(folder: str) -> Manifest:
    """The manifest of a finished stage's folder."""
    manifest = read_record(storage.join(folder, MANIFEST_NAME), Manifest)
    return manifest.model_copy(update={"folder": folder})


def report_uri(folder: str, task: str) -> str:
    """Where the report of a task is kept: its presence marks the task as done."""
    return storage.join(folder, REPORTS_FOLDER, f"{task}.json")


def read_report(folder: str, task: str) -> ShardReport | None:
    """The report of a finished task, or None when the task is not done."""
    uri = report_uri(folder, task)
    if not storage.exists(uri):
        return None
    return read_record(uri, ShardReport)
