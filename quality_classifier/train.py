"""Labelled pages in, a linear fastText model and its held-out figures out (LLaMA, section 2.1, CommonCrawl)."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from quality_classifier.dataset import PageDrawOptions
from quality_classifier.fit import FitOptions
from quality_classifier.labels import held_out_of, measured_labels
from quality_classifier.search import FoundFit, SearchOptions, search_fits, search_line
from quality_classifier.select import SELECTED_SCHEMA, SelectedPages
from quality_classifier.selection import TEST, TRAIN, VALIDATION, classes_of
from quality_classifier.worth import Worth, worth_of
from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.writer import TaskWriter
from stages.models.fasttext.model import FastTextModel
from stages.models.fasttext.reference import NEGATIVE, POSITIVE, label_scores
from stages.models.trained_quality import TrainedQuality, WhenTooFew

MODEL_NAME, CLASSES_MODEL_NAME = "wikipedia-reference.bin", "classes.bin"
"""Of a model that tells reference pages from random ones, and of one of other classes."""


class EnoughOptions(Record):
    """What is enough to learn from.

    The least is that of the figures (`quality_classifier.evaluate`): what cannot be measured is not to judge a crawl.
    """

    min_pages: int = Field(200, gt=0, description="pages of each class to train on, at least")
    min_hosts: int = Field(30, gt=0, description="hosts of each class to train on, at least")
    when_too_few: WhenTooFew = Field(
        "error",
        description="with fewer: stop, let the reference rule keep all, or let Gopher's rules take its place",
    )


class TrainQualityParams(Record):
    """Pages that were drawn, by class."""

    drawn: dict[str, int]


class TrainQuality(PageDrawOptions, EnoughOptions, SearchOptions, FitOptions, Stage[TrainQualityParams]):
    """All selected pages -> one model. Its one thread and seed make the same pages give the same bytes."""

    stage_name: ClassVar[str] = "train_quality"
    version: ClassVar[int] = 5
    follows_unicode: ClassVar[bool] = True

    labels: tuple[str, ...]
    """Classes that there have to be."""

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[TrainQualityParams]]:
        """One task over all selected pages."""
        uris = tuple(uri for manifest in inputs for uri in manifest.uris(TABLE))
        drawn = {
            name: n
            for one in inputs
            for facts in one.facts_of(SelectedPages)
            for name, n in facts.drawn.items()
        }
        return [Task(task_id(0), uris, TrainQualityParams(drawn=drawn))]

    def run(self, task: Task[TrainQualityParams]) -> ShardReport:
        """Shuffle by hash, train, measure on held-out hosts; without a model where there is too little to learn from."""
        pages = pa.Table.from_batches(read_batches(task.inputs), SELECTED_SCHEMA)
        parts = {
            name: pages.filter(pc.equal(pages.column("part"), name)) for name in (TRAIN, VALIDATION, TEST)
        }
        train = in_order(parts[TRAIN])
        labels = classes_of(train.column("label"), self.labels)
        count, hosts = smallest_class(train, labels)
        too_few = self._too_few(count, hosts, labels, task.params.drawn)
        with TaskWriter(task, self.stage_name) as out:
            if too_few is not None:
                out.facts = self._without(too_few, count, hosts)
            else:
                with tempfile.TemporaryDirectory() as scratch:
                    measured = measured_labels(labels)
                    found = search_fits(
                        train, parts[VALIDATION], measured, self, self.search, self.seed, Path(scratch)
                    )
                    worths = self._measured(found, parts[TEST], measured)
                    name = MODEL_NAME if set(labels) == {POSITIVE, NEGATIVE} else CLASSES_MODEL_NAME
                    out.file(name, MODEL).write(found.model.read_bytes())
                out.facts = TrainedQuality(
                    train_pages=count,
                    train_hosts=hosts,
                    held_out=_figures(worths),
                    worth="; ".join(_said(worths, found)),
                    instead=None,
                    tries=found.tries,
                )
        return out.report

    def _measured(self, found: FoundFit, test: pa.Table, labels: Sequence[str]) -> dict[str, Worth]:
        """What the model is worth on the held-out hosts, by label."""
        model = FastTextModel(str(found.model))
        pages = {label: held_out_of(test, label) for label in labels}
        return {
            label: worth_of(own, label_scores(model, own.texts, label), seed=self.seed)
            for label, own in pages.items()
        }

    def _too_few(self, count: int, hosts: int, labels: Sequence[str], drawn: Mapping[str, int]) -> str | None:
        """Why there is too little to learn from; None where there is enough."""
        if len(labels) < 2:
            return (
                f"all pages are of one class ({', '.join(labels) or 'there are none'}), and two are the least"
            )
        if (empty := next((label for label in self.labels if not drawn.get(label)), None)) is not None:
            return f"the class {empty!r} has no page to train on"
        if count >= self.min_pages and hosts >= self.min_hosts:
            return None
        return (
            f"{count:,} pages of {hosts:,} hosts of each class to train on, "
            f"min_pages is {self.min_pages:,} and min_hosts {self.min_hosts:,}"
        )

    def _without(self, too_few: str, count: int, hosts: int) -> TrainedQuality:
        """What the run says without a model; a UserError where it shall have one."""
        if self.when_too_few == "error":
            raise UserError(
                f"quality_classifier: {too_few}; give more pages or dumps, set match: host, name a "
                "trained model in the reference rule, or choose rules for when_too_few"
            )
        return TrainedQuality(
            train_pages=count,
            train_hosts=hosts,
            held_out={},
            worth=f"no model: {too_few}",
            instead=self.when_too_few,
        )


def in_order(pages: pa.Table) -> pa.Table:
    """The pages in the order of their hash: never one class first, nor pages of one shard together."""
    return pages.take(pc.sort_indices(pages, sort_keys=[("order", "ascending"), ("id", "ascending")]))


def smallest_class(pages: pa.Table, labels: Sequence[str]) -> tuple[int, int]:
    """Pages of the class that has fewest, and hosts of the class that has fewest."""
    classes = [pages.filter(pc.equal(pages.column("label"), label)) for label in labels]
    hosts = [pc.count_distinct(one.column("host")).as_py() for one in classes]
    return min((one.num_rows for one in classes), default=0), min(hosts, default=0)


def _said(worths: Mapping[str, Worth], found: FoundFit) -> list[str]:
    """What the figures, their warnings and the search say; of several classes each with its name."""
    lines = []
    for label, worth in worths.items():
        said = [worth.summary(), *worth.warnings]
        lines += said if len(worths) == 1 else [f"{label}: {line}" for line in said]
    searched = search_line(found)
    return lines if searched is None else [*lines, searched]


def _figures(worths: Mapping[str, Worth]) -> dict[str, float]:
    """The figures of all labels; of several each with the label before its name."""
    if len(worths) == 1:
        return figures_of(next(iter(worths.values())))
    return {
        f"{label}.{name}": value
        for label, worth in worths.items()
        for name, value in figures_of(worth).items()
    }


def figures_of(worth: Worth) -> dict[str, float]:
    """The figures of a model for its manifest; no AUC where the held-out pages are too few to say."""
    counts: dict[str, float] = {
        "pages": worth.pages,
        "hosts": worth.hosts,
        "positives": worth.positives,
    }
    if worth.auc is None:
        return counts
    auc = {"auc": worth.auc.value, "auc_low": worth.auc.low, "auc_high": worth.auc.high}
    return counts | {name: round(value, 4) for name, value in auc.items()} | dict(worth.at_half)
