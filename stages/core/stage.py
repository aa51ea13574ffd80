"""The stage contract: a frozen config that plans shard tasks and runs one, and the manifest of what they did."""

from __future__ import annotations

import dataclasses
import hashlib
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Generic, NamedTuple, TypeVar

import orjson
from pydantic import BaseModel, ConfigDict

from stages.core.errors import ConservationError
from stages.core.exchange import Exchange
from stages.core.handed import HandedDocuments
from stages.core.location import content_of
from stages.core.manifest import (
    DOCUMENTS,
    Manifest,
    ShardReport,
    add_counts,
    add_sources,
    merging_fault,
)
from stages.core.names import name_of_number

FINGERPRINT_DIGITS = 16

Params = TypeVar("Params")


class RecordName(NamedTuple):
    """A raw record: the raw file's name and the record's key in it."""

    raw_name: str
    key: str

    def __str__(self) -> str:
        return f"record {self.key or 'all'} of {self.raw_name}"

    def line(self) -> bytes:
        """Both on a line of a file."""
        return orjson.dumps(list(self)) + b"\n"


def at_record(error: BaseException, record: RecordName) -> None:
    """Say of an error at which raw record it was raised."""
    error.__dict__["record"] = record


def record_of(error: BaseException) -> RecordName | None:
    """The raw record at which an error was raised, where that is known."""
    found = error.__dict__.get("record")
    return found if isinstance(found, RecordName) else None


@dataclasses.dataclass(frozen=True)
class Task(Generic[Params]):
    """One shard task: the files that it streams, what else it must know (a frozen record, or None), where it writes.

    `poisoned` are raw records that the runner has given up, to be written as ledger rows and not read. Where stages run
    as one, the documents come from `handed` and go to `hands_on`, in the place of shards. `among` is how many tasks its
    stage has: whoever runs them all says so.
    """

    id: str
    inputs: tuple[str, ...]
    params: Params
    output: str = ""
    poisoned: tuple[RecordName, ...] = ()
    handed: HandedDocuments | None = None
    hands_on: HandedDocuments | None = None
    among: int = 1

    def at(self, folder: str, among: int = 1) -> Task[Params]:
        """The same task with its output folder set, as one of so many."""
        return dataclasses.replace(self, output=folder, among=among)


def placed_tasks(tasks: Sequence[Task[Params]], folder: str) -> list[Task[Params]]:
    """All tasks of a stage with their output folder set, which know how many they are."""
    return [task.at(folder, len(tasks)) for task in tasks]


def task_id(index: int) -> str:
    """Name of the task at `index`; names sort in plan order."""
    return name_of_number(index)


class Stage(BaseModel, ABC, Generic[Params]):
    """A frozen config that knows how to plan its shard tasks and to run one of them.

    `plan` depends on the inputs' manifests alone, never on the cluster. `run` reads its inputs as a stream, is
    safe to run twice and gives the same bytes; its memory does not depend on the size of the input. A new version
    says that the same config gives other bytes than before; a lock file in the tests holds stages to it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    stage_name: ClassVar[str]
    version: ClassVar[int] = 1
    stand_ins: ClassVar[tuple[str, ...]] = ()
    """Stages whose output is of the same form, and is taken wherever this one's is."""
    uses_all_cores: ClassVar[bool] = False
    follows_unicode: ClassVar[bool] = False
    """Whether what it does depends on Python's tables of Unicode, whose version then counts too."""
    looks_at_shards_alone: ClassVar[bool] = False
    """Whether it has a task for each document shard, reads that through its TaskWriter and nothing else of the documents,
    and plans by the shards' names and sizes alone: it can then run in one task with the stage that makes the documents."""
    groups_small_shards: ClassVar[bool] = False
    """Whether neighbours among the document shards share a task where they are many and small (`shard_groups`)."""

    @abstractmethod
    def plan(self, inputs: Sequence[Manifest]) -> list[Task[Params]]:
        """The deterministic list of tasks over the manifests of the stages it reads."""

    @abstractmethod
    def run(self, task: Task[Params]) -> ShardReport:
        """Do one task: write its files, return its report (which the caller writes last)."""

    def check(self) -> None:
        """A UserError for what is wrong with the options and can be known before anything runs: nothing, by default."""

    def dependencies(self) -> list[str]:
        """Lines that name content outside the config on which the output depends: raw files, model files."""
        return []

    def content_config(self) -> dict[str, Any]:
        """The config without locations: equal on every machine."""
        return content_of(self)

    def fingerprint(self, inputs: Sequence[str]) -> str:
        """Hash of name, version, config without locations, outside content and the inputs' fingerprints."""
        described = [
            self.stage_name,
            self.version,
            unicodedata.unidata_version if self.follows_unicode else None,
            self.content_config(),
            self.dependencies(),
            list(inputs),
        ]
        encoded = orjson.dumps(described, option=orjson.OPT_SORT_KEYS)
        return hashlib.sha256(encoded).hexdigest()[:FINGERPRINT_DIGITS]


AnyStage = Stage[Any]


def is_made_by(manifest: Manifest, stage: type[AnyStage]) -> bool:
    """Whether a manifest is of this stage, or of one that stands in for it."""
    return manifest.stage in (stage.stage_name, *stage.stand_ins)


def make_manifest(
    node: str,
    stage: AnyStage,
    fingerprint: str,
    inputs: Sequence[Manifest],
    tasks: Sequence[Task[Any]],
    reports: Sequence[ShardReport],
    folder: str,
) -> Manifest:
    """The manifest of a stage from its tasks and their reports, in plan order.

    A ConservationError when rows of an exchange that its tasks were to read were read by none, or twice, when its own
    lost some between two levels, or when it read other documents than its inputs gave.
    """
    files = tuple(file for report in reports for file in report.files)
    manifest = Manifest(
        node=node,
        stage=stage.stage_name,
        version=stage.version,
        fingerprint=fingerprint,
        config=stage.content_config(),
        inputs=tuple(manifest.fingerprint for manifest in inputs),
        files=files,
        documents_in=sum(report.documents_in for report in reports),
        created=sum(report.created for report in reports),
        documents_out=sum(report.documents_out for report in reports),
        merged=sum(report.merged for report in reports),
        bytes_in=sum(report.bytes_in for report in reports),
        bytes_out=sum(report.bytes_out for report in reports),
        dropped=add_counts(report.dropped for report in reports),
        edited=add_counts(report.edited for report in reports),
        rows_read=add_counts(report.rows_read for report in reports),
        sources=add_sources(file.sources for file in files if file.kind == DOCUMENTS),
        facts=tuple(report.facts for report in reports if report.facts),
        reports={report.task: report.content_sha256() for report in reports},
        folder=folder,
    )
    check_rows_read(manifest, tasks)
    if fault := passing_fault(manifest, inputs) or merging_fault(manifest):
        raise ConservationError(f"stage {node}: {fault}")
    return manifest


def passing_fault(manifest: Manifest, inputs: Sequence[Manifest]) -> str | None:
    """What is wrong where a stage read another number of documents than its inputs gave; None when nothing is.

    A stage that counts no documents in only looks at them. Where no input has shards of documents, they came as rows
    of exchanges.
    """
    given = sum(one.rows(DOCUMENTS) for one in inputs) or sum(one.documents_out for one in inputs)
    if manifest.documents_in in (0, given):
        return None
    return f"read {manifest.documents_in} documents, and its inputs gave {given}"


def check_rows_read(manifest: Manifest, tasks: Sequence[Task[Any]]) -> None:
    """A ConservationError unless every exchange in the tasks' params was read whole, each row once."""
    for exchange in {found.stage: found for task in tasks for found in exchanges_in(task.params)}.values():
        read = manifest.rows_read.get(exchange.stage, 0)
        if read != exchange.rows:
            raise ConservationError(
                f"stage {manifest.node}: read {read} of the {exchange.rows} rows of exchange {exchange.stage}"
            )


def exchanges_in(value: Any) -> Iterator[Exchange]:
    """The exchanges that the params of a task hold."""
    if isinstance(value, Exchange):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from exchanges_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for held in value.values():
            yield from exchanges_in(held)
