"""The options of the quality classifier in, its stages in a graph out: where pages of each class come from, the training."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from pydantic import Field, field_validator, model_validator

from quality_classifier.dataset import LabelClass, LabelOptions, LabelPages, PageDrawOptions, SeedOptions
from quality_classifier.fit import FitOptions
from quality_classifier.label_rows import LabelRows, LabelScores
from quality_classifier.pages import HashPages, HashReferences, MatchOptions, MatchReferences
from quality_classifier.score_texts import GoodOptions, ScoreOptions, ScoreTexts, good_of
from quality_classifier.search import SearchOptions
from quality_classifier.select import SelectPages
from quality_classifier.selection import SelectOptions
from quality_classifier.train import EnoughOptions, TrainQuality
from stages.core.errors import UserError
from stages.core.location import Location
from stages.core.verb import Options, Wiring
from stages.ingest.dataset.stage import DatasetIngest
from stages.models.fasttext.reference import NEGATIVE, POSITIVE

NEGATIVES, LABELS = "negatives", "labels"
"""What the user's own negatives, and their labels, are called as sources."""

_LABEL = re.compile(r"[^\s.]+")


class LabelledOutputs(NamedTuple):
    """Outputs of labelled pages, and the classes that there have to be (none: those that the labels say)."""

    pages: tuple[str, ...]
    labels: tuple[str, ...]


class QualityClassifier(
    MatchOptions,
    PageDrawOptions,
    LabelOptions,
    SelectOptions,
    EnoughOptions,
    SearchOptions,
    FitOptions,
    GoodOptions,
    Options,
):
    """How the quality classifier is trained: which pages are of which class, and how many are taken."""

    negatives: tuple[Location, ...] = Field(
        (),
        description="files of your own (text, JSON lines, Parquet, CSV) that are the negatives, in place of crawled pages",
    )
    classes: dict[str, tuple[Location, ...]] = Field(
        default_factory=dict,
        description="files of your own by class, in place of what Wikipedia cites; what is of two classes is of the first",
    )
    pages_class: str | None = Field(
        None, description="name of one more class beside `classes`: the crawled pages themselves"
    )
    labels: tuple[Location, ...] = Field(
        (),
        description="tables of labelled pages (text, label; url or host), in place of what Wikipedia cites",
    )
    labeller: ScoreOptions | None = Field(
        None, description="a language model that labels the crawled pages, in place of what Wikipedia cites"
    )

    @field_validator("classes", mode="before")
    @classmethod
    def _one_file_is_a_list(cls, classes: object) -> object:
        if not isinstance(classes, dict):
            return classes
        return {name: (files,) if isinstance(files, str) else files for name, files in classes.items()}

    @model_validator(mode="after")
    def _one_kind_of_classes(self) -> Self:
        given = [name for name in ("negatives", "classes", "labels", "labeller") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)}: give one of them; each says what the classes are")
        names = self._class_names
        if self.pages_class is not None and not self.classes:
            raise ValueError("pages_class: stands beside `classes`; give the files of another class there")
        if self.classes and (len(names) < 2 or len(set(names)) < len(names)):
            raise ValueError("classes: give two or more, each with a name of its own; pages_class is one too")
        if bad := next((name for name in names if not _LABEL.fullmatch(name)), None):
            raise ValueError(f"classes: {bad!r} is no name of a class; leave out spaces and dots")
        if empty := next((name for name, files in self.classes.items() if not files), None):
            raise ValueError(f"classes: {empty}: names no file")
        return self

    @property
    def _class_names(self) -> tuple[str, ...]:
        return (*self.classes, *([] if self.pages_class is None else [self.pages_class]))

    @property
    def learns_from_references(self) -> bool:
        """Whether what Wikipedia cites are the positives."""
        return not (self.classes or self.labels or self.labeller)

    @property
    def learns_from_pages(self) -> bool:
        """Whether it needs the crawled pages."""
        return not self.labels and (not self.classes or self.pages_class is not None)

    def wire(self, wiring: Wiring, pages: str | None, references: Sequence[str]) -> str:
        """From pages and tables of reference URLs, or what stands in their place, to the output that holds the model."""
        labelled, labels = self._labelled(wiring, pages, references)
        selected = wiring.add(self.stage(SelectPages, labels=labels), *labelled)
        return wiring.add(self.stage(TrainQuality, labels=labels), selected)

    def _labelled(self, wiring: Wiring, pages: str | None, references: Sequence[str]) -> LabelledOutputs:
        if self.labels:
            tables = wiring.add(DatasetIngest(source=LABELS, input=self.labels))
            return LabelledOutputs((wiring.add(self.stage(LabelRows), tables),), ())
        if self.classes:
            return self._classes(wiring, pages)
        if pages is None:
            raise UserError("the quality classifier learns from crawled pages; give some")
        if self.labeller is not None:
            return self._scored(wiring, pages, self.labeller)
        return self._cited(wiring, pages, references)

    def _cited(self, wiring: Wiring, pages: str, references: Sequence[str]) -> LabelledOutputs:
        page_hashes = wiring.add(HashPages(), pages)
        reference_hashes = wiring.add(HashReferences(), *references, page_hashes)
        cited = wiring.add(MatchReferences(), reference_hashes, page_hashes, pages)
        labelled = [wiring.add(self.stage(LabelPages, draws_negatives=not self.negatives), pages, cited)]
        if self.negatives:
            own = wiring.add(DatasetIngest(source=NEGATIVES, input=self.negatives))
            labelled.append(wiring.add(self.stage(LabelClass, label=NEGATIVE), own, cited))
        return LabelledOutputs(tuple(labelled), (POSITIVE, NEGATIVE))

    def _classes(self, wiring: Wiring, pages: str | None) -> LabelledOutputs:
        documents = {
            name: wiring.add(DatasetIngest(source=_source_of(number), input=files))
            for number, (name, files) in enumerate(self.classes.items())
        }
        if self.pages_class is not None:
            if pages is None:
                raise UserError(f"pages_class: {self.pages_class} is of crawled pages; give some")
            documents[self.pages_class] = pages
        labelled = []
        for name, own in documents.items():
            others = [output for other, output in documents.items() if other != name]
            labelled.append(wiring.add(self.stage(LabelClass, label=name), own, *others))
        return LabelledOutputs(tuple(labelled), tuple(documents))

    def _scored(self, wiring: Wiring, pages: str, labeller: ScoreOptions) -> LabelledOutputs:
        labels = add_labels(wiring, labeller, self, self.good, pages)
        return LabelledOutputs((labels,), (POSITIVE, NEGATIVE))


def _source_of(number: int) -> str:
    """The source of a class's files: names of classes may be no names of files."""
    return f"class_{number}"


class LabelDrawOptions(SeedOptions, LabelOptions, Options):
    """Which documents a language model labels."""


def add_labels(
    wiring: Wiring,
    labeller: ScoreOptions,
    draw: LabelDrawOptions | QualityClassifier,
    good: float | None,
    documents: str,
) -> str:
    """Scores of a language model, then labels by them: the output that holds the labelled pages."""
    given = {name: getattr(labeller, name) for name in ScoreOptions.model_fields}
    scored = wiring.add(draw.stage(ScoreTexts, **given), documents)
    return wiring.add(draw.stage(LabelScores, good=good_of(labeller, good)), scored)
