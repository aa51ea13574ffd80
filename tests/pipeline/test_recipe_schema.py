"""The JSON Schema of recipes takes every shipped recipe and refuses what the checks refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from pipeline.cli.main import main
from pipeline.recipe_draft import recipe_draft
from pipeline.recipe_schema import recipe_schema
from stages.core.documents import SOURCES

jsonschema = pytest.importorskip("jsonschema")

ROOT = Path(__file__).resolve().parents[2]
RECIPES = sorted((ROOT / "configs").glob("*.yaml"))


@pytest.fixture(scope="module")
def validator() -> Any:
    schema = recipe_schema()
    kind = jsonschema.validators.validator_for(schema)
    kind.check_schema(schema)
    return kind(schema)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_shipped_recipes_fit(validator: Any, path: Path) -> None:
    assert list(validator.iter_errors(yaml.safe_load(path.read_text(encoding="utf-8")))) == []


def test_drafts_fit(validator: Any) -> None:
    assert validator.is_valid(yaml.safe_load(recipe_draft("all", [*SOURCES, "ours=dataset"], "all.yaml")))


SOURCE = {"c4": {"input": "x"}}


@pytest.mark.parametrize(
    "recipe",
    [
        {"name": "a", "sources": SOURCE, "tokenizr": {}},
        {"name": "a", "sources": {}},
        {"sources": SOURCE},
        {"name": "a", "sources": {"c4": {"input": "x", "inputs": "y"}}},
        {"name": "a", "sources": {"mine": {"input": "x"}}},
        {"name": "a", "sources": {"mine": {"kind": "c5", "input": "x"}}},
        {"name": "a", "sources": {"c4": {"input": "x", "steps": [{"dedup_nearly": {}}]}}},
        {
            "name": "a",
            "sources": {"c4": {"input": "x", "steps": [{"filter": [{"language": {"keeps": ["en"]}}]}]}},
        },
        {"name": "a", "sources": SOURCE, "mixture": {"sequence_length": "long"}},
    ],
)
def test_mistakes_do_not_fit(validator: Any, recipe: dict[str, Any]) -> None:
    assert not validator.is_valid(recipe)


@pytest.mark.parametrize(
    "recipe",
    [
        {"name": "a", "sources": SOURCE, "x-mine": {"any": 1}, "seed": "${seed}"},
        {"name": "a", "sources": {"mine": {"kind": "c4", "input": ["x", "y"], "raw": "3 TB"}}},
        {
            "name": "a",
            "sources": {"c4": {"input": "x", "steps": [{"filter": ["c4"]}, {"pack:Step": {"a": 1}}]}},
        },
        {"name": "a", "sources": {"mine": {"kind": "pack:Reader", "what": "ever"}}},
    ],
)
def test_variables_lists_and_plugins_fit(validator: Any, recipe: dict[str, Any]) -> None:
    assert list(validator.iter_errors(recipe)) == []


def test_the_command_prints_or_writes_it(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    main(["config", "schema"])
    assert orjson.loads(capsys.readouterr().out) == recipe_schema()
    main(["config", "schema", "--out", str(tmp_path / "schema.json")])
    assert orjson.loads((tmp_path / "schema.json").read_bytes()) == recipe_schema()
