"""`altiplano diff`: options, counts and documents that two runs differ in; nothing between a run and itself."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest

from pipeline.cli.main import main
from pipeline.inspect.differences import Difference, run_differences


def test_a_run_does_not_differ_from_itself(looked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(looked / "run")
    assert list(run_differences(run, run)) == []
    main(["diff", run, run])
    assert capsys.readouterr().out == f"{run}, {run}: 0 differences\n"


def test_options_counts_and_documents(looked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = str(looked / "run"), str(looked / "values")
    found = list(run_differences(a, b, examples=1))
    assert found[0] == Difference("config", "filter: annotate_only", False, True)
    counts = {one.name: (one.a, one.b) for one in found if one.what in ("count", "dropped", "documents")}
    kept, all_of_them = counts["filter: documents of c4"]
    assert counts["filter: gopher_quality.words"] == (all_of_them - kept, 0)
    assert counts["only there"] == (0, all_of_them - kept)
    assert counts["in both, with other texts"] == (0, 0)
    (document,) = [one for one in found if one.what == "document"]
    assert document.a.startswith("filter: dropped by rule gopher_quality.words")
    assert document.b.startswith("filter: a document of")
    main(["diff", a, b, "--json"])
    assert orjson.loads(capsys.readouterr().out.splitlines()[0])["name"] == "filter: annotate_only"


def test_texts_that_changed_are_counted(looked: Path) -> None:
    found = {
        one.name: (one.a, one.b) for one in run_differences(str(looked / "near"), str(looked / "lines"), 0)
    }
    assert found["in both, with other texts"] == (12, 12)
    assert found["only there"] == (1, 0)
