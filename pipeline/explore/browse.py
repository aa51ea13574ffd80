"""A run and what a reader asks for in, the next documents that fit out, from its files a row group at a time.

A page goes on from a place (file, row), so the thousandth costs what the first does; it ends when it is full or its time is
up, and says how far it looked.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import pyarrow as pa

from pipeline.explore.asked import ACTIONS, KEPT_VIEW, MEASURED_VIEW, VIEWS, Asked
from pipeline.explore.fitting import ROW, fitting_documents, fitting_rows, opened, read_columns
from pipeline.look.places import Places, ends_of
from pipeline.look.rows import Row, batches_by_id
from pipeline.look.sample import is_below, of_language
from stages.core.bounded import GroupReader
from stages.core.errors import UserError
from stages.core.manifest import Manifest
from stages.core.parquet import FOREIGN_BATCH_ROWS, read_rows
from stages.core.stored import open_stored

SECONDS_OF_A_PAGE = 4.0
"""After so long a page ends where it is, and its reader goes on or not."""

LOOKED_UP_ROWS = 4096
"""Rows of a ledger, or of measures, whose documents are looked up together at first."""

_TEXT_COLUMNS = ("id", "text", "url", "language")


@dataclass(frozen=True)
class Shelf:
    """A file whose rows a view goes through."""

    node: str
    uri: str
    rows: int


@dataclass(frozen=True)
class Spot:
    """A row of a shelf that fits; `row` has the columns of the file, and `text` and `url` where they are known."""

    shelf: Shelf
    row: Row


@dataclass(frozen=True)
class FoundPage:
    """Documents that fit; `rows_before` of the view's `rows` rows lie before `file` and `row`, where the next page begins.

    `is_full` says that the page ended because it had enough, not because its time was up or nothing is left.
    """

    spots: tuple[Spot, ...]
    file: int
    row: int
    rows_before: int
    rows: int
    is_full: bool

    @property
    def is_over(self) -> bool:
        """Whether no row is left."""
        return self.rows_before >= self.rows


def shelves_of(places: Places, asked: Asked) -> list[Shelf]:
    """The files of a view in the order of the run; a UserError for a stage that is not there."""
    manifests = places.manifests
    if asked.node:
        if asked.node not in manifests:
            raise UserError(f"stage: no finished stage {asked.node!r} in this run")
        manifests = {asked.node: manifests[asked.node]}
    elif asked.view == KEPT_VIEW:
        manifests = ends_of(places)
    kind = VIEWS[asked.view]
    return [
        Shelf(node, uri, file.rows)
        for node, manifest in manifests.items()
        if _may_hold(manifest, asked)
        for uri, file in zip(manifest.uris(kind), manifest.of_kind(kind), strict=True)
    ]


def _may_hold(manifest: Manifest, asked: Asked) -> bool:
    """Whether a stage can have rows that fit, by what it counted."""
    if asked.view not in ACTIONS or asked.view == "merged":
        return True
    counted = manifest.dropped if asked.view == "dropped" else manifest.edited
    return bool(counted) and (not asked.rule or any(is_below(name, asked.rule) for name in counted))


def place_at(shelves: Sequence[Shelf], share: float) -> tuple[int, int]:
    """The file and row that lie behind this share (0 to 1) of all rows."""
    left = int(share * sum(shelf.rows for shelf in shelves))
    for number, shelf in enumerate(shelves):
        if left < shelf.rows:
            return number, left
        left -= shelf.rows
    return len(shelves), 0


def find_page(places: Places, asked: Asked, seconds: float = SECONDS_OF_A_PAGE) -> FoundPage:
    """The next `asked.count` documents that fit, or as many as were found in `seconds`."""
    shelves = shelves_of(places, asked)
    file, row = asked.file, asked.row
    if asked.at is not None:
        file, row = place_at(shelves, asked.at / 100)
    spots: list[Spot] = []
    ends = time.monotonic() + seconds
    with opened() as connection:
        while file < len(shelves):
            row, is_through = _from_shelf(connection, places, shelves[file], asked, row, spots, ends)
            if not is_through:
                break
            file, row = file + 1, 0
    return FoundPage(
        tuple(_with_texts(places, asked, spots)),
        file,
        row,
        sum(shelf.rows for shelf in shelves[:file]) + row,
        sum(shelf.rows for shelf in shelves),
        len(spots) == asked.count,
    )


def _from_shelf(
    connection: duckdb.DuckDBPyConnection,
    places: Places,
    shelf: Shelf,
    asked: Asked,
    row: int,
    spots: list[Spot],
    ends: float,
) -> tuple[int, bool]:
    """Add what fits from `row` on; the row where it stopped, and whether it went through the file."""
    for stop, found in _pieces(connection, places, shelf, asked, row):
        missing = asked.count - len(spots)
        spots += [Spot(shelf, one) for one in found[:missing]]
        row = stop if len(found) < missing else int(found[missing - 1][ROW]) + 1
        if len(spots) == asked.count or time.monotonic() > ends:
            return row, row >= shelf.rows and len(spots) < asked.count
    return shelf.rows, True


def _pieces(
    connection: duckdb.DuckDBPyConnection, places: Places, shelf: Shelf, asked: Asked, first: int
) -> Iterator[tuple[int, list[Row]]]:
    """Pieces of a file from row `first` on: the row behind each, and its rows that fit."""
    for start, batch in _chunks(shelf.uri, read_columns(asked), first):
        fitting = fitting_rows(connection, batch, start, asked)
        stop = start + batch.num_rows
        if not _needs_documents(asked) or fitting.num_rows == 0:
            yield stop, fitting.to_pylist()
            continue
        begin, size = 0, LOOKED_UP_ROWS
        while begin < fitting.num_rows:
            piece = fitting.slice(begin, size)
            is_last = begin + piece.num_rows == fitting.num_rows
            behind = stop if is_last else int(piece.column(ROW)[-1].as_py()) + 1
            yield behind, _of_documents(connection, places, shelf.node, piece, asked)
            begin, size = begin + size, size * 4  # rare words: a look through the ids serves more rows


def _chunks(uri: str, columns: Sequence[str], first: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The rows of a Parquet file from row `first` on, each batch with the number of its first row."""
    with open_stored(uri) as raw:
        reader = GroupReader(raw, columns, FOREIGN_BATCH_ROWS)
        start = 0
        for index in range(reader.metadata.num_row_groups):
            num_rows = reader.metadata.row_group(index).num_rows
            if start + num_rows > first:
                at = start
                for batch in reader.batches(index):
                    skipped = min(max(0, first - at), batch.num_rows)
                    if skipped < batch.num_rows:
                        yield at + skipped, batch.slice(skipped)
                    at += batch.num_rows
            start += num_rows


def _needs_documents(asked: Asked) -> bool:
    """Whether rows of the view do not say by themselves all that is asked."""
    if asked.view == KEPT_VIEW:
        return False
    return bool(asked.language or asked.words or (asked.url and asked.view == MEASURED_VIEW))


def _of_documents(
    connection: duckdb.DuckDBPyConnection, places: Places, node: str, piece: pa.Table, asked: Asked
) -> list[Row]:
    """Those rows of a ledger, or of measures, whose document has the language, the words and the URL."""
    if asked.view in ACTIONS and asked.language:
        batches = piece.combine_chunks().to_batches()
        piece = pa.Table.from_batches([of_language(places, node, one, asked.language) for one in batches])
    if asked.view in ACTIONS and not asked.words:
        rows: list[Row] = piece.to_pylist()
        return rows
    fitting: set[str] = set()
    for batch in batches_by_id(places.texts_before(node), piece.column("id").to_pylist(), _TEXT_COLUMNS):
        fitting.update(fitting_documents(connection, batch, asked).column("id").to_pylist())
    return [row for row in piece.to_pylist() if row["id"] in fitting]


def _with_texts(places: Places, asked: Asked, spots: Sequence[Spot]) -> Iterator[Spot]:
    """The spots with their texts: kept ones by their place in their file, others among what the stage read."""
    texts: dict[tuple[str, str], Row] = {}
    for shelf in dict.fromkeys(one.shelf for one in spots):
        own = [one.row for one in spots if one.shelf == shelf]
        if asked.view == KEPT_VIEW:
            batches = read_rows(shelf.uri, np.array([row[ROW] for row in own]), _TEXT_COLUMNS)
        else:
            batches = batches_by_id(
                places.texts_before(shelf.node), [row["id"] for row in own], _TEXT_COLUMNS
            )
        texts |= {(shelf.uri, row["id"]): row for batch in batches for row in batch.to_pylist()}
    for one in spots:
        said = {name: value for name, value in one.row.items() if value is not None}
        yield Spot(one.shelf, texts.get((one.shelf.uri, one.row["id"]), {}) | said)
