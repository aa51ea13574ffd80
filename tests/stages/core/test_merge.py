"""The second level of an exchange: the rows of one level in their order, whatever the files, groups and blocks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.core import exchange as exchange_module
from stages.core import merge
from stages.core.errors import ConservationError, UserError
from stages.core.exchange import Exchange, MergedFiles, group_size
from stages.core.exchange_writer import ExchangeWriter
from stages.core.manifest import EXCHANGE, PARTS, FileInfo, Manifest, ShardReport, write_record
from stages.core.merge import MergeParts, second_level
from stages.core.stage import make_manifest
from tests.pipeline.toys import Copy

SCHEMA = pa.schema([("value", pa.int64()), ("name", pa.string())], metadata={"kept": "yes"})

BOUNDS = ("ONE_LEVEL_DESTINATIONS", "MOST_OPENED_FILES", "ONE_LEVEL_READS")

Batches = list[list[tuple[int, int]]]
"""Batches of a task's rows: where each goes, and its value."""


def sent(folder: Path, files: list[Batches], destinations: int, spill_bytes: int) -> list[ShardReport]:
    """The reports of tasks that send these rows, a task for each of `files`."""
    reports = []
    for number, batches in enumerate(files):
        writer = ExchangeWriter(
            str(folder), f"{number:05d}", SCHEMA, destinations, spill_bytes, tasks=len(files)
        )
        for batch in batches:
            values = [value for _, value in batch]
            rows = pa.RecordBatch.from_pydict({"value": values, "name": list(map(str, values))}, SCHEMA)
            writer.write(rows, np.array([place for place, _ in batch], dtype=np.int64))
        reports.append(ShardReport(task=f"{number:05d}", files=tuple(writer.commit())))
    return reports


def merged(folder: Path, reports: list[ShardReport]) -> list[ShardReport]:
    return [MergeParts().run(task) for task in second_level(str(folder), reports)]


def finished(folder: Path, reports: list[ShardReport]) -> Manifest:
    manifest = make_manifest("toy", Copy(), "f", [], [], reports, str(folder))
    write_record(f"{folder}/manifest.json", manifest)
    return manifest


def values_of(batches: list[pa.RecordBatch]) -> list[int]:
    return [value for batch in batches for value in batch.column("value").to_pylist()]


@settings(max_examples=30)
@given(
    files=st.lists(
        st.lists(st.lists(st.tuples(st.integers(0, 999), st.integers(0, 99)), max_size=9), max_size=3),
        min_size=1,
        max_size=6,
    ),
    destinations=st.integers(1, 30),
    one_level=st.tuples(st.integers(0, 6), st.integers(0, 5), st.integers(0, 40)),
    sizes=st.tuples(*[st.sampled_from([1, 200, 1 << 20])] * 3),
)
def test_two_levels_give_the_rows_of_one_level_in_their_order(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[Batches],
    destinations: int,
    one_level: tuple[int, int, int],
    sizes: tuple[int, int, int],
) -> None:
    folder = tmp_path_factory.mktemp("levels")
    files = [[[(place % destinations, v) for place, v in batch] for batch in task] for task in files]
    with pytest.MonkeyPatch.context() as patch:
        for name, bound in zip(BOUNDS, one_level, strict=True):
            patch.setattr(exchange_module, name, bound)
        patch.setattr(merge, "MERGE_BYTES", sizes[0])
        patch.setattr(merge, "MERGED_BYTES", sizes[1])
        patch.setattr(merge, "PIECE_BYTES", sizes[1] // 2)
        reports = sent(folder, files, destinations, sizes[2])
        reports += merged(folder, reports)
    manifest = finished(folder, reports)
    exchange = Exchange.of(manifest)
    rows = sum(len(batch) for task in files for batch in task)
    assert (exchange.destinations, exchange.rows) == (destinations, rows)
    found_costs = (destinations, len(files), destinations * len(files))
    assert bool(manifest.of_kind(PARTS)) == any(a > b for a, b in zip(found_costs, one_level, strict=True))
    for destination in range(destinations):
        found = list(exchange.read(destination))
        assert found and all(batch.schema.equals(SCHEMA, check_metadata=True) for batch in found)
        wanted = [v for task in files for batch in task for place, v in batch if place == destination]
        assert values_of(found) == wanted


@given(st.integers(257, 1_000_000), st.integers(1, 500_000))
def test_groups_are_about_the_square_root_of_the_destinations(destinations: int, tasks: int) -> None:
    size = group_size(destinations, tasks)
    assert size is not None
    assert (size - 1) ** 2 < destinations <= size**2


@pytest.mark.parametrize(
    ("tasks", "destinations", "size"),
    [
        (256, 256, None),
        (257, 256, 16),  # more reads than an hour of waiting
        (1, 256, None),
        (1, 257, 17),
        (4096, 16, None),
        (4096, 17, 5),
        (4096, 1, None),
        (4097, 1, 1),  # a destination's one reader would open them all
        (394_545, 217, 15),
    ],
)
def test_levels_follow_from_the_files_that_are_opened(
    tasks: int, destinations: int, size: int | None
) -> None:
    assert group_size(destinations, tasks) == size


def two_levels(
    folder: Path, monkeypatch: pytest.MonkeyPatch, destinations: int = 5
) -> tuple[list[ShardReport], list[ShardReport]]:
    """Reports of two tasks that sent twenty rows, and of those that merged them."""
    monkeypatch.setattr(exchange_module, "ONE_LEVEL_DESTINATIONS", 1)
    rows = [[[(value % destinations, value) for value in range(first, first + 10)]] for first in (0, 10)]
    first = sent(folder, rows, destinations, 1 << 20)
    return first, merged(folder, first)


def test_files_of_both_levels_are_named_by_task_and_tell_which_destinations_they_have(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_levels(tmp_path, monkeypatch)
    found = [
        (f.name, f.kind, f.rows, f.first_destination, f.destinations) for r in first + second for f in r.files
    ]
    assert found == [
        ("parts/00000-00000.arrow", PARTS, 10, None, 5),
        ("parts/00001-00000.arrow", PARTS, 10, None, 5),
        ("exchange/merge-00000-00000.arrow", EXCHANGE, 12, 0, 3),
        ("exchange/merge-00001-00000.arrow", EXCHANGE, 8, 3, 2),
    ]
    assert "first_destination" not in first[0].model_dump(mode="json")["files"][0]


def test_a_range_of_another_division_is_read_whole_over_both_levels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_levels(tmp_path, monkeypatch)
    exchange = Exchange.of(finished(tmp_path, first + second))
    parts = [values_of(list(exchange.read_part(part, 3))) for part in range(3)]
    of_destinations = [[value for value in range(20) if value % 5 == place] for place in range(5)]
    assert [sorted(part) for part in parts] == [
        sorted(of_destinations[0] + of_destinations[1]),
        sorted(of_destinations[1] + of_destinations[2] + of_destinations[3]),
        sorted(of_destinations[3] + of_destinations[4]),
    ]
    assert [sorted(values_of(list(exchange.read_part(part, 5)))) for part in range(5)] == of_destinations


def test_an_exchange_whose_levels_hold_different_rows_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = two_levels(tmp_path, monkeypatch)
    with pytest.raises(ConservationError, match="20 rows in parts, of which 12 were read and 12 merged"):
        finished(tmp_path, [*first, second[0]])
    with pytest.raises(ConservationError, match="of which 28 were read and 28 merged"):
        finished(tmp_path, [*first, *second, second[1]])
    (file,) = second[1].files
    short = second[1].model_copy(update={"files": (replace(file, rows=7),)})
    with pytest.raises(ConservationError, match="of which 20 were read and 19 merged"):
        finished(tmp_path, [*first, second[0], short])
    finished(tmp_path, first + second)


def test_parts_that_nobody_merged_are_no_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = two_levels(tmp_path, monkeypatch)
    files = tuple(replace(file, rows=0) for report in first for file in report.files)
    manifest = finished(tmp_path, [ShardReport(task="00000", files=files)])
    with pytest.raises(ValueError, match="stage toy: the parts of its exchange are not merged"):
        Exchange.of(manifest)


def test_a_stage_that_another_version_began_with_one_level_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two_levels(tmp_path, monkeypatch)
    (file,) = first[0].files
    old = first[0].model_copy(update={"files": (replace(file, kind=EXCHANGE),)})
    with pytest.raises(
        UserError, match="begun by a version whose exchange had one level; delete this folder"
    ):
        second_level(str(tmp_path), [old, first[1]])


@pytest.mark.parametrize("level", ["parts/00001-00000.arrow", "exchange/merge-00001-00000.arrow"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda path: path.unlink(), "is missing; `altiplano verify`"),
        (lambda path: path.write_bytes(path.read_bytes()[:-40]), "damaged ("),
        (lambda path: path.write_bytes(b""), "damaged ("),
    ],
)
def test_a_missing_or_damaged_file_of_either_level_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str, change: object, said: str
) -> None:
    first, second = two_levels(tmp_path, monkeypatch)
    exchange = Exchange.of(finished(tmp_path, first + second))
    assert callable(change)
    change(tmp_path / level)
    with pytest.raises(UserError) as failure:
        merged(tmp_path, first) if level.startswith(PARTS) else list(exchange.read(4))
    (line,) = str(failure.value).splitlines()
    assert line.startswith(f"{tmp_path}/{level}: {said}")
    if not level.startswith(PARTS):
        assert values_of(list(exchange.read(2))) == [2, 7, 12, 17]


def test_a_part_of_other_groups_than_the_rule_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = two_levels(tmp_path, monkeypatch)
    file = replace(first[0].files[0], destinations=100)
    with pytest.raises(
        UserError, match=r"parts/00000-00000\.arrow: holds 2 destinations, its manifest says 10"
    ):
        merged(tmp_path, [ShardReport(task="00000", files=(file,))])
    with pytest.raises(ValueError, match=r"parts of \[5, 100\] destinations"):
        second_level(str(tmp_path), [ShardReport(task="00000", files=(file, first[1].files[0]))])


def test_a_missing_manifest_or_one_of_another_stage_is_one_line(tmp_path: Path) -> None:
    exchange = Exchange.of(finished(tmp_path, sent(tmp_path, [[[(0, 1)]]], 2, 1)))
    with pytest.raises(UserError, match=r"manifest\.json: damaged \(it is of stage f, not g\)"):
        list(exchange.model_copy(update={"stage": "g"}).read(0))
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(UserError, match=r"manifest\.json: is missing"):
        list(exchange.read(0))


@pytest.mark.parametrize("merged_bytes", [1 << 20, 1])
def test_names_of_merged_files_follow_where_every_merge_wrote_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, merged_bytes: int
) -> None:
    monkeypatch.setattr(merge, "MERGE_BYTES", 1 if merged_bytes > 1 else 1 << 20)
    monkeypatch.setattr(merge, "MERGED_BYTES", merged_bytes)
    monkeypatch.setattr(merge, "PIECE_BYTES", 1)
    monkeypatch.setattr(exchange_module, "ONE_LEVEL_DESTINATIONS", 1)
    rows = [[[(value % 7, value)] for value in range(first, first + 10)] for first in (0, 10)]
    first = sent(tmp_path, rows, 7, 100)
    manifest = finished(tmp_path, first + merged(tmp_path, first))
    sent_rows = Exchange.of(manifest)
    files = len(manifest.of_kind(EXCHANGE))
    expected = MergedFiles(group_size=3, files=files // 3)
    assert sent_rows.merged == (expected if merged_bytes > 1 else None)
    if merged_bytes > 1:
        (tmp_path / "manifest.json").unlink()
    for place in range(7):
        halves = [list(sent_rows.read(place, *part)) for part in ((0, files // 2), (files // 2, files))]
        assert values_of(halves[0] + halves[1]) == [value for value in range(20) if value % 7 == place]


def test_blocks_hold_files_of_about_the_bytes_that_a_task_merges(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(merge, "MERGE_BYTES", 100)
    sizes = (150, 150, 290, 20, 10, 5000, 1)
    files = [
        FileInfo(name=f"parts/{n}.arrow", kind=PARTS, rows=1, bytes=size, sha256="", destinations=300)
        for n, size in enumerate(sizes)
    ]
    blocks = merge._blocks(files, 3)
    assert [[file.bytes for file in block] for block in blocks] == [[150, 150], [290], [20, 10], [5000], [1]]
    monkeypatch.setattr(merge, "MOST_OPENED_FILES", 2)
    assert [len(block) for block in merge._blocks(files[3:5] * 2 + files[-1:], 100)] == [2, 2, 1]
