"""The reference rule's three ways to choose: a threshold, a share of the source, a draw for each document as GPT-3's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pydantic import ValidationError

from quality_classifier.fit import fit
from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, Manifest
from stages.core.parquet import read_documents
from stages.filter.first_pass import ChosenThreshold
from stages.filter.rules.reference import ReferenceRule
from stages.filter.stage import Filter
from stages.filter.verb import AnnotateVerb, FilterVerb
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import label_scores
from tests.wiring import Noted, Running

GOOD, BAD = (
    "survey sediment archive measured century".split(),
    "discount purchase bargains clicking deal".split(),
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A quality model that knows ten words."""
    folder = tmp_path_factory.mktemp("model")
    lines = [
        f"__label__{label} {word}"
        for label, words in (("reference", GOOD), ("random", BAD))
        for word in words
    ]
    (folder / "lines.txt").write_text("\n".join(lines * 20) + "\n", encoding="utf-8")
    fit(
        folder / "lines.txt",
        folder / "m.bin",
        {"dim": 4, "epoch": 20, "lr": 0.5, "minCount": 1, "seed": 1, "bucket": 10},
    )
    return str(folder / "m.bin")


def test_a_model_of_pages_of_another_normalisation_is_one_line(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tmp_path: Path
) -> None:
    lines = ["__label__reference Survey of sediment", "__label__random cheap Deals"] * 20
    (tmp_path / "lines.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    options = {"dim": 2, "epoch": 2, "minCount": 1, "seed": 1, "bucket": 10}
    fit(tmp_path / "lines.txt", tmp_path / "m.bin", options)
    rule = ReferenceRule(model=str(tmp_path / "m.bin"))
    with pytest.raises(
        UserError, match="was trained on pages of another normalisation: it knows words with capitals"
    ):
        run_stage(Filter(rules=(rule,)), [make_documents([mixed(1)])])
    scores = label_scores(load_fasttext(str(tmp_path / "m.bin")), pa.array(["Survey", "survey"]), "reference")
    assert scores[0] != scores[1], "as it is evaluated, it sees capitals"


def mixed(number: int) -> dict[str, str]:
    good = number % 11
    words = [*np.resize(GOOD, good), *np.resize(BAD, 10 - good)]
    return {"id": f"common_crawl/f/{number}", "text": " ".join(words)}


def kept_ids(manifest: Manifest) -> list[str]:
    return [
        str(one)
        for batch in read_documents(manifest.uris(DOCUMENTS), ["id"])
        for one in batch.column("id").to_pylist()
    ]


def through(run_stage: Callable[..., Manifest], documents: Manifest, rule: ReferenceRule) -> Running:
    running = Running(run_stage, documents=documents)
    FilterVerb(rules=(rule,)).wire(running, "documents")
    return running


def test_a_share_of_all_shards_is_kept_those_of_the_highest_scores(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], model: str
) -> None:
    documents = make_documents([mixed(i) for i in range(33)], [mixed(i) for i in range(33, 110)])
    counted, chosen, last = list(
        through(run_stage, documents, ReferenceRule(model=model, keep=3 / 11)).outputs.values()
    )[1:]
    assert len(counted.files) == 2
    (facts,) = chosen.facts_of(ChosenThreshold)
    assert (facts.documents, facts.kept) == (110, 30)
    assert (
        sorted(int(one.rpartition("/")[2]) % 11 for one in kept_ids(last)) == [8] * 10 + [9] * 10 + [10] * 10
    )
    assert last.dropped == {"reference": 80}


def test_a_share_of_one_keeps_all(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], model: str
) -> None:
    documents = make_documents([mixed(i) for i in range(11)])
    last = list(through(run_stage, documents, ReferenceRule(model=model, keep=1.0)).outputs.values())[-1]
    assert last.documents_out == 11


def verdict(model: str, **options: Any) -> tuple[np.ndarray, np.ndarray]:
    rows = [mixed(i) for i in range(20_000)]
    batch = pa.record_batch(
        {name: pa.array([row[name] for row in rows], pa.large_string()) for name in ("id", "text")}
    )
    (found,) = ReferenceRule(model=model, **options).judge(None)(batch)
    return found.value, found.passed


def test_a_pareto_draw_keeps_as_often_as_gpt3s(model: str) -> None:
    """P(pareto(9) > 1 - score) is (2 - score) ** -9: nearly all of score 1, one of 512 of score 0."""
    scores, passed = verdict(model, pareto=9)
    again = verdict(model, pareto=9)[1]
    other = verdict(model, pareto=9, seed=1)[1]
    assert (passed == again).all()
    assert (passed != other).any()
    for good in (0, 5, 8, 10):
        own = np.arange(len(scores)) % 11 == good
        expected = (2.0 - scores[own][0]) ** -9.0
        assert passed[own].mean() == pytest.approx(expected, abs=4 * np.sqrt(0.25 / own.sum()))


def test_a_pareto_draw_is_of_the_document_alone(model: str) -> None:
    row = mixed(8)
    batch = pa.record_batch({name: pa.array([row[name]], pa.large_string()) for name in ("id", "text")})
    (found,) = ReferenceRule(model=model, pareto=9).judge(None)(batch)
    assert found.passed[0] == verdict(model, pareto=9)[1][8]


@pytest.mark.parametrize(
    "given", [{"keep": 0.4, "pareto": 9}, {"min_score": 0.3, "keep": 0.4}, {"keep": 0}, {"pareto": 0}]
)
def test_there_is_one_way_to_choose(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ReferenceRule(**given)


def test_what_a_run_keeps_of_the_options_is_the_same_rule() -> None:
    rule = ReferenceRule(keep=0.4)
    assert ReferenceRule.model_validate(rule.model_dump()) == rule


def test_a_rule_with_a_share_comes_first() -> None:
    rules = (ReferenceRule(model="m"), ReferenceRule(model="m", keep=0.4))
    with pytest.raises(UserError, match="comes first"):
        FilterVerb(rules=rules).wire(Noted(), "documents")


def test_the_first_pass_reads_the_model_that_the_run_trains_and_annotating_needs_none() -> None:
    noted = Noted()
    FilterVerb(rules=(ReferenceRule(keep=0.4),)).wire(noted, "documents")
    assert noted.inputs == {
        "count_values": ("documents", "model of documents"),
        "choose_threshold": ("count_values",),
        "filter": ("documents", "model of documents", "choose_threshold"),
    }
    noted = Noted()
    AnnotateVerb(rules=(ReferenceRule(keep=0.4),)).wire(noted, "documents")
    assert noted.inputs == {"filter": ("documents", "model of documents")}
    assert Filter(rules=(ReferenceRule(pareto=9),)).kept_share is None
