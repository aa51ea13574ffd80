"""A recipe that is shipped is found by its name, and reads what is shipped with it, wherever it is run."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.config import load_recipe
from pipeline.shipped import SHIPPED, recipe_file, with_shipped_paths
from stages.core.errors import UserError
from tests.demo import ROOT


def test_a_name_is_a_shipped_recipe_unless_there_is_a_file_of_that_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert recipe_file("demo") == str(SHIPPED / "configs" / "demo.yaml")
    assert recipe_file("demo.yaml") == "demo.yaml"
    assert recipe_file("configs/demo") == "configs/demo"
    (tmp_path / "demo").write_text("name: mine\n")
    assert recipe_file("demo") == "demo"
    with pytest.raises(
        UserError, match="^lama1: no such file, and no such recipe is shipped; did you mean 'llama1'"
    ):
        recipe_file("lama1")


def test_its_samples_are_those_that_are_shipped_and_its_runs_those_of_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    loaded = load_recipe(recipe_file("demo"))
    dumps = SHIPPED / "samples" / "dumps"
    assert loaded.recipe.run == "runs/demo"
    assert loaded.sources["c4"].ingest.input == (f"{dumps}/c4/*.json.gz",)
    assert load_recipe(recipe_file("demo"), {"data": "mine"}).sources["c4"].ingest.input == (
        "mine/c4/*.json.gz",
    )
    assert dumps.resolve() == ROOT / "samples" / "dumps"
    given = {"variables": {"data": "samples/dumps"}}
    assert with_shipped_paths(str(ROOT / "configs" / "demo.yaml"), given) == given
