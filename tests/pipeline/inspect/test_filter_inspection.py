"""`inspect filter`: quantiles and thresholds from annotated values, drops by rule from the ledger, mistakes in one line."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.cli.main import main
from pipeline.config import parse_recipe
from pipeline.inspect import filter as filter_inspection
from pipeline.inspect.filter import ValueTables, filters_of, ledger_drops, measure_values, values_of
from pipeline.recipe import build
from stages.core.errors import UserError

LENGTHS = (10, 20, 30, 40, 50, 60, 70, 80, 90, 100)


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """Ten C4 documents of 10 to 100 words, and two books."""
    rows = [{"text": "the and word " * 3 + "house " * (n - 9), "url": "", "timestamp": ""} for n in LENGTHS]
    (tmp_path / "c4.json.gz").write_bytes(gzip.compress(b"\n".join(map(orjson.dumps, rows))))
    run("ingest", "c4", tmp_path / "c4.json.gz", "--out", tmp_path / "c4")
    documents = {"id": ["books/a", "books/b"], "source": ["books"] * 2, "text": ["one", "the and " * 30]}
    pq.write_table(pa.table(documents | {"metadata": ["{}"] * 2}), tmp_path / "books.parquet")
    return tmp_path


def run(*arguments: object) -> None:
    main([*map(str, arguments), "--workers", "0", "--quiet"])


def words_of(folder: Path) -> ValueTables:
    ((node, manifest),) = filters_of(str(folder)).items()
    values = values_of(node, manifest)
    assert values is not None
    return values


@pytest.fixture
def annotated(pages: Path) -> Path:
    inputs = (pages / "c4", pages / "books.parquet")
    run("filter", "gopher-quality", *inputs, "--annotate-only", "--out", pages / "annotated")
    return pages / "annotated"


def test_quantiles_and_drops_by_source(annotated: Path) -> None:
    found = measure_values(words_of(annotated), "gopher_quality.words")
    assert list(found) == ["c4", "books", "*"]
    assert found["c4"].quantiles == [10, 10, 30, 50, 80, 100, 100]
    assert found["books"].quantiles == [1, 1, 1, 1, 60, 60, 60]
    assert (found["*"].total.documents, found["*"].total.text_bytes) == (
        12,
        found["c4"].total.text_bytes + 3 + 240,
    )
    shown = {
        label: (bound.lowest, bound.documents)
        for (side, label), bound in found["c4"].bounds.items()
        if side == "at_least"
    }
    assert shown == {
        "config": (50, 4),
        "x 0.5": (25, 2),
        "x 0.8": (40, 3),
        "x 1.25": (62.5, 6),
        "x 2": (100, 9),
    }
    book = found["books"].bounds["at_least", "config"]
    assert (book.documents, book.text_bytes) == (1, 3)


def test_what_is_said_to_be_dropped_is_what_the_filter_drops(pages: Path, annotated: Path) -> None:
    run("filter", "gopher-quality", pages / "c4", pages / "books.parquet", "--out", pages / "dropped")
    (manifest,) = filters_of(str(pages / "dropped")).values()
    drops = ledger_drops(manifest)
    words = measure_values(words_of(annotated), "gopher_quality.words")
    for source in ("c4", "books"):
        bound = words[source].bounds["at_least", "config"]
        ledger = drops["drop", "gopher_quality.words", source]
        assert (ledger.documents, ledger.text_bytes) == (bound.documents, bound.text_bytes)


def test_a_zero_threshold_is_set_beside_small_numbers(annotated: Path, pages: Path) -> None:
    run(
        "filter",
        "gopher-quality",
        pages / "c4",
        "--max-bullet-lines",
        0,
        "--annotate-only",
        "--out",
        pages / "z",
    )
    found = measure_values(words_of(pages / "z"), "gopher_quality.bullet_lines")
    assert list(found) == ["c4"]
    assert [bound.lowest for bound in found["c4"].bounds.values()] == [0, 1, 2, 5, 10]


def test_many_documents_are_sampled_for_quantiles_but_all_counted(
    annotated: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(filter_inspection, "MAX_QUANTILE_ROWS", 4)
    found = measure_values(words_of(annotated), "gopher_quality.words")["*"]
    assert found.total.documents == 12
    assert found.bounds["at_least", "config"].documents == 5
    assert set(found.quantiles) <= {1.0, 60.0, *map(float, LENGTHS)}
    assert np.diff(found.quantiles).min() >= 0


def test_the_command_prints_tables(annotated: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["inspect", "filter", str(annotated), "--rule", "gopher_quality.words"])
    said = capsys.readouterr().out
    assert said.startswith("filter: gopher_quality.words\n")
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert "c4 10 2,345 10 10 30 50 80 100 100" in [
        line.replace(line.split()[2], "2,345", 1) if line.startswith("c4 10 ") else line for line in lines
    ]
    main(["inspect", "filter", str(annotated), "--threshold", "gopher_quality.words=35"])
    said = capsys.readouterr().out
    rows = [line.split() for line in said.splitlines() if "asked" in line and "least" in line]
    assert [(row[0], row[3], row[5]) for row in rows] == [
        ("c4", "35", "3"),
        ("books", "35", "1"),
        ("*", "35", "4"),
    ]
    assert "mean_word_length" not in said


def test_a_filter_that_drops_is_shown_by_its_ledger(pages: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("filter", "gopher-quality", pages / "c4", "--out", pages / "dropped")
    capsys.readouterr()
    main(["inspect", "filter", str(pages / "dropped")])
    said = capsys.readouterr().out
    assert "filter: 10 documents in, 6 kept" in said
    assert "40.00%" in said
    assert "--annotate-only" in said


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--rule", "fineweb"), "--rule fineweb: nothing of this name there; known: gopher_quality.words, "),
        (("--threshold", "words=3"), "no value 'words' there; known: gopher_quality.words, "),
        (("--threshold", "gopher_quality.words"), "give NAME=NUMBER"),
        (("--threshold", "gopher_quality.words=many"), "give NAME=NUMBER"),
    ],
)
def test_a_mistake_is_one_line(
    annotated: Path, options: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["inspect", "filter", str(annotated), *options])
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1


def test_runs_without_a_filter_or_without_values_say_so(
    pages: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["inspect", "filter", str(pages / "c4")])
    assert "holds no finished filter" in capsys.readouterr().err
    run("filter", "gopher-quality", pages / "c4", "--out", pages / "dropped")
    with pytest.raises(SystemExit):
        main(["inspect", "filter", str(pages / "dropped"), "--threshold", "gopher_quality.words=1"])
    assert "need a filter with --annotate-only" in capsys.readouterr().err


def test_the_step_annotate_of_a_recipe_is_a_filter_that_drops_nothing() -> None:
    raw = {
        "name": "x",
        "sources": {
            "c4": {
                "input": "x.json.gz",
                "steps": [{"annotate": [{"gopher_quality": {}}, "c4"]}, {"filter": ["fineweb"]}],
            }
        },
    }
    graph, _ = build(parse_recipe(raw, {}))
    stages = {name: node.stage.model_dump() for name, node in graph.nodes.items() if "c4." in name}
    assert stages["c4.annotate"]["annotate_only"] is True
    assert [rule["rule"] for rule in stages["c4.annotate"]["rules"]] == ["gopher_quality", "c4"]
    assert stages["c4.filter"]["annotate_only"] is False
    raw["sources"]["c4"]["steps"] = [{"annotate": {}}]  # type: ignore[index]
    with pytest.raises(UserError, match=r"annotate: must be a list of rules"):
        parse_recipe(raw, {})
