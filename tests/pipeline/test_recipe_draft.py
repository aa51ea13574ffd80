"""`altiplano init`: what it writes is a recipe that is checked like any other, for every kind and any name."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from pipeline.cli.main import main
from pipeline.config import load_recipe, parse_recipe
from pipeline.recipe_draft import DRAFTS, recipe_draft
from pipeline.registry import source_kinds
from stages.core.documents import SOURCES
from stages.core.errors import UserError


def test_every_kind_has_a_draft_that_loads() -> None:
    assert set(DRAFTS) == set(source_kinds())
    raw = yaml.safe_load(recipe_draft("all", [*SOURCES, "ours=dataset"], "all.yaml"))
    loaded = parse_recipe(raw, {})
    assert list(loaded.sources) == [*SOURCES, "ours"]
    assert loaded.sources["ours"].ingest.input == ("data/ours/*.jsonl",)
    assert [step.verb for step in loaded.sources["books"].steps] == ["dedup_books"]


def test_what_is_commented_out_loads_too() -> None:
    text = recipe_draft("all", ["wikipedia"], "all.yaml")
    shown = text.replace("# all_sources:\n#   - dedup", "all_sources:\n  - dedup").replace(
        "  # epochs:", "  epochs:"
    )
    shown = shown.replace("# train:", "train:").replace(
        "#   model: tiny\n#   steps", "  model: tiny\n  steps"
    )
    loaded = parse_recipe(yaml.safe_load(shown.replace("#   warmup", "  warmup")), {})
    assert loaded.recipe.train is not None
    assert (loaded.recipe.train.steps, loaded.recipe.mixture.epochs) == (100, {"wikipedia": 2})
    assert len(loaded.all_sources) == 1


def test_a_file_is_written_once_and_mistakes_are_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "my: recipe.yaml"
    main(["init", str(out), "--sources", "old=wikipedia,c4", "--data", "a b: c"])
    loaded = load_recipe(str(out))
    assert (loaded.recipe.name, list(loaded.sources)) == ("my: recipe", ["old", "c4"])
    assert loaded.sources["old"].ingest.input == ("a b: c/wikipedia/*.xml.bz2",)
    with pytest.raises(SystemExit):
        main(["init", str(out)])
    assert "is there already" in capsys.readouterr().err
    with pytest.raises(UserError, match="no kind 'wiki'; did you mean 'wikipedia'"):
        recipe_draft("all", ["wiki"], "all.yaml")
    with pytest.raises(UserError, match="--sources a/b=c4"):
        recipe_draft("all", ["a/b=c4"], "all.yaml")
