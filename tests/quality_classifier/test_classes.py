"""Classes of one's own: files by class, or tables of labels, become a model of several labels that a rule uses."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from pipeline.cli.main import main
from quality_classifier.classifier import QualityClassifier
from quality_classifier.labels import label_name, measured_labels
from quality_classifier.select import SelectedPages
from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest
from stages.filter.rules.model import ModelRule
from stages.filter.stage import Filter
from stages.models.trained_quality import TrainedQuality
from tests.wiring import Running

WORDS = {
    "science": "survey sediment archive measured century institute species analysis".split(),
    "sport": "goal striker league season coach penalty stadium referee".split(),
    "shops": "discount purchase bargains clicking adorable superdeal wholesale clearance".split(),
}
PAGES = 60


def rows_of(name: str, count: int = PAGES, hosts: int = 20) -> list[dict[str, str]]:
    rng = np.random.default_rng(len(name) * 1_000)
    return [
        {
            "id": f"{name}{i}",
            "text": " ".join(rng.choice(WORDS[name], 60))[:320],
            "url": f"https://{name}{i % hosts}.example/{i}",
        }
        for i in range(count)
    ]


def write_rows(folder: Path, name: str, rows: Sequence[dict[str, Any]]) -> str:
    path = folder / f"{name}.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def files(tmp_path: Path) -> dict[str, tuple[str, ...]]:
    return {name: (write_rows(tmp_path, name, rows_of(name)),) for name in ("science", "sport")}


def classes(**options: Any) -> QualityClassifier:
    return QualityClassifier(
        **{"min_pages": 5, "min_hosts": 3, "held_out": 0.3, "min_updates": 500, **options}
    )


def trained(
    run: Callable[..., Manifest], options: QualityClassifier, documents: Manifest | None
) -> tuple[Manifest, Manifest]:
    """The selected pages, and the training."""
    given = {} if documents is None else {"documents": documents}
    running = Running(run, **given)
    options.wire(running, None if documents is None else "documents", [])
    selected, training = list(running.outputs.values())[-2:]
    return selected, training


def test_three_classes_two_of_them_files_and_one_the_pages_make_a_model_that_the_rule_uses(
    run_stage: Callable[..., Manifest],
    make_documents: Callable[..., Manifest],
    files: dict[str, tuple[str, ...]],
) -> None:
    documents = make_documents(rows_of("shops"))
    selected, training = trained(run_stage, classes(classes=files, pages_class="shops"), documents)
    pages = pq.read_table(selected.uris(TABLE)[0]).to_pylist()
    for part in ("train", "validation", "test"):
        own = [row["label"] for row in pages if row["part"] == part]
        assert own.count("science") == own.count("sport") == own.count("shops") > 0
    by_host = {(row["host"], row["part"]) for row in pages}
    assert len({host for host, _ in by_host}) == len(by_host)
    (facts,) = selected.facts_of(SelectedPages)
    assert facts.drawn == {"science": 60, "sport": 60, "shops": 60}
    (said,) = training.facts_of(TrainedQuality)
    assert said.worth.count("too few to say") == 3
    assert said.held_out["sport.positives"] * 3 == said.held_out["sport.pages"]
    mixed = make_documents([*rows_of("shops", 5), *rows_of("science", 7), *rows_of("sport", 9)])
    rule = ModelRule(keep={"science": 0.5, "sport": 0.5})
    assert run_stage(Filter(rules=(rule,)), [mixed, training]).documents_out == 16
    by_file = ModelRule(path=training.uris(MODEL)[0], lower_case=True, keep={"sport": 0.5})
    assert run_stage(Filter(rules=(by_file,)), [mixed]).documents_out == 9
    with pytest.raises(UserError, match="has no label 'poems'; its 3 labels are 'science', 'shops', 'sport'"):
        run_stage(Filter(rules=(ModelRule(keep={"poems": 0.5}),)), [mixed, training])


def test_what_is_in_the_files_of_two_classes_is_of_the_first(
    run_stage: Callable[..., Manifest], tmp_path: Path
) -> None:
    rows = rows_of("science")
    own = {
        "science": (write_rows(tmp_path, "science", rows),),
        "sport": (write_rows(tmp_path, "sport", [*rows, *rows_of("sport")]),),
    }
    selected, _ = trained(run_stage, classes(classes=own), None)
    found = pq.read_table(selected.uris(TABLE)[0]).to_pylist()
    assert {row["label"] for row in found if row["host"].startswith("science")} == {"science"}


def test_a_class_without_a_page_is_one_line(run_stage: Callable[..., Manifest], tmp_path: Path) -> None:
    own = {
        "science": (write_rows(tmp_path, "science", rows_of("science")),),
        "sport": (write_rows(tmp_path, "sport", [{"text": "short"}]),),
    }
    with pytest.raises(
        UserError, match="^quality_classifier: the class 'sport' has no page to train on; give more"
    ):
        trained(run_stage, classes(classes=own), None)


def test_classes_of_one_host_are_one_line(run_stage: Callable[..., Manifest], tmp_path: Path) -> None:
    own = {name: (write_rows(tmp_path, name, rows_of(name, hosts=1)),) for name in ("science", "sport")}
    with pytest.raises(
        UserError, match="^quality_classifier: 20 pages of 1 hosts of each class to train on, min_pages"
    ):
        trained(run_stage, classes(classes=own), None)


def labels_file(folder: Path, names: dict[str, Any]) -> str:
    rows = [{**row, "label": label} for name, label in names.items() for row in rows_of(name)]
    return write_rows(folder, "labels", rows)


@pytest.mark.parametrize(
    ("names", "good", "expected"),
    [
        ({"science": "yes", "shops": "no"}, None, {"reference", "random"}),
        ({"science": 5, "shops": 2}, 3.0, {"reference", "random"}),
        ({"science": "science", "sport": "sport", "shops": "no"}, None, {"science", "sport", "random"}),
    ],
)
def test_a_table_of_labels_is_learnt_from(
    run_stage: Callable[..., Manifest],
    tmp_path: Path,
    names: dict[str, Any],
    good: float | None,
    expected: set[str],
) -> None:
    options = classes(labels=(labels_file(tmp_path, names),), good=good)
    selected, training = trained(run_stage, options, None)
    found = pq.read_table(selected.uris(TABLE)[0]).to_pylist()
    assert {row["label"] for row in found} == expected
    assert {row["label"] for row in found if row["host"] == "shops1.example"} == {"random"}
    name = "wikipedia-reference.bin" if len(expected) == 2 else "classes.bin"
    assert training.uris(MODEL)[0].endswith(f"/{name}")


def test_a_host_that_a_table_of_labels_tells_is_taken_for_one(
    run_stage: Callable[..., Manifest], tmp_path: Path
) -> None:
    rows = [
        {"text": row["text"], "host": f"{name}{i % 9}", "label": label}
        for name, label in (("science", 1), ("shops", 0))
        for i, row in enumerate(rows_of(name))
    ]
    selected, _ = trained(run_stage, classes(labels=(write_rows(tmp_path, "labels", rows),)), None)
    found = pq.read_table(selected.uris(TABLE)[0]).to_pylist()
    assert {row["host"] for row in found} <= {f"{name}{i}" for name in ("science", "shops") for i in range(9)}


def test_labels_of_one_class_are_one_line(run_stage: Callable[..., Manifest], tmp_path: Path) -> None:
    with pytest.raises(UserError, match="all pages are of one class .reference., and two are the least"):
        trained(run_stage, classes(labels=(labels_file(tmp_path, {"science": 1}),)), None)


@pytest.mark.parametrize(
    ("value", "good", "told"),
    [
        (None, None, "row 1: has no label"),
        ("3", None, "the label 3 is a number that is neither 0 nor 1; say `good`"),
        ("fine", 3.0, "the label 'fine' is no number; leave out `good`"),
    ],
)
def test_a_label_that_says_nothing_is_one_line(value: Any, good: float | None, told: str) -> None:
    with pytest.raises(UserError, match=told):
        label_name(value, good, "row 1")


def test_names_of_labels() -> None:
    assert label_name("__label__Very good", None, "") == "Very_good"
    assert label_name(1.0, None, "") == "reference"
    assert label_name("2.5", 2.5, "") == "reference"
    assert measured_labels(("random", "reference")) == ("reference",)
    assert measured_labels(("ham", "eggs")) == ("eggs",)
    assert measured_labels(("c", "a", "b")) == ("a", "b", "c")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"classes": {"a": ["x"]}}, "give two or more"),
        ({"classes": {"a": ["x"], "b c": ["y"]}}, "'b c' is no name of a class"),
        ({"classes": {"a": ["x"], "b": []}}, "b: names no file"),
        ({"classes": {"a": ["x"], "b": ["y"]}, "labels": ["z"]}, "classes and labels: give one of them"),
        ({"classes": {"a": ["x"]}, "pages_class": "a"}, "each with a name of its own"),
        ({"pages_class": "a"}, "stands beside `classes`"),
    ],
)
def test_classes_that_cannot_be_are_told_before_anything_runs(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        QualityClassifier(**options)


RECIPE = """
name: topics
run: {folder}/run
sources:
  pages:
    kind: dataset
    input: {folder}/pages.jsonl
    steps:
      - filter:
          - model: {{keep: {{science: 0.5}}}}
quality_classifier:
  classes: {{science: {folder}/science.jsonl, sport: {folder}/sport.jsonl}}
  pages_class: rest
  min_pages: 3
  min_hosts: 3
  held_out: 0.3
  min_updates: 100
"""


def test_a_recipe_of_classes_is_built_and_measured_by_each(
    tmp_path: Path, files: dict[str, tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    write_rows(tmp_path, "pages", rows_of("shops"))
    (tmp_path / "topics.yaml").write_text(RECIPE.format(folder=tmp_path), encoding="utf-8")
    main(["quality", "build", str(tmp_path / "topics.yaml"), "--workers", "0", "--quiet"])
    page = (tmp_path / "run" / "quality.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("#")] == [
        "# The quality classifier of topics",
        "## rest, against all others",
        "## science, against all others",
        "## sport, against all others",
    ]
    figures = json.loads((tmp_path / "run" / "quality.json").read_text())
    assert set(figures["classes"]) == {"rest", "science", "sport"}
    capsys.readouterr()
    labels = write_rows(tmp_path, "labels", [{**row, "label": "sport"} for row in rows_of("sport", 2)])
    main(["quality", "evaluate", str(tmp_path / "run"), "--labels", labels, "--label", "science", "--json"])
    assert json.loads(capsys.readouterr().out)["positives"] == 0


def test_the_command_trains_on_files_by_class(
    tmp_path: Path, files: dict[str, tuple[str, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    given = [word for name, (file,) in files.items() for word in (f"--classes.{name}", file)]
    least = ["--min-pages", "3", "--min-hosts", "3", "--min-updates", "100", "--workers", "0", "--quiet"]
    main(["quality", "train", *given, *least, "--out", str(tmp_path / "out")])
    assert "train_hosts" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "say what good pages are: --references DUMPS"),
        (["--labels", "x.jsonl", "--references", "y"], "--references: leave it out"),
        (["x.jsonl", "--labels", "y.jsonl"], "x.jsonl: no pages are read where files say all classes"),
        (["--references", "y"], "name the pages to learn from"),
    ],
)
def test_what_the_command_cannot_learn_from_is_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["quality", "train", *arguments, "--out", "nowhere"])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
