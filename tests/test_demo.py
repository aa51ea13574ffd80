"""The demo recipe from raw samples to a checkpoint: what is planted is found, nothing is lost, the bytes never differ."""

from __future__ import annotations

import csv
import hashlib
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from pipeline.graph import run_manifests
from pipeline.inspect.tokens import token_rows
from stages.core.documents import DOCUMENT_SCHEMA, SOURCES
from stages.core.ledger import LEDGER_SCHEMA
from stages.core.manifest import DOCUMENTS, INDEX, LEDGER, MODEL, TOKENS, Manifest, ShardReport, read_record
from stages.core.parquet import read_documents
from stages.tokenize.tokenizers.load import load_tokenizer
from tests.demo import ROOT, TIMEOUT_SECONDS, command, run_demo

FAULTS = ROOT / "samples" / "dumps" / "faults.tsv"


@pytest.fixture(scope="module")
def runs(demo_runs: Path) -> Path:
    """The demo, run with two workers."""
    return demo_runs


@pytest.fixture(scope="module")
def manifests(runs: Path) -> dict[str, Manifest]:
    return run_manifests(str(runs / "demo"))


def contents(runs: Path) -> dict[str, str]:
    """SHA-256 of everything a run wrote but the reports, which hold times."""
    files = (path for path in sorted(runs.rglob("*")) if path.is_file() and path.parent.name != "reports")
    return {str(path.relative_to(runs)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def ledger_rows(manifests: dict[str, Manifest]) -> list[dict[str, Any]]:
    uris = [uri for manifest in manifests.values() for uri in manifest.uris(LEDGER)]
    return [row for uri in uris for row in pq.read_table(uri).to_pylist()]


def test_every_planted_fault_is_in_the_ledger_with_its_rule_and_partner(
    manifests: dict[str, Manifest],
) -> None:
    with FAULTS.open(encoding="utf-8", newline="") as lines:
        planted = list(csv.DictReader(lines, delimiter="\t"))
    assert len(planted) > 200
    key = ("id", "stage", "action", "rule")
    found = {tuple(row[k] for k in key): row["partner"] or "" for row in ledger_rows(manifests)}
    missing = [row for row in planted if found.get(tuple(row[k] for k in key)) != row["partner"]]
    assert missing == []


def test_the_ledger_holds_nothing_but_what_was_planted_and_pages_that_are_no_references(
    manifests: dict[str, Manifest],
) -> None:
    with FAULTS.open(encoding="utf-8", newline="") as lines:
        planted = {(row["id"], row["rule"]) for row in csv.DictReader(lines, delimiter="\t")}
    rows = [row for row in ledger_rows(manifests) if row["action"] != "merge"]
    # papers have an edit row that says which share of their words stayed
    others = [row for row in rows if (row["id"], row["rule"]) not in planted and row["rule"] != "kept_words"]
    assert {row["rule"] for row in others} == {"reference"}
    assert all(row["value"] < row["threshold"] == 0.25 for row in others)


def test_the_classifier_keeps_reference_pages_and_drops_most_others(manifests: dict[str, Manifest]) -> None:
    kept = manifests["common_crawl.filter-2"]
    urls = {url for batch in read_documents(kept.uris(DOCUMENTS), ["url"]) for url in batch[0].to_pylist()}
    sources = {kind: _page_urls(kind) for kind in ("reference", "ordinary", "spam")}
    assert len(urls & sources["reference"]) >= 55
    assert len(urls & sources["ordinary"]) <= 12
    assert urls & sources["spam"] == set()


def _page_urls(kind: str) -> set[str]:
    folder = ROOT / "samples" / "source" / "web" / kind
    first_lines = (path.read_text(encoding="utf-8").split("\n", 1)[0] for path in folder.iterdir())
    return {line.removeprefix("url:").strip() for line in first_lines}


def test_every_shard_adds_up_and_its_ledger_has_a_row_for_every_drop(runs: Path) -> None:
    reports = list((runs / "demo").glob("*/reports/*.json"))
    assert len(reports) > 60
    for path in reports:
        report = read_record(str(path), ShardReport)
        report.check_conservation()
        folder = path.parents[1]
        ledgers = [folder / file.name for file in report.files if file.kind == LEDGER]
        tables = [pq.read_table(ledger, schema=LEDGER_SCHEMA).to_pylist() for ledger in ledgers]
        counts = Counter((row["action"], row["rule"]) for rows in tables for row in rows)
        assert {rule: n for (action, rule), n in counts.items() if action == "drop"} == report.dropped
        assert {rule: n for (action, rule), n in counts.items() if action == "edit"} == report.edited
        assert sum(n for (action, _), n in counts.items() if action == "merge") == report.merged
        for file in report.files:
            assert hashlib.sha256((folder / file.name).read_bytes()).hexdigest() == file.sha256


def test_every_raw_record_is_a_final_document_or_in_the_ledger(manifests: dict[str, Manifest]) -> None:
    for source in SOURCES:
        own = [m for name, m in manifests.items() if name.startswith(f"{source}.")]
        created = sum(m.created for m in own)
        ended = sum(sum(m.dropped.values()) + m.merged for m in own)
        final = [m for m in own if m.of_kind(DOCUMENTS)][-1]
        assert created == ended + final.documents_out, source
        assert final.documents_out > 0, source


def test_documents_have_the_public_schema_and_unique_ids(manifests: dict[str, Manifest]) -> None:
    ids: list[str] = []
    for uri in manifests["wikipedia.ingest_wikipedia"].uris(DOCUMENTS):
        table = pq.read_table(uri)
        assert table.schema.equals(DOCUMENT_SCHEMA)
        ids += table.column("id").to_pylist()
    assert len(set(ids)) == len(ids) > 60


def test_all_20_languages_of_wikipedia_are_there(manifests: dict[str, Manifest]) -> None:
    uris = manifests["wikipedia.ingest_wikipedia"].uris(DOCUMENTS)
    found = {name for batch in read_documents(uris, ["language"]) for name in batch[0].to_pylist()}
    assert found == set("bg ca cs da de en es fr hr hu it nl pl pt ro ru sl sr sv uk".split())


def test_packed_tokens_decode_to_the_documents_and_sum_up(manifests: dict[str, Manifest]) -> None:
    finals = [manifests[name] for name in _final_nodes(manifests)]
    texts = {
        key: text
        for manifest in finals
        for batch in read_documents(manifest.uris(DOCUMENTS), ["id", "text"])
        for key, text in zip(batch[0].to_pylist(), batch[1].to_pylist(), strict=True)
    }
    tokenizer = load_tokenizer(manifests["tokenizer.train_tokenizer"].uris(MODEL)[0])
    packed = manifests["pack"]
    decoded, total = {}, 0
    for tokens, index in zip(packed.uris(TOKENS), packed.uris(INDEX), strict=True):
        ids = np.fromfile(tokens, dtype="<u2")
        for row in pq.read_table(index).to_pylist():
            decoded[row["id"]] = tokenizer.decode(ids[row["offset"] : row["offset"] + row["length"]])
            total += row["length"]
    # SentencePiece writes a space as U+2581, which a text may hold by itself (a named quirk in tokenizers/test_load.py).
    assert decoded == {key: text.replace("\u2581", " ") for key, text in texts.items()}
    assert total == sum(row.tokens for row in token_rows(str(Path(packed.folder).parent)))


def _final_nodes(manifests: dict[str, Manifest]) -> list[str]:
    return [
        [n for n, m in manifests.items() if n.startswith(f"{s}.") and m.of_kind(DOCUMENTS)][-1]
        for s in SOURCES
    ]


def test_wikipedia_and_books_run_for_two_epochs(runs: Path) -> None:
    rows = {row.source: row for row in token_rows(str(runs / "demo"))}
    assert set(rows) == set(SOURCES)
    for source, row in rows.items():
        assert row.epochs == pytest.approx(2 if source in ("wikipedia", "books") else 1)
    assert sum(row.share or 0 for row in rows.values()) == pytest.approx(1)


def test_the_loss_falls(manifests: dict[str, Manifest]) -> None:
    (facts,) = manifests["train"].facts
    assert facts["final_loss"] < facts["first_loss"] - 1


def test_a_second_run_does_nothing_and_says_so(runs: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*.parquet")}
    assert "nothing to do, every stage is finished" in run_demo(runs)
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*.parquet")} == before


def test_one_worker_writes_the_same_bytes_as_two(runs: Path, tmp_path: Path) -> None:
    run_demo(tmp_path, "--workers", "1")
    assert contents(tmp_path) == contents(runs)


def test_a_run_killed_in_its_stages_and_in_its_training_ends_with_the_same_bytes(
    runs: Path, tmp_path: Path
) -> None:
    def reports() -> int:
        return len(list(tmp_path.glob("demo/*/reports/*.json")))

    def checkpoints() -> int:
        return len(list(tmp_path.glob("demo/*-train-*/model/checkpoint-*/checkpoint.json")))

    kill_when(tmp_path, lambda: reports() >= 12)
    assert 12 <= reports() < 60
    kill_when(tmp_path, lambda: checkpoints() >= 1)
    assert not list(tmp_path.glob("demo/*-train-*/manifest.json"))
    run_demo(tmp_path)
    assert contents(tmp_path) == contents(runs)


def kill_when(runs: Path, condition: Callable[[], bool]) -> None:
    """Start the demo and kill it, with all its workers, as soon as `condition` holds."""
    process = subprocess.Popen(
        command(runs), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def test_the_readme_shows_this_table(runs: Path) -> None:
    readme = [
        " ".join(line.split()) for line in (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    ]
    for row in token_rows(str(runs / "demo")):
        shown = f"{row.source} {row.documents:,} {row.text_bytes:,} {row.tokens:,} "
        assert any(line.startswith(shown) for line in readme), shown
