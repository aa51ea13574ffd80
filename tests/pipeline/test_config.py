"""Recipes: what is right is built, what is wrong is one line that names key, value and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_recipe, parse_bytes, parse_recipe
from pipeline.recipe import build
from stages.core.errors import UserError

MINIMAL: dict[str, Any] = {"name": "r", "sources": {"c4": {"input": "x/*.json.gz"}}}
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def mistake(**changes: Any) -> str:
    with pytest.raises(UserError) as error:
        build(parse_recipe({**MINIMAL, **changes}, "r.yaml", {}))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(("name", "outputs"), [("demo", 7), ("shared", 1), ("llama1", 7)])
def test_the_recipes_that_we_ship_are_valid(name: str, outputs: int) -> None:
    """One output for each source, or one for all when the sources are put together."""
    loaded = load_recipe(str(CONFIGS / f"{name}.yaml"))
    graph, documents = build(loaded)
    assert len(loaded.sources) == 7
    assert len(documents) == outputs
    assert list(graph.nodes)[-1] == "train"


def test_a_minimal_recipe_is_ingest_tokenizer_tokens_mixture() -> None:
    graph, documents = build(parse_recipe(MINIMAL, "r.yaml", {}))
    assert documents == ["c4.ingest_c4"]
    assert list(graph.nodes) == [
        "c4.ingest_c4",
        "tokenizer.sample_text",
        "tokenizer.train_tokenizer",
        "encode",
        "pack",
        "mix",
    ]


def test_variables_are_filled_in_and_can_be_set() -> None:
    raw = {**MINIMAL, "variables": {"data": "here"}, "sources": {"c4": {"input": "${data}/c4.gz"}}}
    assert parse_recipe(raw, "r.yaml", {}).sources["c4"].ingest.input == ("here/c4.gz",)
    assert parse_recipe(raw, "r.yaml", {"data": "there"}).sources["c4"].ingest.input == ("there/c4.gz",)
    with pytest.raises(UserError, match=r"no variable 'date'; did you mean 'data'\?"):
        parse_recipe(raw, "r.yaml", {"date": "x"})


def test_the_run_folder_is_named_after_the_recipe_and_variables_may_use_others() -> None:
    assert parse_recipe(MINIMAL, "r.yaml", {}).recipe.run == "runs/r"
    nested = {**MINIMAL, "variables": {"root": "/x", "out": "${root}/y"}, "run": "${out}"}
    assert parse_recipe(nested, "r.yaml", {}).recipe.run == "/x/y"


def test_a_key_that_is_there_twice_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("name: x\nsources:\n  c4: {input: a}\n  c4: {input: b}\n", encoding="utf-8")
    with pytest.raises(UserError, match="key 'c4' is there twice"):
        load_recipe(str(path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sedd": 1}, "r.yaml: sedd: unknown key; did you mean 'seed'?"),
        ({"seed": "one"}, "r.yaml: seed='one': input should be a valid integer"),
        ({"sources": {"c5": {"input": "x"}}}, "r.yaml: sources.c5: no such source; known: common_crawl, c4"),
        ({"sources": {"c4": {}}}, "r.yaml: sources.c4.input: is missing; add it"),
        (
            {"sources": {"c4": {"input": "x", "inptu": 1}}},
            "r.yaml: sources.c4.inptu: unknown key; did you mean 'input'?",
        ),
        ({"sources": {"c4": {"input": "${nix}/x"}}}, "r.yaml: ${nix} is not set; add it under `variables`"),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"dedup_exakt": {}}]}}},
            "r.yaml: sources.c4.steps[0]: no step 'dedup_exakt'; did you mean 'dedup_exact'?",
        ),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"filter": [{"language": {"kep": ["en"]}}]}]}}},
            "kep: unknown key",
        ),
        (
            {"all_sources": [{"filter": ["c4", {"language": {"per_source": {"bokks": {"keep": ["en"]}}}}]}]},
            "r.yaml: all_sources[0].filter: no source 'bokks'; did you mean 'books'?",
        ),
        ({"mixture": {"budgt": 1}}, "r.yaml: mixture.budgt: unknown key; did you mean 'budget'?"),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"filter": ["reference"]}]}}},
            "c4: the reference rule learns from Wikipedia's citations",
        ),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"filter": [{"language": ["en"]}]}]}}},
            "must be a mapping",
        ),
        ({"sources": {"c4": {"input": "x", "steps": [{1: {}}]}}}, "a step is one verb"),
        ({"sources": {"c4": {"input": ""}}}, "sources.c4.input.0=''"),
        ({"tokenizer": {"vocab_size": 100}}, "tokenizer.vocab_size=100"),
        ({"mixture": {"budget": "1.4X"}}, "'1.4X' is no number of tokens"),
        ({"mixture": {"weights": {"boks": 1}}}, "mixture.weights.boks: no such source here"),
        ({"variables": {"data": None}}, "variables.data=None: must be a text or a number"),
        ({"sources": {"c4": {"input": "x", "expected": "much"}}}, "sources.c4.expected='much': no size"),
    ],
)
def test_a_mistake_is_one_line_with_key_value_and_fix(changes: dict[str, Any], message: str) -> None:
    assert message in mistake(**changes)


def test_a_file_that_is_no_recipe_is_one_line(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("name: [", encoding="utf-8")
    for path, message in (
        (bad, "not YAML"),
        (tmp_path, "is a folder"),
        (tmp_path / "no.yaml", "cannot read"),
    ):
        with pytest.raises(UserError, match=message) as error:
            load_recipe(str(path))
        assert "\n" not in str(error.value)


def test_sizes_are_powers_of_ten() -> None:
    assert [parse_bytes(size, "x") for size in ("3.3TB", "783 GB", "5B")] == [
        3_300_000_000_000,
        783_000_000_000,
        5,
    ]


TWO_SOURCES = {"c4": {"input": "x/*.json.gz"}, "books": {"input": "y/*.txt"}}


def test_steps_over_all_sources_read_the_documents_of_every_source() -> None:
    steps = [{"dedup_exact": {"priority": ["books"]}}, {"filter": ["gopher_quality"]}]
    raw = {**MINIMAL, "sources": TWO_SOURCES, "all_sources": steps}
    graph, documents = build(parse_recipe(raw, "r.yaml", {}))
    assert documents == ["all_sources.filter"]
    assert graph.unions == {"all_sources": ("c4.ingest_c4", "books.ingest_books")}
    assert graph.nodes["all_sources.dedup_exact.exact_hash"].inputs == ("all_sources",)
    assert graph.nodes["encode"].inputs == ("all_sources.filter", "tokenizer.train_tokenizer")


def test_mistakes_in_the_steps_over_all_sources_name_their_place() -> None:
    assert "all_sources: must be a list of steps" in mistake(all_sources={"dedup_exact": {}})
    assert "all_sources[0]: no step 'dedup_exat'" in mistake(all_sources=["dedup_exat"])
    assert "reference rule is for one source" in mistake(all_sources=[{"filter": ["reference"]}])


def test_the_old_key_of_steps_is_still_read_and_says_so() -> None:
    old = {"c4": {"input": "x/*.json.gz", "stages": [{"dedup_exact": {}}]}}
    loaded = parse_recipe({**MINIMAL, "sources": old}, "r.yaml", {})
    new = parse_recipe(
        {**MINIMAL, "sources": {"c4": {"input": "x/*.json.gz", "steps": [{"dedup_exact": {}}]}}}, "r.yaml", {}
    )
    assert loaded.notes == ("r.yaml: sources.c4.stages is called steps now; rename it",)
    assert (loaded.sources, new.notes) == (new.sources, ())
    both = {"c4": {"input": "x", "stages": [], "steps": []}}
    assert "has both steps and stages" in mistake(sources=both)
