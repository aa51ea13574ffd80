"""Texts are judged again as the filter did: with what the run trained, chose, or put in a model's place."""

from __future__ import annotations

import pytest

from pipeline.look.values import RemadeFilter
from stages.core.documents import document_batch
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.reference import ReferenceRule
from stages.filter.stage import Filter, FilterParams
from stages.models.trained_quality import Instead

ROW = {"id": ["c4/f/0"], "source": ["c4"], "text": ["the tide and the moon"], "metadata": ["{}"]}


@pytest.mark.parametrize(("instead", "is_judged"), [("rules", True), ("skip", False)])
def test_what_took_the_place_of_a_quality_model_judges(instead: Instead, is_judged: bool) -> None:
    params = FilterParams(model=None, instead=instead)
    values = RemadeFilter(Filter(rules=(ReferenceRule(),)), params).values(document_batch(ROW))
    assert bool(values) == is_judged
    assert not is_judged or values["gopher_quality.words"].tolist() == [5.0]
    assert "reference" not in values


def test_a_threshold_that_a_first_pass_chose_is_the_one_that_is_shown() -> None:
    rules = (ReferenceRule(keep=0.4), GopherQualityRule())
    measuring = Filter(rules=rules, annotate_only=True)
    first, second = measuring.judging(FilterParams(model="quality.bin", threshold=0.7))
    assert first == ReferenceRule(min_score=0.7)
    assert second == GopherQualityRule()
