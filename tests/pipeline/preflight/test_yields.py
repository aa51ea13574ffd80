"""A step that leaves its bounds stops a run in one line; few documents do not, nor one number, nor a mended recipe."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from pipeline.config import parse_recipe
from pipeline.graph import run_manifests
from pipeline.pools import InlinePool
from pipeline.preflight import RecipeGate
from pipeline.preflight import yields as yields_module
from pipeline.preflight.room import Machine
from pipeline.progress import Progress
from pipeline.recipe import build
from pipeline.run_folder import Keep
from pipeline.runner import Runner, RunResult
from stages.core.errors import UserError

NUM_DOCUMENTS = 20
SHORT = {"filter": [{"gopher_quality": {"min_words": 50, "max_words": 1000, "min_stop_words": 0}}]}


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty documents are enough to judge by."""
    monkeypatch.setattr(yields_module, "MIN_DOCUMENTS", NUM_DOCUMENTS)


def recipe(folder: Path, yields: dict[str, Any], steps: list[Any]) -> dict[str, Any]:
    """Twenty documents of C4, half of which have the words that SHORT asks for."""
    rows = [
        {
            "text": f"document {i} " + "the word is here " * (4 if i % 2 else 20),
            "url": f"https://x.example/{i}",
        }
        for i in range(NUM_DOCUMENTS)
    ]
    (folder / "a.json").write_bytes(b"\n".join(map(orjson.dumps, rows)) + b"\n")
    source = {"input": str(folder / "a.json"), "steps": steps, "yields": yields}
    return {"name": "r", "run": str(folder / "run"), "sources": {"c4": source}}


def run(raw: dict[str, Any], keep: Keep = "all") -> RunResult:
    """The source's own nodes alone: no tokens."""
    loaded = parse_recipe(raw, {})
    graph, outputs = build(loaded)
    for name in [name for name in graph.nodes if not name.startswith("c4.")]:
        del graph.nodes[name]
    gate = RecipeGate(loaded, graph, tuple(outputs), raw["run"], keep, Machine(workers=0))
    return Runner(graph, raw["run"], "r", Progress(quiet=True), keep=keep, gate=gate).run(InlinePool, outputs)


def yield_of(raw: dict[str, Any]) -> float:
    manifests = run_manifests(raw["run"])
    return manifests["c4.filter"].text_bytes / manifests["c4.ingest_c4"].text_bytes


@pytest.mark.parametrize("keep", ["all", "outputs"])
def test_a_step_out_of_its_bounds_stops_the_run_until_they_are_mended(tmp_path: Path, keep: Keep) -> None:
    raw = recipe(tmp_path, {"filter": [0.9, 1.0]}, [SHORT, "dedup_exact"])
    for _ in range(2):  # the same command stops at the same place
        with pytest.raises(UserError) as caught:
            run(raw, keep)
    line = str(caught.value)
    assert line == (
        f"c4: step filter left {yield_of(raw):.3g} bytes of text for each byte of its 20 documents, and its `yields` are"
        f" [0.9, 1]; the ledger of c4.filter says why: `altiplano inspect dropped {raw['run']} --source c4`; mend the step,"
        " its input or its bounds: the same command then goes on"
    )
    assert "c4.dedup_exact.remove" not in run_manifests(raw["run"])
    raw["sources"]["c4"]["yields"] = {"filter": [0.5, 1.0]}
    found = run(raw, keep)
    assert found.manifests["c4.dedup_exact.remove"].documents_out == 10
    assert run(raw, keep).tasks_run == 0


def test_above_the_bounds_is_out_of_them_too(tmp_path: Path) -> None:
    raw = recipe(tmp_path, {"filter": [0.1, 0.2]}, [SHORT])
    with pytest.raises(UserError, match=r"its `yields` are \[0.1, 0.2\]"):
        run(raw)


def test_the_reading_is_judged_by_raw_bytes(tmp_path: Path) -> None:
    raw = recipe(tmp_path, {"ingest": [2.0, 3.0]}, [])
    with pytest.raises(
        UserError, match=r"^c4: step ingest left 0\.\d+ bytes .* its 20 raw records, and .* \[2, 3\]"
    ):
        run(raw)
    raw["sources"]["c4"]["yields"] = {"ingest": [0.5, 1.0]}
    assert run(raw).nodes_run == 0


def test_the_second_filter_is_judged_by_what_the_first_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = recipe(tmp_path, {"filter-2": [0.1, 0.2]}, [SHORT, SHORT])
    run(raw)  # ten documents come to it: too few
    monkeypatch.setattr(yields_module, "MIN_DOCUMENTS", 10)
    raw["sources"]["c4"]["steps"] = [SHORT, SHORT, "dedup_exact"]
    with pytest.raises(
        UserError, match=r"^c4: step filter-2 left 1 bytes of text for each byte of its 10 documents"
    ):
        run(raw)


def test_few_documents_and_single_numbers_stop_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(recipe(tmp_path, {"filter": 0.1}, [SHORT]))
    monkeypatch.setattr(yields_module, "MIN_DOCUMENTS", NUM_DOCUMENTS + 1)
    run(recipe(tmp_path, {"filter": [0.1, 0.2]}, [SHORT, "dedup_exact"]))
