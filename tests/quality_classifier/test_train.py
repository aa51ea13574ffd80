"""The classifier: cited pages against others, both treated alike; a model that tells them apart, the same twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from quality_classifier.classifier import QualityClassifier
from quality_classifier.dataset import LabelPages
from quality_classifier.pages import CitedPages, HashPages, HashReferences, MatchReferences
from quality_classifier.select import SELECTED_SCHEMA, SelectedPages
from quality_classifier.train import in_order
from stages.core.errors import UserError
from stages.core.manifest import MODEL, TABLE, Manifest, ShardReport
from stages.core.parquet import ParquetWriter
from stages.core.stage import make_manifest
from stages.filter.rules.reference import ReferenceRule
from stages.filter.stage import Filter
from stages.models.fasttext.model import load_fasttext
from stages.models.fasttext.reference import reference_scores
from stages.models.trained_quality import TrainedQuality
from tests.wiring import Running

REFERENCE_WORDS = "survey sediment archive measured century institute species analysis records basalt".split()
RANDOM_WORDS = (
    "discount purchase bargains clicking adorable shopping superdeal wholesale clearance lolcats".split()
)
NUM_PAGES = 120


def page(number: int, cited: bool) -> dict[str, str]:
    rng = np.random.default_rng(number)
    words = rng.choice(REFERENCE_WORDS if cited else RANDOM_WORDS, 60)
    host = f"www.cited{number % 20}.example" if cited else f"plain{number % 20}.example"
    return {"id": f"common_crawl/f/{number}", "text": " ".join(words), "url": f"https://{host}/p/{number}/"}


def small(**options: Any) -> QualityClassifier:
    return QualityClassifier(min_pages=5, min_hosts=3, **options)


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
    return references_table(
        tmp_path, [f"http://cited{i % 20}.example/p/{i}#part" for i in range(0, NUM_PAGES, 3)]
    )


def labels(manifest: Manifest) -> dict[str, bool]:
    rows = [row for uri in manifest.uris(TABLE) for row in pq.read_table(uri).to_pylist()]
    return {row["id"]: row["label"] == "reference" for row in rows}


def test_a_page_is_positive_exactly_when_wikipedia_cites_its_url(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    manifests = run_steps(run_stage, pages, references, small())
    found = labels(manifests[5])
    assert {key for key, positive in found.items() if positive} == {
        f"common_crawl/f/{i}" for i in range(0, NUM_PAGES, 3)
    }
    assert 20 < sum(not positive for positive in found.values()) <= 80


def test_trap_fasttext_starts_from_memory_as_it_is_and_still_the_model_is_the_same_twice(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    options = small(held_out=0.2)
    first, second = (run_steps(run_stage, pages, references, options)[-1] for _ in range(2))
    assert first.files == second.files
    model = load_fasttext(first.uris(MODEL)[0])
    texts = pa.array([page(1000, True)["text"], page(1001, False)["text"], ""], pa.large_string())
    scores = reference_scores(model, texts)
    assert scores[0] > 0.5 > scores[1]
    assert 0 <= scores[2] <= 1
    (facts,) = first.facts_of(TrainedQuality)
    assert (facts.held_out["positives"], facts.instead) == (facts.held_out["pages"] / 2, None)
    assert "auc" not in facts.held_out
    assert facts.worth.startswith("too few to say")


def test_the_trained_model_filters_pages(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    model = run_steps(run_stage, pages, references, small(held_out=0.2))[-1]
    manifest = run_stage(Filter(rules=(ReferenceRule(min_score=0.5),)), [pages, model])
    assert manifest.documents_out == NUM_PAGES // 3
    assert manifest.dropped == {"reference": NUM_PAGES - NUM_PAGES // 3}


def test_match_host_takes_all_pages_of_a_cited_host(
    run_stage: Callable[..., Manifest], pages: Manifest, tmp_path: Path
) -> None:
    one = references_table(tmp_path, [f"https://cited{i}.example/elsewhere" for i in range(20)])
    own = run_stage(HashPages(), [pages])
    cited = run_stage(MatchReferences(), [run_stage(HashReferences(), [one, own]), own, pages])
    facts = cited.facts_of(CitedPages)
    assert sum(one.positives("url") for one in facts) == 0
    assert sum(one.positives("host") for one in facts) == NUM_PAGES // 3
    by_host = run_stage(LabelPages(match="host"), [pages, cited])
    assert sum(labels(by_host).values()) == NUM_PAGES // 3


def test_trap_a_page_of_a_cited_host_that_is_not_cited_is_no_random_page(
    run_stage: Callable[..., Manifest], pages: Manifest, tmp_path: Path
) -> None:
    one = references_table(tmp_path, [page(0, True)["url"]])
    own = run_stage(HashPages(), [pages])
    cited = run_stage(MatchReferences(), [run_stage(HashReferences(), [one, own]), own, pages])
    found = labels(run_stage(LabelPages(), [pages, cited]))
    assert found.pop("common_crawl/f/0") is True
    assert set(found.values()) == {False}
    assert "common_crawl/f/60" not in found  # of cited0.example, too


def test_pages_of_wikipedia_and_its_mirrors_are_no_random_pages(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tmp_path: Path
) -> None:
    hosts = ("en.wikipedia.org", "www.wikiwand.com", "shop.example", "cited.example")
    documents = make_documents(
        [page(i, False) | {"url": f"https://{host}/a"} for i, host in enumerate(hosts)]
    )
    one = references_table(tmp_path, ["https://cited.example/a"])
    own = run_stage(HashPages(), [documents])
    cited = run_stage(MatchReferences(), [run_stage(HashReferences(), [one, own]), own, documents])
    found = labels(run_stage(LabelPages(), [documents, cited]))
    assert found == {"common_crawl/f/2": False, "common_crawl/f/3": True}


def test_parts_share_no_host_and_have_as_many_of_both_classes(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    selected = run_steps(run_stage, pages, references, small(held_out=0.2))[-2]
    rows = pq.read_table(selected.uris(TABLE)[0]).to_pylist()
    parts = {row["part"] for row in rows}
    assert parts == {"train", "validation", "test"}
    hosts = {part: {row["host"] for row in rows if row["part"] == part} for part in parts}
    assert sum(map(len, hosts.values())) == len(set.union(*hosts.values()))
    for part in parts:
        own = [row["label"] for row in rows if row["part"] == part]
        assert own.count("reference") == own.count("random") == len(own) / 2 > 0
    (facts,) = selected.facts_of(SelectedPages)
    assert facts.pages["test.reference"] == facts.pages["test.random"]


def test_without_enough_pages_the_rule_does_what_the_recipe_says(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    dropped = {}
    for what in ("skip", "rules"):
        options = QualityClassifier(min_hosts=500, when_too_few=what)
        model = run_steps(run_stage, pages, references, options)[-1]
        assert model.uris(MODEL) == []
        (facts,) = model.facts_of(TrainedQuality)
        assert facts.instead == what
        assert "min_hosts 500" in facts.worth
        dropped[what] = run_stage(Filter(rules=(ReferenceRule(min_score=0.5),)), [pages, model]).dropped
    assert dropped["skip"] == {}
    assert {rule.partition(".")[0] for rule in dropped["rules"]} <= {"gopher_quality", "gopher_repetition"}
    assert sum(dropped["rules"].values()) == NUM_PAGES  # words of a list: no stop words


def test_trap_the_length_floor_holds_for_both_classes(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tmp_path: Path
) -> None:
    rows = [page(i, i < 2) | {"text": "short" if i % 2 else "long enough " * 30} for i in range(4)]
    documents = make_documents(rows)
    references = references_table(tmp_path, [row["url"] for row in rows[:2]])
    own = run_stage(HashPages(), [documents])
    hashes = run_stage(HashReferences(), [references, own])
    cited = run_stage(MatchReferences(), [hashes, own, documents])
    labelled = labels(run_stage(LabelPages(min_chars=100), [documents, cited]))
    assert labelled == {"common_crawl/f/0": True, "common_crawl/f/2": False}  # 1 and 3 are short


def test_trap_training_data_mixes_the_classes() -> None:
    count = 100
    rows = {
        "id": [f"{i:03d}" for i in range(count)],
        "order": np.random.default_rng(0).integers(0, 2**63, count).astype(np.uint64),
        "label": ["reference" if i < 50 else "random" for i in range(count)],
        **{name: ["x"] * count for name in ("host", "language", "text", "part")},
        "chars": [1] * count,
    }
    ordered = in_order(pa.table({name: rows[name] for name in SELECTED_SCHEMA.names}, schema=SELECTED_SCHEMA))
    assert 15 <= ordered.column("label").slice(0, 50).to_pylist().count("reference") <= 35
    assert (np.diff(ordered.column("order").to_numpy().astype(object)) > 0).all()


def test_too_few_pages_is_a_users_mistake(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest
) -> None:
    with pytest.raises(UserError, match="min_pages is 500 and min_hosts 30; give more pages"):
        run_steps(run_stage, pages, references, QualityClassifier(min_pages=500))


def test_files_of_ones_own_are_the_negatives_in_place_of_other_pages(
    run_stage: Callable[..., Manifest], pages: Manifest, references: Manifest, tmp_path: Path
) -> None:
    own = tmp_path / "own.jsonl"
    texts = [page(2_000 + i, False)["text"] for i in range(60)]
    own.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts), encoding="utf-8")
    options = small(held_out=0.2, negatives=(str(own),))
    running = Running(run_stage, documents=pages, references=references)
    options.wire(running, "documents", ["references"])
    (selected,) = [one for name, one in running.outputs.items() if name.endswith("select_pages")]
    found = labels(selected)
    positives = {key for key, positive in found.items() if positive}
    assert all(key.startswith("common_crawl/") for key in positives)
    assert all(key.startswith("negatives/own.jsonl/") for key in found.keys() - positives)
    assert len(positives) == len(found) / 2 > 10
    (facts,) = list(running.outputs.values())[-1].facts_of(TrainedQuality)
    assert facts.instead is None
