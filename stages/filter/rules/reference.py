"""Documents in, P(reference page) of each out: pages that look like what Wikipedia cites (LLaMA, section 2.1)."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import Field, model_validator

from stages.core.location import Location
from stages.filter.rule import Rule
from stages.filter.rules.instead import rules_instead
from stages.filter.verdict import Judge, Verdict, at_least
from stages.kernels.hash.hashing import hash_strings
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import check_labels, reference_scores
from stages.models.find import model_sha256
from stages.models.trained_quality import Instead


class ReferenceRule(Rule):
    """P(reference page) of the quality classifier: keep pages that look like what Wikipedia cites (LLaMA, 2.1)."""

    rule: Literal["reference"] = "reference"
    min_score: float = Field(0.25, ge=0, le=1, description="P(reference page), at least")
    keep: float | None = Field(
        None,
        gt=0,
        le=1,
        description="in place of min_score: share of the source to keep, those of the highest P",
    )
    pareto: float | None = Field(
        None,
        gt=0,
        description="in place of min_score: keep where a Pareto draw of this shape exceeds 1 - P (GPT-3: 9)",
    )
    seed: int = Field(0, ge=0, description="chooses the draws of `pareto`, one for each document's id")
    model: Location | None = Field(
        None, description="a quality model; without it, the one that the run trains"
    )

    @model_validator(mode="after")
    def _one_way_to_choose(self) -> Self:
        # Told by the values: what a run keeps of its options names them all.
        fields = type(self).model_fields
        chosen = [
            name for name in ("min_score", "keep", "pareto") if getattr(self, name) != fields[name].default
        ]
        if len(chosen) > 1:
            raise ValueError(f"{' and '.join(chosen)}: give one of min_score, keep and pareto")
        return self

    @property
    def kept_share(self) -> float | None:
        """`keep`."""
        return self.keep

    def with_threshold(self, threshold: float) -> Self:
        """The rule with a min_score."""
        return self.model_copy(update={"keep": None, "min_score": threshold})

    def annotating(self) -> Self:
        """Without a first pass: the values are written whatever the threshold is."""
        return self.model_copy(update={"keep": None})

    @property
    def needs_trained_model(self) -> bool:
        """Whether it waits for the quality model of the run."""
        return self.model is None

    def standing_in(self, instead: Instead | None) -> tuple[Rule, ...]:
        """This rule; Gopher's two, or none, where the run found too few pages to train a model (`when_too_few`)."""
        if instead is None or not self.needs_trained_model:
            return (self,)
        return rules_instead(instead)

    def dependencies(self) -> list[str]:
        """SHA-256 of a given model."""
        return [] if self.model is None else [model_sha256(self.model)]

    def _drawn(self, ids: pa.Array, shape: float) -> npt.NDArray[np.float64]:
        """The threshold of each document: 1 less a draw of numpy.random.pareto (Lomax), as GPT-3's (Brown et al. 2020, A)."""
        uniform = (hash_strings(ids, self.seed) >> np.uint64(11)) * 2.0**-53
        thresholds: npt.NDArray[np.float64] = 1.0 - np.expm1(-np.log1p(-uniform) / shape)
        return thresholds

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
            threshold = (
                self.min_score if self.pareto is None else self._drawn(batch.column("id"), self.pareto)
            )
            return [replace(at_least("reference", scores, threshold), columns=columns)]

        return judge
