"""Documents of some sources in, each of their languages as a source of its own out: `wikipedia:de` for German articles.

Packed by language, languages can be weighed like sources (`Mix.language_temperature`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.documents import LANGUAGE_MARK
from stages.core.errors import UserError
from stages.core.groups import EmptySources
from stages.core.manifest import Manifest, Record, ShardReport, SourceTotals, add_sources
from stages.core.names import source_fault
from stages.core.parquet import totals_by_name
from stages.core.shards import shard_groups
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter

UNKNOWN_LANGUAGE = "unknown"


class SplitOptions(EmptySources):
    """Which sources are packed by language."""

    split_languages: tuple[str, ...] = Field(
        (), description="sources whose languages are packed apart, so that they can be weighed"
    )


class LanguageTotals(Record):
    """Documents and bytes of text by source, or by source and language where a source is split."""

    totals: dict[str, SourceTotals]


class CountLanguages(SplitOptions, Stage[None]):
    """Shard -> documents and bytes of text by source and language, of the sources that are split."""

    stage_name: ClassVar[str] = "count_languages"
    version: ClassVar[int] = 2
    groups_small_shards: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task for each document shard, or for neighbours that are small."""
        return [Task(task_id(i), uris, None) for i, uris in enumerate(shard_groups(inputs))]

    def run(self, task: Task[None]) -> ShardReport:
        """Count; the documents themselves are read again by `encode`."""
        parts: list[dict[str, SourceTotals]] = []
        with TaskWriter(task, self.stage_name) as out:
            for batch in out.read(task.inputs, ["source", "language", "text"]):
                parts.append(totals_by_name(batch, split_by_language(batch, self.split_languages)))
                out.pass_on(batch.num_rows)
            out.facts = LanguageTotals(totals=add_sources(parts))
        return out.report


def split_by_language(batch: pa.RecordBatch, sources: Sequence[str]) -> pa.Array:
    """The source of each document, or `<source>:<language>` where the source is one of `sources`."""
    names = batch.column("source")
    if not sources:
        return names
    language = pc.fill_null(batch.column("language"), UNKNOWN_LANGUAGE)
    chosen = pc.is_in(names, value_set=pa.array(sources, pa.string()))
    for code in pc.unique(language.filter(chosen)).to_pylist():
        if fault := source_fault(code):  # exports name files so
            raise UserError(f"split_languages: a document's language: {fault}")
    return pc.if_else(chosen, pc.binary_join_element_wise(names, language, LANGUAGE_MARK), names)


def counted_totals(manifests: Iterable[Manifest]) -> dict[str, SourceTotals]:
    """What CountLanguages counted, of all shards."""
    return add_sources(facts.totals for manifest in manifests for facts in manifest.facts_of(LanguageTotals))
