"""A finished stage of another run in, its ledger, its models and what it counted out: what a run's story needs of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from stages.core.manifest import LEDGER, MODEL, FileInfo, Manifest, Record, ShardReport, SourceTotals
from stages.core.stage import Stage, Task, is_made_by, task_id
from stages.core.writer import TaskWriter


class Counted(Record):
    """What a stage was and did, as its manifest said."""

    stage: str
    version: int
    config: dict[str, Any]
    fingerprint: str
    documents_in: int
    created: int
    documents_out: int
    merged: int
    bytes_in: int
    bytes_out: int
    dropped: dict[str, int]
    edited: dict[str, int]
    sources: dict[str, SourceTotals]


class EarlierParams(Record):
    """The files of a stage that are taken over, and what it counted."""

    files: tuple[FileInfo, ...]
    counted: Counted


class Earlier(Stage[EarlierParams]):
    """A finished stage -> its ledger as it is, its models, and its counts; no document. Input: the stage."""

    stage_name: ClassVar[str] = "earlier"

    with_models: bool = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[EarlierParams]]:
        """One task."""
        (stage,) = inputs
        kinds = (LEDGER, MODEL) if self.with_models else (LEDGER,)
        files = tuple(file for kind in kinds for file in stage.of_kind(kind))
        uris = tuple(uri for kind in kinds for uri in stage.uris(kind))
        return [Task(task_id(0), uris, EarlierParams(files=files, counted=counted_by(stage)))]

    def run(self, task: Task[EarlierParams]) -> ShardReport:
        """Take the files over."""
        with TaskWriter(task, self.stage_name) as out:
            for uri, file in zip(task.inputs, task.params.files, strict=True):
                out.reuse(uri, file)
            out.facts = task.params.counted
        return out.report


def counted_by(manifest: Manifest) -> Counted:
    """What a stage counted, also where it is one of an earlier run."""
    if is_made_by(manifest, Earlier):
        (facts,) = manifest.facts_of(Counted)
        return facts
    return Counted.model_validate(manifest.model_dump(include=set(Counted.model_fields)))


def as_it_was(manifest: Manifest) -> Manifest:
    """A manifest as it was in the run where its stage ran, for readers of what stages are and counted."""
    if not is_made_by(manifest, Earlier):
        return manifest
    counted = counted_by(manifest)
    return manifest.model_copy(update={name: getattr(counted, name) for name in Counted.model_fields})
