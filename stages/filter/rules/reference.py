"""Documents in, P(reference page) of each out: pages that look like what Wikipedia cites (LLaMA, section 2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pyarrow as pa
from pydantic import Field

from stages.core.location import Location
from stages.filter.rule import Rule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.verdict import Judge, Verdict, at_least
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import check_labels, reference_scores
from stages.models.find import model_sha256
from stages.models.trained_quality import Instead


class ReferenceRule(Rule):
    """P(reference page) of the quality classifier: keep pages that look like what Wikipedia cites (LLaMA, 2.1)."""

    rule: Literal["reference"] = "reference"
    min_score: float = Field(0.25, ge=0, le=1, description="P(reference page), at least")
    model: Location | None = Field(
        None, description="a quality model; without it, the one that the run trains"
    )

    @property
    def needs_trained_model(self) -> bool:
        """Whether it waits for the quality model of the run."""
        return self.model is None

    def standing_in(self, instead: Instead | None) -> tuple[Rule, ...]:
        """This rule; Gopher's two, or none, where the run found too few pages to train a model (`when_too_few`)."""
        if instead is None or not self.needs_trained_model:
            return (self,)
        return () if instead == "skip" else (GopherQualityRule(), GopherRepetitionRule())

    def dependencies(self) -> list[str]:
        """SHA-256 of a given model."""
        return [] if self.model is None else [model_sha256(self.model)]

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches; the model is loaded once."""
        path = self.model or trained_model
        if path is None:
            raise ValueError("the reference rule needs a model")
        model = load_fasttext(path)
        check_labels(model, path)

        def judge(batch: pa.RecordBatch) -> list[Verdict]:
            scores = reference_scores(model, batch.column("text"))
            columns = {"quality": pa.array(scores)}
            return [replace(at_least("reference", scores, self.min_score), columns=columns)]

        return judge
