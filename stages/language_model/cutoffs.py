"""A language's models and a reference set in, the cut-offs of head, middle and tail out (CCNet, 3.3)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import orjson
from pydantic import Field, model_validator

from stages.core import storage
from stages.core.errors import UserError
from stages.core.stage import MODEL, TABLE, FileInfo, Manifest, Record, ShardReport, Stage, Task, task_id
from stages.core.verb import Step
from stages.core.writer import TaskWriter
from stages.language_model.text import TEXT_DOCUMENTS, LanguageText, drawn, total
from stages.language_model.train import TrainLanguageModel
from stages.models.perplexity import LanguageModel, Sentences
from stages.models.perplexity_files import CUTOFFS_SUFFIX, PERCENTILES, Cutoffs, ModelFiles


class MeasureCutoffs(Stage):
    """Models, and the texts of a reference set -> the perplexities at two percentiles of it.

    Inputs: the models, the texts. `held_out`: only texts drawn below it are the reference set.
    """

    stage_name: ClassVar[str] = "measure_cutoffs"

    language: str = Field(min_length=1)
    percentiles: tuple[float, float] = PERCENTILES
    sentences: Sentences = "lines"
    max_documents: int = Field(100_000, gt=0)
    min_documents: int = Field(100, gt=0)
    held_out: float | None = None

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        """One task."""
        models, texts = inputs
        whole = 1.0 if self.held_out is None else self.held_out
        documents = total(texts, TEXT_DOCUMENTS)
        share = min(1.0, self.max_documents / max(1.0, documents * whole))
        params = {"models": models.uris(MODEL), "below": whole * share}
        return [Task(task_id(0), tuple(texts.uris(TABLE)), params)]

    def run(self, task: Task) -> ShardReport:
        """Judge the reference set."""
        model = LanguageModel(ModelFiles(*task.params["models"]))
        found = [np.empty(0, np.float32)]
        for texts in drawn(task.inputs, 0.0, task.params["below"]):
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
        with storage.atomic_output(storage.join(task.output, name)) as output:
            output.write(orjson.dumps(cutoffs.model_dump(), option=orjson.OPT_INDENT_2) + b"\n")
        with TaskWriter(task, self.stage_name) as out:
            info = FileInfo(name=name, kind=MODEL, rows=0, bytes=output.num_bytes, sha256=output.sha256)
            out.add_file(info)
            out.facts = {"head": f"below {low}", "middle": f"below {high}", "documents": len(perplexities)}
        return out.report


class TrainOptions(Record):
    """How the perplexity models of a language are trained, and its cut-offs measured."""

    vocab_size: int = Field(65_536, gt=0, description="pieces at most; a small text has fewer")
    order: int = Field(5, ge=2, le=6, description="pieces in an n-gram")
    max_text_bytes: int = Field(4 << 30, gt=0, description="text for the n-grams, about")
    max_vocabulary_bytes: int = Field(
        256 << 20,
        gt=0,
        description="text for the pieces, about (SentencePiece takes 20 times as much memory)",
    )
    memory_bytes: int = Field(2 << 30, gt=0, description="what lmplz may sort in memory")
    held_out: float = Field(
        0.05,
        gt=0,
        lt=1,
        description="share of documents kept for the cut-offs when no reference set is given",
    )
    percentiles: tuple[float, float] = Field(PERCENTILES, description="percentiles of the two cut-offs")
    sentences: Sentences = Field("lines", description="judge lines, or documents as one line as cc_net does")
    max_documents: int = Field(100_000, gt=0, description="documents of the reference set, at most")
    min_documents: int = Field(100, gt=0, description="documents of the reference set, at least")
    seed: int = Field(0, description="chooses the documents")

    @model_validator(mode="after")
    def _ascending(self) -> TrainOptions:
        low, high = self.percentiles
        if not 0 <= low <= high <= 100:
            raise ValueError(f"percentiles {low} and {high}: two numbers from 0 to 100, the lower one first")
        return self

    def steps(self, language: str, with_reference: bool) -> list[Step]:
        """Input 0 is the documents to train on, input 1 the reference set if there is one.

        The last two steps give the models and the cut-offs.
        """
        text = LanguageText(language=language, seed=self.seed)
        held_out = None if with_reference else self.held_out
        train = TrainLanguageModel(
            language=language,
            vocab_size=self.vocab_size,
            order=self.order,
            max_text_bytes=self.max_text_bytes,
            max_vocabulary_bytes=self.max_vocabulary_bytes,
            memory_bytes=self.memory_bytes,
            held_out=held_out or 0.0,
        )
        measure = MeasureCutoffs(
            language=language,
            percentiles=self.percentiles,
            sentences=self.sentences,
            max_documents=self.max_documents,
            min_documents=self.min_documents,
            held_out=held_out,
        )
        if with_reference:
            return [Step(text, (0,)), Step(text, (1,)), Step(train, (2,)), Step(measure, (4, 3))]
        return [Step(text, (0,)), Step(train, (1,)), Step(measure, (2, 1))]
