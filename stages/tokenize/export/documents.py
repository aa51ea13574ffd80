"""A packed shard in, its token documents as a stream of batches out: what every export format is written from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stages.core import storage
from stages.tokenize.shards import TOKEN_DTYPES, TokenShard
from stages.tokenize.token_index import read_index

BATCH_TOKENS = 8 << 20


@dataclass(frozen=True)
class TokenBatch:
    """Documents of one shard: ids, and their tokens end to end; document i is tokens[offsets[i]:offsets[i + 1]]."""

    ids: list[str]
    offsets: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.unsignedinteger]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each document, shape (documents,)."""
        return np.diff(self.offsets)


def token_batches(shard: TokenShard, batch_tokens: int = BATCH_TOKENS) -> Iterator[TokenBatch]:
    """The documents of a shard in order, about `batch_tokens` tokens at a time (one longer document is a batch)."""
    index = read_index(shard.index_uri, shard.documents, shard.tokens)
    starts = index.column("offset").to_numpy()
    ends = starts + index.column("length").to_numpy()
    dtype = TOKEN_DTYPES[shard.dtype]
    with storage.open_input(shard.uri) as stream:
        first = 0
        while first < len(starts):
            last = max(first + 1, int(np.searchsorted(ends, starts[first] + batch_tokens, side="right")))
            data = stream.read(int(ends[last - 1] - starts[first]) * dtype.itemsize)
            offsets = np.append(starts[first:last], ends[last - 1]) - starts[first]
            ids = index.column("id").slice(first, last - first).to_pylist()
            yield TokenBatch(ids, offsets.astype(np.int64), np.frombuffer(data, dtype))
            first = last


def document_batches(shards: Iterable[TokenShard]) -> Iterator[TokenBatch]:
    """The documents of several shards in order."""
    for shard in shards:
        yield from token_batches(shard)
