"""A language's models and a reference set in, the cut-offs of head, middle and tail out (CCNet, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, NamedTuple, Self

import numpy as np
import orjson
from pydantic import Field, model_validator

from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest, Record, ShardReport
from stages.core.stage import Stage, Task, task_id
from stages.core.verb import Options, Wiring
from stages.core.writer import TaskWriter
from stages.language_model.text import LanguageOptions, LanguageText, TextDrawOptions, drawn, found_texts
from stages.language_model.train import NgramOptions, TrainLanguageModel
from stages.models.perplexity import LanguageModel, Sentences
from stages.models.perplexity_files import CUTOFFS_SUFFIX, PERCENTILES, Cutoffs, ModelFiles


class CutoffOptions(Record):
    """What the cut-offs are measured on, and where they lie."""

    percentiles: tuple[float, ...] = Field(
        PERCENTILES, min_length=2, max_length=2, description="percentiles of the two cut-offs"
    )
    sentences: Sentences = Field("lines", description="judge lines, or documents as one line as cc_net does")
    max_documents: int = Field(100_000, gt=0, description="documents of the reference set, at most")
    min_documents: int = Field(100, gt=0, description="documents of the reference set, at least")

    @model_validator(mode="after")
    def _ascending(self) -> Self:
        low, high = self.percentiles
        if not 0 <= low <= high <= 100:
            raise ValueError(f"percentiles {low} and {high}: two numbers from 0 to 100, the lower one first")
        return self


class CutoffParams(Record):
    """The two models of the language, and below which draw texts are judged."""

    pieces: str
    ngrams: str
    below: float


class MeasuredCutoffs(Record):
    """The buckets, and how many documents they were measured on."""

    head: str
    middle: str
    documents: int


class MeasureCutoffs(LanguageOptions, CutoffOptions, Stage[CutoffParams]):
    """Models, and the texts of a reference set -> the perplexities at two percentiles of it.

    Inputs: the models, the texts. `held_out`: only texts drawn below it are the reference set.
    """

    stage_name: ClassVar[str] = "measure_cutoffs"
    follows_unicode: ClassVar[bool] = True

    held_out: float | None

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[CutoffParams]]:
        """One task."""
        models, texts = inputs
        whole = 1.0 if self.held_out is None else self.held_out
        documents = found_texts([texts]).documents
        share = min(1.0, self.max_documents / max(1.0, documents * whole))
        pieces, ngrams = models.uris(MODEL)
        params = CutoffParams(pieces=pieces, ngrams=ngrams, below=whole * share)
        return [Task(task_id(0), tuple(texts.uris(TABLE)), params)]

    def run(self, task: Task[CutoffParams]) -> ShardReport:
        """Judge the reference set."""
        model = LanguageModel(ModelFiles(task.params.pieces, task.params.ngrams))
        found = [np.empty(0, np.float32)]
        for texts in drawn(task.inputs, 0.0, task.params.below):
            found.append(model.perplexities(texts, self.sentences))
        perplexities = np.concatenate(found)
        perplexities = perplexities[~np.isnan(perplexities)]
        if len(perplexities) < self.min_documents:
            raise UserError(
                f"lm train {self.language}: {len(perplexities)} reference documents, min_documents is {self.min_documents}; "
                "give a reference set with --reference, hold out more, or lower it"
            )
        low, high = (round(float(value), 2) for value in np.percentile(perplexities, self.percentiles))
        cutoffs = Cutoffs(
            language=self.language,
            percentiles=self.percentiles,
            cutoffs=(low, high),
            sentences=self.sentences,
            reference="given" if self.held_out is None else "held out",
            documents=len(perplexities),
        )
        name = self.language + CUTOFFS_SUFFIX
        with TaskWriter(task, self.stage_name) as out:
            encoded = orjson.dumps(cutoffs.model_dump(), option=orjson.OPT_INDENT_2) + b"\n"
            out.file(name, MODEL).write(encoded)
            out.facts = MeasuredCutoffs(
                head=f"below {low}", middle=f"below {high}", documents=len(perplexities)
            )
        return out.report


class LanguageModelOutputs(NamedTuple):
    """Names of the outputs that hold the models of a language and their cut-offs."""

    models: str
    cutoffs: str


class LanguageModelOptions(NgramOptions, CutoffOptions, TextDrawOptions, Options):
    """How the perplexity models of a language are trained, and its cut-offs measured."""

    held_out: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of documents kept for the cut-offs when no reference set is given",
    )

    def wire(
        self, wiring: Wiring, language: str, documents: str, reference: str | None
    ) -> LanguageModelOutputs:
        """Models from the texts of `documents`; cut-offs from those of `reference`, or from held-out ones."""
        named = {"language": language}
        text = self.stage(LanguageText, **named)
        texts = wiring.add(text, documents)
        judged = texts if reference is None else wiring.add(text, reference)
        held_out = self.held_out if reference is None else None
        models = wiring.add(self.stage(TrainLanguageModel, held_out=held_out or 0.0, **named), texts)
        measure = self.stage(MeasureCutoffs, held_out=held_out, **named)
        return LanguageModelOutputs(models, wiring.add(measure, models, judged))
