"""Labelled pages in, a linear fastText model and its held-out figures out (LLaMA, section 2.1, CommonCrawl)."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from quality_classifier.dataset import LABELLED_SCHEMA, LabelPages
from quality_classifier.evaluate import figures
from quality_classifier.fit import fit
from quality_classifier.pages import HashPages, HashReferences, Match, MatchReferences
from stages.core import storage
from stages.core.errors import UserError
from stages.core.parquet import read_batches
from stages.core.stage import MODEL, TABLE, FileInfo, Manifest, Record, ShardReport, Stage, Task, task_id
from stages.core.verb import Step
from stages.core.writer import TaskWriter
from stages.models.fasttext_model import NEGATIVE, POSITIVE, load_fasttext, reference_scores

MODEL_NAME = "wikipedia-reference.bin"
FIGURE_THRESHOLD = 0.5


class TrainQuality(Stage):
    """All labelled pages -> one model. Its one thread and seed make the same pages give the same bytes."""

    stage_name: ClassVar[str] = "train_quality"

    seed: int = 0
    max_pages: int = Field(300_000, gt=0, description="pages of each class to train on, at most")
    min_pages: int = Field(30, gt=0, description="pages of each class to train on, at least")
    epochs: int = Field(5, gt=0)
    min_updates: int = Field(10_000, ge=0)
    learning_rate: float = Field(0.5, gt=0)
    dimensions: int = Field(16, gt=0)
    word_ngrams: int = Field(2, gt=0)
    buckets: int = Field(200_000, gt=0, description="hashed n-grams; the model's size follows")

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task over all labelled pages."""
        return [Task(task_id(0), tuple(uri for manifest in inputs for uri in manifest.uris(TABLE)))]

    def run(self, task: Task) -> ShardReport:
        """Balance, shuffle by hash, train, measure."""
        pages = pa.Table.from_batches(read_batches(task.inputs), LABELLED_SCHEMA)
        train = balanced(pages.filter(pc.invert(pages.column("held_out"))), self.max_pages)
        if train.num_rows < 2 * self.min_pages:
            raise UserError(
                f"quality_classifier: {train.num_rows // 2} pages of each class to train on, min_pages is {self.min_pages}; "
                "give more pages or dumps, set match: host, or name a trained model in the reference rule"
            )
        with tempfile.TemporaryDirectory() as scratch:
            data = self._train(train, Path(scratch))
            held_out = balanced(pages.filter(pages.column("held_out")), self.max_pages)
            scores = reference_scores(
                load_fasttext.__wrapped__(str(Path(scratch) / "model.bin")), held_out.column("text")
            )
        with storage.atomic_output(storage.join(task.output, MODEL_NAME)) as output:
            output.write(data)
        with TaskWriter(task, self.stage_name) as out:
            out.add_file(
                FileInfo(name=MODEL_NAME, kind=MODEL, rows=0, bytes=output.num_bytes, sha256=output.sha256)
            )
            positive = held_out.column("positive").to_numpy()
            measured = figures(positive, scores, FIGURE_THRESHOLD)
            finite = {k: v for k, v in measured.items() if not math.isnan(v)}
            out.facts = {"train_pages": train.num_rows, "held_out": finite}
        return out.report

    def _train(self, pages: pa.Table, scratch: Path) -> bytes:
        corpus = scratch / "pages.txt"
        with corpus.open("w", encoding="utf-8") as lines:
            for batch in pages.select(["positive", "text"]).to_batches():
                labels = pc.if_else(batch.column("positive"), POSITIVE, NEGATIVE).cast(pa.large_string())
                joined = pc.binary_join_element_wise(
                    labels, batch.column("text"), pa.scalar(" ", pa.large_string())
                )
                lines.writelines(f"{line}\n" for line in joined.to_pylist())
        options = {
            "lr": self.learning_rate,
            "dim": self.dimensions,
            # A linear model needs so many updates whatever the number of pages; few pages make few in 5 passes.
            "epoch": max(self.epochs, -(-self.min_updates // pages.num_rows)),
            "wordNgrams": self.word_ngrams,
            "bucket": self.buckets,
            "minCount": 1,
            "seed": self.seed,
        }
        fit(corpus, scratch / "model.bin", options)
        return (scratch / "model.bin").read_bytes()


def balanced(pages: pa.Table, max_pages: int) -> pa.Table:
    """As many pages of each class, at most `max_pages`, in the order of their hash: never one class first."""
    pages = pages.take(pc.sort_indices(pages, sort_keys=[("order", "ascending"), ("id", "ascending")]))
    positive = pages.column("positive").to_numpy()
    count = min(int(positive.sum()), int((~positive).sum()), max_pages)
    nth = np.where(positive, np.cumsum(positive), np.cumsum(~positive))
    return pages.filter(pa.array(nth <= count))


class QualityClassifier(Record):
    """How the quality classifier is trained: which pages count as cited, and how many are taken."""

    match: Match = Field("url", description="a page counts as cited by its URL, or by its host")
    max_pages: int = Field(300_000, gt=0, description="pages of each class to train on, at most")
    min_pages: int = Field(30, gt=0, description="pages of each class to train on, at least")
    min_chars: int = Field(200, ge=0, description="length floor of both classes")
    held_out: float = Field(0.1, gt=0, lt=1, description="share of pages kept for the figures")
    epochs: int = Field(5, gt=0, description="passes of the training, at least")
    min_updates: int = Field(10_000, ge=0, description="pages shown to the model in all passes, at least")
    learning_rate: float = Field(0.5, gt=0, description="fastText's learning rate")

    def steps(self, seed: int) -> list[Step]:
        """Input 0 is the pages, input 1 the tables of reference URLs; the last step gives the model."""
        label = LabelPages(
            seed=seed, max_pages=self.max_pages, min_chars=self.min_chars, held_out=self.held_out
        )
        train = TrainQuality(
            seed=seed,
            max_pages=self.max_pages,
            min_pages=self.min_pages,
            epochs=self.epochs,
            min_updates=self.min_updates,
            learning_rate=self.learning_rate,
        )
        return [
            Step(HashReferences(match=self.match), (1, 0)),
            Step(HashPages(match=self.match), (0,)),
            Step(MatchReferences(), (2, 3, 0)),
            Step(label, (0, 4)),
            Step(train, (5,)),
        ]
