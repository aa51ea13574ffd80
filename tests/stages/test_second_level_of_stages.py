"""Every user of the exchange gives the same over two levels as over one: dedups, packing, joins of the classifier."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from quality_classifier import pages
from quality_classifier.pages import HashPages, HashReferences, MatchReferences
from stages.core import exchange, merge
from stages.core.exchange import Exchange
from stages.core.manifest import EXCHANGE, LEDGER, PARTS, TABLE, TOKENS, Manifest, ShardReport
from stages.core.parquet import ParquetWriter
from stages.core.stage import make_manifest
from stages.core.verb import Verb
from stages.dedup.ids import unique
from stages.dedup.ids.unique import check_unique_ids
from stages.dedup.lines import match as lines
from stages.dedup.lines.verb import DedupLines
from stages.dedup.near import clusters
from stages.dedup.near import verb as near
from stages.dedup.near.verb import DedupNear
from stages.dedup.sentences import verb as sentences
from stages.dedup.sentences.verb import DedupSentences
from stages.dedup.substrings import verb as substrings
from stages.dedup.substrings.verb import DedupSubstrings
from stages.tokenize.encode import Encode
from stages.tokenize.pack import Pack
from tests.stages.dedup.near.near_texts import text_of, with_changes
from tests.stages.tokenize.conftest import train_model
from tests.wiring import Running

SMALL = (
    (near, "DESTINATION_BYTES", 8000),
    (clusters, "DESTINATION_BYTES", 1500),
    (lines, "TEXT_BYTES_PER_DESTINATION", 5000),
    (unique, "DESTINATION_BYTES", 60),
    (sentences, "DESTINATION_BYTES", 2000),
    (substrings, "DESTINATION_BYTES", 20_000),
    (pages, "DESTINATION_BYTES", 100),
)
"""Constants that decide how many destinations there are, and what they are here."""


@pytest.fixture
def documents(make_documents: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch) -> Manifest:
    """Four shards of texts in families of near, equal and overlapping ones; every exchange has many destinations."""
    for module, name, size in SMALL:
        monkeypatch.setattr(module, name, size)
    rows = [
        {
            "id": f"books/{n}",
            "text": "\n".join(
                [text_of(n % 9), with_changes(text_of(n % 9), n // 14), text_of(50 + n) if n % 3 == 0 else ""]
            ),
            "url": f"https://host{n % 5}.example/{n}",
        }
        for n in range(28)
    ]
    return make_documents(rows[:9], rows[9:10], rows[10:20], rows[20:])


def both(monkeypatch: pytest.MonkeyPatch, run: Callable[[], list[Manifest]]) -> list[Manifest]:
    """What one level gives; two levels, with several blocks of files, must give equal manifests of what is no exchange."""
    one = run()
    monkeypatch.setattr(exchange, "ONE_LEVEL_DESTINATIONS", 1)
    monkeypatch.setattr(merge, "MERGE_BYTES", 1000)
    two = run()
    assert [outputs(manifest) for manifest in two] == [outputs(manifest) for manifest in one]
    assert any(manifest.of_kind(PARTS) for manifest in two)
    for before, after in zip(one, two, strict=True):
        if before.of_kind(EXCHANGE):
            assert rows_by_destination(before) == rows_by_destination(after)
    return one


def outputs(manifest: Manifest) -> list[tuple[str, str]]:
    """Names and digests of files, and what was counted."""
    found = [(f.name, f.sha256) for f in manifest.files if f.kind not in (EXCHANGE, PARTS)]
    return [*found, ("dropped", str(manifest.dropped)), ("facts", str(manifest.facts))]


def rows_by_destination(manifest: Manifest) -> list[list[object]]:
    rows = Exchange.of(manifest)
    return [
        [row for batch in rows.read(place) for row in batch.to_pylist()] for place in range(rows.destinations)
    ]


@pytest.mark.parametrize(
    "verb",
    [DedupLines(min_chars=1), DedupNear(), DedupSubstrings(min_words=12), DedupSentences(min_sentences=1)],
    ids=lambda verb: verb.verb,
)
def test_dedups(
    documents: Manifest, run_stage: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch, verb: Verb
) -> None:
    def run() -> list[Manifest]:
        running = Running(run_stage, documents=documents)
        verb.wire(running, "documents")
        return list(running.outputs.values())

    last = both(monkeypatch, run)[-1]
    assert last.rows(LEDGER) > 0


def test_unique_ids(
    documents: Manifest, run_stage: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch
) -> None:
    def run() -> list[Manifest]:
        running = Running(run_stage, documents=documents)
        check_unique_ids(running, "documents")
        return list(running.outputs.values())

    both(monkeypatch, run)


def test_packing(
    documents: Manifest,
    run_stage: Callable[..., Manifest],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    model = tmp_path / "tokenizer.model"
    model.write_bytes(train_model(320))

    def run() -> list[Manifest]:
        encoded = run_stage(Encode(model=str(model), packed_text_bytes=2000), [documents])
        return [encoded, run_stage(Pack(), [encoded])]

    assert both(monkeypatch, run)[-1].rows(TOKENS) > 0


def test_joins_of_the_quality_classifier(
    documents: Manifest, run_stage: Callable[..., Manifest], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    cited = pa.table({"url": [f"https://host{n % 5}.example/{n}" for n in range(0, 28, 3)]})
    writer = ParquetWriter(str(tmp_path), "tables/cited.parquet", cited.schema, TABLE)
    writer.write(cited)
    report = ShardReport(task="00000", files=(writer.commit(),))
    references = make_manifest("references", Pack(), "f", [], [], [report], str(tmp_path))

    def run() -> list[Manifest]:
        hashed = run_stage(HashPages(), [documents])
        wanted = run_stage(HashReferences(), [references, hashed])
        return [hashed, wanted, run_stage(MatchReferences(), [wanted, hashed, documents])]

    facts = both(monkeypatch, run)[-1].facts
    assert sum(one["cited"] for one in facts) == cited.num_rows
