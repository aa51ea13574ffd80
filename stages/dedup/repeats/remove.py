"""Documents, spans and the ids of their keepers in, the documents without the spans out."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.exchange import Exchange
from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, shard_tasks
from stages.dedup.repeats.spans import NAMES_SCHEMA, SPANS_SCHEMA
from stages.dedup.repeats.windows import RepeatOptions
from stages.dedup.rewrite import Touched, write_rewritten
from stages.kernels.words.cut_words import CutTexts


class RemoveSpansParams(ShardParams):
    """A shard, its table of spans, and the names of keepers for all."""

    spans: str
    names: Exchange


class RemoveRepeats(RepeatOptions, Stage[RemoveSpansParams]):
    """Shard -> its documents without the spans. Inputs: documents, spans, names of keepers."""

    follows_unicode: ClassVar[bool] = True
    unit: ClassVar[str]
    """What is counted, in the plural, as the ledger's detail calls it."""
    edit_rule: ClassVar[str]
    drop_rule: ClassVar[str]

    @property
    @abstractmethod
    def min_left(self) -> int:
        """A document that lost a span and is left with fewer units is dropped."""

    @abstractmethod
    def cut(
        self,
        texts: pa.Array,
        starts: npt.NDArray[np.int64],
        firsts: npt.NDArray[np.uint32],
        stops: npt.NDArray[np.uint32],
    ) -> CutTexts:
        """Cut units firsts[j]:stops[j] for j in starts[i]:starts[i + 1] out of text i; spans ascend and do not touch."""

    @abstractmethod
    def removed(self, spans: int, units: int, bytes: int, removed_bytes: int) -> Record:
        """The record of what was cut from a shard of `bytes`."""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RemoveSpansParams]]:
        """One task per document shard."""
        documents, spans, names = inputs[0], inputs[1].uris(TABLE), Exchange.of(inputs[2])
        return shard_tasks(
            documents, lambda shard: RemoveSpansParams(shard=shard, spans=spans[shard], names=names)
        )

    def run(self, task: Task[RemoveSpansParams]) -> ShardReport:
        """Cut the spans out of the texts, which stream past them."""
        spans = pa.Table.from_batches(read_batches([task.params.spans]), SPANS_SCHEMA)
        rows = spans.column("row").to_numpy()
        with TaskWriter(task, self.stage_name) as out:
            names = pa.Table.from_batches(out.receive(task.params.names, task.params.shard), NAMES_SCHEMA)
            names = names.take(pc.sort_indices(names, [("row", "ascending")])).combine_chunks()
            partner_rows, partners = names.column("row").to_numpy(), names.column("id").combine_chunks()
            lost_units = lost_bytes = 0
            start = 0
            for batch in out.read(task.inputs):
                begin, end = np.searchsorted(rows, [start, start + batch.num_rows])
                if end == begin:
                    out.keep(batch)
                else:
                    first, last = np.searchsorted(partner_rows, [start, start + batch.num_rows])
                    here = partners.slice(first, last - first)
                    lost = self._rewrite(out, batch, spans.slice(begin, end - begin), start, here)
                    lost_units, lost_bytes = lost_units + lost[0], lost_bytes + lost[1]
                start += batch.num_rows
            out.facts = self.removed(spans.num_rows, lost_units, out.bytes_in, lost_bytes)
        return out.report

    def _rewrite(
        self, out: TaskWriter, batch: pa.RecordBatch, spans: pa.Table, start: int, partners: pa.Array
    ) -> tuple[int, int]:
        """Cut `spans` out of a batch that begins at row `start`; a partner for each document that has some.

        Returns the units and the bytes that were lost.
        """
        rows, firsts, stops = (spans.column(name).to_numpy() for name in SPANS_SCHEMA.names)
        changed, starts = np.unique(rows.astype(np.int64) - start, return_index=True)
        cut = self.cut(
            batch.column("text").take(pa.array(changed)), np.append(starts, len(rows)), firsts, stops
        )
        lost_units = cut.units_before - cut.units_after
        mask = np.zeros(batch.num_rows, bool)
        mask[changed] = True
        texts = pc.replace_with_mask(batch.column("text"), pa.array(mask), cut.texts)
        short = cut.units_after < self.min_left
        details = _details(np.diff(np.append(starts, len(rows))), self.unit, cut.units_before)
        touched = []
        for chosen, rule, value, threshold in (
            (~short, self.edit_rule, lost_units, self.window),
            (short, self.drop_rule, cut.units_after, self.min_left),
        ):
            ledger = {
                "value": value[chosen],
                "threshold": threshold,
                "partner": partners.filter(pa.array(chosen)),
                "detail": details.filter(pa.array(chosen)),
            }
            touched.append(Touched(_mask(changed[chosen], batch.num_rows), rule, ledger))
        return int(lost_units.sum()), write_rewritten(out, batch, texts, *touched)


def _mask(rows: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(count, bool)
    mask[rows] = True
    return mask


def _details(spans: npt.NDArray[np.int64], unit: str, units: npt.NDArray[np.int64]) -> pa.Array:
    pairs = zip(spans.tolist(), units.tolist(), strict=True)
    return pa.array([f'{{"spans":{count},"{unit}":{total}}}' for count, total in pairs], pa.string())
