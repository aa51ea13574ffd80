"""Stages that put small neighbours together: rows, drops and facts are those of a task for each shard, in fewer files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from quality_classifier.dataset import LabelClass
from quality_classifier.label_rows import LabelRows
from stages.core import shards
from stages.core.exchange import Exchange
from stages.core.manifest import DOCUMENTS, EXCHANGE, LEDGER, TABLE, VALUES, Manifest
from stages.core.stage import AnyStage
from stages.filter.first_pass import CountValues
from stages.filter.rules.c4 import C4Rule
from stages.filter.stage import Filter
from stages.language_model.text import LanguageText, found_texts
from stages.tokenize.encode import Encode
from stages.tokenize.languages import CountLanguages, counted_totals
from stages.tokenize.train import SampleText
from tests.stage_lock import stages as all_stages
from tests.stages.tokenize.conftest import train_model

RunMade = Callable[..., Manifest]

TEXTS = (
    "one line that ends here.\nand another that does\n" * 4,
    "short",
    "a\nb\nc\nd\n" * 9,
    "Ends. " * 40,
    "",
)
"""Some pass C4's rules."""


def stages_of(model: str) -> dict[type[AnyStage], list[AnyStage]]:
    filters: list[AnyStage] = [
        Filter(rules=(C4Rule(),), annotate_only=annotate) for annotate in (False, True)
    ]
    return {
        Filter: filters,
        CountValues: [CountValues(rule=C4Rule())],
        Encode: [Encode(model=model, packed_text_bytes=500)],
        CountLanguages: [CountLanguages(split_languages=("c4",))],
        SampleText: [SampleText()],
        LanguageText: [LanguageText(language="en")],
        LabelRows: [LabelRows(good=None, seed=1, min_chars=1)],
        LabelClass: [LabelClass(label="mine", match="url", max_pages=9, seed=1, min_chars=1)],
    }


@pytest.fixture
def documents(make_documents: RunMade) -> Manifest:
    """Seven shards of three documents."""

    def row(number: int) -> dict[str, Any]:
        return {
            "id": f"c4/{number:02d}",
            "text": f"{number} {TEXTS[number % len(TEXTS)]}",
            "url": f"https://host{number}.example/",
            "language": "en" if number % 3 else "fr",
            "metadata": '{"label": "good"}',
        }

    return make_documents(*([row(3 * shard + number) for number in range(3)] for shard in range(7)))


def outputs(manifest: Manifest) -> dict[str, list[Any]]:
    """Rows of every kind of file, in order; facts without those that every task repeats."""
    found: dict[str, list[Any]] = {
        kind: [row for uri in manifest.uris(kind) for row in pq.read_table(uri).to_pylist()]
        for kind in (DOCUMENTS, LEDGER, VALUES, TABLE)
    }
    sent = Exchange.of(manifest)
    found[EXCHANGE] = [
        [row for batch in sent.read(place) for row in batch.to_pylist()] for place in range(sent.destinations)
    ]
    found["counts"] = [
        manifest.documents_in,
        manifest.documents_out,
        manifest.bytes_in,
        manifest.bytes_out,
        manifest.dropped,
        manifest.sources,
    ]
    return found


@pytest.mark.parametrize("kind", stages_of(""))
def test_the_rows_are_those_of_a_task_for_each_shard(
    kind: type[AnyStage],
    documents: Manifest,
    run_stage: RunMade,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "tokenizer.model").write_bytes(train_model(320))
    for stage in stages_of(str(tmp_path / "tokenizer.model"))[kind]:
        inputs = [documents, documents] if kind is LabelClass else [documents]
        apart = run_stage(stage, inputs)
        with monkeypatch.context() as patch:
            patch.setattr(shards, "UNGROUPED_SHARDS", 1)
            patch.setattr(shards, "GROUPED_SHARDS", 3)
            together = run_stage(stage, inputs)
        assert (len(apart.reports), len(together.reports)) == (7, 3)
        one, other = outputs(apart), outputs(together)
        if kind is CountValues:
            one[TABLE], other[TABLE] = summed(one[TABLE]), summed(other[TABLE])
        assert other == one
        if kind is CountLanguages:
            assert counted_totals([together]) == counted_totals([apart])
        if kind is LanguageText:
            assert found_texts([together]) == found_texts([apart])
        assert any(one[kind_of_file] for kind_of_file in (DOCUMENTS, TABLE, EXCHANGE)) or apart.facts


def summed(rows: list[dict[str, int]]) -> list[tuple[int, int]]:
    counts: Counter[int] = Counter()
    for row in rows:
        counts[row["bin"]] += row["count"]
    return sorted(counts.items())


def test_filters_drop_some_and_keep_some_of_these(documents: Manifest, run_stage: RunMade) -> None:
    kept = run_stage(Filter(rules=(C4Rule(),)), [documents])
    assert 0 < kept.documents_out < 21


def test_every_stage_that_says_so_is_here() -> None:
    assert {kind for kind in all_stages().values() if kind.groups_small_shards} == set(stages_of(""))
