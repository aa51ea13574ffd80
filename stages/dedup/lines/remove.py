"""A shard and the keys of lines in, the shard without these lines out: the last step of CCNet's line dedup (3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from stages.core.exchange import Exchange
from stages.core.manifest import DOCUMENTS, FileInfo, Manifest, Record, ShardReport
from stages.core.stage import Stage, Task
from stages.core.writer import TaskWriter
from stages.dedup.columns import ShardParams, shard_tasks
from stages.dedup.lines.keys import REMOVED_SCHEMA
from stages.dedup.lines.match import MatchedLines, Scope, ScopeOptions, scope_seeds
from stages.dedup.rewrite import Touched, write_rewritten
from stages.kernels.hash import key_set
from stages.kernels.lines.lines import Lines, cut_lines, hash_lines


class LeftLinesOptions(Record):
    """Which documents are too short when their lines are gone."""

    min_chars: int = Field(300, ge=1, description="shorter documents are dropped after the lines are gone")


class RemoveLinesParams(ShardParams):
    """A shard, the line keys to remove from all; the shard's file and lines where only such a key can change it."""

    removals: Exchange
    untouched: FileInfo | None
    lines: int


class RemovedLines(Record):
    """What line dedup removed from a shard, in lines that are not blank and in bytes of text."""

    scope: Scope
    lines: int = 0
    removed_lines: int = 0
    bytes: int = 0
    removed_bytes: int = 0

    def plus(self, lines: int, removed_lines: int, bytes: int, removed_bytes: int) -> RemovedLines:
        """These counts and those of another batch."""
        return RemovedLines(
            scope=self.scope,
            lines=self.lines + lines,
            removed_lines=self.removed_lines + removed_lines,
            bytes=self.bytes + bytes,
            removed_bytes=self.removed_bytes + removed_bytes,
        )


class RemoveLines(ScopeOptions, LeftLinesOptions, Stage[RemoveLinesParams]):
    """Shard -> its documents without the removed lines. Inputs: documents, removals.

    A shard that has no line twice, no short document and nothing to remove is taken over as the file that it is.
    """

    stage_name: ClassVar[str] = "lines_remove"
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[RemoveLinesParams]]:
        """One task per document shard."""
        documents, removals = inputs[0], Exchange.of(inputs[1])
        files = documents.of_kind(DOCUMENTS)
        distinct = [one for matched in inputs[1].facts_of(MatchedLines) for one in matched.distinct]
        whole = {one.shard: one.lines for one in distinct if one.shortest_chars >= self.min_chars}
        if not documents.folder:  # files from outside, which are not in our form
            whole = {}
        return shard_tasks(
            documents,
            lambda shard: RemoveLinesParams(
                shard=shard,
                removals=removals,
                untouched=files[shard] if shard in whole else None,
                lines=whole.get(shard, 0),
            ),
        )

    def run(self, task: Task[RemoveLinesParams]) -> ShardReport:
        """Hash the lines again and cut those whose key is removed here, and repeats inside a document."""
        with TaskWriter(task, self.stage_name) as out:
            batches = out.receive(task.params.removals, task.params.shard)
            removals = pa.Table.from_batches(batches, REMOVED_SCHEMA)
            if (file := task.params.untouched) and not len(removals) and task.hands_on is None:
                out.reuse_documents(task.inputs[0], file)
                size = sum(totals.text_bytes for totals in file.sources.values())
                out.facts = RemovedLines(scope=self.scope, lines=task.params.lines, bytes=size)
            else:
                out.facts = self._remove(out, task, removals)
        return out.report

    def _remove(self, out: TaskWriter, task: Task[RemoveLinesParams], removals: pa.Table) -> RemovedLines:
        """Write the shard without the lines whose key is removed; what was."""
        keys = removals.column("key").to_numpy()
        keepers = removals.column("keeper_row").to_numpy()
        slots = key_set.build(keys)
        removed_lines = RemovedLines(scope=self.scope)
        start = 0
        for batch in out.read(task.inputs):
            seeds = scope_seeds(batch, self.scope, self.groups)
            lines = hash_lines(batch.column("text"), seeds)
            found = key_set.find(keys, slots, lines.hashes)
            removed = found >= 0
            removed[removed] = keepers[found[removed]] != (lines.rows()[removed] + start)
            removed |= key_set.repeats(lines.hashes, lines.starts, lines.blank)
            removed_lines = self._write(out, batch, lines, removed & ~lines.blank, removed_lines)
            start += batch.num_rows
        return removed_lines

    def _write(
        self,
        out: TaskWriter,
        batch: pa.RecordBatch,
        lines: Lines,
        removed: npt.NDArray[np.bool_],
        before: RemovedLines,
    ) -> RemovedLines:
        """Write the batch without the removed lines; what was removed before and here."""
        texts = cut_lines(lines, removed)
        chars = pc.utf8_length(texts).to_numpy()
        counts = np.add.reduceat(removed, lines.starts[:-1], dtype=np.int64)
        totals = np.add.reduceat(~lines.blank, lines.starts[:-1], dtype=np.int64)
        short = chars < self.min_chars
        edited = (counts > 0) & ~short
        drops = Touched(
            short,
            "short_after_line_dedup",
            {
                "value": chars[short],
                "threshold": self.min_chars,
                "detail": _details(counts[short], totals[short]),
            },
        )
        edits = Touched(
            edited,
            "duplicate_lines",
            {"value": counts[edited] / totals[edited], "detail": _details(counts[edited], totals[edited])},
        )
        lost = write_rewritten(out, batch, texts, edits, drops)
        size = lines.offsets[-1] - lines.offsets[0]
        return before.plus(int(totals.sum()), int(counts.sum()), int(size), int(lost))


def _details(counts: npt.NDArray[np.int64], totals: npt.NDArray[np.int64]) -> pa.Array:
    pairs = zip(counts.tolist(), totals.tolist(), strict=True)
    return pa.array([f'{{"lines":{count},"of":{total}}}' for count, total in pairs], pa.string())
