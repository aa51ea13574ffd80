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

from quality_classifier.dataset import LABELLED_SCHEMA, LabelOptions, LabelPages, PageDrawOptions
from quality_classifier.evaluate import figures
from quality_classifier.fit import fit
from quality_classifier.pages import HashPages, HashReferences, MatchOptions, MatchReferences
from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Options, Wiring
from stages.core.writer import TaskWriter
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import NEGATIVE_MARK, POSITIVE_MARK, reference_scores

MODEL_NAME = "wikipedia-reference.bin"
FIGURE_THRESHOLD = 0.5


class FitOptions(Record):
    """How the model is trained."""

    min_pages: int = Field(30, gt=0, description="pages of each class to train on, at least")
    epochs: int = Field(5, gt=0, description="passes of the training, at least")
    min_updates: int = Field(10_000, ge=0, description="pages shown to the model in all passes, at least")
    learning_rate: float = Field(0.5, gt=0, description="fastText's learning rate")
    dimensions: int = Field(16, gt=0, description="numbers that stand for a word")
    word_ngrams: int = Field(2, gt=0, description="words in the longest n-gram")
    buckets: int = Field(200_000, gt=0, description="hashed n-grams; the model's size follows")


class TrainedQuality(Record):
    """Pages that a model was trained on, and its figures on held-out pages."""

    train_pages: int
    held_out: dict[str, float]


class TrainQuality(PageDrawOptions, FitOptions, Stage[None]):
    """All labelled pages -> one model. Its one thread and seed make the same pages give the same bytes."""

    stage_name: ClassVar[str] = "train_quality"
    version: ClassVar[int] = 3

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task over all labelled pages."""
        uris = tuple(uri for manifest in inputs for uri in manifest.uris(TABLE))
        return [Task(task_id(0), uris, None)]

    def run(self, task: Task[None]) -> ShardReport:
        """Balance, shuffle by hash, train, measure."""
        pages = pa.Table.from_batches(read_batches(task.inputs), LABELLED_SCHEMA)
        train = balanced_classes(pages.filter(pc.invert(pages.column("held_out"))), self.max_pages)
        if train.num_rows < 2 * self.min_pages:
            raise UserError(
                f"quality_classifier: {train.num_rows // 2} pages of each class to train on, min_pages is {self.min_pages}; "
                "give more pages or dumps, set match: host, or name a trained model in the reference rule"
            )
        with tempfile.TemporaryDirectory() as scratch:
            data = self._train(train, Path(scratch))
            held_out = balanced_classes(pages.filter(pages.column("held_out")), self.max_pages)
            model = load_fasttext(str(Path(scratch) / "model.bin"))
            scores = reference_scores(model, held_out.column("text"))
        with TaskWriter(task, self.stage_name) as out:
            out.file(MODEL_NAME, MODEL).write(data)
            positive = held_out.column("positive").to_numpy()
            measured = figures(positive, scores, FIGURE_THRESHOLD)
            finite = {k: v for k, v in measured.items() if not math.isnan(v)}
            out.facts = TrainedQuality(train_pages=train.num_rows, held_out=finite)
        return out.report

    def _train(self, pages: pa.Table, scratch: Path) -> bytes:
        corpus = scratch / "pages.txt"
        with corpus.open("w", encoding="utf-8") as lines:
            for batch in pages.select(["positive", "text"]).to_batches():
                labels = pc.if_else(batch.column("positive"), POSITIVE_MARK, NEGATIVE_MARK).cast(
                    pa.large_string()
                )
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


def balanced_classes(pages: pa.Table, max_pages: int) -> pa.Table:
    """As many pages of each class, at most `max_pages`, in the order of their hash: never one class first."""
    pages = pages.take(pc.sort_indices(pages, sort_keys=[("order", "ascending"), ("id", "ascending")]))
    positive = pages.column("positive").to_numpy()
    count = min(int(positive.sum()), int((~positive).sum()), max_pages)
    nth = np.where(positive, np.cumsum(positive), np.cumsum(~positive))
    return pages.filter(pa.array(nth <= count))


class QualityClassifier(MatchOptions, PageDrawOptions, LabelOptions, FitOptions, Options):
    """How the quality classifier is trained: which pages count as cited, and how many are taken."""

    def wire(self, wiring: Wiring, pages: str, references: Sequence[str]) -> str:
        """From pages and tables of reference URLs to the output that holds the model."""
        page_hashes = wiring.add(self.stage(HashPages), pages)
        reference_hashes = wiring.add(self.stage(HashReferences), *references, page_hashes)
        cited = wiring.add(MatchReferences(), reference_hashes, page_hashes, pages)
        labelled = wiring.add(self.stage(LabelPages), pages, cited)
        return wiring.add(self.stage(TrainQuality), labelled)
