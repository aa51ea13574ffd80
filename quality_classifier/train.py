"""Labelled pages in, a linear fastText model and its held-out figures out (LLaMA, section 2.1, CommonCrawl)."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field

from quality_classifier.dataset import LabelNegatives, LabelOptions, LabelPages, PageDrawOptions
from quality_classifier.fit import fit
from quality_classifier.labels import held_out_of
from quality_classifier.pages import HashPages, HashReferences, MatchOptions, MatchReferences
from quality_classifier.select import SELECTED_SCHEMA, SelectPages
from quality_classifier.selection import TEST, TRAIN, SelectOptions
from quality_classifier.worth import Worth, worth_of
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.manifest import MODEL, TABLE, Manifest, Record, ShardReport
from stages.core.parquet import read_batches
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Options, Wiring
from stages.core.writer import TaskWriter
from stages.ingest.dataset.stage import DatasetIngest
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import NEGATIVE_MARK, POSITIVE_MARK, classifier_texts, reference_scores
from stages.models.trained_quality import Instead, TrainedQuality, WhenTooFew

MODEL_NAME = "wikipedia-reference.bin"
NEGATIVES = "negatives"
"""What the user's own negatives are called as a source."""


class FitOptions(Record):
    """How the model is trained.

    The least is that of the figures (`quality_classifier.evaluate`): what cannot be measured is not to judge a crawl.
    """

    min_pages: int = Field(200, gt=0, description="pages of each class to train on, at least")
    min_hosts: int = Field(30, gt=0, description="hosts of each class to train on, at least")
    when_too_few: WhenTooFew = Field(
        "error",
        description="with fewer: stop, let the reference rule keep all, or let Gopher's rules take its place",
    )
    epochs: int = Field(5, gt=0, description="passes of the training, at least")
    min_updates: int = Field(10_000, ge=0, description="pages shown to the model in all passes, at least")
    learning_rate: float = Field(0.5, gt=0, description="fastText's learning rate")
    dimensions: int = Field(16, gt=0, description="numbers that stand for a word")
    word_ngrams: int = Field(2, gt=0, description="words in the longest n-gram")
    buckets: int = Field(200_000, gt=0, description="hashed n-grams; the model's size follows")


class TrainQuality(PageDrawOptions, FitOptions, Stage[None]):
    """All selected pages -> one model. Its one thread and seed make the same pages give the same bytes."""

    stage_name: ClassVar[str] = "train_quality"
    version: ClassVar[int] = 4
    follows_unicode: ClassVar[bool] = True

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        """One task over all selected pages."""
        uris = tuple(uri for manifest in inputs for uri in manifest.uris(TABLE))
        return [Task(task_id(0), uris, None)]

    def run(self, task: Task[None]) -> ShardReport:
        """Shuffle by hash, train, measure on held-out hosts; without a model where there is too little to learn from."""
        pages = pa.Table.from_batches(read_batches(task.inputs), SELECTED_SCHEMA)
        train = in_order(pages.filter(pc.equal(pages.column("part"), TRAIN)))
        count, hosts = smaller_class(train)
        instead = self._instead(count, hosts)
        with TaskWriter(task, self.stage_name) as out:
            if instead is not None:
                worth = f"no model: {self._too_few(count, hosts)}"
                figures: dict[str, float] = {}
            else:
                with tempfile.TemporaryDirectory() as scratch:
                    data = self._train(train, Path(scratch))
                    model = load_fasttext(str(Path(scratch) / "model.bin"))
                    held_out = held_out_of(pages.filter(pc.equal(pages.column("part"), TEST)))
                    measured = worth_of(held_out, reference_scores(model, held_out.texts), seed=self.seed)
                out.file(MODEL_NAME, MODEL).write(data)
                worth, figures = measured.summary(), figures_of(measured)
                worth = "; ".join([worth, *measured.warnings])
            out.facts = TrainedQuality(
                train_pages=count, train_hosts=hosts, held_out=figures, worth=worth, instead=instead
            )
        return out.report

    def _too_few(self, count: int, hosts: int) -> str:
        return (
            f"{count:,} pages of {hosts:,} hosts of each class to train on, "
            f"min_pages is {self.min_pages:,} and min_hosts {self.min_hosts:,}"
        )

    def _instead(self, count: int, hosts: int) -> Instead | None:
        """What the reference rule does without a model; None where there is enough for one."""
        if count >= self.min_pages and hosts >= self.min_hosts:
            return None
        if self.when_too_few == "error":
            raise UserError(
                f"quality_classifier: {self._too_few(count, hosts)}; give more pages or dumps, set match: host, name a "
                "trained model in the reference rule, or choose rules for when_too_few"
            )
        return self.when_too_few

    def _train(self, pages: pa.Table, scratch: Path) -> bytes:
        corpus = scratch / "pages.txt"
        with corpus.open("w", encoding="utf-8") as lines:
            for batch in pages.select(["positive", "text"]).to_batches():
                labels = pc.if_else(batch.column("positive"), POSITIVE_MARK, NEGATIVE_MARK).cast(
                    pa.large_string()
                )
                joined = pc.binary_join_element_wise(
                    labels, classifier_texts(batch.column("text")), pa.scalar(" ", pa.large_string())
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


def in_order(pages: pa.Table) -> pa.Table:
    """The pages in the order of their hash: never one class first, nor pages of one shard together."""
    return pages.take(pc.sort_indices(pages, sort_keys=[("order", "ascending"), ("id", "ascending")]))


def smaller_class(pages: pa.Table) -> tuple[int, int]:
    """Pages of the class that has fewer, and hosts of the class that has fewer."""
    classes = [pages.filter(pc.equal(pages.column("positive"), of_class)) for of_class in (False, True)]
    hosts = [pc.count_distinct(one.column("host")).as_py() for one in classes]
    return min(one.num_rows for one in classes), min(hosts)


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


class QualityClassifier(MatchOptions, PageDrawOptions, LabelOptions, SelectOptions, FitOptions, Options):
    """How the quality classifier is trained: which pages count as cited, and how many are taken."""

    negatives: tuple[Location, ...] = Field(
        (),
        description="files of your own (text, JSON lines, Parquet, CSV) that are the negatives, in place of crawled pages",
    )

    def wire(self, wiring: Wiring, pages: str, references: Sequence[str]) -> str:
        """From pages and tables of reference URLs to the output that holds the model."""
        page_hashes = wiring.add(HashPages(), pages)
        reference_hashes = wiring.add(HashReferences(), *references, page_hashes)
        cited = wiring.add(MatchReferences(), reference_hashes, page_hashes, pages)
        labelled = [wiring.add(self.stage(LabelPages, draws_negatives=not self.negatives), pages, cited)]
        if self.negatives:
            own = wiring.add(DatasetIngest(source=NEGATIVES, input=self.negatives))
            labelled.append(wiring.add(self.stage(LabelNegatives), own, cited))
        selected = wiring.add(self.stage(SelectPages), *labelled)
        return wiring.add(self.stage(TrainQuality), selected)
