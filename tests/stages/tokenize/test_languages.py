"""Sources packed by language: what is counted, where documents go, and what cannot be split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.core.manifest import INDEX, Manifest
from stages.tokenize.encode import Encode
from stages.tokenize.languages import CountLanguages, counted_totals
from stages.tokenize.pack import Pack

ROWS = (
    [
        {"id": "wikipedia/a", "text": "drei Worte hier", "language": "de"},
        {"id": "wikipedia/b", "text": "three words here", "language": "en"},
        {"id": "c4/c", "text": "not split", "language": "en"},
    ],
    [
        {"id": "wikipedia/d", "text": "kein", "language": None},
        {"id": "wikipedia/e", "text": "vier", "language": "de"},
    ],
)


def test_documents_and_bytes_are_counted_by_language(
    make_documents: Callable[..., Manifest], run_stage: Callable[..., Manifest]
) -> None:
    documents = make_documents(*ROWS)
    counts = run_stage(CountLanguages(split_languages=("wikipedia",)), [documents])
    totals = {name: (t.documents, t.text_bytes) for name, t in counted_totals([counts]).items()}
    assert totals == {
        "c4": (1, 9),
        "wikipedia:de": (2, 19),
        "wikipedia:en": (1, 16),
        "wikipedia:unknown": (1, 4),
    }
    assert (counts.documents_in, counts.documents_out) == (5, 5)


def test_each_language_has_packed_shards_of_its_own(
    make_documents: Callable[..., Manifest], run_stage: Callable[..., Manifest], tokenizer_path: Path
) -> None:
    documents = make_documents(*ROWS)
    split = ("wikipedia",)
    counts = run_stage(CountLanguages(split_languages=split), [documents])
    encoded = run_stage(Encode(model=str(tokenizer_path), split_languages=split), [documents, counts])
    packed = run_stage(Pack(), [encoded])
    found: dict[str, Any] = {}
    for facts, uri in zip(packed.facts, packed.uris(INDEX), strict=True):
        found[facts["source"]] = sorted(pq.read_table(uri)["id"].to_pylist())
    assert found == {
        "c4": ["c4/c"],
        "wikipedia:de": ["wikipedia/a", "wikipedia/e"],
        "wikipedia:en": ["wikipedia/b"],
        "wikipedia:unknown": ["wikipedia/d"],
    }


def test_a_source_without_documents_cannot_be_split(
    make_documents: Callable[..., Manifest], run_stage: Callable[..., Manifest], tokenizer_path: Path
) -> None:
    documents = make_documents(*ROWS)
    counts = run_stage(CountLanguages(split_languages=("books",)), [documents])
    with pytest.raises(
        UserError, match="split_languages: no documents of source 'books'; there are c4, wikipedia"
    ):
        run_stage(Encode(model=str(tokenizer_path), split_languages=("books",)), [documents, counts])


def test_a_language_that_is_no_name_cannot_be_packed_apart(
    make_documents: Callable[..., Manifest], run_stage: Callable[..., Manifest]
) -> None:
    documents = make_documents([{"id": "wikipedia/a", "text": "x", "language": "../../de"}])
    assert run_stage(CountLanguages(split_languages=()), [documents]).documents_in == 1
    with pytest.raises(UserError, match=r"a document's language: '../../de' is no name of a source"):
        run_stage(CountLanguages(split_languages=("wikipedia",)), [documents])
