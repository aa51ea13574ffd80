"""A run whose exchange has two levels: the tables of one level, resumed where it stopped, checked like all else."""

from __future__ import annotations

import io
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from toys import Gather, Scatter

from pipeline.graph import Graph, run_manifests
from pipeline.inspect.verify import verify
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.run_folder import Keep
from pipeline.runner import Runner, RunResult
from stages.core import exchange
from stages.core.errors import MachineError, UserError
from stages.core.manifest import EXCHANGE, PARTS, write_record
from tests.pipeline.test_fusing import Stopping

SENT_AND_MERGED = 3 + 3
"""Tasks that send, and groups of the seven destinations: 0 to 2, 3 to 5, and 6."""


@pytest.fixture
def two_levels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "ONE_LEVEL_DESTINATIONS", 1)


BY_COST = {"ONE_LEVEL_DESTINATIONS": 1, "MOST_OPENED_FILES": 2, "ONE_LEVEL_READS": 20}
"""Each alone makes two levels of three tasks and seven destinations."""


def run(
    folder: Path, pool: InlinePool | None = None, progress: Progress | None = None, keep: Keep = "all"
) -> RunResult:
    graph = Graph()
    graph.add("gather", Gather(), [graph.add("scatter", Scatter())])
    runner = Runner(graph, str(folder), "toy", progress or Progress(quiet=True), keep=keep)
    return runner.run(lambda: pool or InlinePool(), ["gather"])


def tables(folder: Path) -> list[list[int]]:
    uris = run_manifests(str(folder))["gather"].uris("table")
    return [pq.read_table(uri).column("number").to_pylist() for uri in uris]


def scattered(folder: Path) -> Path:
    return next(folder.glob("*scatter*"))


@pytest.mark.parametrize("bound", BY_COST)
def test_both_levels_give_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    assert run(tmp_path / "one").tasks_run == 3 + 7
    monkeypatch.setattr(exchange, bound, BY_COST[bound])
    said = io.StringIO()
    assert run(tmp_path / "two", progress=Progress(said)).tasks_run == SENT_AND_MERGED + 7
    assert tables(tmp_path / "one") == tables(tmp_path / "two")
    assert tables(tmp_path / "two")[6] == [6, 13, 106, 113, 206, 213]
    assert "scatter: 6/6 shards" in said.getvalue()
    one, two = (run_manifests(str(tmp_path / name))["scatter"] for name in ("one", "two"))
    assert (one.rows(PARTS), one.rows(EXCHANGE), one.rows_read) == (0, 60, {})
    assert (two.rows(PARTS), two.rows(EXCHANGE), two.rows_read) == (60, 60, {PARTS: 60})
    assert one.fingerprint == two.fingerprint
    assert not verify(str(tmp_path / "two")).faults


@pytest.mark.parametrize("bound", BY_COST)
def test_a_run_that_stopped_between_the_levels_or_inside_the_second_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(exchange, bound, BY_COST[bound])
    run(tmp_path / "whole")
    for stopped_after in (2, 3, 4, SENT_AND_MERGED):
        folder = tmp_path / str(stopped_after)
        with pytest.raises(MachineError):
            run(folder, Stopping(stopped_after))
        said = io.StringIO()
        assert run(folder, progress=Progress(said)).tasks_run >= SENT_AND_MERGED + 7 - stopped_after
        assert tables(folder) == tables(tmp_path / "whole")
        assert run(folder).tasks_run == 0


@pytest.mark.usefixtures("two_levels")
def test_the_first_level_goes_when_it_is_merged(tmp_path: Path) -> None:
    run(tmp_path / "whole")
    folder = tmp_path / "outputs"
    with pytest.raises(MachineError):
        run(folder, Stopping(SENT_AND_MERGED + 1), keep="outputs")
    found = run_manifests(str(folder))["scatter"]
    assert [file.kept for file in found.files if file.kind == PARTS] == [False] * 3
    assert len(found.of_kind(EXCHANGE)) == 3 and not list(scattered(folder).glob("parts/*"))
    assert verify(str(folder)).faults == ()
    assert run(folder, keep="outputs").tasks_run == 7
    assert tables(folder) == tables(tmp_path / "whole")
    assert not list(scattered(folder).glob("exchange/*"))
    assert (run(folder, keep="outputs").tasks_run, verify(str(folder)).faults) == (0, ())


@pytest.mark.usefixtures("two_levels")
def test_a_merged_file_that_is_gone_with_its_parts_is_sent_again(tmp_path: Path) -> None:
    with pytest.raises(MachineError):
        run(tmp_path, Stopping(SENT_AND_MERGED + 1), keep="outputs")
    (scattered(tmp_path) / "exchange/merge-00001-00000.arrow").unlink()
    assert run(tmp_path, keep="outputs").tasks_run >= SENT_AND_MERGED
    assert tables(tmp_path)[6] == [6, 13, 106, 113, 206, 213]
    assert verify(str(tmp_path)).faults == ()


@pytest.mark.usefixtures("two_levels")
def test_a_merged_file_that_somebody_deleted_is_made_again_from_its_parts(tmp_path: Path) -> None:
    run(tmp_path)
    before = tables(tmp_path)
    merged = scattered(tmp_path) / "exchange/merge-00001-00000.arrow"
    content = merged.read_bytes()
    merged.unlink()
    assert [fault.reason for fault in verify(str(tmp_path)).faults] == [
        f"missing; it had {len(content):,} bytes"
    ]
    assert run(tmp_path).tasks_run == 1
    assert merged.read_bytes() == content
    (scattered(tmp_path) / "parts/00002-00000.arrow").unlink()
    assert run(tmp_path).tasks_run == 1
    assert (tables(tmp_path), verify(str(tmp_path)).faults) == (before, ())


@pytest.mark.usefixtures("two_levels")
def test_a_damaged_part_stops_the_run_with_one_line(tmp_path: Path) -> None:
    with pytest.raises(MachineError):
        run(tmp_path, Stopping(3))
    part = scattered(tmp_path) / "parts/00001-00000.arrow"
    part.write_bytes(part.read_bytes()[:-9])
    with pytest.raises(UserError) as failure:
        run(tmp_path)
    (line,) = str(failure.value).splitlines()
    assert line.startswith(f"{part}: damaged (")
    assert "delete its stage's folder and run the command again" in line


@pytest.mark.usefixtures("two_levels")
def test_verify_names_an_exchange_that_lost_rows_between_its_levels(tmp_path: Path) -> None:
    run(tmp_path)
    manifest = run_manifests(str(tmp_path))["scatter"]
    lost = manifest.model_copy(update={"rows_read": {PARTS: 59}})
    write_record(f"{manifest.folder}/manifest.json", lost)
    reasons = [fault.reason for fault in verify(str(tmp_path)).faults]
    assert "its exchange has 60 rows in parts, of which 59 were read and 60 merged" in reasons
