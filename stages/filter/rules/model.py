"""Documents in, those to which a fastText model of a user's gives a wanted label out: any supervised one, for any purpose.

DCLM's quality classifier (Li et al. 2024) is one, RedPajama's and GlotLID's are others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, field_validator, model_validator

from stages.core.errors import UserError
from stages.core.location import Location
from stages.filter.rule import Rule
from stages.filter.rules.instead import rules_instead
from stages.filter.verdict import Judge, Verdict, at_least
from stages.kernels.fasttext.vocabulary import LABEL_MARK
from stages.models.fasttext.model import NO_LIMIT, FastTextModel, load_fasttext
from stages.models.fasttext.reference import classifier_texts
from stages.models.find import model_sha256
from stages.models.trained_quality import Instead

Probability = Annotated[float, Field(ge=0, le=1)]


class ModelRule(Rule):
    """A fastText model of your own: keep documents to which it gives one of the wanted labels, surely enough."""

    model_option: ClassVar[str] = "path"

    rule: Literal["model"] = "model"
    path: Location | None = Field(
        None,
        description="a supervised fastText model (.bin or .ftz); without it, the one that the run trains",
    )
    keep: dict[str, Probability] = Field(
        min_length=1, description="probability by label, at least; one of the labels is enough"
    )
    lower_case: bool = Field(False, description="show the model texts in lower case, if it was trained so")
    max_chars: int | None = Field(
        None, gt=0, description="judge on this many first characters (default: all)"
    )
    name: str = Field("model", pattern=r"^[a-z][a-z0-9_]*$", description="name of the rule in the ledger")

    @field_validator("keep")
    @classmethod
    def _without_marks(cls, keep: dict[str, float]) -> dict[str, float]:
        """Labels as they are told, without fastText's `__label__`, which may be given."""
        return {label.removeprefix(LABEL_MARK.decode()): score for label, score in sorted(keep.items())}

    @model_validator(mode="after")
    def _the_runs_model_sees_what_it_was_trained_on(self) -> Self:
        if self.path is None and (self.lower_case or self.max_chars is not None):
            raise ValueError(
                "lower_case and max_chars are of a model of your own (`path`); the run knows its own"
            )
        return self

    @property
    def needs_trained_model(self) -> bool:
        """Whether it waits for the quality model of the run."""
        return self.path is None

    def standing_in(self, instead: Instead | None) -> tuple[Rule, ...]:
        """This rule; what `when_too_few` says, where the run found too few pages to train a model."""
        return (self,) if instead is None or not self.needs_trained_model else rules_instead(instead)

    def dependencies(self) -> list[str]:
        """SHA-256 of a given model."""
        return [] if self.path is None else [model_sha256(self.path)]

    def check(self) -> None:
        """A UserError for a file that is no model, or a label that it never gives."""
        if self.path is not None:
            self._check_labels(load_fasttext(self.path), self.path)

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches; the model is loaded once."""
        path = self.path or trained_model
        if path is None:
            raise ValueError("the model rule needs a model")
        model = load_fasttext(path)
        self._check_labels(model, path)
        thresholds = np.array(list(self.keep.values()))

        def judge(batch: pa.RecordBatch) -> list[Verdict]:
            predicted = model.predict(
                self._shown(batch.column("text")), self.max_chars or NO_LIMIT, tuple(self.keep)
            )
            shares = predicted.shares.astype(np.float64)
            rows, nearest = np.arange(len(shares)), (shares - thresholds).argmax(axis=1)
            detail = pa.array(model.label_names(predicted), pa.string())
            verdict = at_least(self.name, shares[rows, nearest], thresholds[nearest])
            return [replace(verdict, detail=detail)]

        return judge

    def _shown(self, texts: pa.Array) -> pa.Array:
        if self.path is None:
            return classifier_texts(texts)
        if not self.lower_case:
            return texts
        cut = texts if self.max_chars is None else pc.utf8_slice_codeunits(texts, 0, self.max_chars)
        return pc.utf8_lower(cut)

    def _check_labels(self, model: FastTextModel, path: str) -> None:
        """A UserError for a label that the model never gives: the rule would silently keep nothing for it."""
        if unknown := next((label for label in self.keep if label not in model.labels), None):
            shown = ", ".join(repr(label[:80]) for label in sorted(model.labels)[:5])
            raise UserError(
                f"{path}: has no label {unknown!r}; its {len(model.labels):,} labels are {shown}"
                + (", ..." if len(model.labels) > 5 else "")
            )
