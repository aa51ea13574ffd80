"""Manifests in, lines on documents that filters passed unjudged out: their languages are none that the rules know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from stages.core.manifest import Manifest, add_counts
from stages.core.stage import is_made_by
from stages.filter.stage import Filter, Unjudged

MAX_LANGUAGES = 5


def unjudged_lines(manifests: Mapping[str, Manifest]) -> Iterator[str]:
    """A line for each rule of each filter that met such documents; the commonest languages come first."""
    for node, manifest in manifests.items():
        if not is_made_by(manifest, Filter):
            continue
        facts = manifest.facts_of(Unjudged)
        for rule in sorted({rule for found in facts for rule in found.documents}):
            counts = add_counts(found.documents.get(rule, {}) for found in facts)
            languages = sorted(counts, key=lambda name: (-counts[name], name))
            told = [f"{name} {counts[name]:,}" for name in languages[:MAX_LANGUAGES]]
            more = len(languages) - MAX_LANGUAGES
            told += [f"{more} more"] if more > 0 else []
            total = sum(counts.values())
            yield (
                f"{node}: {rule} passed {total:,} document{'' if total == 1 else 's'} unjudged, in languages that it has no "
                f"numbers for ({', '.join(told)}); `unknown_language: drop` drops them"
            )
