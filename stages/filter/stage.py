"""Documents in, the documents that pass every rule out: a configured list of rules in one read and one write.

The first failing rule drops a document, into the ledger with value and threshold; later rules do not see it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.ledger import EDIT
from stages.core.stage import DOCUMENTS, MODEL, Manifest, ShardReport, Stage, Task, task_id
from stages.core.task_writer import TaskWriter
from stages.filter.rules import ReferenceRule, Rule
from stages.filter.verdict import Edit, Judge, Verdict


class Filter(Stage):
    """Shard -> shard. Inputs: documents, and the trained quality model when a reference rule names none."""

    stage_name: ClassVar[str] = "filter"
    location_fields: ClassVar[Mapping[str, Any]] = {"rules": {"__all__": {"model": True}}}

    rules: tuple[Annotated[Rule, Field(discriminator="rule")], ...] = Field(min_length=1)
    annotate_only: bool = Field(False, description="write the values as columns and drop nothing")

    @property
    def needs_trained_model(self) -> bool:
        """Whether a rule waits for the quality model of the run."""
        return any(isinstance(rule, ReferenceRule) and rule.model is None for rule in self.rules)

    def dependencies(self) -> list[str]:
        """SHA-256 of every model file."""
        return [line for rule in self.rules for line in rule.dependencies()]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task per document shard."""
        trained = inputs[1].uris(MODEL)[0] if self.needs_trained_model else None
        return [
            Task(task_id(i), (uri,), {"model": trained}) for i, uri in enumerate(inputs[0].uris(DOCUMENTS))
        ]

    def run(self, task: Task) -> ShardReport:
        """Judge the shard batch by batch."""
        with TaskWriter(task, self.stage_name) as out:
            judges = [rule.judge(task.params["model"]) for rule in self.rules]
            for batch in out.read(task.inputs):
                remaining = batch
                for judge in judges:
                    remaining = self._apply(judge, remaining, out)
                out.keep(remaining)
        return out.report

    def _apply(self, judge: Judge, batch: pa.RecordBatch, out: TaskWriter) -> pa.RecordBatch:
        if batch.num_rows == 0:
            return batch
        verdicts = judge(batch)
        alive = np.ones(batch.num_rows, dtype=bool)
        for verdict in verdicts:
            batch = _with_columns(batch, verdict)
            if self.annotate_only:
                continue
            failed = alive & ~verdict.passed
            _record(batch, verdict, failed, out)
            alive &= verdict.passed
        for verdict in verdicts:
            if verdict.edit is not None and not self.annotate_only:
                batch = _with_edit(batch, verdict.edit, alive, out)
        return batch if alive.all() else batch.filter(pa.array(alive))


def _with_columns(batch: pa.RecordBatch, verdict: Verdict) -> pa.RecordBatch:
    for name, column in verdict.columns.items():
        at = batch.schema.get_field_index(name)
        batch = batch.set_column(at, batch.schema.field(name), column.cast(batch.schema.field(name).type))
    return batch


def _with_edit(batch: pa.RecordBatch, edit: Edit, alive: np.ndarray, out: TaskWriter) -> pa.RecordBatch:
    """The batch with the new texts; a ledger row for every document that lives and is another one now."""
    changed = alive & pc.not_equal(batch.column("text"), edit.text).to_numpy(zero_copy_only=False)
    lost = pc.subtract(pc.binary_length(batch.column("text")), pc.binary_length(edit.text))
    mask = pa.array(changed)
    out.ledger.rows(
        batch.filter(mask),
        action=EDIT,
        rule=edit.rule,
        value=edit.value[changed].astype(np.float64),
        text_bytes=lost.filter(mask),
    )
    return batch.set_column(batch.schema.get_field_index("text"), batch.schema.field("text"), edit.text)


def _record(batch: pa.RecordBatch, verdict: Verdict, failed: np.ndarray, out: TaskWriter) -> None:
    if not failed.any():
        return
    mask = pa.array(failed)
    out.ledger.rows(
        batch.filter(mask),
        rule=verdict.rule,
        value=verdict.value[failed].astype(np.float64),
        threshold=verdict.threshold,
        detail=None if verdict.detail is None else verdict.detail.filter(mask),
    )
