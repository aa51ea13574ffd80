"""The classifier: cited pages against others, both treated alike; a model that tells them apart, the same twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quality_classifier.dataset import LABELLED_SCHEMA, LabelPages
from quality_classifier.evaluate import figures, roc_auc
from quality_classifier.pages import HashPages, HashReferences, MatchReferences
from quality_classifier.train import QualityClassifier, balanced_classes
from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest, ShardReport
from stages.core.parquet import ParquetWriter
from stages.core.stage import make_manifest
from stages.filter.rules.reference import ReferenceRule
from stages.filter.stage import Filter
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import reference_scores
from tests.wiring import Running

REFERENCE_WORDS = "survey sediment archive measured century institute species analysis records basalt".split()
RANDOM_WORDS = "hey buy cheap click love shop super deal sale lol".split()
NUM_PAGES = 120


def page(number: int, cited: bool) -> dict[str, str]:
    rng = np.random.default_rng(number)
    words = rng.choice(REFERENCE_WORDS if cited else RANDOM_WORDS, 60)
    host = "www.cited.example" if cited else "plain.example"
    return {"id": f"common_crawl/f/{number}", "text": " ".join(words), "url": f"https://{host}/p/{number}/"}


def references_table(folder: Path, urls: Sequence[str]) -> Manifest:
    schema = pa.schema([("url", pa.string()), ("document", pa.string()), ("language", pa.string())])
    rows = pa.Table.from_pylist([{"url": url, "document": "w", "language": "en"} for url in urls], schema)
    writer = ParquetWriter(str(folder), "tables/references.parquet", schema, TABLE)
    writer.write(rows)
    report = ShardReport(task="00000", files=(writer.commit(),))
    return make_manifest("references", Filter(rules=(ReferenceRule(),)), "f", [], [], [report], str(folder))


def run_steps(
    run: Callable[..., Manifest], documents: Manifest, references: Manifest, options: QualityClassifier
) -> list[Manifest]:
    running = Running(run, documents=documents, references=references)
    options.wire(running, "documents", ["references"])
    return list(running.outputs.values())


@pytest.fixture
def pages(make_documents: Callable[..., Manifest]) -> Manifest:
    rows = [page(i, i % 3 == 0) for i in range(NUM_PAGES)]
    return make_documents(rows[:50], rows[50:])


@pytest.fixture
def references(tmp_path: Path) -> Manifest:
    # Citations spell the URL in other ways than the crawl does.
    return references_table(tmp_path, [f"http://cited.example/p/{i}#part" for i in range(0, NUM_PAGES, 3)])


def labels(manifest: Manifest) -> dict[str, bool]:
    rows = [row for uri in manifest.uris(TABLE) for row in pq.read_table(uri).to_pylist()]
    return {row["id"]: row["positive"] for row in rows}


def test_a_page_is_positive_exactly_when_wikipedia_cites_its_url(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    manifests = run_steps(run_stage, pages, references, QualityClassifier(min_pages=5))
    found = labels(manifests[5])
    assert {key for key, positive in found.items() if positive} == {
        f"common_crawl/f/{i}" for i in range(0, NUM_PAGES, 3)
    }
    assert 20 < sum(not positive for positive in found.values()) <= 80


def test_trap_fasttext_starts_from_memory_as_it_is_and_still_the_model_is_the_same_twice(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    options = QualityClassifier(min_pages=5, held_out=0.2)
    first, second = (run_steps(run_stage, pages, references, options)[-1] for _ in range(2))
    assert first.files == second.files
    model = load_fasttext(first.uris(MODEL)[0])
    texts = pa.array([page(1000, True)["text"], page(1001, False)["text"], ""], pa.large_string())
    scores = reference_scores(model, texts)
    assert scores[0] > 0.5 > scores[1]
    assert 0 <= scores[2] <= 1
    assert first.facts[0]["held_out"]["accuracy"] > 0.9


def test_the_trained_model_filters_pages(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    model = run_steps(run_stage, pages, references, QualityClassifier(min_pages=5, held_out=0.2))[-1]
    manifest = run_stage(Filter(rules=(ReferenceRule(min_score=0.5),)), [pages, model])
    assert manifest.documents_out == NUM_PAGES // 3
    assert manifest.dropped == {"reference": NUM_PAGES - NUM_PAGES // 3}


def test_match_host_takes_all_pages_of_a_cited_host(
    run_stage: Callable[..., Manifest], pages: Manifest, tmp_path: Path
) -> None:
    one = references_table(tmp_path, ["https://cited.example/elsewhere"])
    for match, expected in (("url", 0), ("host", NUM_PAGES // 3)):
        hashes = run_stage(HashReferences(match=match), [one, pages])
        own = run_stage(HashPages(match=match), [pages])
        cited = run_stage(MatchReferences(), [hashes, own, pages])
        assert sum(fact["cited"] for fact in cited.facts) == expected


def test_trap_the_length_floor_holds_for_both_classes(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tmp_path: Path
) -> None:
    rows = [page(i, i < 2) | {"text": "short" if i % 2 else "long enough " * 30} for i in range(4)]
    documents = make_documents(rows)
    references = references_table(tmp_path, [row["url"] for row in rows[:2]])
    hashes = run_stage(HashReferences(), [references, documents])
    cited = run_stage(MatchReferences(), [hashes, run_stage(HashPages(), [documents]), documents])
    labelled = labels(run_stage(LabelPages(min_chars=100), [documents, cited]))
    assert labelled == {"common_crawl/f/0": True, "common_crawl/f/2": False}


def test_trap_training_data_mixes_the_classes() -> None:
    count = 100
    rows = {
        "id": [f"{i:03d}" for i in range(count)],
        "order": np.random.default_rng(0).integers(0, 2**63, count).astype(np.uint64),
        "positive": [i < 40 for i in range(count)],
        "held_out": [False] * count,
        "text": ["t"] * count,
    }
    chosen = balanced_classes(pa.table(rows, schema=LABELLED_SCHEMA), 30)
    positive = chosen.column("positive").to_numpy()
    assert (int(positive.sum()), len(positive)) == (30, 60)
    assert 10 <= positive[:30].sum() <= 20
    assert (np.diff(chosen.column("order").to_numpy().astype(object)) > 0).all()


def test_too_few_pages_is_a_users_mistake(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    with pytest.raises(UserError, match="min_pages is 500; give more pages"):
        run_steps(run_stage, pages, references, QualityClassifier(min_pages=500))


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    positive = np.array([True, False, True, False])
    assert roc_auc(positive, np.array([0.9, 0.1, 0.8, 0.2])) == 1.0
    assert roc_auc(positive, np.array([0.1, 0.9, 0.2, 0.8])) == 0.0
    assert roc_auc(positive, np.array([0.5, 0.5, 0.5, 0.5])) == 0.5
    assert np.isnan(roc_auc(np.array([True]), np.array([0.5])))


def test_figures_at_a_threshold() -> None:
    measured = figures(np.array([True, True, False, False]), np.array([0.9, 0.4, 0.6, 0.1]), 0.5)
    assert measured == {
        "pages": 4,
        "positives": 2,
        "threshold": 0.5,
        "precision": 0.5,
        "recall": 0.5,
        "f1": 0.5,
        "accuracy": 0.5,
        "auc": 0.75,
    }
