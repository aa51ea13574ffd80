"""Documents in, the documents that pass every rule out: a configured list of rules in one read and one write.

The first failing rule drops a document, into the ledger with value and threshold; later rules do not see it. With
`annotate_only` every rule sees every document as it came, nothing is dropped or edited, and all values become a table.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, SerializeAsAny

from stages.core.discover import is_own
from stages.core.ledger import EDIT
from stages.core.manifest import Manifest, Record, ShardReport
from stages.core.plugins import class_place
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.filter.first_pass import chosen_threshold
from stages.filter.rule import Rule
from stages.filter.values import measures
from stages.filter.verdict import Edit, Judge, Verdict, rows_of
from stages.models.trained_language import TrainedLanguage, WantedLanguage, trained_language
from stages.models.trained_quality import Instead, judging_model


class FilterParams(Record):
    """The quality model that the run trained, where a rule waits for one; or what takes its place."""

    model: str | None
    instead: Instead | None = None
    threshold: float | None = None
    """Of the first rule, where a first pass chose it."""
    languages: dict[str, TrainedLanguage] = Field(default_factory=dict)
    """The perplexity models that the run trained, by `WantedLanguage.key`."""


class Unjudged(Record):
    """Documents that a rule passed because it knows nothing of their language: by rule and language."""

    documents: dict[str, dict[str, int]]


class Filter(Stage[FilterParams]):
    """Shard -> shard. Inputs: documents; the trained quality model when a reference rule names none; the threshold that
    keeps `kept_share`; then, of each of `wanted_languages`, the models and the cut-offs that the run trained."""

    stage_name: ClassVar[str] = "filter"
    version: ClassVar[int] = 5
    follows_unicode: ClassVar[bool] = True
    looks_at_shards_alone: ClassVar[bool] = True
    groups_small_shards: ClassVar[bool] = True

    rules: tuple[SerializeAsAny[Rule], ...] = Field(min_length=1)
    annotate_only: bool = Field(False, description="write every value into a table and drop nothing")

    @property
    def needs_trained_model(self) -> bool:
        """Whether a rule waits for the quality model of the run."""
        return any(rule.needs_trained_model for rule in self.rules)

    @property
    def kept_share(self) -> float | None:
        """The share of the documents that the first rule keeps, by a threshold that a first pass chooses."""
        return self._judged[0].kept_share

    @property
    def wanted_languages(self) -> tuple[WantedLanguage, ...]:
        """Languages whose perplexity models the run trains, each once."""
        return tuple(dict.fromkeys(one for rule in self.rules for one in rule.wanted_languages))

    def check(self) -> None:
        """What the rules say of their options."""
        for rule in self._judged:
            rule.check()

    def dependencies(self) -> list[str]:
        """SHA-256 of every model file and word list; of a stranger's rule also which class it is, in which version."""
        strangers = [type(rule) for rule in self.rules if not is_own(type(rule))]
        versions = [f"{class_place(kind)} version {kind.version}" for kind in strangers]
        return [line for rule in self._judged for line in rule.dependencies()] + versions

    @property
    def _judged(self) -> tuple[Rule, ...]:
        """The rules as they judge: perplexity needs no cut-offs when nothing is dropped."""
        return tuple(rule.annotating() for rule in self.rules) if self.annotate_only else self.rules

    def params_of(self, inputs: Sequence[Manifest]) -> FilterParams:
        """What the run trained for the rules, chose for them, or put in their place."""
        params = FilterParams(model=None)
        if self.needs_trained_model:
            model, instead = judging_model(inputs[1])
            params = FilterParams(model=model, instead=instead)
        if self.kept_share is not None:
            chosen = chosen_threshold(inputs[1 + self.needs_trained_model])
            params = params.model_copy(update={"threshold": chosen})
        wanted = self.wanted_languages
        if wanted:
            both = inputs[len(inputs) - 2 * len(wanted) :]
            models = zip(wanted, both[::2], both[1::2], strict=True)
            languages = {one.key: trained_language(made, cut) for one, made, cut in models}
            params = params.model_copy(update={"languages": languages})
        return params

    def judging(self, params: FilterParams) -> list[Rule]:
        """The rules that judge, with what the run trained for them, chose for them, or put in their place."""
        judged = [rule.with_languages(params.languages) for rule in self._judged]
        if params.threshold is not None:
            judged[0] = judged[0].with_threshold(params.threshold)
        return [one for rule in judged for one in rule.standing_in(params.instead)]

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[FilterParams]]:
        """One task for each document shard, or for neighbours that are small."""
        params = self.params_of(inputs)
        return [Task(task_id(i), uris, params) for i, uris in enumerate(shard_groups(inputs[:1]))]

    def run(self, task: Task[FilterParams]) -> ShardReport:
        """Judge the shard batch by batch."""
        with TaskWriter(task, self.stage_name) as out:
            unjudged: dict[str, Counter[str]] = {}
            judges = [
                _counting(rule, rule.judge(task.params.model), unjudged) for rule in self.judging(task.params)
            ]
            if self.annotate_only:
                _annotate(judges, out)
            else:
                for batch in out.read(task.inputs):
                    for judge in judges:
                        batch = _apply(judge, batch, out)
                    out.keep(batch)
            if unjudged:
                out.facts = Unjudged(
                    documents={k: dict(sorted(v.items())) for k, v in sorted(unjudged.items())}
                )
        return out.report


def _counting(rule: Rule, judge: Judge, unjudged: dict[str, Counter[str]]) -> Judge:
    """The judge, which also adds the documents that it could not judge to `unjudged`."""

    def counted(batch: pa.RecordBatch) -> list[Verdict]:
        verdicts = judge(batch)
        for verdict in verdicts:
            if verdict.unjudged:
                unjudged.setdefault(rule.rule, Counter()).update(verdict.unjudged)
        return verdicts

    return counted


def _apply(judge: Judge, batch: pa.RecordBatch, out: TaskWriter) -> pa.RecordBatch:
    if batch.num_rows == 0:
        return batch
    verdicts = judge(batch)
    alive = np.ones(batch.num_rows, dtype=bool)
    for verdict in verdicts:
        batch = _with_columns(batch, verdict)
        _record(batch, verdict, alive & ~verdict.passed, out)
        alive &= verdict.passed
    for verdict in verdicts:
        if verdict.edit is not None:
            batch = _with_edit(batch, verdict.edit, alive, out)
    return batch if alive.all() else batch.filter(pa.array(alive))


def _annotate(judges: Sequence[Judge], out: TaskWriter) -> None:
    """Keep every document, with the columns that rules fill, and write the values of all rules beside them."""
    for batch in out.read(out.task.inputs):
        if batch.num_rows == 0:
            continue
        verdicts: list[Verdict] = []
        for judge in judges:
            found = judge(batch)
            for verdict in found:
                batch = _with_columns(batch, verdict)
            verdicts += found
        out.values(batch, measures(verdicts))
        out.keep(batch)


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
        detail=None if edit.detail is None else edit.detail.filter(mask),
        text_bytes=pc.max_element_wise(lost, 0).filter(mask),  # an edit that lengthens a text loses nothing
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
        threshold=rows_of(verdict.threshold, failed),
        detail=None if verdict.detail is None else verdict.detail.filter(mask),
    )
