"""The exchange file: every row reaches its destination, in order; destinations are ranges of the hash."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.core.errors import UserError
from stages.core.exchange import Exchange, destination_of, num_destinations
from stages.core.exchange_writer import ExchangeWriter
from stages.core.manifest import FileInfo, ShardReport, write_record
from stages.core.stage import make_manifest
from tests.pipeline.toys import Copy

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
    infos = []
    for number, batches in enumerate(files):
        writer = ExchangeWriter(folder, f"{number:05d}", SCHEMA, 5, spill_bytes=100)
        for batch in batches:
            writer.write(rows([v for _, v in batch]), np.array([d for d, _ in batch], dtype=np.int64))
        written = writer.commit()
        assert sum(info.rows for info in written) == sum(len(batch) for batch in batches)
        infos += written
    exchange = exchange_of(folder, infos)
    assert exchange.destinations == (5 if files else 0)
    for destination in range(exchange.destinations):
        found = [v for batch in exchange.read(destination) for v in batch.column("value").to_pylist()]
        sent = [v for batches in files for batch in batches for d, v in batch if d == destination]
        assert found == sent


def exchange_of(folder: str, files: list[FileInfo]) -> Exchange:
    """The exchange of these files, as the manifest of the stage that wrote them tells it."""
    report = ShardReport(task="00000", files=tuple(files))
    manifest = make_manifest("toy", Copy(), "f", [], [], [report], folder)
    write_record(f"{folder}/manifest.json", manifest)
    return Exchange.of(manifest)


def test_files_of_different_divisions_are_no_exchange(tmp_path: Path) -> None:
    files = []
    for number in (2, 3):
        files += ExchangeWriter(str(tmp_path), f"0000{number}", SCHEMA, number).commit()
    with pytest.raises(ValueError, match=r"exchange files of \['2', '3'\] destinations"):
        exchange_of(str(tmp_path), files)


def test_a_file_that_holds_other_destinations_than_its_manifest_says_is_refused(tmp_path: Path) -> None:
    files = ExchangeWriter(str(tmp_path), "00000", SCHEMA, 3).commit()
    lying = exchange_of(str(tmp_path), [replace(files[0], destinations=4)])
    with pytest.raises(UserError, match="holds 3 destinations, its manifest says 4"):
        list(lying.read(1))


def test_a_destination_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    writer = ExchangeWriter(str(tmp_path), "00000", SCHEMA, 2)
    with pytest.raises(ValueError, match="destination 2 of 2"):
        writer.write(rows([1]), np.array([2]))
    with pytest.raises(ValueError, match="destination 2 of 2"):
        list(exchange_of(str(tmp_path), writer.commit()).read(2))


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
    folder = str(tmp_path_factory.mktemp("exchange"))
    writer = ExchangeWriter(folder, "00000", schema, written)
    writer.write(pa.RecordBatch.from_arrays([pa.array(keys)], schema=schema), destination_of(keys, written))
    exchange = exchange_of(folder, writer.commit())
    places = destination_of(keys, parts)
    for part in range(parts):
        found = {
            value for batch in exchange.read_part(part, parts) for value in batch.column("hash").to_pylist()
        }
        wanted = {value for value, place in zip(hashes, places, strict=True) if place == part}
        assert found >= wanted
        if parts == written:
            assert found == wanted
