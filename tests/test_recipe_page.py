"""docs/recipe.md is true: every key that its table names is an option of configs/llama1.yaml with that value, and no step of
that recipe goes unnamed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from pipeline.config import LoadedRecipe, load_recipe
from pipeline.expected import numbered
from stages.core.verb import Verb
from stages.filter.verb import FilterVerb
from tests.demo import ROOT

PAGE = (ROOT / "docs" / "recipe.md").read_text(encoding="utf-8")
KEY = re.compile(r"`([a-z0-9_.-]+) = ([^`]+)`")
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in PAGE.partition("## ")[0].splitlines()
    if line.startswith("| ") and not line.startswith("| paper ")
]
NO_KEY = ("off", "not done")


def options_of(loaded: LoadedRecipe) -> dict[str, Any]:
    """Every option of a loaded recipe by its place, defaults too; steps by their numbered names, rules by theirs."""
    whole = loaded.recipe.model_dump(mode="json", exclude={"sources"})
    whole["groups"] = {name: list(members) for name, members in loaded.recipe.groups.items()}
    whole["sources"] = {
        name: source.ingest.model_dump(mode="json") | {"steps": steps_of(source.steps)}
        for name, source in loaded.sources.items()
    }
    return whole


def steps_of(steps: tuple[Verb, ...]) -> dict[str, Any]:
    names = numbered([verb.verb for verb in steps])
    return {name: step_of(verb) for name, verb in zip(names, steps, strict=True)}


def step_of(verb: Verb) -> dict[str, Any]:
    if isinstance(verb, FilterVerb):
        return {rule.rule: rule.model_dump(mode="json") for rule in verb.rules}
    return verb.model_dump(mode="json")


def at(options: Any, place: str) -> Any:
    for part in place.split("."):
        options = options[part]
    return options


def keys() -> Iterator[tuple[str, str]]:
    for row in ROWS:
        yield from KEY.findall(row[2])


OPTIONS = options_of(load_recipe(str(ROOT / "configs" / "llama1.yaml")))


@pytest.mark.parametrize(("place", "value"), list(keys()))
def test_a_key_of_the_table_has_its_value(place: str, value: str) -> None:
    assert at(OPTIONS, place) == yaml.safe_load(value)


def test_every_line_names_a_key_or_says_that_it_is_not_done() -> None:
    assert len(ROWS) > 15
    for paper, _, cell, state in ROWS:
        named = KEY.sub("", cell).replace(",", "").strip()
        assert named == ("-" if state in NO_KEY else ""), paper
        assert bool(KEY.search(cell)) == (state not in NO_KEY), paper


def test_every_step_of_the_recipe_is_named() -> None:
    named = {place.rsplit(".", 1)[0] for place, _ in keys() if ".steps." in place}
    for source, options in OPTIONS["sources"].items():
        shown = "cc_2017_51" if source.startswith("cc_") else source
        for step, does in options["steps"].items():
            place = f"sources.{shown}.steps.{step}"
            rules = [f"{place}.{rule}" for rule, value in does.items() if isinstance(value, dict)]
            assert named & {place, *rules}, place


def test_the_five_dumps_go_through_the_same() -> None:
    dumps = [OPTIONS["sources"][name] for name in OPTIONS["groups"]["common_crawl"]]
    assert [one["steps"] for one in dumps] == [dumps[0]["steps"]] * 5
