"""What every rule of the filter is: frozen options, the files that it depends on, and a judge of batches.

A rule is a subclass in a file of its own below `stages/filter/rules`, which is all that it takes to add one; or a plug-in.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pydantic import BaseModel, ConfigDict, Field, model_validator

from stages.core.discover import Pluggable, classes_in
from stages.core.plugins import Catalogue
from stages.filter.verdict import Judge, Verdict
from stages.models.trained_language import TrainedLanguage, WantedLanguage
from stages.models.trained_quality import Instead

RULES_ROOM = "stages.filter.rules"

Share = Annotated[float, Field(ge=0)]
"""A share; that of the most frequent n-gram can exceed 1, as its occurrences overlap."""


class Rule(Pluggable, BaseModel, ABC):
    """Options of one rule. Subclasses give the field `rule` their name, as a Literal: the name that recipes use.

    A plug-in's rule has a version of its own: a new one says that the same options give other verdicts. That of ours is
    the version of the stage.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: ClassVar[int] = 1
    model_option: ClassVar[str] = "model"
    """The option that names the model which the run trains otherwise."""

    rule: str

    @property
    def needs_trained_model(self) -> bool:
        """Whether the rule waits for a model that the run trains."""
        return False

    @model_validator(mode="after")
    def _least_is_below_most(self) -> Self:
        """Of `min_X` and `max_X` no rule can have the first above the second."""
        for name in type(self).model_fields:
            stem = name.removeprefix("min_")
            least, most = getattr(self, name), getattr(self, f"max_{stem}", None)
            if name != stem and least is not None and most is not None and least > most:
                raise ValueError(f"{name}={least} is above max_{stem}={most}: nothing would be kept")
        return self

    @property
    def wanted_languages(self) -> tuple[WantedLanguage, ...]:
        """Languages whose perplexity models the run trains for the rule: none, unless a rule says otherwise."""
        return ()

    def with_languages(self, trained: Mapping[str, TrainedLanguage]) -> Self:
        """The rule with the models that the run has trained, by `WantedLanguage.key`."""
        return self

    @property
    def kept_share(self) -> float | None:
        """The share of the documents to keep, by a threshold that a first pass over all of them chooses: none by default."""
        return None

    def with_threshold(self, threshold: float) -> Self:
        """The rule with the threshold that a first pass chose."""
        return self

    def check(self) -> None:
        """A UserError for what is wrong with the options and can be known before anything runs: nothing, by default."""

    def dependencies(self) -> list[str]:
        """Lines that name the content of the files that the rule reads: none, unless a rule says otherwise."""
        return []

    def named_sources(self) -> tuple[str, ...]:
        """Sources that the options name: none, unless a rule says otherwise."""
        return ()

    def annotating(self) -> Self:
        """The same rule as it judges where nothing is dropped."""
        return self

    def standing_in(self, instead: Instead | None) -> tuple[Rule, ...]:
        """The rules that judge when the run has no trained model: this one, unless it needs the model."""
        return (self,)

    @abstractmethod
    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches of documents; models and lists are loaded once."""


class TextRule(Rule):
    """A rule that needs nothing but the texts."""

    def judge(self, trained_model: str | None) -> Judge:
        """A function over batches."""
        return lambda batch: self.verdicts(batch.column("text"))

    @abstractmethod
    def verdicts(self, texts: pa.Array) -> list[Verdict]:
        """The verdicts on texts, in the order in which they drop."""


def share(part: npt.NDArray[np.int64], whole: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """part / whole, and 0 where there is nothing."""
    return part / np.maximum(whole, 1)


def rule_classes() -> dict[str, type[Rule]]:
    """Every rule of ours by the name that recipes use, sorted."""
    return RULES.own()


RULES: Catalogue[Rule] = Catalogue(
    what="rule",
    field="rule",
    base=Rule,
    ours=lambda: classes_in(RULES_ROOM, Rule),
    name_of=lambda rule: rule.model_fields["rule"].default,
)
"""Every rule by the name that recipes use, those of plug-ins too."""
