"""Encode and pack: every document's tokens once, by source, shuffled by seed and id alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from stages.core.manifest import INDEX, TOKENS, Manifest
from stages.tokenize.encode import Encode
from stages.tokenize.pack import Pack
from stages.tokenize.tokenizers.load import load_tokenizer

TEXTS = {
    "c4/f/0": "the quick brown fox",
    "c4/f/1": "seven wizards\nmake brew",
    "c4/f/2": "",
    "c4/f/3": "Größe 123 \U0001f600",
    "books/b": "the queen " * 20,
}
ROWS = [{"id": key, "text": text} for key, text in TEXTS.items()]


def packed(run: Callable[..., Manifest], documents: Manifest, model: Path, seed: int = 0) -> Manifest:
    encoded = run(Encode(model=str(model), seed=seed, packed_text_bytes=30), [documents])
    assert encoded.documents_out == documents.documents_out
    return run(Pack(), [encoded])


def decoded(manifest: Manifest, model: Path) -> dict[str, str]:
    tokenizer = load_tokenizer(str(model))
    found = {}
    for tokens, index in zip(manifest.uris(TOKENS), manifest.uris(INDEX), strict=True):
        ids = np.fromfile(tokens, dtype="<u2")
        for row in pq.read_table(index).to_pylist():
            document = ids[row["offset"] : row["offset"] + row["length"]]
            assert (document[0], document[-1]) == (1, 2)
            found[row["id"]] = tokenizer.decode(document)
    return found


def test_every_document_comes_back_from_the_packed_tokens(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tokenizer_path: Path
) -> None:
    manifest = packed(run_stage, make_documents(ROWS[:2], ROWS[2:]), tokenizer_path)
    assert decoded(manifest, tokenizer_path) == TEXTS


def test_packed_tokens_equal_the_sum_of_the_documents_tokens(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tokenizer_path: Path
) -> None:
    manifest = packed(run_stage, make_documents(ROWS), tokenizer_path)
    rows = [row for uri in manifest.uris(INDEX) for row in pq.read_table(uri).to_pylist()]
    assert sum(row["length"] for row in rows) == sum(file.rows for file in manifest.of_kind(TOKENS))
    assert sum(fact["tokens"] for fact in manifest.facts) == sum(row["length"] for row in rows)
    assert sum(fact["text_bytes"] for fact in manifest.facts) == sum(len(t.encode()) for t in TEXTS.values())


def test_a_packed_shard_holds_one_source(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tokenizer_path: Path
) -> None:
    manifest = packed(run_stage, make_documents(ROWS), tokenizer_path)
    for fact, index in zip(manifest.facts, manifest.uris(INDEX), strict=True):
        ids = pq.read_table(index).column("id").to_pylist()
        assert {key.split("/")[0] for key in ids} <= {fact["source"]}


def test_the_shuffle_does_not_depend_on_the_shards_of_its_input(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tokenizer_path: Path
) -> None:
    one = packed(run_stage, make_documents(ROWS), tokenizer_path)
    three = packed(run_stage, make_documents(ROWS[3:], ROWS[:1], ROWS[1:3]), tokenizer_path)
    assert [file.sha256 for file in one.files] == [file.sha256 for file in three.files]


def test_another_seed_is_another_order(
    run_stage: Callable[..., Manifest], make_documents: Callable[..., Manifest], tokenizer_path: Path
) -> None:
    rows = [{"id": f"c4/f/{i}", "text": f"fox {i}"} for i in range(20)]
    orders = []
    for seed in (0, 1):
        manifest = packed(run_stage, make_documents(rows), tokenizer_path, seed)
        orders.append([row["id"] for uri in manifest.uris(INDEX) for row in pq.read_table(uri).to_pylist()])
    assert sorted(orders[0]) == sorted(orders[1])
    assert orders[0] != orders[1]
    assert orders[0] != sorted(orders[0])
