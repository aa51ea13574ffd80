"""Labelled pages of all shards in, one table of those that are learnt from and measured on out, each with its part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import ClassVar

import numpy as np
import pyarrow as pa

from quality_classifier.dataset import PAGE_FIELDS, PageDrawOptions
from quality_classifier.duplicates import near_clusters
from quality_classifier.selection import (
    TEST,
    TRAIN,
    UNUSED,
    VALIDATION,
    SelectOptions,
    classes_of,
    select_pages,
)
from stages.core.manifest import TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter

SELECTED_SCHEMA = pa.schema([*PAGE_FIELDS, ("part", pa.string())])

_WITHOUT_TEXT = ["order", "label", "host", "language", "chars", "bands", "sketch"]


class SelectedPages(Record):
    """Pages that were drawn by class, and of each part the pages and hosts by class (`train.reference`)."""

    drawn: dict[str, int]
    pages: dict[str, int]
    hosts: dict[str, int]


class SelectPages(PageDrawOptions, SelectOptions, Stage[None]):
    """All labelled pages -> the selected ones. Holds some 300 bytes for each page that was drawn, and no text."""

    stage_name: ClassVar[str] = "select_pages"
    version: ClassVar[int] = 3

    labels: tuple[str, ...]
    """Classes that there have to be, the one first that has what is of two."""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task over all labelled pages."""
        return [Task(task_id(0), tuple(uri for one in inputs for uri in one.uris(TABLE)), None)]

    def run(self, task: Task[None]) -> ShardReport:
        """Choose by the columns without texts, then copy what was chosen."""
        batches = list(read_batches(task.inputs, _WITHOUT_TEXT))
        with TaskWriter(task, self.stage_name) as out:
            table = out.table("pages", SELECTED_SCHEMA)
            if batches:
                pages = pa.Table.from_batches(batches).combine_chunks()
                bands, sketches = (pages.column(name).combine_chunks() for name in ("bands", "sketch"))
                clusters = near_clusters(bands, sketches)
                names = classes_of(pages.column("label"), self.labels)
                part = select_pages(pages, names, clusters, self, self.max_pages, self.seed + 2)
                for selected in _copied(task.inputs, part):
                    table.write(selected)
                out.facts = _facts(pages, names, part)
            else:
                out.facts = SelectedPages(drawn=dict.fromkeys(self.labels, 0), pages={}, hosts={})
        return out.report


def _copied(uris: Sequence[str], part: np.ndarray) -> Iterator[pa.Table]:
    """The chosen rows of all tables, with their parts."""
    row = 0
    for batch in read_batches(uris, [name for name, _ in PAGE_FIELDS]):
        own = part[row : row + batch.num_rows]
        row += batch.num_rows
        mask = own != UNUSED
        if mask.any():
            chosen = batch.filter(pa.array(mask))
            columns = [chosen.column(name) for name, _ in PAGE_FIELDS]
            yield pa.Table.from_arrays([*columns, pa.array(own[mask], pa.string())], schema=SELECTED_SCHEMA)


def _facts(pages: pa.Table, names: Sequence[str], part: np.ndarray) -> SelectedPages:
    hosts = pages.column("host").to_numpy()
    labels = pages.column("label").to_numpy()
    masks = {
        f"{name}.{label}": (part == name) & (labels == label)
        for name in (TRAIN, VALIDATION, TEST)
        for label in names
    }
    return SelectedPages(
        drawn={label: int((labels == label).sum()) for label in names},
        pages={name: int(mask.sum()) for name, mask in masks.items()},
        hosts={name: len(set(hosts[mask])) for name, mask in masks.items()},
    )
