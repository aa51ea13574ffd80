"""The folder of a finished fit stage in, the pieces of any sequence out: the reader side of best-fit packing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Self

import numpy as np

from stages.core.arrays import Int64Array
from stages.core.errors import UserError
from stages.core.manifest import TABLE, Manifest
from stages.core.stage import is_made_by
from stages.core.stored import read_stored_table
from stages.tokenize.best_fit import FitSequences, ShardFit

MAX_CACHED_PIECES = 1 << 26
"""Pieces kept in memory (16 bytes each) before the table read longest ago is let go."""


@dataclass(frozen=True)
class FittedShard:
    """The table of one packed shard, and the place of its sequences in its source."""

    uri: str
    shard: str
    first: int
    sequences: int


class FittedSequences:
    """Sequences by source; open with `FittedSequences.of`."""

    def __init__(self, shards: dict[str, list[FittedShard]], sequence_length: int) -> None:
        self.sequence_length = sequence_length
        self._shards = shards
        self._tables: OrderedDict[str, tuple[Int64Array, Int64Array, Int64Array]] = OrderedDict()
        self._cached = 0

    @classmethod
    def of(cls, fit: Manifest, pack_fingerprint: str) -> Self:
        """The sequences of a fit stage; a UserError when it was made for other packed tokens."""
        if not is_made_by(fit, FitSequences) or list(fit.inputs) != [pack_fingerprint]:
            raise UserError(f"{fit.folder}: the sequences were fitted to other packed tokens; run mix again")
        shards: dict[str, list[FittedShard]] = {}
        for uri, found in zip(fit.uris(TABLE), fit.facts_of(ShardFit), strict=True):
            own = shards.setdefault(found.source, [])
            first = own[-1].first + own[-1].sequences if own else 0
            own.append(FittedShard(uri, found.shard, first, found.sequences))
        return cls(shards, fit.config["sequence_length"])

    def num_sequences(self, source: str) -> int:
        """Sequences of a source."""
        shards = self._shards.get(source, [])
        return shards[-1].first + shards[-1].sequences if shards else 0

    def pieces(self, source: str, index: int) -> tuple[str, Int64Array, Int64Array]:
        """File name of the packed shard, and offsets and lengths (in tokens of it) of the pieces of a sequence."""
        shard = next(s for s in reversed(self._shards[source]) if s.first <= index)
        borders, offsets, lengths = self._table(shard)
        place = index - shard.first
        rows = slice(borders[place], borders[place + 1])
        return shard.shard, offsets[rows], lengths[rows]

    def _table(self, shard: FittedShard) -> tuple[Int64Array, Int64Array, Int64Array]:
        found = self._tables.get(shard.uri)
        if found is None:
            table = read_stored_table(shard.uri, ["sequence", "offset", "length"])
            sequences = table.column("sequence").to_numpy()
            borders = np.searchsorted(sequences, np.arange(shard.sequences + 1))
            lengths = table.column("length").to_numpy().astype(np.int64)
            found = borders, table.column("offset").to_numpy(), lengths
            self._tables[shard.uri] = found
            self._cached += len(lengths)
            while self._cached > MAX_CACHED_PIECES and len(self._tables) > 1:
                self._cached -= len(self._tables.popitem(last=False)[1][2])
        self._tables.move_to_end(shard.uri)
        return found
