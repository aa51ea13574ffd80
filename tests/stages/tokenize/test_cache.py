"""The local copies of a store's shards: each block is asked for once, by however many readers, and is right or missing."""

from __future__ import annotations

import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stages.core import storage
from stages.core.errors import UserError
from stages.tokenize.cache import ShardCache, default_cache
from stages.tokenize.read import PackedTokens
from stages.tokenize.shards import TokenShard, token_shards
from tests.packed import framed, write_packed

BLOCK = 64
"""Bytes: 32 tokens."""


class Store:
    """What a store is asked for, and what goes wrong there."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[tuple[str, int, int]] = []
        self.faults: list[Exception] = []
        self.cut = 0
        self._lock = threading.Lock()
        opened = storage.open_input
        monkeypatch.setattr(storage, "open_input", lambda uri: _Counted(self, uri, opened(uri)))

    def read_at(self, inner: Any, uri: str, size: int, offset: int) -> bytes:
        with self._lock:
            self.asked.append((Path(uri).name, offset, size))
            if self.faults:
                raise self.faults.pop()
            return bytes(inner.read_at(size - self.cut, offset))


class _Counted:
    def __init__(self, store: Store, uri: str, inner: Any) -> None:
        self._store, self._uri, self._inner = store, uri, inner

    def read_at(self, size: int, offset: int) -> bytes:
        return self._store.read_at(self._inner, self._uri, size, offset)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    return Store(monkeypatch)


@pytest.fixture
def shards(tmp_path: Path) -> list[TokenShard]:
    """Books of 300 and c4 of 40 tokens, at addresses of a store."""
    folder = tmp_path / "pack"
    folder.mkdir()
    documents = [("books", [list(range(3, 301))]), ("c4", [list(range(3, 41))])]
    write_packed(folder, [framed(source, i, rows) for i, (source, rows) in enumerate(documents)])
    return token_shards(f"file://{folder}")[0]


def reader(shards: list[TokenShard], folder: Path) -> PackedTokens:
    return PackedTokens(shards, "", 300, cache=ShardCache(str(folder), BLOCK))


def test_each_block_is_asked_for_once_by_all_readers_of_the_folder(
    shards: list[TokenShard], store: Store, tmp_path: Path
) -> None:
    tokens, plain = reader(shards, tmp_path / "c"), PackedTokens(shards, "", 300)
    for start in (40, 7, 33, 35, 40):
        assert (
            tokens.tokens("books", start, start + 20).tolist()
            == plain.tokens("books", start, start + 20).tolist()
        )
    assert sorted(store.asked) == [("tokens-00000.bin", at, BLOCK) for at in (0, 64)]
    again = pickle.loads(pickle.dumps(tokens))
    assert again.tokens("books", 0, 300).tolist() == plain.tokens("books", 0, 300).tolist()
    assert again.tokens("c4", 0, 40).tolist() == plain.tokens("c4", 0, 40).tolist()
    assert reader(shards, tmp_path / "c").tokens("books", 250, 300).tolist() == [*range(252, 301), 2]
    assert len(store.asked) == len(set(store.asked)) == 10 + 2
    assert ("tokens-00000.bin", 576, 24) in store.asked  # the last block of books is a part


def test_sequences_are_fetched_together_and_ahead(
    shards: list[TokenShard], store: Store, tmp_path: Path
) -> None:
    tokens = reader(shards, tmp_path / "c")
    tokens.fetch([("books", 0), ("books", 4), ("c4", 0)], 32)
    asked = sorted(store.asked)
    assert asked == sorted(
        [("tokens-00000.bin", at, BLOCK) for at in (0, 64, 256, 320)]
        + [("tokens-00001.bin", 0, BLOCK), ("tokens-00001.bin", 64, 16)]
    )
    assert tokens.sequence("books", 4, 32).tolist() == list(range(130, 163))
    assert sorted(store.asked) == asked


def test_nothing_is_looked_for_once_all_is_here(
    shards: list[TokenShard], store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = reader(shards, tmp_path / "c")
    tokens.fetch([("c4", 0)], 32, wait=False)
    assert not tokens.is_here
    tokens.tokens("books", 0, 300), tokens.tokens("c4", 0, 40)
    tokens.fetch([("c4", 0)], 32, wait=False)
    assert tokens.is_here
    monkeypatch.setattr(ShardCache, "_asked", None)
    tokens.fetch([("c4", 0)], 32)
    assert tokens.tokens("c4", 0, 5).tolist() == [1, 3, 4, 5, 6]


def test_a_block_that_fails_is_asked_for_again_by_whom_reads_it(
    shards: list[TokenShard], store: Store, tmp_path: Path
) -> None:
    tokens = reader(shards, tmp_path / "c")
    store.faults.append(OSError("the store is away"))
    with pytest.raises(OSError, match="the store is away"):
        tokens.tokens("c4", 0, 5)
    assert tokens.tokens("c4", 0, 5).tolist() == [1, 3, 4, 5, 6]


def test_a_shard_that_was_cut_since_is_one_line_and_is_not_kept(
    shards: list[TokenShard], store: Store, tmp_path: Path
) -> None:
    store.cut = 10
    with pytest.raises(
        UserError, match=r"tokens-00001\.bin: token shard is cut short; expected 64 bytes at byte 0, found 54"
    ):
        reader(shards, tmp_path / "c").tokens("c4", 0, 5)
    store.cut = 0
    assert reader(shards, tmp_path / "c").tokens("c4", 0, 5).tolist() == [1, 3, 4, 5, 6]


def test_copies_are_of_what_the_shard_holds_and_of_its_size(
    shards: list[TokenShard], store: Store, tmp_path: Path
) -> None:
    """A file of another size is none of ours, as after a copy that stopped; its blocks are asked for again."""
    assert reader(shards, tmp_path / "c").tokens("c4", 0, 40)[-1] == 2
    (copy,) = (tmp_path / "c").glob(f"{shards[1].sha256}.bin")
    os.truncate(copy, 6)
    assert reader(shards, tmp_path / "c").tokens("c4", 0, 40).tolist() == [1, *range(3, 41), 2]
    assert len(store.asked) == 4


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_worker_reads_on(shards: list[TokenShard], tmp_path: Path) -> None:
    tokens = reader(shards, tmp_path / "c")
    tokens.tokens("c4", 0, 5)
    if (child := os.fork()) == 0:
        found = tokens.tokens("books", 200, 300)
        os._exit(0 if found.tolist() == [*range(202, 301), 2] else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert tokens.tokens("books", 200, 203).tolist() == [202, 203, 204]


def test_a_disk_that_is_too_small_or_cannot_be_written_is_one_line(
    shards: list[TokenShard], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 100

    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage)
    with pytest.raises(
        UserError, match=r"c: 0\.0 GB are free, but the tokens take 0\.0 GB more; name a larger disk"
    ):
        ShardCache(str(tmp_path / "c")).check_room(shards)
    monkeypatch.undo()
    ShardCache(str(tmp_path / "c")).check_room(shards)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file: the cache of token shards cannot be written"):
        ShardCache(str(tmp_path / "file")).check_room(shards)


def test_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ALTIPLANO_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/c")
    assert default_cache() == "/c/altiplano/tokens"
    monkeypatch.setenv("ALTIPLANO_CACHE", "/nvme")
    assert default_cache() == "/nvme"


def test_tokens_are_of_the_dtype_of_the_shard(tmp_path: Path) -> None:
    folder = tmp_path / "pack"
    folder.mkdir()
    write_packed(folder, [framed("c4", 0, [[70_000, 5]])], "uint32", 80_000)
    tokens = PackedTokens(
        token_shards(f"file://{folder}")[0], "", 80_000, cache=ShardCache(str(tmp_path / "c"), 8)
    )
    assert tokens.tokens("c4", 0, 4).tolist() == [1, 70_000, 5, 2]
    assert np.fromfile(next((tmp_path / "c").glob("*.bin")), "<u4").tolist() == [1, 70_000, 5, 2]
