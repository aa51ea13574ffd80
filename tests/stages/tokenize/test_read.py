"""The reader of packed tokens: streams across shards, document boundaries, and damaged folders."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from stages.core.errors import UserError
from stages.core.sealed import sealed, unsealed
from stages.tokenize.read import PackedTokens, num_sequences
from tests.packed import framed, write_packed


def write_pack(folder: Path, shards: list[tuple[str, list[list[int]]]], dtype: str = "uint16") -> Path:
    """A pack stage's folder: each shard a source and its documents' ids, which get <bos> and <eos>."""
    made = [framed(source, number, documents) for number, (source, documents) in enumerate(shards)]
    write_packed(folder, made, dtype)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Books in two shards with c4 between: books is 1 10 11 2 | 1 12 2 | 1 13 14 15 2."""
    shards = [("books", [[10, 11], [12]]), ("c4", [[20, 21]]), ("books", [[13, 14, 15]])]
    return write_pack(tmp_path, shards)


def test_streams_and_counts(folder: Path) -> None:
    tokens = PackedTokens.open(str(folder))
    assert tokens.sources == ("books", "c4")
    assert (tokens.vocab_size, tokens.tokenizer_sha256) == (300, "ab" * 32)
    assert (tokens.num_tokens("books"), tokens.num_documents("books")) == (12, 3)
    assert tokens.tokens("books", 0, 12).tolist() == [1, 10, 11, 2, 1, 12, 2, 1, 13, 14, 15, 2]
    assert tokens.tokens("books", 5, 9).tolist() == [12, 2, 1, 13]
    assert tokens.tokens("books", 3, 3).tolist() == []


def test_sequences_share_one_token_and_cross_shards(folder: Path) -> None:
    tokens = PackedTokens.open(str(folder))
    assert tokens.num_sequences("books", 5) == 2
    assert [tokens.sequence("books", i, 5).tolist() for i in (0, 1)] == [
        [1, 10, 11, 2, 1, 12],
        [12, 2, 1, 13, 14, 15],
    ]
    assert tokens.num_sequences("c4", 4) == 0


def test_the_last_target_needs_one_token_more() -> None:
    assert [num_sequences(tokens, 10) for tokens in (0, 1, 10, 11, 20, 21)] == [0, 0, 0, 1, 1, 2]


def test_documents_of_a_range(folder: Path) -> None:
    tokens = PackedTokens.open(str(folder))
    for (start, stop), ids, offsets in [
        ((0, 12), ["books/0/0", "books/0/1", "books/2/0"], [0, 4, 7]),
        ((5, 9), ["books/0/1", "books/2/0"], [4, 7]),
        ((3, 4), ["books/0/0"], [0]),
        ((8, 9), ["books/2/0"], [7]),
        ((4, 4), [], []),
    ]:
        found = tokens.documents_of("books", start, stop)
        assert (found[0], found[1].tolist()) == (ids, offsets)


def test_segments_and_positions_restart_at_documents(folder: Path) -> None:
    tokens = PackedTokens.open(str(folder))
    assert tokens.segment_ids("books", 0, 5).tolist() == [0, 0, 0, 0, 1]
    assert tokens.position_ids("books", 0, 5).tolist() == [0, 1, 2, 3, 0]
    assert tokens.segment_ids("books", 1, 5).tolist() == [0, 0, 1, 1, 1]
    assert tokens.position_ids("books", 1, 5).tolist() == [0, 1, 0, 1, 2]


def test_a_vocabulary_over_65536_is_uint32(tmp_path: Path) -> None:
    write_pack(tmp_path, [("c4", [[100_000, 65_536, 70_001]])], dtype="uint32")
    assert PackedTokens.open(str(tmp_path)).tokens("c4", 0, 5).tolist() == [1, 100_000, 65_536, 70_001, 2]


def test_another_kind_of_location_gives_the_same(folder: Path) -> None:
    tokens = PackedTokens.open(f"file://{folder}")
    assert tokens.sequence("books", 1, 5).tolist() == [12, 2, 1, 13, 14, 15]
    assert tokens.position_ids("books", 1, 5).tolist() == [0, 1, 0, 1, 2]


def test_a_missing_shard_is_named(folder: Path) -> None:
    (folder / "tokens" / "tokens-00002.bin").unlink()
    with pytest.raises(UserError, match=r"tokens-00002\.bin: .*expected 10 bytes, found none"):
        PackedTokens.open(str(folder))


def test_a_short_shard_is_named(folder: Path) -> None:
    (folder / "tokens" / "tokens-00000.bin").write_bytes(b"\0" * 13)
    with pytest.raises(UserError, match=r"tokens-00000\.bin: .*expected 14 bytes, found 13"):
        PackedTokens.open(str(folder))


def test_a_missing_or_short_index_is_named(folder: Path) -> None:
    index = folder / "tokens" / "tokens-00000.index.parquet"
    pq.write_table(pq.read_table(index).slice(0, 1), index)
    with pytest.raises(UserError, match=r"tokens-00000\.index\.parquet: expected 2 rows, found 1"):
        PackedTokens.open(str(folder)).segment_ids("books", 0, 5)
    index.unlink()
    with pytest.raises(UserError, match=r"tokens-00000\.index\.parquet: .* missing"):
        PackedTokens.open(str(folder)).segment_ids("books", 0, 5)


def test_an_unfinished_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no manifest\.json; the pack stage has not finished"):
        PackedTokens.open(str(tmp_path))


def test_no_tokens_at_all_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="made no tokens"):
        PackedTokens.open(str(write_pack(tmp_path, [("c4", [])])))


def test_an_unknown_dtype_is_refused(tmp_path: Path) -> None:
    manifest = write_pack(tmp_path, [("c4", [[5]])]) / "manifest.json"
    content = unsealed(manifest.read_bytes(), str(manifest))
    content["facts"][0]["dtype"] = "int8"
    manifest.write_bytes(sealed(content))
    with pytest.raises(UserError, match=r"tokens-00000\.bin: dtype 'int8' is none of uint16, uint32"):
        PackedTokens.open(str(tmp_path))


def test_an_unknown_source_and_a_range_outside_are_refused(folder: Path) -> None:
    tokens = PackedTokens.open(str(folder))
    with pytest.raises(UserError, match="no packed tokens of source 'arxiv'; there are books, c4"):
        tokens.num_tokens("arxiv")
    with pytest.raises(IndexError, match="tokens 5 to 13 of 12 of books"):
        tokens.tokens("books", 5, 13)
    with pytest.raises(IndexError, match="sequence 2 of 2 of books"):
        tokens.sequence("books", 2, 5)
