"""Documents in, the documents that pass a list of rules out: the steps `filter` and `annotate` of a recipe."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from pydantic import Field, SerializeAsAny

from stages.core.errors import UserError
from stages.core.mistakes import Mistakes, shown_value
from stages.core.verb import Check, Verb, Wiring
from stages.filter.first_pass import ChooseThreshold, CountValues
from stages.filter.rule import RULES, Rule
from stages.filter.stage import Filter


class FilterVerb(Verb):
    """Drop the documents that fail a rule; a reference rule without a model waits for the one that the run trains."""

    verb: ClassVar[str] = "filter"
    own_stage: ClassVar[str] = Filter.stage_name
    annotate_only: ClassVar[bool] = False

    rules: tuple[SerializeAsAny[Rule], ...] = Field(min_length=1)

    @classmethod
    def of_recipe(cls, options: Any, check: Check) -> Self:
        """`- filter: [language: {..}, c4]` in the recipe."""
        if not isinstance(options, list) or not options:
            raise UserError("must be a list of rules, as in `- language: {keep: [en]}`")
        mistakes, rules = Mistakes(), []
        for place, rule in enumerate(options):
            with mistakes.below(place):
                rules.append(_rule(rule, check))
        mistakes.end()
        made: Self = check(cls, {"rules": tuple(rules)})
        return made

    def named_sources(self) -> tuple[str, ...]:
        """Those that the rules name."""
        return tuple(source for rule in self.rules for source in rule.named_sources())

    @property
    def needs_trained_model(self) -> bool:
        """Whether a rule does."""
        return any(rule.needs_trained_model for rule in self.rules)

    def wire(self, wiring: Wiring, documents: str) -> str:
        """One stage, which also reads the trained models where rules need some; a first pass where a rule keeps a share."""
        stage = Filter(rules=self.rules, annotate_only=self.annotate_only)
        languages = [name for one in stage.wanted_languages for name in wiring.language_model(*one)]
        if any(rule.kept_share is not None for rule in self.rules[1:]):
            raise UserError(
                "a rule with `keep` keeps a share of the documents that enter the filter, so it comes first: put the rules "
                "before it into a filter of their own"
            )
        if stage.needs_trained_model and not self.rules[0].needs_trained_model:
            raise UserError(
                "the classifier learns from the pages that enter the filter, so a reference rule without a model comes "
                "first: put the rules before it into a filter of their own"
            )
        models = [wiring.trained_model(documents)] if stage.needs_trained_model else []
        chosen: list[str] = []
        if stage.kept_share is not None:
            own = models if self.rules[0].needs_trained_model else []
            counted = wiring.add(CountValues(rule=self.rules[0]), documents, *own)
            chosen = [wiring.add(ChooseThreshold(share=stage.kept_share), counted)]
        return wiring.add(stage, documents, *models, *chosen, *languages)


class AnnotateVerb(FilterVerb):
    """Write down what rules measure of every document, and drop nothing."""

    verb: ClassVar[str] = "annotate"
    annotate_only: ClassVar[bool] = True


def _rule(rule: Any, check: Check) -> Rule:
    named = {rule: {}} if isinstance(rule, str) else rule
    if not isinstance(named, dict) or len(named) != 1:
        raise UserError("a rule is one name with its options")
    ((name, values),) = named.items()
    kind = RULES.find(str(name))
    mistakes = Mistakes()
    with mistakes.below(name):
        if values is not None and not isinstance(values, dict):
            raise UserError(f"{shown_value(values)}: must be a mapping of options")
        made: Rule = check(kind, values or {})
    mistakes.end()
    return made
