"""What a run says in place of a quality model in, the rules that judge then out (`when_too_few`)."""

from __future__ import annotations

from stages.filter.rule import Rule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.models.trained_quality import Instead


def rules_instead(instead: Instead) -> tuple[Rule, ...]:
    """Gopher's two rules, or none."""
    return () if instead == "skip" else (GopherQualityRule(), GopherRepetitionRule())
