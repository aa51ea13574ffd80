"""The heuristic rules in the filter: one pass drops, edits and writes both down."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow.parquet as pq

from stages.core.manifest import DOCUMENTS, LEDGER, Manifest
from stages.core.parquet import read_documents
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.stage import Filter

RULES = (GopherQualityRule(), GopherRepetitionRule(), C4Rule(), FineWebRule())
PROSE = (
    "The ferry leaves the harbour at six and turns north along the cliffs. In winter it carries the mail and a few "
    "farmers with crates of apples. Nobody on board would say that the crossing is short, yet most of them have made "
    "it since childhood. They know each rock by name, and to be late is to wait until the evening tide comes in again. "
    "On the far side a narrow road climbs to the village."
)
ROWS = [
    {"id": "c4/f/0", "text": f"{PROSE}\n\nHome | About"},
    {"id": "c4/f/1", "text": "Home | About"},
    {"id": "c4/f/2", "text": PROSE},
    {"id": "c4/f/3", "text": f"{PROSE} {{ }}."},
]


def ledger(manifest: Manifest) -> list[tuple[Any, ...]]:
    names = ("id", "action", "rule", "value", "threshold", "text_bytes")
    return sorted(
        tuple(row[name] for name in names)
        for uri in manifest.uris(LEDGER)
        for row in pq.read_table(uri).to_pylist()
    )


def kept(manifest: Manifest) -> list[tuple[str, str]]:
    return [
        (row["id"], row["text"])
        for batch in read_documents(manifest.uris(DOCUMENTS))
        for row in batch.to_pylist()
    ]


def test_the_filter_drops_edits_and_says_so(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    manifest = run_stage(Filter(rules=RULES), [make_documents(ROWS)])
    assert kept(manifest) == [("c4/f/0", PROSE), ("c4/f/2", PROSE)]
    assert ledger(manifest) == [
        ("c4/f/0", "edit", "c4.lines", 1, None, len("\n\nHome | About")),
        ("c4/f/1", "drop", "gopher_quality.words", 2, 50, len("Home | About")),
        ("c4/f/3", "drop", "c4.curly_brackets", 1, 0, len(PROSE) + 5),
    ]
    assert manifest.edited == {"c4.lines": 1}


def test_annotate_only_edits_nothing(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    manifest = run_stage(Filter(rules=RULES, annotate_only=True), [make_documents(ROWS)])
    assert kept(manifest) == [(row["id"], row["text"]) for row in ROWS]
    assert ledger(manifest) == []
    left = run_stage(Filter(rules=(C4Rule(remove_lines=False),)), [make_documents(ROWS)])
    assert kept(left) == [(row["id"], row["text"]) for row in (ROWS[0], ROWS[2])]
