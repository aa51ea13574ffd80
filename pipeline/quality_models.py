"""A quality model (a file, or the run that trained it) and labels in, its scores on pages that it has not seen out."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from pipeline.chain import stage_at
from pipeline.given import given_documents
from quality_classifier.evaluate import Scores
from quality_classifier.labels import held_out_of, measured_labels, read_labels
from quality_classifier.select import SELECTED_SCHEMA, SelectPages
from quality_classifier.selection import TEST, TRAIN
from quality_classifier.train import TrainQuality
from quality_classifier.worth import HeldOut
from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, document_uris
from stages.core.parquet import read_batches, read_documents
from stages.models.fasttext.model import FastTextModel, load_fasttext
from stages.models.fasttext.reference import label_scores
from stages.models.trained_quality import TrainedQuality


@dataclass(frozen=True)
class QualityModel:
    """A model, where it is from, the label that stands for good pages, and its run where it has one."""

    place: str
    model: FastTextModel
    label: str
    run: str | None

    @property
    def labels(self) -> tuple[str, ...]:
        """All its labels."""
        return self.model.labels

    def of_label(self, label: str) -> QualityModel:
        """The same model, of which another label stands for good pages."""
        return replace(self, label=label)

    def scores(self, texts: pa.Array) -> Scores:
        """The probability of the label, float32, shape (rows,)."""
        return label_scores(self.model, texts, self.label)

    def part(self, name: str) -> HeldOut:
        """The labelled pages of one part of its training, its label against others; a UserError where it has no run."""
        if self.run is None:
            raise UserError(
                f"{self.place}: a model alone has no held-out pages; give --labels FILE, or its run"
            )
        return held_out_of(_selected(self.run, name), self.label)

    def trained_hosts(self) -> pa.Array:
        """Hosts that it was trained on, as far as is known."""
        if self.run is None:
            return pa.array([], pa.string())
        return pc.unique(_selected(self.run, TRAIN).column("host").combine_chunks())


def open_quality(place: str, label: str | None) -> QualityModel:
    """The model of a file, a run or a stage's folder; a UserError where there is none, or it never gives the label.

    Without a label, the one that stands for good pages, or else the first of its labels.
    """
    run, path = None, place
    if storage.is_folder(place):
        trained = stage_at(place, TrainQuality)
        if not (models := trained.uris(MODEL)):
            (facts,) = trained.facts_of(TrainedQuality)
            raise UserError(f"{place}: {facts.worth}")
        run, path = place, models[0]
    model = load_fasttext(path)
    if label is None:
        label = measured_labels(model.labels)[0]
    if label not in model.labels:
        shown = ", ".join(repr(one[:80]) for one in sorted(model.labels)[:5])
        raise UserError(f"{path}: has no label {label!r}; name one with --label: {shown}")
    return QualityModel(place, model, label, run)


def _selected(run: str, part: str) -> pa.Table:
    batches = read_batches(stage_at(run, SelectPages).uris(TABLE))
    pages = pa.Table.from_batches(batches, SELECTED_SCHEMA)
    return pages.filter(pc.equal(pages.column("part"), part))


def held_out_pages(labels: str | None, *models: QualityModel) -> HeldOut:
    """The pages of a file of labels, or those that the first model's run held out, but none of hosts that one trained on."""
    first = models[0]
    others = tuple(one for one in first.labels if one != first.label)
    pages = first.part(TEST) if labels is None else read_labels(labels, first.label, others)
    seen = np.zeros(len(pages.positive), bool)
    for model in models:
        hosts = pc.is_in(pages.hosts, value_set=model.trained_hosts().cast(pages.hosts.type))
        seen |= hosts.to_numpy(zero_copy_only=False)
    return pages.filter(~seen) if seen.any() else pages


def scores_of_documents(model: QualityModel, inputs: list[str]) -> Scores:
    """The score of every document given."""
    found: list[Scores] = [np.empty(0, np.float32)]
    with given_documents(inputs) as manifests:
        for batch in read_documents(document_uris(manifests), ["text"]):
            found.append(model.scores(batch.column("text")))
    return np.concatenate(found)
