"""The rules of the filter stage: each judges a batch of documents and says value, threshold and verdict for every row."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from quality_classifier.predict import check_labels, load_fasttext, one_line, reference_scores, top_labels
from stages.filter.heuristics import C4Rule, FineWebRule, GopherQualityRule, GopherRepetitionRule
from stages.filter.models import find_language_model, model_sha256
from stages.filter.verdict import Judge, Verdict

LLAMA_LANGUAGES = (
    *("bg", "ca", "cs", "da", "de", "en", "es", "fr", "hr", "hu"),
    *("it", "nl", "pl", "pt", "ro", "ru", "sl", "sr", "sv", "uk"),
)
"""The 20 languages of LLaMA's Wikipedia (section 2.1)."""


class LanguageRule(BaseModel):
    """fastText lid.176: keep documents whose top label is wanted, at `min_score` or more (CCNet, section 3.2)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Literal["language"] = "language"
    keep: tuple[str, ...] = Field(LLAMA_LANGUAGES, description="language codes to keep")
    min_score: float = Field(0.5, ge=0, le=1, description="probability of the top label, at least")
    max_chars: int = Field(10_000, gt=0, description="judge on this many first characters of a document")
    model: str | None = Field(None, description="a lid.176 file (.ftz or .bin)")

    @model_validator(mode="after")
    def _keeps_something(self) -> LanguageRule:
        if not self.keep:
            raise ValueError("keep must name at least one language")
        return self

    def dependencies(self) -> list[str]:
        """SHA-256 of the language model."""
        return [model_sha256(find_language_model(self.model))]

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches; the model is loaded once."""
        model = load_fasttext(find_language_model(self.model))

        def judge(batch: pa.RecordBatch) -> list[Verdict]:
            labels, scores = top_labels(model, one_line(batch.column("text"), self.max_chars))
            names = pa.array(labels, pa.string())
            columns = {"language": names, "language_score": pa.array(scores)}
            wanted = np.isin(labels.astype(str), self.keep)
            sure = scores >= self.min_score
            return [
                Verdict("language_score", sure, scores, self.min_score, names, columns),
                Verdict("language", wanted, scores, self.min_score, names),
            ]

        return judge


class ReferenceRule(BaseModel):
    """P(reference page) of the quality classifier: keep pages that look like what Wikipedia cites (LLaMA, 2.1)."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rule: Literal["reference"] = "reference"
    min_score: float = Field(0.25, ge=0, le=1, description="P(reference page), at least")
    model: str | None = Field(None, description="a quality model; without it, the one that the run trains")

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
            return [Verdict("reference", scores >= self.min_score, scores, self.min_score, None, columns)]

        return judge


Rule = LanguageRule | ReferenceRule | GopherQualityRule | GopherRepetitionRule | C4Rule | FineWebRule
