"""`altiplano filter RULE`: a command for every rule, its options made from the rule's class."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any

from cyclopts import App, Parameter
from pydantic import create_model

from pipeline.cli.running import Documents, add_command, checked, flat, over_documents
from stages.core.errors import UserError
from stages.filter.rule import RULES, Rule, rule_classes
from stages.filter.verb import AnnotateVerb, FilterVerb

CATALOGUE = RULES

_ANNOTATE = Annotated[
    bool,
    Parameter(help="write every value into a table (see `inspect filter`) and drop nothing", negative=""),
]


EXAMPLES: Mapping[str, str] = MappingProxyType(
    {
        "c4": "--min-words-per-line 5 --remove-citations",
        "fineweb": "--min-ended-lines 0.2 --annotate-only",
        "gopher_quality": "--min-words 100 --max-hashes-per-word 0.05",
        "gopher_repetition": "--max-duplicate-lines 0.2",
        "language": "--keep en,de --min-score 0.65",
        "model": "--path models/edu.bin --keep __label__hq=0.5 --name edu",
        "perplexity": "--keep head --languages en --models models/lm",
        "pii": "--email someone@example.org --no-ips",
        "reference": "--model runs/demo --min-score 0.25",
        "word_list": "--lists.en blocked.txt --max-count 2",
    }
)
"""Options of each of our rules in the example of its help."""


def example_of(rule: str) -> str:
    """A whole command of a rule, as its help shows it."""
    return f"altiplano filter {rule} runs/demo --out work/{rule} {EXAMPLES.get(rule, '')}".strip()


def _add(group: App, name: str, rule_class: type[Rule]) -> None:
    def command(inputs, /, *, annotate_only=False, options=None, where):  # type: ignore[no-untyped-def]
        rule = options if options is not None else checked(rule_class, {})
        if rule.needs_trained_model:
            raise UserError(
                f"filter {name}: needs --{rule.model_option}; train one with `altiplano quality train`"
            )
        verb = (AnnotateVerb if annotate_only else FilterVerb)(rules=(rule,))
        over_documents("filter", inputs, where, verb)

    options = flat(_without_tag(rule_class))
    line = rule_class.__doc__ or ""
    add_command(
        group,
        name,
        line,
        command,
        example_of(name),
        inputs=Documents,
        annotate_only=_ANNOTATE,
        options=options,
    )


def _without_tag(rule_class: type[Rule]) -> type[Rule]:
    """The rule class with its name hidden from the options: the command already says it."""
    tag = rule_class.model_fields["rule"]
    hidden: Any = (Annotated[tag.annotation, Parameter(parse=False)], tag.default)
    # what a run keeps is known by the place of a rule's class
    return create_model(
        rule_class.__name__, __base__=rule_class, __module__=rule_class.__module__, rule=hidden
    )


def make_group(added: Mapping[str, type[Rule]] | None = None) -> App:
    """The group of all our rules, and of those `added`."""
    group = App(name="filter", help="Drop documents by a rule, or only write down its values.")
    for name, rule in {**rule_classes(), **(added or {})}.items():
        _add(group, name, rule)
    return group


app = make_group()
