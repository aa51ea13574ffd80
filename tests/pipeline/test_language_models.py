"""Perplexity in a recipe: its models' training as steps of the run, once for all dumps, and what cannot be."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.config import parse_recipe
from pipeline.recipe import build
from stages.core.errors import UserError
from stages.language_model.train import TrainLanguageModel

PERPLEXITY = {"filter": [{"perplexity": {"languages": ["en"], "train_on": "wikipedia"}}]}
LANGUAGE = {"filter": [{"language": {"keep": ["en"]}}]}


def recipe(steps: list[Any], wikipedia: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "name": "r",
        "seed": 5,
        "sources": {
            "cc_a": {"kind": "common_crawl", "input": "a", "steps": steps},
            "cc_b": {"kind": "common_crawl", "input": "b", "steps": steps},
            "wikipedia": {"input": "w", "steps": wikipedia or [{"dedup_exact": {}}]},
        },
        **more,
    }


def test_the_models_are_trained_once_on_the_finished_documents_of_the_source() -> None:
    loaded = parse_recipe(recipe([LANGUAGE, PERPLEXITY], language_model={"vocab_size": 900}), {})
    graph, _ = build(loaded)
    inputs = {node.name: node.inputs for node in graph.nodes.values()}
    assert {name: read for name, read in inputs.items() if name.startswith("language_model")} == {
        "language_model.en.language_text": ("wikipedia.dedup_exact.remove",),
        "language_model.en.train_language_model": ("language_model.en.language_text",),
        "language_model.en.measure_cutoffs": (
            "language_model.en.train_language_model",
            "language_model.en.language_text",
        ),
    }
    trained = ("language_model.en.train_language_model", "language_model.en.measure_cutoffs")
    assert inputs["cc_a.filter-2"] == ("cc_a.filter", *trained)
    assert inputs["cc_b.filter-2"] == ("cc_b.filter", *trained)
    assert len([name for name in inputs if name.startswith("wikipedia.")]) == 4
    training = graph.nodes["language_model.en.train_language_model"].stage
    assert isinstance(training, TrainLanguageModel)
    assert training.vocab_size == 900
    text = graph.nodes["language_model.en.language_text"].stage
    assert text.model_dump()["seed"] == 5


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (
            recipe([PERPLEXITY], [PERPLEXITY]),
            "wikipedia waits for models that are trained on it; name another",
        ),
        (
            recipe([{"filter": [{"perplexity": {"languages": ["en"], "train_on": "wikipdia"}}]}]),
            "no source 'wikipdia' here; did you mean 'wikipedia'?",
        ),
        (
            recipe([{"filter": [{"perplexity": {"train_on": "wikipedia"}}]}]),
            "train_on trains models of the languages that `languages` names; name some",
        ),
    ],
)
def test_what_cannot_be_is_told_before_anything_runs(raw: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        build(parse_recipe(raw, {}))
    assert message in str(caught.value)
