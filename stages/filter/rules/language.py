"""Documents in, their language and the verdict whether it is wanted out: fastText's lid.176 (CCNet, section 3.2)."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from stages.core.errors import UserError
from stages.core.location import Location
from stages.filter.rule import Rule
from stages.filter.verdict import Judge, Verdict, at_least
from stages.models.fasttext_model import load_fasttext, one_line, top_labels
from stages.models.find import find_language_model, model_sha256

LLAMA_LANGUAGES = (
    *("bg", "ca", "cs", "da", "de", "en", "es", "fr", "hr", "hu"),
    *("it", "nl", "pl", "pt", "ro", "ru", "sl", "sr", "sv", "uk"),
)
"""The 20 languages of LLaMA's Wikipedia (section 2.1)."""


def _codes(given: Any) -> Any:
    """`en,de` of the command line as a list."""
    return given.split(",") if isinstance(given, str) else given


class SourceLanguages(BaseModel):
    """What the language rule does differently for one source; what is not given is as for the others."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keep: Annotated[tuple[str, ...] | None, BeforeValidator(_codes)] = Field(
        None, min_length=1, description="language codes to keep, en,de on the command line"
    )
    min_score: float | None = Field(None, ge=0, le=1, description="probability of the top label, at least")


class LanguageRule(Rule):
    """fastText lid.176: keep documents whose top label is wanted, at `min_score` or more (CCNet, section 3.2)."""

    rule: Literal["language"] = "language"
    keep: tuple[str, ...] = Field(LLAMA_LANGUAGES, description="language codes to keep")
    min_score: float = Field(0.5, ge=0, le=1, description="probability of the top label, at least")
    per_source: dict[str, SourceLanguages] = Field(
        default_factory=dict, description="other languages or another score for documents of a source"
    )
    max_chars: int = Field(10_000, gt=0, description="judge on this many first characters of a document")
    model: Location | None = Field(None, description="a lid.176 file (.ftz or .bin)")

    @model_validator(mode="after")
    def _keeps_something(self) -> LanguageRule:
        if not self.keep:
            raise ValueError("keep must name at least one language")
        return self

    def named_sources(self) -> tuple[str, ...]:
        """Those of `per_source`."""
        return tuple(self.per_source)

    def dependencies(self) -> list[str]:
        """SHA-256 of the language model."""
        return [model_sha256(find_language_model(self.model))]

    def check(self) -> None:
        """A UserError for a language that the model does not know."""
        path = find_language_model(self.model)
        self._check_languages(load_fasttext(path), path)

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches; the model is loaded once."""
        path = find_language_model(self.model)
        model = load_fasttext(path)
        self._check_languages(model, path)

        def judge(batch: pa.RecordBatch) -> list[Verdict]:
            labels, scores = top_labels(model, one_line(batch.column("text"), self.max_chars))
            names = pa.array(labels, pa.string())
            columns = {"language": names, "language_score": pa.array(scores)}
            wanted, thresholds = self._asked(batch.column("source"), labels.astype(str))
            sure = at_least("language_score", scores, thresholds)
            return [
                replace(sure, detail=names, columns=columns),
                Verdict("language", wanted, scores, thresholds, names),
            ]

        return judge

    def _asked(
        self, sources: pa.Array, labels: npt.NDArray[np.str_]
    ) -> tuple[npt.NDArray[np.bool_], float | npt.NDArray[np.floating]]:
        """Whether each row's language is one that its source keeps, and the score that it must have."""
        wanted = np.isin(labels, self.keep)
        if not self.per_source:
            return wanted, self.min_score
        thresholds = np.full(len(labels), self.min_score)
        for source, own in self.per_source.items():
            rows = pc.equal(sources, source).to_numpy(zero_copy_only=False)
            if own.keep is not None:
                wanted[rows] = np.isin(labels[rows], own.keep)
            if own.min_score is not None:
                thresholds[rows] = own.min_score
        return wanted, thresholds

    def _check_languages(self, model: Any, path: str) -> None:
        """A UserError for a code that the model never gives: the rule would silently keep nothing of it."""
        known = {label.removeprefix("__label__") for label in model.get_labels()}
        asked = [*self.keep, *(code for own in self.per_source.values() for code in own.keep or ())]
        if unknown := next((code for code in asked if code not in known), None):
            shown = ", ".join(sorted(known)[:5])
            raise UserError(f"{path}: has no language {unknown!r}; its {len(known)} labels are {shown}, ...")
