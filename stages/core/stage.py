"""The stage contract: a frozen config that plans shard tasks and runs one, its reports, manifest and fingerprint."""

from __future__ import annotations

import dataclasses
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import orjson
from pydantic import BaseModel, ConfigDict, Field

from stages.core import storage
from stages.core.errors import ConservationError

MANIFEST_NAME = "manifest.json"
REPORTS_FOLDER = "reports"
FINGERPRINT_DIGITS = 16

DOCUMENTS, LEDGER, EXCHANGE, TOKENS, INDEX, MODEL, TABLE = (
    "documents",
    "ledger",
    "exchange",
    "tokens",
    "index",
    "model",
    "table",
)


class Record(BaseModel):
    """Base of the small frozen values that are stored as JSON; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SourceTotals(Record):
    """Documents and bytes of text of one source."""

    documents: int = 0
    text_bytes: int = 0


class FileInfo(Record):
    """A finished file of a stage: name inside the stage's folder, kind, rows, bytes, SHA-256."""

    name: str
    kind: str
    rows: int
    bytes: int
    sha256: str
    sources: dict[str, SourceTotals] = Field(default_factory=dict)


class Measured(Record):
    """What differs between two runs of the same task; kept out of the manifest for that reason."""

    seconds: float = 0.0
    peak_memory_bytes: int = 0


class ShardReport(Record):
    """What one task did. Units: documents, bytes of text; `dropped`, `edited` by rule.

    `created` counts raw records that ingest found, `merged` those that became part of another document
    (an answer in its question's thread). `edited` documents stay documents.
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
    facts: dict[str, Any] = Field(default_factory=dict)
    measured: Measured = Measured()

    def check_conservation(self) -> None:
        """Raise ConservationError unless in + created == out + merged + dropped."""
        entered = self.documents_in + self.created
        left = self.documents_out + self.merged + sum(self.dropped.values())
        if entered != left:
            raise ConservationError(
                f"task {self.task}: {self.documents_in} in + {self.created} created != {self.documents_out} out"
                f" + {self.merged} merged + {sum(self.dropped.values())} dropped {self.dropped}"
            )


@dataclasses.dataclass(frozen=True)
class Task:
    """One shard task: its files to read, what else it must know (JSON values), and where it writes."""

    id: str
    inputs: tuple[str, ...] = ()
    params: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    output: str = ""

    def at(self, folder: str) -> Task:
        """The same task with its output folder set."""
        return dataclasses.replace(self, output=folder)


def task_id(index: int) -> str:
    """Name of the task at `index`: fixed width, so that names sort in plan order."""
    return f"{index:05d}"


class Manifest(Record):
    """What a finished stage holds, in plan order; equal bytes for equal work, so no times and no paths.

    Without a `folder` the files are named by their URIs (documents given from outside a run).
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
    sources: dict[str, SourceTotals]
    facts: tuple[dict[str, Any], ...] = ()
    folder: str = Field(default="", exclude=True)

    def of_kind(self, kind: str) -> list[FileInfo]:
        """The files of one kind, in plan order."""
        return [file for file in self.files if file.kind == kind]

    def uris(self, kind: str) -> list[str]:
        """URIs of the files of one kind, in plan order."""
        named = (file.name for file in self.of_kind(kind))
        return [storage.join(self.folder, name) if self.folder else name for name in named]


class Stage(BaseModel, ABC):
    """A frozen config that knows how to plan its shard tasks and to run one of them.

    `plan` depends on the inputs' manifests alone, never on the cluster. `run` reads its inputs as a stream, is
    safe to run twice and gives the same bytes; its memory does not depend on the size of the input.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage_name: ClassVar[str]
    version: ClassVar[int] = 1
    location_fields: ClassVar[Mapping[str, Any]] = {}
    """Fields (in pydantic's form of `exclude`) that say where content lies; `dependencies` names the content."""
    uses_all_cores: ClassVar[bool] = False

    @abstractmethod
    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """The deterministic list of tasks over the manifests of the stages it reads."""

    @abstractmethod
    def run(self, task: Task) -> ShardReport:
        """Do one task: write its files, return its report (which the caller writes last)."""

    def dependencies(self) -> list[str]:
        """Lines that name content outside the config on which the output depends: raw files, model files."""
        return []

    def content_config(self) -> dict[str, Any]:
        """The config without locations: equal on every machine."""
        return self.model_dump(mode="json", exclude=dict(self.location_fields))

    def fingerprint(self, inputs: Sequence[str]) -> str:
        """Hash of name, version, config without locations, outside content and the inputs' fingerprints."""
        described = [
            self.stage_name,
            self.version,
            self.content_config(),
            self.dependencies(),
            list(inputs),
        ]
        encoded = orjson.dumps(described, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(encoded).hexdigest()[:FINGERPRINT_DIGITS]


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


def make_manifest(
    node: str,
    stage: Stage,
    fingerprint: str,
    inputs: Sequence[str],
    reports: Sequence[ShardReport],
    folder: str,
) -> Manifest:
    """The manifest of a stage from the reports of all its tasks, in plan order."""
    files = tuple(file for report in reports for file in report.files)
    return Manifest(
        node=node,
        stage=stage.stage_name,
        version=stage.version,
        fingerprint=fingerprint,
        config=stage.content_config(),
        inputs=tuple(inputs),
        files=files,
        documents_in=sum(report.documents_in for report in reports),
        created=sum(report.created for report in reports),
        documents_out=sum(report.documents_out for report in reports),
        merged=sum(report.merged for report in reports),
        bytes_in=sum(report.bytes_in for report in reports),
        bytes_out=sum(report.bytes_out for report in reports),
        dropped=add_counts(report.dropped for report in reports),
        edited=add_counts(report.edited for report in reports),
        sources=add_sources(file.sources for file in files if file.kind == DOCUMENTS),
        facts=tuple(report.facts for report in reports if report.facts),
        folder=folder,
    )


def write_record(uri: str, record: Record) -> None:
    """Store a record as JSON, atomically."""
    encoded = orjson.dumps(record.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)
    storage.write_bytes(uri, encoded + b"\n")


def read_manifest(folder: str) -> Manifest:
    """The manifest of a finished stage's folder."""
    manifest = Manifest.model_validate_json(storage.read_bytes(storage.join(folder, MANIFEST_NAME)))
    return manifest.model_copy(update={"folder": folder})


def report_uri(folder: str, task: str) -> str:
    """Where the report of a task is kept: its presence marks the task as done."""
    return storage.join(folder, REPORTS_FOLDER, f"{task}.json")


def read_report(folder: str, task: str) -> ShardReport | None:
    """The report of a finished task, or None when the task is not done."""
    uri = report_uri(folder, task)
    if not storage.exists(uri):
        return None
    return ShardReport.model_validate_json(storage.read_bytes(uri))
