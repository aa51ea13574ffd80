"""What a training reads: packed tokens and mixture, and the tokenizer only where it writes texts."""

from __future__ import annotations

from typing import Any

import pytest

from pipeline.config import parse_recipe
from pipeline.recipe import build
from tests.demo import ROOT


@pytest.mark.parametrize(
    ("training", "tokenizer", "read", "file"),
    [
        ({}, {"vocab_size": 600}, [], None),
        ({"sample_tokens": 5}, {"vocab_size": 600}, ["tokenizer.train_tokenizer"], None),
        ({"sample_tokens": 5, "sample_tokenizer": "own.model"}, {"vocab_size": 600}, [], "own.model"),
        ({"sample_tokens": 5}, {"model": str(ROOT / "README.md")}, [], str(ROOT / "README.md")),
    ],
)
def test_a_training_that_writes_texts_reads_the_tokenizer(
    training: dict[str, Any], tokenizer: dict[str, Any], read: list[str], file: str | None
) -> None:
    recipe = {
        "name": "one",
        "sources": {"c4": {"input": str(ROOT / "samples/dumps/c4/*.json.gz")}},
        "tokenizer": tokenizer,
        "train": {"model": "tiny", **training},
    }
    graph, _ = build(parse_recipe(recipe, {}))
    node = graph.nodes["train"]
    assert node.inputs == ("pack", "mix", *read)
    assert node.stage.sample_tokenizer == file
