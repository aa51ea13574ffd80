"""The folder of a finished pack stage in, token sequences out: the reader side of the packed format.

A source is the stream of its shards one after another; a sequence of length L is tokens i*L to i*L+L of it,
both ends included, so that inputs and shifted targets share the middle. With best-fit packing (`fit`) a
sequence is a few pieces of documents of one shard and then padding. Shards are memory-mapped; nothing is copied
but what is asked for.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from stages.core import storage
from stages.core.arrays import Int64Array
from stages.core.errors import UserError
from stages.core.manifest import read_manifest
from stages.tokenize.cache import Piece, ShardCache
from stages.tokenize.read_fitted import FittedSequences
from stages.tokenize.shards import TOKEN_DTYPES, TokenShard, token_shards
from stages.tokenize.token_index import read_index

MAX_CACHED_DOCUMENTS = 1 << 27
"""Document boundaries kept in memory (8 bytes each) before the index read longest ago is let go."""

OPENED = ("_maps", "_offsets", "_cached_documents")

PADDING = -1
"""Stands for no token, after the last piece of a fitted sequence."""


class PackedTokens:
    """The packed tokens of a run, by source; open with `PackedTokens.open`."""

    def __init__(
        self,
        shards: list[TokenShard],
        tokenizer_sha256: str,
        vocab_size: int,
        fitted: FittedSequences | None = None,
        cache: ShardCache | None = None,
    ) -> None:
        self.tokenizer_sha256 = tokenizer_sha256
        self.vocab_size = vocab_size
        self.fitted = fitted
        self._cache = cache
        self._shards: dict[str, list[TokenShard]] = {}
        for shard in shards:
            self._shards.setdefault(shard.source, []).append(shard)
        self._close()

    @classmethod
    def open(cls, folder: str, fit_folder: str | None = None, cache: str | None = None) -> Self:
        """Open a pack stage's folder, and the fit stage's for best-fit sequences.

        Shards of a store are copied, block by block as they are read, into the local folder `cache`; without one each read
        is a request. A UserError names a missing or short shard, and its bytes.
        """
        shards, means = token_shards(folder)
        fitted = None
        if fit_folder is not None:
            fitted = FittedSequences.of(read_manifest(fit_folder), read_manifest(folder).fingerprint)
        copies = None
        if cache is not None and not storage.is_local(folder):
            copies = ShardCache(cache)
            copies.check_room(shards)
        return cls(shards, means.tokenizer_sha256, means.vocab_size, fitted, copies)

    def _close(self) -> None:
        self._maps: dict[str, Any] = {}
        self._offsets: OrderedDict[str, Int64Array] = OrderedDict()
        self._cached_documents = 0

    def __getstate__(self) -> dict[str, Any]:
        """What another process opens the same with: files are mapped anew there."""
        return {name: value for name, value in vars(self).items() if name not in OPENED}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Nothing is open yet."""
        vars(self).update(state)
        self._close()

    @property
    def is_remote(self) -> bool:
        """Whether shards are copied here from a store as they are read."""
        return self._cache is not None

    @property
    def is_here(self) -> bool:
        """Whether no shard needs to be asked for any more."""
        return self._cache is None or self._cache.is_whole

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources, sorted."""
        return tuple(sorted(self._shards))

    def num_tokens(self, source: str) -> int:
        """Tokens in the stream of `source`."""
        return self._of(source)[-1].stop

    def num_documents(self, source: str) -> int:
        """Documents in the stream of `source`."""
        return sum(shard.documents for shard in self._of(source))

    def bytes_per_token(self, source: str) -> float:
        """Bytes of the source's text over its tokens, `<s>` and `</s>` among them."""
        return sum(shard.text_bytes for shard in self._of(source)) / self.num_tokens(source)

    def num_sequences(self, source: str, sequence_length: int) -> int:
        """Whole sequences of `source`; what is left at the end of a stream is unused."""
        if self.fitted is not None:
            return self.fitted.num_sequences(source) if self.fitted.sequence_length == sequence_length else 0
        return num_sequences(self.num_tokens(source), sequence_length)

    def tokens(self, source: str, start: int, stop: int) -> Int64Array:
        """Tokens start..stop of the stream of `source`, int64, across shard borders."""
        shards = self._of(source)
        if not 0 <= start <= stop <= shards[-1].stop:
            raise IndexError(f"tokens {start} to {stop} of {shards[-1].stop} of {source}")
        out = np.empty(stop - start, np.int64)
        self._read_into(source, start, stop, out)
        return out

    def fetch(self, rows: Sequence[tuple[str, int]], sequence_length: int, wait: bool = True) -> None:
        """Have the blocks that sequences (source, index) need copied here, all at once; nothing for shards that are here."""
        if self._cache is None or self.is_here:
            return
        pieces: list[Piece] = []
        for source, index in rows:
            for start, stop in self.spans(source, index, sequence_length):
                for shard in _overlapping(self._of(source), start, stop):
                    first, last = max(start, shard.start), min(stop, shard.stop)
                    pieces.append((shard, first - shard.start, last - shard.start))
        if wait:
            self._cache.fetch(pieces)
        else:
            self._cache.look_whether_whole([shard for shards in self._shards.values() for shard in shards])
            self._cache.fetch_ahead(pieces)

    def sequence(self, source: str, index: int, sequence_length: int) -> Int64Array:
        """The sequence_length + 1 tokens of a sequence: inputs all but the last, targets the rest.

        A fitted sequence ends with PADDING where its pieces do not fill it.
        """
        out = np.full(sequence_length + 1, PADDING, np.int64)
        self.read_sequence(source, index, sequence_length, out)
        return out

    def read_sequence(self, source: str, index: int, sequence_length: int, out: Int64Array) -> None:
        """The same into the first places of `out`; those that the pieces do not fill stay as they are."""
        if not 0 <= index < self.num_sequences(source, sequence_length):
            count = self.num_sequences(source, sequence_length)
            raise IndexError(f"sequence {index} of {count} of {source}")
        filled = 0
        for start, stop in self.spans(source, index, sequence_length):
            self._read_into(source, start, stop, out[filled : filled + stop - start])
            filled += stop - start

    def spans(self, source: str, index: int, sequence_length: int) -> list[tuple[int, int]]:
        """The stretches of the stream, in order, whose tokens are those of a sequence."""
        if self.fitted is None:
            start = index * sequence_length
            return [(start, start + sequence_length + 1)]
        name, offsets, lengths = self.fitted.pieces(source, index)
        shard = next(shard for shard in self._of(source) if shard.uri.endswith("/" + name))
        starts = (offsets + shard.start).tolist()
        return [(start, start + length) for start, length in zip(starts, lengths.tolist(), strict=True)]

    def documents_of(self, source: str, start: int, stop: int) -> tuple[list[str], Int64Array]:
        """Ids, and stream offsets of their first tokens, of the documents that hold tokens start..stop."""
        ids: list[str] = []
        offsets: list[Int64Array] = []
        for shard in _overlapping(self._of(source), start, stop):
            first, last = self._rows(shard, start, stop)
            column = read_index(shard.index_uri, shard.documents, shard.tokens).column("id")
            ids += column.slice(first, last - first).to_pylist()
            offsets.append(self._starts(shard)[first:last] + shard.start)
        return ids, np.concatenate(offsets) if offsets else np.empty(0, np.int64)

    def boundaries(self, source: str, start: int, stop: int) -> Int64Array:
        """Stream positions inside start..stop at which a document begins."""
        parts = []
        for shard in _overlapping(self._of(source), start, stop):
            starts = self._starts(shard)
            first, last = np.searchsorted(starts, [start - shard.start, stop - shard.start])
            parts.append(starts[first:last] + shard.start)
        return np.concatenate(parts) if parts else np.empty(0, np.int64)

    def segment_ids(self, source: str, index: int, sequence_length: int) -> Int64Array:
        """For each input of a sequence the number of its document within the sequence, from 0."""
        return self.segments(source, index, sequence_length)[0]

    def position_ids(self, source: str, index: int, sequence_length: int) -> Int64Array:
        """For each input its position in its document; one that goes on from before starts at 0 again."""
        return self.segments(source, index, sequence_length)[1]

    def segments(
        self, source: str, index: int, length: int, columns: int | None = None
    ) -> tuple[Int64Array, Int64Array]:
        """`segment_ids` and `position_ids` of a sequence of `length`, with one look into the index.

        Of the inputs, or of the first `columns` of its length + 1 tokens. Padding is a document of its own, the last.
        """
        columns = length if columns is None else columns
        if self.fitted is None:
            start = index * length
            inside = self.boundaries(source, start + 1, start + columns) - start
        else:
            inside = np.cumsum([stop - start for start, stop in self.spans(source, index, length)])
            inside = inside[inside < columns]
        begins = np.zeros(columns, np.int64)
        begins[inside] = 1
        segments = np.cumsum(begins)
        firsts = np.concatenate([np.zeros(1, np.int64), inside])
        return segments, np.arange(columns, dtype=np.int64) - firsts[segments]

    def _of(self, source: str) -> list[TokenShard]:
        if source not in self._shards:
            raise UserError(
                f"no packed tokens of source {source!r}; there are {', '.join(self.sources) or 'none'}"
            )
        return self._shards[source]

    def _read(self, shard: TokenShard, start: int, stop: int) -> npt.NDArray[np.unsignedinteger[Any]]:
        if self._cache is not None:
            return self._cache.read(shard, start, stop)
        if shard.uri not in self._maps:
            self._maps[shard.uri] = _open_shard(shard)
        opened = self._maps[shard.uri]
        if isinstance(opened, np.ndarray):
            return opened[start:stop]
        dtype = TOKEN_DTYPES[shard.dtype]
        size = dtype.itemsize
        return np.frombuffer(opened.read_at((stop - start) * size, start * size), dtype)

    def _read_into(self, source: str, start: int, stop: int, out: Int64Array) -> None:
        for shard in _overlapping(self._of(source), start, stop):
            first, last = max(start, shard.start), min(stop, shard.stop)
            out[first - start : last - start] = self._read(shard, first - shard.start, last - shard.start)

    def _rows(self, shard: TokenShard, start: int, stop: int) -> tuple[int, int]:
        """The rows of a shard's index whose documents hold a token of start..stop."""
        starts = self._starts(shard)
        first = int(np.searchsorted(starts, max(start - shard.start, 0), side="right")) - 1
        return max(first, 0), int(np.searchsorted(starts, stop - shard.start))

    def _starts(self, shard: TokenShard) -> Int64Array:
        """Offsets of a shard's documents within the shard."""
        found = self._offsets.get(shard.uri)
        if found is None:
            found = _read_offsets(shard)
            self._offsets[shard.uri] = found
            self._cached_documents += len(found)
            while self._cached_documents > MAX_CACHED_DOCUMENTS and len(self._offsets) > 1:
                self._cached_documents -= len(self._offsets.popitem(last=False)[1])
        self._offsets.move_to_end(shard.uri)
        return found


def num_sequences(num_tokens: int, sequence_length: int) -> int:
    """Whole sequences of a stream of `num_tokens` tokens."""
    return max(num_tokens - 1, 0) // sequence_length


def _open_shard(shard: TokenShard) -> Any:
    """A memory map of a local shard; for a remote one an Arrow file that reads at any offset."""
    if storage.is_local(shard.uri):
        _, path = storage.filesystem(shard.uri)
        return np.memmap(path, dtype=TOKEN_DTYPES[shard.dtype], mode="r")
    return storage.open_arrow(shard.uri)


def _read_offsets(shard: TokenShard) -> Int64Array:
    table = read_index(shard.index_uri, shard.documents, shard.tokens, ())
    offsets: Int64Array = table.column("offset").to_numpy().astype(np.int64)
    return offsets


def _overlapping(shards: list[TokenShard], start: int, stop: int) -> list[TokenShard]:
    """The shards that hold a token of start..stop, found by bisection."""
    if start >= stop:
        return []
    low, high = 0, len(shards)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if shards[middle].stop <= start else (low, middle)
    last = low
    while last < len(shards) and shards[last].start < stop:
        last += 1
    return shards[low:last]
