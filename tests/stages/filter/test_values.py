"""`annotate_only`: a table of every value of every document beside documents whose format stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from stages.core.documents import DOCUMENT_SCHEMA
from stages.core.given import manifest_of_parquet
from stages.core.manifest import DOCUMENTS, LEDGER, VALUES, Manifest
from stages.core.parquet import read_documents
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.fineweb import FineWebRule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.rules.language import LanguageRule
from stages.filter.rules.pii import PiiRule
from stages.filter.stage import Filter
from stages.filter.values import measures
from stages.filter.verdict import Verdict, at_least, at_most

ROWS = [
    {"id": "c4/f/0", "text": "Too short, {} and write to jo@doe.com."},
    {"id": "books/f/1", "text": "Der alte Mann ging jeden Morgen zum Hafen hinunter."},
]
RULES = (
    GopherQualityRule(),
    GopherRepetitionRule(),
    C4Rule(),
    FineWebRule(),
    PiiRule(),
    LanguageRule(keep=("en",), per_source={"books": {"min_score": 0.25}}),
)


def test_columns_are_values_with_their_thresholds() -> None:
    value = np.array([1.0, 2.0])
    verdicts = [
        at_least("r.a", value, 2),
        at_most("r.a", value, 9),
        at_most("r.b", value, np.array([1.0, 2.0])),
        Verdict("r.c", np.array([True, False]), value, 0.5),
    ]
    assert {name: column.tolist() for name, column in measures(verdicts).items()} == {
        "r.a": [1, 2],
        "r.a:at_least": [2, 2],
        "r.a:at_most": [9, 9],
        "r.b": [1, 2],
        "r.b:at_most": [1, 2],
        "r.c": [1, 2],
        "r.c:passed": [1, 0],
    }


def test_every_rule_writes_its_values_and_the_documents_stay(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    manifest = run_stage(Filter(rules=RULES, annotate_only=True), [make_documents(ROWS)])
    (shard,) = manifest.uris(DOCUMENTS)
    assert pq.read_schema(shard).equals(DOCUMENT_SCHEMA)
    assert [b["text"].to_pylist() for b in read_documents([shard])] == [[row["text"] for row in ROWS]]
    assert manifest.uris(LEDGER) == []
    (file,) = manifest.of_kind(VALUES)
    assert (file.name, file.rows) == ("values/00000.parquet", 2)
    rows = pq.read_table(manifest.uris(VALUES)[0]).to_pylist()
    assert [(row["id"], row["source"], row["text_bytes"]) for row in rows] == [
        ("c4/f/0", "c4", 38),
        ("books/f/1", "books", 51),
    ]
    first, second = rows
    assert (first["gopher_quality.words"], first["gopher_quality.words:at_least"]) == (6, 50)
    assert first["gopher_quality.words:at_most"] == 100_000
    assert (first["c4.curly_brackets"], first["c4.lines"], first["pii"]) == (1, 0, 1)
    assert (first["language_score:at_least"], second["language_score:at_least"]) == (0.5, 0.25)
    assert (first["language:passed"], second["language:passed"]) == (1, 0)
    values = [n for n in first if ":" not in n and n not in ("id", "source", "text_bytes")]
    assert {n.split(".")[0] for n in values} == {
        *("gopher_quality", "gopher_repetition", "c4", "fineweb", "pii", "language", "language_score")
    }
    assert len(values) == 8 + 13 + 4 + 4 + 1 + 2


def test_a_stages_folder_given_as_files_is_its_documents_alone(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    manifest = run_stage(Filter(rules=RULES[:1], annotate_only=True), [make_documents(ROWS)])
    given = manifest_of_parquet([f"{manifest.folder}/**/*.parquet"])
    assert given.documents_out == 2
    assert [Path(file.name).name for file in given.files] == ["00000-00000.parquet"]


def test_no_documents_give_no_table(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest]
) -> None:
    empty = run_stage(Filter(rules=(GopherQualityRule(),)), [make_documents(ROWS)])
    assert empty.documents_out == 0
    assert run_stage(Filter(rules=RULES, annotate_only=True), [empty]).files == ()
