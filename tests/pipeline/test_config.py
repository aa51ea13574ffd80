"""Recipes: what is right is built, what is wrong is one line that names key, value and fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.config import load_recipe, parse_recipe
from pipeline.expected import parse_bytes
from pipeline.recipe import build
from stages.core.errors import UserError

MINIMAL: dict[str, Any] = {"name": "r", "sources": {"c4": {"input": "x/*.json.gz"}}}
CONFIGS = Path(__file__).resolve().parents[2] / "configs"


def mistake(**changes: Any) -> str:
    with pytest.raises(UserError) as error:
        build(parse_recipe({**MINIMAL, **changes}, {}))
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize(
    ("name", "sources", "outputs"), [("demo", 7, 7), ("shared", 7, 1), ("llama1", 11, 11)]
)
def test_the_recipes_that_we_ship_are_valid(name: str, sources: int, outputs: int) -> None:
    """One output for each source, or one for all when the sources are put together."""
    loaded = load_recipe(str(CONFIGS / f"{name}.yaml"))
    graph, documents = build(loaded)
    assert len(loaded.sources) == sources
    assert len(documents) == outputs
    assert list(graph.nodes)[-1] == "train"


def test_a_minimal_recipe_is_ingest_tokenizer_tokens_mixture() -> None:
    graph, documents = build(parse_recipe(MINIMAL, {}))
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
    assert parse_recipe(raw, {}).sources["c4"].ingest.input == ("here/c4.gz",)
    assert parse_recipe(raw, {"data": "there"}).sources["c4"].ingest.input == ("there/c4.gz",)
    with pytest.raises(UserError, match=r"no variable 'date'; did you mean 'data'\?"):
        parse_recipe(raw, {"date": "x"})


def test_the_run_folder_is_named_after_the_recipe_and_variables_may_use_others() -> None:
    assert parse_recipe(MINIMAL, {}).recipe.run == "runs/r"
    nested = {**MINIMAL, "variables": {"root": "/x", "out": "${root}/y"}, "run": "${out}"}
    assert parse_recipe(nested, {}).recipe.run == "/x/y"


def test_a_key_that_is_there_twice_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "twice.yaml"
    path.write_text("name: x\nsources:\n  c4: {input: a}\n  c4: {input: b}\n", encoding="utf-8")
    with pytest.raises(UserError, match="key 'c4' is there twice"):
        load_recipe(str(path))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"sedd": 1}, "sedd: unknown key; did you mean 'seed'?"),
        ({"seed": "one"}, "seed='one': input should be a valid integer"),
        (
            {"sources": {"c5": {"input": "x"}}},
            "sources.c5: no such kind of source; say `kind: ...`; known: common_crawl, c4",
        ),
        ({"sources": {"c4": {}}}, "sources.c4.input: is missing; add it"),
        (
            {"sources": {"c4": {"input": "x", "inptu": 1}}},
            "sources.c4.inptu: unknown key; did you mean 'input'?",
        ),
        ({"sources": {"c4": {"input": "${nix}/x"}}}, "${nix} is not set; add it under `variables`"),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"dedup_exakt": {}}]}}},
            "sources.c4.steps[0]: no step 'dedup_exakt'; did you mean 'dedup_exact'?",
        ),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"filter": [{"language": {"kep": ["en"]}}]}]}}},
            "kep: unknown key",
        ),
        (
            {"all_sources": [{"filter": ["c4", {"language": {"per_source": {"bokks": {"keep": ["en"]}}}}]}]},
            "all_sources[0].filter: no source 'bokks' here; known: c4",
        ),
        (
            {"train": {"model": {"dim": "x", "num_layers": 1, "num_heads": 1}}},
            "train.model.dim='x': input should be a valid integer",
        ),
        ({"train": {"model": 3}}, "train.model=3: input should be a valid string or a valid dictionary"),
        (
            {"mixture": {"packing": "bestfit"}},
            "input should be 'stream' or 'best_fit'; did you mean 'best_fit'?",
        ),
        ({"mixture": {"budgt": 1}}, "mixture.budgt: unknown key; did you mean 'budget'?"),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"filter": ["reference"]}]}}},
            "c4: the reference rule learns from Wikipedia's citations",
        ),
        (
            {"sources": {"c4": {"input": "x", "steps": [{"filter": [{"language": ["en"]}]}]}}},
            "must be a mapping",
        ),
        ({"sources": {"c4": {"input": "x", "steps": [{1: {}}]}}}, "a step is one verb"),
        ({"sources": {"c4": {"input": ""}}}, "sources.c4.input[0]=''"),
        ({"tokenizer": {"vocab_size": 100}}, "tokenizer.vocab_size=100"),
        ({"mixture": {"budget": "1.4X"}}, "'1.4X' is no number of tokens"),
        ({"mixture": {"weights": {"boks": 1}}}, "mixture.weights.boks: no such source here"),
        (
            {"mixture": {"phases": [{"weights": {"boks": 1}}]}},
            "mixture.phases[0].weights.boks: no such source here",
        ),
        ({"variables": {"data": None}}, "variables.data=None: must be a text or a number"),
        ({"sources": {"c4": {"input": "x", "raw": "much"}}}, "sources.c4.raw: 'much' is no size"),
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


def test_all_mistakes_are_told_at_once_with_the_lines_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        """\
name: r
sedd: 1
sources:
  c4:
    steps:
      - dedup_exakt: {}
      - filter:
          - language: {kep: [en], min_score: 2}
          - fine
  cc/2019: {kind: common_crawl, input: x}
  books: {input: "${data}/x", kind: boks}
mixture: {epochs: {book: 2}, budget: 1X}
""",
        encoding="utf-8",
    )
    with pytest.raises(UserError) as caught:
        load_recipe(str(path))
    assert str(caught.value).replace(str(path), "r.yaml").split("\n") == [
        "r.yaml:11: sources.books.input: ${data} is not set; add it under `variables`",
        "r.yaml:12: mixture.budget: '1X' is no number of tokens; write one like 1.4T, 300B, 50M or 1000000",
        "r.yaml:2: sedd: unknown key; did you mean 'seed'?",
        "r.yaml:6: sources.c4.steps[0]: no step 'dedup_exakt'; did you mean 'dedup_exact'?",
        "r.yaml:8: sources.c4.steps[1].filter[0].language.min_score=2: input should be less than or equal to 1",
        "r.yaml:8: sources.c4.steps[1].filter[0].language.kep: unknown key; did you mean 'keep'?",
        "r.yaml:9: sources.c4.steps[1].filter[1]: no rule 'fine'; did you mean 'fineweb'?",
        "r.yaml:4: sources.c4.input: is missing; add it",
        "r.yaml:10: sources.cc/2019: 'cc/2019' is no name of a source: letters of ASCII, digits, `_`, `-` and `.`, "
        "a letter or digit first",
        "r.yaml:11: sources.books: kind: no kind 'boks'; did you mean 'books'?",
        "r.yaml:12: mixture.epochs.book: no such source here; did you mean 'books'?",
    ]


def test_merge_keys_give_sources_what_they_have_in_common(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(
        "name: r\nsources:\n  c4: &c4 {input: a, max_line_bytes: 9, steps: [dedup_exact]}\n"
        "  other: {<<: *c4, kind: c4, input: b}\n",
        encoding="utf-8",
    )
    sources = load_recipe(str(path)).sources
    assert [(s.ingest.source, s.ingest.input, len(s.steps)) for s in sources.values()] == [
        ("c4", ("a",), 1),
        ("other", ("b",), 1),
    ]
    assert {source.ingest.model_dump()["max_line_bytes"] for source in sources.values()} == {9}


WET = {"kind": "common_crawl", "input": "x/*.gz"}


def test_sources_are_names_and_kinds_are_readers() -> None:
    sources = {"cc_2020": WET, "cc_2019": WET, "c4": {"input": "c"}, "ours": {"kind": "c4", "input": "d"}}
    loaded = parse_recipe({"name": "r", "sources": sources, "mixture": {"epochs": {"ours": 2}}}, {})
    graph, documents = build(loaded)
    # by kind in the order of the paper's table, then by name
    assert documents == [
        "cc_2019.ingest_common_crawl",
        "cc_2020.ingest_common_crawl",
        "c4.ingest_c4",
        "ours.ingest_c4",
    ]
    named = [graph.nodes[name].stage.content_config()["source"] for name in documents]
    assert named == ["cc_2019", "cc_2020", "c4", "ours"]


@pytest.mark.parametrize(
    ("sources", "message"),
    [
        ({"": WET}, "sources.: '' is no name of a source"),
        ({"..": WET}, "sources...: '..' is no name of a source"),
        ({"a/b": WET}, "sources.a/b: 'a/b' is no name of a source"),
        ({"a\x1b": WET}, "is no name of a source"),
        ({"a:b": WET}, "sources.a:b: 'a:b' is no name of a source"),
        ({"a" * 101: WET}, "has 101 characters"),
        ({"a": {"input": "x"}}, "sources.a: no such kind of source; say `kind: ...`"),
        ({"a": {"kind": "c5", "input": "x"}}, "sources.a: kind: no kind 'c5'; known: common_crawl, c4"),
        ({"a": {"kind": ["c4"], "input": "x"}}, "sources.a: kind: no kind ['c4']"),
        ({"all_sources": WET}, "sources.all_sources: the name all_sources is taken"),
        ({"a": {**WET, "source": "b"}}, "sources.a.source: unknown key; a source is called as its key"),
        ({"a": {**WET, "steps": [{"dedup_exact": {"priority": ["c4"]}}]}}, "no source 'c4' here; known: a"),
    ],
)
def test_a_source_with_a_wrong_name_or_kind_is_one_line(sources: dict[str, Any], message: str) -> None:
    assert message in mistake(sources=sources)


def test_names_that_differ_in_case_alone_are_refused() -> None:
    with pytest.raises(UserError, match="sources.A: and a would be one name where files know no case"):
        parse_recipe({"name": "r", "sources": {"A": WET, "a": WET}}, {})


TWO_DUMPS = {"cc_1": WET, "cc_2": WET, "c4": {"input": "c"}}


def test_groups_stand_for_their_sources_in_weights_epochs_and_the_tokenizer() -> None:
    raw = {
        "name": "r",
        "sources": TWO_DUMPS,
        "groups": {"cc": ["cc_1", "cc_2"], "unused": {"c4": 1}},
        "mixture": {"weights": {"cc": 0.8, "c4": 0.2}},
        "tokenizer": {"weights": {"cc": 1}},
    }
    graph, _ = build(parse_recipe(raw, {}))
    both = {"cc_1": None, "cc_2": None}
    assert graph.nodes["mix"].stage.content_config()["groups"] == {"cc": both, "unused": {"c4": 1.0}}
    assert graph.nodes["tokenizer.sample_text"].stage.content_config()["groups"] == {"cc": both}


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"cc": ["cc_1", "cc_3"]}, "groups.cc.cc_3: no such source here; did you mean 'cc_2'?"),
        ({"cc": ["cc_1", "cc_1"]}, "groups.cc: cc_1 is there twice"),
        ({"cc": []}, "groups.cc: names no source"),
        ({"c4": ["cc_1"]}, "groups.c4: a source is called so too; rename the group"),
        ({"a": ["cc_1"], "b": ["cc_1"]}, "groups.b.cc_1: is in the group a too"),
        ({"cc": {"cc_1": 1, "cc_2": None}}, "groups.cc: gives some sources a share and others none"),
        ({"cc": {"cc_1": 0, "cc_2": 0}}, "groups.cc: shares are numbers of at least 0, one above"),
        ({"a/b": ["cc_1"]}, "groups.a/b: 'a/b' is no name of a source"),
    ],
)
def test_a_wrong_group_is_one_line(groups: dict[str, Any], message: str) -> None:
    assert message in mistake(sources=TWO_DUMPS, groups=groups)


def test_a_group_is_no_source_of_a_rule_or_a_priority() -> None:
    steps = [{"dedup_exact": {"priority": ["cc"]}}]
    told = mistake(sources=TWO_DUMPS, groups={"cc": ["cc_1", "cc_2"]}, all_sources=steps)
    assert told == "all_sources[0].dedup_exact: 'cc' is a group; name its sources: cc_1, cc_2"


REFERENCE = {**WET, "steps": [{"dedup_exact": {}}, {"filter": ["reference"]}, {"filter": ["c4"]}]}


def test_one_classifier_learns_from_the_pages_of_all_dumps_and_from_all_wikipedias() -> None:
    sources = {
        "cc_1": REFERENCE,
        "cc_2": REFERENCE,
        "wiki_a": {"kind": "wikipedia", "input": "a"},
        "wiki_b": {"kind": "wikipedia", "input": "b"},
    }
    graph, documents = build(parse_recipe({"name": "r", "sources": sources}, {}))
    assert graph.unions["quality.pages"] == (
        "cc_1.dedup_exact.remove",
        "cc_2.dedup_exact.remove",
    )
    assert graph.nodes["quality.hash_references"].inputs == (
        "quality.reference_urls",
        "quality.reference_urls-2",
        "quality.hash_pages",
    )
    dumps = [graph.nodes[name].stage for name in ("quality.reference_urls", "quality.reference_urls-2")]
    assert [(stage.model_dump()["source"], stage.model_dump()["input"]) for stage in dumps] == [
        ("wiki_a", ("a",)),
        ("wiki_b", ("b",)),
    ]
    assert graph.nodes["cc_1.filter"].inputs == (
        "cc_1.dedup_exact.remove",
        "quality.train_quality",
    )
    assert graph.nodes["cc_2.filter"].inputs[1] == "quality.train_quality"
    assert documents[:2] == ["cc_1.filter-2", "cc_2.filter-2"]


def test_sizes_are_powers_of_ten() -> None:
    assert [parse_bytes(size) for size in ("3.3TB", "783 GB", "5B")] == [
        3_300_000_000_000,
        783_000_000_000,
        5,
    ]


TWO_SOURCES = {"c4": {"input": "x/*.json.gz"}, "books": {"input": "y/*.txt"}}


def test_steps_over_all_sources_read_the_documents_of_every_source() -> None:
    steps = [{"dedup_exact": {"priority": ["books"]}}, {"filter": ["gopher_quality"]}]
    raw = {**MINIMAL, "sources": TWO_SOURCES, "all_sources": steps}
    graph, documents = build(parse_recipe(raw, {}))
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
    loaded = parse_recipe({**MINIMAL, "sources": old}, {})
    new = parse_recipe(
        {**MINIMAL, "sources": {"c4": {"input": "x/*.json.gz", "steps": [{"dedup_exact": {}}]}}}, {}
    )
    assert loaded.notes == ("sources.c4.stages is called steps now; rename it",)
    assert (loaded.sources, new.notes) == (new.sources, ())
    both = {"c4": {"input": "x", "stages": [], "steps": []}}
    assert "has both steps and stages" in mistake(sources=both)


def test_a_least_above_its_most_is_one_line() -> None:
    steps = [{"filter": [{"gopher_quality": {"min_words": 9, "max_words": 5}}]}]
    assert mistake(sources={"c4": {"input": "x", "steps": steps}}) == (
        "sources.c4.steps[0].filter[0].gopher_quality: min_words=9 is above max_words=5: nothing would be kept"
    )
