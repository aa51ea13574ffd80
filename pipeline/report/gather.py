"""A run in, all that its report shows out, as one frozen value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.inspect.languages import LanguageRow, language_rows
from pipeline.inspect.tokens import TokenRow, token_rows
from pipeline.look.places import Places, places_of
from pipeline.report.facts import (
    RuleLoss,
    SourceFunnel,
    StageSpeed,
    funnels,
    rule_losses,
    run_warnings,
    speeds,
    training_curves,
)
from pipeline.report.samples import (
    PartnerClusters,
    RuleExamples,
    ValueHistogram,
    duplicate_clusters,
    rule_examples,
    value_histograms,
)
from pipeline.sources import kinds_at
from stages.core.errors import UserError


@dataclass(frozen=True)
class RunFacts:
    """What the report of a run shows; lists that a run has nothing for are empty."""

    run: str
    places: Places
    kinds: Mapping[str, str]
    funnels: tuple[SourceFunnel, ...]
    losses: tuple[RuleLoss, ...]
    examples: tuple[RuleExamples, ...]
    histograms: tuple[ValueHistogram, ...]
    languages: tuple[LanguageRow, ...]
    clusters: tuple[PartnerClusters, ...]
    tokens: tuple[TokenRow, ...]
    speeds: tuple[StageSpeed, ...]
    curves: Mapping[str, list[tuple[int, float]]]
    warnings: tuple[str, ...]


def gather_facts(run: str, examples: int = 3, seed: int = 0) -> RunFacts:
    """Read a run, finished or under way; a UserError where no stage of it is finished."""
    places = places_of(run)
    if not places.manifests:
        raise UserError(f"{run}: no stage is finished there yet; run its command again")
    warnings = run_warnings(run, places)
    languages: list[LanguageRow] = []
    tokens: list[TokenRow] = []
    try:
        tokens = token_rows(run)
        languages = language_rows(run)
    except UserError as error:  # documents of other runs that are gone, a remote run, no documents
        warnings.append(f"not shown: {error}")
    return RunFacts(
        run=run,
        places=places,
        kinds=kinds_at(run),
        funnels=tuple(funnels(places)),
        losses=tuple(rule_losses(places)),
        examples=tuple(rule_examples(run, places, examples, seed)),
        histograms=tuple(value_histograms(places, seed)),
        languages=tuple(languages),
        clusters=tuple(duplicate_clusters(places)),
        tokens=tuple(tokens),
        speeds=tuple(speeds(places)),
        curves=training_curves(places),
        warnings=tuple(warnings),
    )
