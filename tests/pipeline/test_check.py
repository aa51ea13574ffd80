"""What a recipe names and is not there, and options that cannot be, told at once before anything runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pipeline.check import check_all, check_options
from pipeline.cli.main import main
from pipeline.config import parse_recipe
from pipeline.recipe import build
from stages.core.errors import UserError

RAW: dict[str, Any] = {
    "name": "r",
    "sources": {
        "c4": {"input": "nowhere/*.gz", "steps": [{"filter": [{"language": {"keep": ["en", "xx"]}}]}]},
        "books": {"input": "later", "raw": "5GB"},
    },
    "all_sources": [
        {"decontaminate": {"benchmarks": ["none.jsonl"]}},
        {"filter": [{"word_list": {"words": "gone.txt"}}]},
    ],
    "tokenizer": {"model": "missing.model"},
}


def test_everything_that_is_not_there_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    graph, _ = build(parse_recipe(RAW, {}))
    with pytest.raises(UserError) as caught:
        check_all(graph, ["books"])
    places = [line.partition(": ")[0] for line in str(caught.value).splitlines()]
    assert places == [
        "c4.ingest_c4",
        "c4.filter",
        "all_sources.decontaminate.benchmark_grams",
        "all_sources.filter",
        "encode",
    ]
    assert "c4.ingest_c4: nowhere/*.gz: no file matches; check the path" in str(caught.value)
    assert "has no language 'xx'; its 176 labels are" in str(caught.value)
    with pytest.raises(UserError, match="books.ingest_books: later: no such file or folder"):
        check_all(graph)


def test_a_run_begins_with_what_can_be_known_of_the_options(tmp_path: Path) -> None:
    graph, _ = build(parse_recipe({**RAW, "all_sources": None}, {}))
    with pytest.raises(UserError, match="c4.filter: .* has no language 'xx'"):
        check_options(graph)


def test_plan_exits_with_2_where_a_path_matches_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "r.yaml"
    recipe.write_text("name: r\nsources:\n  c4: {input: /nowhere/*.gz}\n  books: {input: /gone}\n")
    with pytest.raises(SystemExit) as stop:
        main(["plan", str(recipe)])
    assert stop.value.code == 2
    assert capsys.readouterr().err.splitlines() == [
        "altiplano: c4.ingest_c4: /nowhere/*.gz: no file matches; check the path and quote the pattern",
        "altiplano: books.ingest_books: /gone: no such file or folder",
    ]
