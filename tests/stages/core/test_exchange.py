"""The exchange file: every row reaches its destination, in order; destinations are ranges of the hash."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.exchange import (
    ExchangeWriter,
    destination_of,
    num_destinations,
    read_destination,
    read_range,
)

SCHEMA = pa.schema([("value", pa.int64())])


def rows(values: list[int]) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({"value": values}, schema=SCHEMA)


@given(
    files=st.lists(st.lists(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 99)))), max_size=3),
)
def test_every_row_reaches_its_destination_in_order(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[list[tuple[int, int]]]]
) -> None:
    folder = str(tmp_path_factory.mktemp("exchange"))
    uris = []
    for number, batches in enumerate(files):
        writer = ExchangeWriter(folder, f"{number:05d}", SCHEMA, 5)
        for batch in batches:
            writer.write(rows([v for _, v in batch]), np.array([d for d, _ in batch], dtype=np.int64))
        info = writer.finish()
        assert info.rows == sum(len(batch) for batch in batches)
        uris.append(f"{folder}/{info.name}")
    for destination in range(5):
        found = [
            v for batch in read_destination(uris, destination) for v in batch.column("value").to_pylist()
        ]
        sent = [v for batches in files for batch in batches for d, v in batch if d == destination]
        assert found == sent


def test_a_destination_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    writer = ExchangeWriter(str(tmp_path), "00000", SCHEMA, 2)
    with pytest.raises(ValueError, match="destination 2 of 2"):
        writer.write(rows([1]), np.array([2]))


@given(st.lists(st.integers(0, 2**64 - 1), min_size=1), st.integers(1, 1000))
def test_destinations_are_ranges_that_follow_the_hash(hashes: list[int], count: int) -> None:
    ordered = np.sort(np.array(hashes, dtype=np.uint64))
    destinations = destination_of(ordered, count)
    assert (np.diff(destinations) >= 0).all()
    assert destinations.min() >= 0
    assert destinations.max() < count


def test_destinations_hold_about_the_target() -> None:
    assert [num_destinations(size, 100) for size in (0, 1, 100, 101, 1000)] == [1, 1, 1, 2, 10]


@given(st.lists(st.integers(0, 2**64 - 1), max_size=40), st.integers(1, 9), st.integers(1, 9))
def test_a_range_of_another_division_is_read_whole(
    tmp_path_factory: pytest.TempPathFactory, hashes: list[int], written: int, parts: int
) -> None:
    schema = pa.schema([("hash", pa.uint64())])
    keys = np.array(hashes, np.uint64)
    writer = ExchangeWriter(str(tmp_path_factory.mktemp("exchange")), "00000", schema, written)
    writer.write(pa.RecordBatch.from_arrays([pa.array(keys)], schema=schema), destination_of(keys, written))
    uri = f"{writer._folder}/{writer.finish().name}"
    places = destination_of(keys, parts)
    for part in range(parts):
        found = {
            value for batch in read_range(uri, part, parts) for value in batch.column("hash").to_pylist()
        }
        assert found >= {value for value, place in zip(hashes, places, strict=True) if place == part}
        if parts == written:
            assert found == {value for value, place in zip(hashes, places, strict=True) if place == part}
