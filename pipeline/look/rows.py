"""Parquet files of a run in, the few rows that someone wants to see out: by id, or the first of all by some key.

Memory is a batch of the columns that choose, and the rows that are chosen, whatever the size of the files.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stages.core.bounded import GroupReader
from stages.core.parquet import FOREIGN_BATCH_ROWS, read_batches, read_rows
from stages.core.stored import open_stored
from stages.kernels.hash.hashing import hash_strings

Row = dict[str, Any]


class Draw:
    """The `count` rows of the lowest key of all that it is shown, each of a pair of float64 and uint64, shape (rows,).

    Equal rows give equal draws in whatever order they come.
    """

    def __init__(self, count: int) -> None:
        self._count = count
        self._held: pa.Table | None = None
        self._keys: tuple[npt.NDArray[np.float64], npt.NDArray[np.uint64]] = (
            np.empty(0, np.float64),
            np.empty(0, np.uint64),
        )

    def add(
        self, batch: pa.RecordBatch, near: npt.NDArray[np.float64], chance: npt.NDArray[np.uint64]
    ) -> None:
        """Show it rows: `near` decides, `chance` between equals."""
        if batch.num_rows == 0:
            return
        first = np.lexsort((chance, near))[: self._count]
        table = pa.Table.from_batches([batch.take(pa.array(first))])
        near, chance = near[first], chance[first]
        if self._held is not None:
            table = pa.concat_tables([self._held, table])
            near, chance = np.append(self._keys[0], near), np.append(self._keys[1], chance)
        order = np.lexsort((chance, near))[: self._count]
        self._held = table.take(pa.array(order)).combine_chunks()
        self._keys = near[order], chance[order]

    def rows(self) -> list[Row]:
        """The chosen rows, the lowest first."""
        return [] if self._held is None else self._held.to_pylist()


def chance_of(ids: pa.Array, seed: int) -> npt.NDArray[np.uint64]:
    """A number of each id that looks drawn, shape (rows,): a sample by it depends on ids and seed alone."""
    return hash_strings(ids, seed)


def rows_by_id(
    uris: Iterable[str], ids: Iterable[str], columns: Sequence[str] | None = None
) -> dict[str, Row]:
    """The rows of these ids by id; of each file the column of ids is read, and the row groups that hold one of them."""
    return {row["id"]: row for batch in batches_by_id(uris, ids, columns) for row in batch.to_pylist()}


def batches_by_id(
    uris: Iterable[str], ids: Iterable[str], columns: Sequence[str] | None = None
) -> Iterator[pa.RecordBatch]:
    """The same a row group at a time, `id` among the columns: of many ids no more than that is in memory."""
    left = set(ids)
    for uri in uris:
        if not left:
            break
        places = _places(uri, sorted(left))
        if len(places):
            for batch in read_rows(uri, places, columns):
                left.difference_update(batch.column("id").to_pylist())
                yield batch


def _places(uri: str, ids: Sequence[str]) -> npt.NDArray[np.int64]:
    """Numbers of the rows of a file with these ids (sorted), ascending; row groups whose bounds rule them out stay unread."""
    places, start = [np.empty(0, np.int64)], 0
    wanted = pa.array(ids, pa.string())
    with open_stored(uri) as raw:
        reader = GroupReader(raw, ["id"], FOREIGN_BATCH_ROWS)
        for index in range(reader.metadata.num_row_groups):
            about = reader.metadata.row_group(index)
            at = start
            for batch in reader.batches(index) if _may_hold(about, ids) else ():
                held = pc.is_in(batch.column("id").cast(pa.string()), value_set=wanted)
                places.append(np.flatnonzero(held.to_numpy(zero_copy_only=False)) + at)
                at += batch.num_rows
            start += about.num_rows
    return np.concatenate(places)


def _may_hold(about: Any, ids: Sequence[str]) -> bool:
    """Whether a row group can have one of these ids (sorted): ids mostly lie in the order of the raw files."""
    for number in range(about.num_columns):
        column = about.column(number)
        if column.path_in_schema == "id" and (bounds := column.statistics) is not None and bounds.has_min_max:
            low, high = bounds.min, bounds.max
            if isinstance(low, str) and isinstance(high, str):
                first = bisect_left(ids, low)
                return first < len(ids) and ids[first] <= high
    return True


def ids_of_url(uris: Iterable[str], url: str, limit: int) -> list[str]:
    """Ids of the first rows of this URL."""
    found: list[str] = []
    for batch in read_batches(uris, ["id", "url"]):
        mask = pc.fill_null(pc.equal(batch.column("url"), url), False)
        found += batch.filter(mask).column("id").to_pylist()
        if len(found) >= limit:
            break
    return found[:limit]
