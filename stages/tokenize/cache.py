"""Shards of a store in, their bytes on a local disk out: each block is asked for once by all processes of a machine.

A schedule reads all over the shards, so that a read of a sequence would be a request of a few KB for each. Here a shard is a
sparse file of its size and a file of flags, a byte a block; a block is written, flushed to the disk and then flagged. Files
are named by the shard's SHA-256, so that they stay true when a run is moved or made again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from stages.core import storage
from stages.core.errors import UserError
from stages.tokenize.shards import TOKEN_DTYPES, TokenShard

BLOCK_BYTES = 4 << 20
"""Bytes of one request: large enough that a store's latency is small beside it, small enough for a first batch."""

REQUESTS_AT_ONCE = 16
CACHE_VARIABLE = "ALTIPLANO_CACHE"

Piece = tuple[TokenShard, int, int]
"""Tokens start..stop of a shard, counted in the shard."""


def default_cache() -> str:
    """The folder of $ALTIPLANO_CACHE, else one in the user's folder of caches."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return os.environ.get(CACHE_VARIABLE) or str(Path(base) / "altiplano" / "tokens")


class ShardCache:
    """Copies of remote shards in a folder; what a process keeps open is its own, also after a fork."""

    def __init__(self, folder: str, block_bytes: int = BLOCK_BYTES) -> None:
        self.folder = folder
        self.block_bytes = block_bytes
        self.is_whole = False
        self._forget()

    def __getstate__(self) -> dict[str, Any]:
        """What another process opens it again with."""
        return {"folder": self.folder, "block_bytes": self.block_bytes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Nothing is open yet."""
        self.__init__(**state)  # type: ignore[misc]

    def check_room(self, shards: Sequence[TokenShard]) -> None:
        """A UserError unless the disk has room for all that is not there yet."""
        with _told(self.folder):
            Path(self.folder).mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.folder).free
            wanted = sum(shard.bytes - self._bytes_there(shard) for shard in shards)
        if wanted > free:
            raise UserError(
                f"{self.folder}: {free / 1e9:.1f} GB are free, but the tokens take {wanted / 1e9:.1f} GB more;"
                f" name a larger disk as cache, or in {CACHE_VARIABLE}"
            )

    def read(self, shard: TokenShard, start: int, stop: int) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Tokens start..stop of a shard, out of the local copy."""
        if not self.is_whole:
            self.fetch([(shard, start, stop)])
        tokens: npt.NDArray[np.unsignedinteger[Any]] = self._copy(shard).tokens[start:stop]
        return tokens

    def fetch(self, pieces: Sequence[Piece]) -> None:
        """Come back when all blocks of these pieces are here; those that are not are asked for side by side."""
        for waited in self._asked(pieces):
            waited.result()

    def look_whether_whole(self, shards: Sequence[TokenShard]) -> None:
        """Note, once all blocks of all shards are here, that nothing is to be asked for any more."""
        self.is_whole = self.is_whole or all(self._copy(shard).flags.all() for shard in shards)

    def fetch_ahead(self, pieces: Sequence[Piece]) -> None:
        """The same without waiting: an error is told to whom reads the piece."""
        self._asked(pieces)

    def _asked(self, pieces: Sequence[Piece]) -> list[Future[None]]:
        if self._pid != os.getpid():
            self._forget()
        wanted = []
        for shard, start, stop in pieces:
            copy = self._copy(shard)
            size = TOKEN_DTYPES[shard.dtype].itemsize
            first, last = start * size // self.block_bytes, -(-stop * size // self.block_bytes)
            missing = np.flatnonzero(copy.flags[first:last] == 0) + first
            wanted += [self._future(copy, block) for block in missing.tolist()]
        return wanted

    def _future(self, copy: _Copy, block: int) -> Future[None]:
        with self._lock:
            found = copy.asked.get(block)
            if found is None:
                found = copy.asked[block] = self._pool.submit(copy.fetch, block)
                found.add_done_callback(lambda _: copy.asked.pop(block, None))
            return found

    def _copy(self, shard: TokenShard) -> _Copy:
        with self._lock:
            if shard.sha256 not in self._copies:
                with _told(self.folder):
                    self._copies[shard.sha256] = _Copy(shard, self.folder, self.block_bytes)
            return self._copies[shard.sha256]

    def _bytes_there(self, shard: TokenShard) -> int:
        flags = _flags_path(shard, self.folder, self.block_bytes)
        there = np.fromfile(flags, np.uint8) if flags.exists() else np.zeros(0, np.uint8)
        return min(int(np.count_nonzero(there)) * self.block_bytes, shard.bytes)

    def _forget(self) -> None:
        self._pid = os.getpid()
        self._lock = threading.RLock()
        self._copies: dict[str, _Copy] = {}
        self._pool = ThreadPoolExecutor(REQUESTS_AT_ONCE, thread_name_prefix="shard-cache")


class _Copy:
    """One shard's sparse file, its flags, and the blocks that are on their way."""

    def __init__(self, shard: TokenShard, folder: str, block_bytes: int) -> None:
        self.shard, self.block_bytes = shard, block_bytes
        self.asked: dict[int, Future[None]] = {}
        Path(folder).mkdir(parents=True, exist_ok=True)
        self._path, flags = Path(folder) / f"{shard.sha256}.bin", _flags_path(shard, folder, block_bytes)
        blocks = -(-shard.bytes // block_bytes)
        if not self._path.exists() or self._path.stat().st_size != shard.bytes:
            flags.unlink(missing_ok=True)
        for path, size in ((self._path, shard.bytes), (flags, blocks)):
            with path.open("ab") as file:
                file.truncate(size)
        self.flags = np.memmap(flags, np.uint8, "r+", shape=(blocks,))
        self.tokens = np.memmap(self._path, TOKEN_DTYPES[shard.dtype], "r")
        self._locks = flags.open("r+b")  # stays open: a process that closes a file gives up its locks on it
        self._opening = threading.Lock()
        self._remote: Any = None

    def fetch(self, block: int) -> None:
        """Bring one block here, unless another process has, or does so now."""
        fcntl.lockf(self._locks, fcntl.LOCK_EX, 1, block)
        try:
            if self.flags[block]:
                return
            start = block * self.block_bytes
            data = self._read(start, min(self.block_bytes, self.shard.bytes - start))
            with _told(str(self._path.parent)), self._path.open("r+b") as output:
                output.seek(start)
                output.write(data)
                output.flush()
                os.fsync(output.fileno())
            self.flags[block] = 1
        finally:
            fcntl.lockf(self._locks, fcntl.LOCK_UN, 1, block)

    def _read(self, start: int, size: int) -> bytes:
        with self._opening:
            if self._remote is None:
                self._remote = storage.open_input(self.shard.uri)
        data: bytes = self._remote.read_at(size, start)
        if len(data) != size:
            raise UserError(
                f"{self.shard.uri}: token shard is cut short; expected {size} bytes at byte {start}, found {len(data)}"
            )
        return data


def _flags_path(shard: TokenShard, folder: str, block_bytes: int) -> Path:
    return Path(folder) / f"{shard.sha256}.{block_bytes}.blocks"


@contextmanager
def _told(folder: str) -> Iterator[None]:
    """An error of the disk that the cache lies on, in one line."""
    try:
        yield
    except OSError as error:
        raise UserError(
            f"{folder}: the cache of token shards cannot be written ({error.strerror or error});"
            f" name another folder as cache, or in {CACHE_VARIABLE}"
        ) from error
