"""Labels of a language model: scores by shard and rows, labels by the score, a classifier and figures from them."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from pipeline.cli.main import main
from pipeline.graph import run_manifests
from quality_classifier.classifier import QualityClassifier
from quality_classifier.label_rows import LabelScores, label_counts
from quality_classifier.score_texts import ScoredTexts, ScoreOptions, ScoreTexts, good_of
from stages.core.errors import UserError
from stages.core.manifest import TABLE, Manifest
from stages.models.causal import Prompt, load_causal
from tests.causal_models import make_causal
from tests.wiring import Noted

PROMPT = "Is it good? {text}\nAnswer: "


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Tests that need no weights say what the model answers themselves, and take any folder."""
    pytest.importorskip("transformers", reason="the extra `label` is not installed")
    return str(make_causal(tmp_path_factory.mktemp("causal")))


def rows(count: int) -> list[dict[str, str]]:
    return [
        {
            "id": f"common_crawl/f/{i}",
            "text": f"text {i} " * (1 + i % 3),
            "url": f"https://h{i % 40}.example/{i}",
        }
        for i in range(count)
    ]


def asked(model: str, **options: Any) -> ScoreTexts:
    given = {
        "prompt": PROMPT,
        "answers": ("0", "1", "2"),
        "min_chars": 0,
        "task_documents": 4,
        "device": "cpu",
    }
    return ScoreTexts(**{"model": model, **given, **options})


def asked_of_two(model: str, other: str) -> ScoreTexts:
    return ScoreTexts(model=model, other=other, min_chars=0, task_documents=4, device="cpu")


def table_of(manifest: Manifest) -> list[dict[str, Any]]:
    return [row for uri in manifest.uris(TABLE) for row in pq.read_table(uri).to_pylist()]


def test_a_score_is_the_expected_place_of_the_answer(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], model: str
) -> None:
    documents = make_documents(rows(6), rows(9)[6:])
    scored = run_stage(asked(model), [documents])
    assert len(scored.files) == 3  # two tasks of the first shard, one of the second
    found = table_of(scored)
    assert [row["id"] for row in found] == [row["id"] for row in rows(9)]
    for row in found:
        logs = load_causal(model, "cpu", 1).answers(
            [Prompt("Is it good? ", row["text"], "\nAnswer: ")], "012", None
        )[0]
        shares = [math.exp(one) for one in logs]
        assert row["score"] == pytest.approx((shares[1] + 2 * shares[2]) / sum(shares), rel=1e-4)
    assert sum(one.scored for one in scored.facts_of(ScoredTexts)) == 9


def test_the_same_again_is_the_same_bytes(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], model: str
) -> None:
    documents = make_documents(rows(9))
    assert run_stage(asked(model), [documents]).files == run_stage(asked(model), [documents]).files


def test_by_two_models_a_score_is_how_much_less_likely_the_text_is_to_the_second(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], model: str, tmp_path: Path
) -> None:
    other = str(make_causal(tmp_path / "other", seed=1))
    documents = make_documents([*rows(4), {"id": "common_crawl/f/empty", "text": ""}])
    scored = run_stage(asked_of_two(model, other), [documents])
    for row in table_of(scored)[:4]:
        own, theirs = (
            load_causal(one, "cpu", 1).nats_per_byte([row["text"]], None)[0] for one in (model, other)
        )
        assert row["score"] == pytest.approx(theirs - own, rel=1e-4)
    assert table_of(scored)[4]["score"] is None
    assert sum(one.too_short for one in scored.facts_of(ScoredTexts)) == 1
    labelled = run_stage(LabelScores(good=0.0), [scored])
    assert label_counts(labelled) == {"reference": 4 - label_counts(labelled)["random"]} | {
        "random": sum(row["score"] < 0 for row in table_of(scored)[:4])
    }


def test_a_share_is_drawn(
    run_stage: Callable[..., Manifest],
    make_documents: Callable[..., Manifest],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ScoreTexts, "scores", lambda self, texts: np.zeros(len(texts)))
    monkeypatch.setattr("quality_classifier.score_texts.causal_dependencies", lambda folder: [])
    documents = make_documents(rows(400))
    one, other = (
        {row["id"] for row in table_of(run_stage(asked("m", max_documents=100, seed=seed), [documents]))}
        for seed in (0, 1)
    )
    assert 70 < len(one) < 130
    assert one != other


def by_name(self: ScoreTexts, texts: Any) -> Any:
    """A model that likes even numbers."""
    return np.array([2.0 if int(text.split()[1]) % 2 == 0 else 0.25 for text in texts.to_pylist()])


@pytest.fixture
def labelled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pages of even and odd numbers, and the run `labels`, whose model likes even ones."""
    monkeypatch.setattr(ScoreTexts, "scores", by_name)
    for name in ("causal_dependencies", "check_causal"):
        monkeypatch.setattr(f"quality_classifier.score_texts.{name}", lambda folder: [])
    made = [
        {
            "text": f"text {i} " + f"{'even odd'.split()[i % 2]} {i} is here " * 20,
            "url": f"https://h{i % 50}.example/{i}",
        }
        for i in range(400)
    ]
    (tmp_path / "pages.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made), encoding="utf-8")
    main(label_command(tmp_path))
    return tmp_path


def label_command(folder: Path, *more: str) -> list[str]:
    words = ["quality", "label", str(folder / "pages.jsonl"), "--model", "m", "--prompt", PROMPT]
    words += ["--answers", "0", "--answers", "1", "--answers", "2", "--task-documents", "100", *more]
    return [*words, "--out", str(folder / "labels"), "--workers", "0", "--quiet"]


def label_files(folder: Path) -> list[Path]:
    return sorted((folder / "labels").glob("*label_scores*/tables/*.parquet"))


def test_labels_train_a_classifier_and_measure_it(labelled: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = label_files(labelled)
    assert len(files) == 4
    assert set(pq.read_table(files[0]).column_names) >= {
        "id",
        "text",
        "url",
        "host",
        "language",
        "score",
        "label",
    }
    least = [
        "--min-pages",
        "50",
        "--min-hosts",
        "10",
        "--held-out",
        "0.4",
        "--min-updates",
        "2000",
        "--workers",
        "0",
    ]
    tables = str(files[0].parent / "*.parquet")
    main(["quality", "train", "--labels", tables, *least, "--quiet", "--out", str(labelled / "model")])
    capsys.readouterr()
    (made,) = (labelled / "model").glob("*train_quality*/model/*.bin")
    main(["quality", "evaluate", str(made), "--labels", str(files[1]), "--json"])
    assert json.loads(capsys.readouterr().out)["positives"] == 50


def test_a_killed_run_goes_on_and_another_least_score_asks_no_model_again(
    labelled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scores,) = (labelled / "labels").glob("*score_texts*")
    whole = {path.name: path.read_bytes() for path in label_files(labelled)}
    (scores / "manifest.json").unlink()
    for name in ("reports/00002.json", "tables/scores-00002.parquet"):
        (scores / name).unlink()
    asked_of: list[int] = []

    def counted(self: ScoreTexts, texts: Any) -> Any:
        asked_of.append(len(texts))
        return by_name(self, texts)

    monkeypatch.setattr(ScoreTexts, "scores", counted)
    main(label_command(labelled))
    assert sum(asked_of) == 100
    assert {path.name: path.read_bytes() for path in label_files(labelled)} == whole


def test_a_recipe_labels_its_pages_and_learns_from_them(
    labelled: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = f"""
name: taught
run: {labelled}/taught
sources:
  pages:
    kind: dataset
    input: {labelled}/pages.jsonl
    steps:
      - filter: [reference]
quality_classifier:
  labeller: {{model: m, prompt: "Good? {{text}} Answer:", answers: ["0", "1", "2"], task_documents: 200}}
  good: 1.5
  min_pages: 50
  min_hosts: 10
  held_out: 0.4
  min_updates: 2000
"""
    (labelled / "taught.yaml").write_text(recipe, encoding="utf-8")
    main(["quality", "build", str(labelled / "taught.yaml"), "--workers", "0", "--quiet"])
    assert [one.stage for one in run_manifests(str(labelled / "taught")).values()] == [
        "ingest_dataset",
        "score_texts",
        "label_scores",
        "select_pages",
        "train_quality",
    ]
    assert "held-out pages" in (labelled / "taught" / "quality.md").read_text()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"prompt": PROMPT, "other": "o"}, "two models need no prompt and no answers"),
        ({"answers": ["0", "1"], "other": "o"}, "two models need no prompt and no answers"),
        ({"prompt": "no place"}, r"\{text\} has to stand in it once"),
        ({"prompt": PROMPT, "answers": ["yes"]}, "answers: give two or more, each another"),
        ({"prompt": PROMPT, "answers": ["yes", "yes"]}, "answers: give two or more, each another"),
        ({"prompt": PROMPT, "answers": ["yes", " "]}, "answers: give two or more, each another"),
    ],
)
def test_what_no_model_can_be_asked_is_told_before_anything_runs(options: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        ScoreOptions(model="m", **options)


def test_the_least_score_of_good_pages_is_the_middle_unless_said() -> None:
    options = ScoreOptions(model="m", prompt=PROMPT, answers=("0", "1", "2", "3", "4", "5"))
    assert (good_of(options, None), good_of(options, 3)) == (2.5, 3)
    assert good_of(ScoreOptions(model="m", other="o"), None) == 0
    with pytest.raises(
        UserError, match="good: 6 is no score that tells pages apart; of 6 answers scores are 0 to 5"
    ):
        good_of(options, 6)


def test_a_model_that_is_not_there_is_one_line_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stages.models.causal.find_spec", lambda name: name)
    (tmp_path / "pages.jsonl").write_text('{"text": "a"}\n', encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(label_command(tmp_path))
    assert ended.value.code == 2
    assert "no model in Hugging Face's layout there (no config.json)" in capsys.readouterr().err
    assert not (tmp_path / "labels").exists()


def test_a_labeller_stands_in_place_of_what_wikipedia_cites() -> None:
    wiring, labeller = Noted(), ScoreOptions(model="m", prompt=PROMPT, max_documents=7)
    QualityClassifier(labeller=labeller, good=0.75, min_chars=11, seed=5).wire(wiring, "pages", [])
    scored, labels = wiring.stages["score_texts"], wiring.stages["label_scores"]
    assert isinstance(scored, ScoreTexts)
    assert isinstance(labels, LabelScores)
    assert (scored.max_documents, scored.min_chars, scored.seed, labels.good) == (7, 11, 5, 0.75)
    assert wiring.inputs["select_pages"] == ("label_scores",)
