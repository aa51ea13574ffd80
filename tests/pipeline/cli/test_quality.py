"""`altiplano quality`: from a recipe to a model and a page, twice the same; and what is said of a model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipeline.cli.main import main
from tests.quality_classifier.test_train import page

RECIPE = """
name: small
run: {run}
sources:
  pages:
    kind: dataset
    input: {folder}/pages.jsonl
    steps:
      - filter: [reference]
  wikipedia: {{input: {folder}/cited.txt}}
quality_classifier: {{min_pages: 3, min_hosts: 3, held_out: 0.5, min_updates: 100, buckets: 100, match: host}}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a recipe that was built twice, into `one` and `two`."""
    folder = tmp_path_factory.mktemp("quality")
    rows = [page(i, i % 2 == 0) for i in range(60)]
    (folder / "pages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    cited = "".join(f"{row['url']}\n" for row in rows[::2])
    (folder / "cited.txt").write_text(cited, encoding="utf-8")
    for run in ("one", "two"):
        text = RECIPE.format(run=folder / run, folder=folder)
        (folder / f"{run}.yaml").write_text(text, encoding="utf-8")
        main(["quality", "build", str(folder / f"{run}.yaml"), "--workers", "0", "--quiet"])
    return folder


def test_a_recipe_is_built_twice_to_the_same_bytes(built: Path) -> None:
    for pattern in ("quality.md", "quality.json", "*/model/*.bin"):
        one, two = (next((built / run).glob(pattern)).read_bytes() for run in ("one", "two"))
        assert one == two
    assert (
        (built / "one" / "quality.md")
        .read_text()
        .startswith("# The quality classifier of small\n\n- too few to say")
    )


def test_files_of_ones_own_are_the_negatives(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = built / "own.jsonl"
    rows = [page(1_000 + i, False) for i in range(40)]
    own.write_text("".join(json.dumps({"text": row["text"]}) + "\n" for row in rows), encoding="utf-8")
    run = ["--run", str(built / "three"), "--workers", "0", "--quiet"]
    main(["quality", "build", str(built / "one.yaml"), "--negatives", str(own), *run])
    three, one = (next((built / name).glob("*/model/*.bin")).read_bytes() for name in ("three", "one"))
    assert three != one
    names = [path.parent.name for path in (built / "three").glob("*/manifest.json")]
    assert any("label_class" in name for name in names)


def test_figures_of_few_pages_have_no_auc(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["quality", "evaluate", str(built / "one"), "--json"])
    found = json.loads(capsys.readouterr().out)
    assert found["auc"] is None
    assert found["too_few"].startswith("too few to say")


def test_a_threshold_keeps_a_share(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(
        [
            "quality",
            "suggest",
            str(built / "one"),
            "--keep",
            "0.5",
            "--of",
            str(built / "pages.jsonl"),
            "--json",
        ]
    )
    assert "keeps 50.0% of 60 documents" in json.loads(capsys.readouterr().out)["why"]


def test_two_models_are_compared_on_hosts_that_neither_knows(
    built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["quality", "compare", str(built / "one"), str(built / "two")])
    assert "they agree on 100.0% of the pages" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["suggest", "{run}"], "give either --keep or --precision"),
        (["suggest", "{run}", "--keep", "0.5"], "name its documents with --of"),
        (["suggest", "{run}", "--precision", "0.9"], "too few to say"),
        (["evaluate", "{run}", "--label", "other"], "has no label 'other'"),
        (["evaluate", "{model}"], "a model alone has no held-out pages; give --labels FILE, or its run"),
        (["evaluate", "{run}", "--labels", "gone.jsonl"], "gone.jsonl: no such file of labels"),
    ],
)
def test_what_cannot_be_said_is_one_line(
    built: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], told: str
) -> None:
    places = {"run": built / "one", "model": next((built / "one").glob("*/model/*.bin"))}
    with pytest.raises(SystemExit) as ended:
        main(["quality", *(one.format(**places) for one in arguments)])
    assert ended.value.code == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert told in line
