"""The rule of a user's own fastText model: kept and dropped by label and probability, mistakes in one line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import fasttext
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from stages.core.errors import UserError
from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_documents
from stages.filter.rules.model import ModelRule
from stages.filter.stage import Filter

LINES = "__label__recipe salt flour oven\n__label__sport goal match team\n__label__news vote law court\n"
ROWS = [
    {"id": "c4/f/0", "text": "Salt,\nflour and the oven. salt flour oven"},
    {"id": "c4/f/1", "text": "goal match team goal"},
    {"id": "c4/f/2", "text": "vote law court vote"},
    {"id": "c4/f/3", "text": "SALT FLOUR OVEN"},
]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("own-model")
    (folder / "lines").write_text(LINES * 30)
    options = {"dim": 8, "epoch": 25, "lr": 1.0, "minCount": 1, "thread": 1, "verbose": 0, "seed": 1}
    fasttext.train_supervised(str(folder / "lines"), **options).save_model(str(folder / "own.bin"))
    return str(folder / "own.bin")


def kept(manifest: Manifest) -> list[str]:
    return [name for batch in read_documents(manifest.uris(DOCUMENTS)) for name in batch["id"].to_pylist()]


def dropped(manifest: Manifest) -> list[tuple[Any, ...]]:
    rows = [row for uri in manifest.uris(LEDGER) for row in pq.read_table(uri).to_pylist()]
    return [(row["id"], row["rule"], row["value"] < row["threshold"], row["detail"]) for row in rows]


def test_one_of_the_labels_is_enough(
    model: str, run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    rule = ModelRule(path=model, keep={"recipe": 0.8, "__label__sport": 0.7}, name="topics")
    manifest = run_stage(Filter(rules=(rule,)), [make_documents(ROWS)])
    assert kept(manifest) == ["c4/f/0", "c4/f/1"]
    assert [row[:3] for row in dropped(manifest)] == [("c4/f/2", "topics", True), ("c4/f/3", "topics", True)]
    assert dropped(manifest)[0][3] == "news"


def test_texts_may_be_shown_in_lower_case_and_in_part(
    model: str, run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    documents = make_documents(ROWS)
    lower = ModelRule(path=model, keep={"recipe": 0.8}, lower_case=True)
    assert kept(run_stage(Filter(rules=(lower,)), [documents])) == ["c4/f/0", "c4/f/3"]
    for lower_case in (False, True):
        first = ModelRule(path=model, keep={"sport": 0.5}, max_chars=4, lower_case=lower_case)
        assert kept(run_stage(Filter(rules=(first,)), [documents])) == ["c4/f/1"]


def test_the_fingerprint_follows_the_model_and_the_labels(model: str, tmp_path: Path) -> None:
    def fingerprint(path: str, **keep: float) -> str:
        return Filter(rules=(ModelRule(path=path, keep=keep),)).fingerprint([])

    copy = tmp_path / "copy.bin"
    copy.write_bytes(Path(model).read_bytes())
    assert fingerprint(model, recipe=0.5, sport=0.4) == fingerprint(str(copy), sport=0.4, recipe=0.5)
    assert fingerprint(model, recipe=0.5) != fingerprint(model, recipe=0.6)
    copy.write_bytes(Path(model).read_bytes() + b"x")
    assert fingerprint(str(copy), recipe=0.5) != fingerprint(model, recipe=0.5)


def test_mistakes_are_one_line(model: str, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"own\.bin: has no label 'news2'; its 3 labels are 'news', 'recipe', 'sport'$"
    ):
        ModelRule(path=model, keep={"news2": 0.5}).check()
    with pytest.raises(UserError, match="no such fastText model"):
        ModelRule(path=str(tmp_path / "none.bin"), keep={"a": 0.5}).judge(None)
    for keep in ({}, {"news": 1.5}, {"news": -0.1}):
        with pytest.raises(ValidationError):
            ModelRule(path=model, keep=keep)
