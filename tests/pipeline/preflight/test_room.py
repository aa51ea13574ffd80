"""Disk and memory that will not do are one line each; what is small or finished asks for nothing, and the user may insist."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
import yaml

import altiplano
from pipeline.cli.main import main
from pipeline.config import parse_recipe
from pipeline.graph import Graph, run_manifests
from pipeline.plan.estimate import Estimate, StageEstimate
from pipeline.pools import InlinePool, Pool
from pipeline.preflight import RecipeGate, room
from pipeline.preflight.contents import raw_files_left
from pipeline.preflight.room import Machine, disk_line, estimate_rest, memory_line, still_to_write
from pipeline.progress import Progress
from pipeline.recipe import build
from pipeline.run_folder import Keep
from pipeline.runner import Runner
from stages.core.errors import UserError
from stages.core.manifest import Manifest

GB = 10**9
ROOMY = Machine(workers=2)


class Usage(NamedTuple):
    """What the standard library tells of a disk."""

    free: int


def set_free(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(number))


@pytest.fixture
def tight(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine of a byte of memory and of disk, on which no run counts as small."""
    monkeypatch.setattr(room, "SMALL_BYTES", 1)
    monkeypatch.setattr(room, "memory_at_hand", lambda: 1)
    set_free(monkeypatch, 1)


@pytest.fixture
def raw(tmp_path: Path) -> dict[str, Any]:
    """A recipe over ten documents of some 1,000 bytes."""
    lines = [
        orjson.dumps({"text": f"{i} " + "word " * 200, "url": f"https://x.example/{i}"}) for i in range(10)
    ]
    (tmp_path / "a.json").write_bytes(b"\n".join(lines) + b"\n")
    steps = [{"filter": ["pii"]}, {"filter": ["pii"]}]
    source = {"input": str(tmp_path / "a.json"), "steps": steps, "yields": {"ingest": 1.0}}
    return {"name": "r", "run": str(tmp_path / "run"), "sources": {"c4": source}}


def gate_of(raw: dict[str, Any], keep: Keep = "all", machine: Machine = ROOMY) -> tuple[RecipeGate, Graph]:
    loaded = parse_recipe(raw, {})
    graph, outputs = build(loaded)
    return RecipeGate(loaded, graph, tuple(outputs), raw["run"], keep, machine), graph


def run_first(raw: dict[str, Any], count: int, gate: RecipeGate | None = None) -> None:
    """Run the first nodes of the recipe's graph."""
    graph, _ = build(parse_recipe(raw, {}))
    for name in list(graph.nodes)[count:]:
        del graph.nodes[name]
    Runner(graph, raw["run"], "r", Progress(quiet=True), gate=gate).run(InlinePool, list(graph.nodes)[-1:])


def estimated(gate: RecipeGate, finished: Mapping[str, Manifest]) -> Estimate:
    return estimate_rest(gate, finished, raw_files_left(gate.graph, finished))


def test_what_is_finished_is_not_written_again(raw: dict[str, Any]) -> None:
    run_first(raw, 1)
    gate, _ = gate_of(raw)
    fresh = estimated(gate, {})
    assert still_to_write(gate, fresh, {}, "all") == pytest.approx(fresh.disk_bytes, abs=20_000)
    finished = run_manifests(raw["run"])
    rest = estimated(gate, finished)
    assert list(finished) == ["c4.ingest_c4"]
    written = {one.node: one.written_bytes for one in rest.stages}
    # what was read is known now, to the byte
    assert {one.node: one.given_bytes for one in rest.stages}["c4.filter"] == finished[
        "c4.ingest_c4"
    ].text_bytes
    assert still_to_write(gate, rest, finished, "all") == sum(written.values()) - written["c4.ingest_c4"]


def test_what_a_stage_left_half_done_is_there(raw: dict[str, Any]) -> None:
    run_first(raw, 1)
    gate, _ = gate_of(raw)
    folder = Path(run_manifests(raw["run"])["c4.ingest_c4"].folder)
    shutil.rmtree(folder)
    before = still_to_write(gate, estimated(gate, {}), {}, "all")
    folder.mkdir()
    (folder / "some").write_bytes(b"x" * 1000)
    assert still_to_write(gate, estimated(gate, {}), {}, "all") == before - 1000


def test_where_intermediates_go_the_most_at_once_counts(raw: dict[str, Any]) -> None:
    run_first(raw, 1)
    gate, _ = gate_of(raw)
    found = estimated(gate, {})
    finished = run_manifests(raw["run"])
    rest = estimated(gate, finished)
    whole, less = (still_to_write(gate, rest, finished, keep) for keep in ("all", "outputs"))
    assert 0 < less < whole
    assert found.disk_peak_bytes < found.disk_bytes


def test_a_line_of_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    set_free(monkeypatch, 5 * GB)
    assert disk_line("run", "all", {"all": 5 * GB, "outputs": GB}) is None
    assert disk_line("run", "outputs", {"all": 9 * GB, "outputs": GB}) is None
    assert disk_line("run", "all", {"all": 9 * GB, "outputs": 4 * GB}) == (
        "run: 5.0 GB are free there, and about 9.0 GB are still to be written; make room, or give another folder by --run,"
        " or `--keep outputs` (at most 4.0 GB at once); the plan is an estimate: --allow-tight starts anyway"
    )
    line = disk_line("run", "outputs", {"all": 9 * GB, "outputs": 6 * GB})
    assert line is not None and "about 6.0 GB are" in line and "--keep" not in line
    set_free(monkeypatch, 0)
    assert disk_line("run", "all", {"all": GB - 1, "outputs": GB - 1}) is None  # so little is never refused


def stage(given: int = 2 * GB, memory: int = GB, tasks: int = 100) -> StageEstimate:
    return StageEstimate("c4.filter", given, None, 1.0, tasks, memory, {})


def test_a_line_of_memory() -> None:
    eight = Machine(workers=8)
    assert memory_line([stage()], eight, 8 * GB) is None
    assert memory_line([], eight, 1) is None
    assert memory_line([stage(given=GB - 1)], eight, 1) is None  # so little is never refused
    assert memory_line([stage(tasks=4)], eight, 4 * GB) is None  # no more workers than tasks
    assert memory_line([stage()], Machine(workers=0), GB) is None  # this process alone
    assert memory_line([stage()], eight, 7 * GB) == (
        "8 workers of 1.0 GB each take 8.0 GB, and this machine, or its cgroup, has 7.0 GB; --workers 7 fit;"
        " the plan is an estimate: --allow-tight starts anyway"
    )
    line = memory_line([stage()], Machine(workers=0), GB - 1)
    assert line is not None and line.startswith("1 worker of 1.0 GB") and "take a larger machine" in line


def test_of_tasks_that_ask_ray_for_memory_one_must_fit() -> None:
    asking = Machine(workers=8, task_memory_bytes=2 * GB)
    assert memory_line([stage()], asking, 2 * GB) is None
    line = memory_line([stage()], asking, GB)
    assert line is not None and line.startswith(
        "a task asks for 2.0 GB (--task-memory), and this machine, or its"
    )


@pytest.mark.usefixtures("tight")
def test_a_run_is_refused_before_a_pool_is_open_and_not_when_the_user_insists(
    raw: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "r.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(SystemExit) as stopped:
        main(["run", str(path), "--quiet"])  # no --workers: it would start Ray
    assert stopped.value.code == 2
    disk, memory = capsys.readouterr().err.splitlines()
    assert disk.startswith(f"altiplano: disk: {raw['run']}: 1.0 B are free there, and about ")
    assert memory.startswith("altiplano: memory: ")
    with pytest.raises(UserError, match="^disk: .*\nmemory: .*--allow-tight starts anyway$"):
        altiplano.run(raw)
    insisting, _ = gate_of(raw, machine=Machine(allow_tight=True))
    run_first(raw, 1, insisting)
    assert list(run_manifests(raw["run"])) == ["c4.ingest_c4"]


@pytest.mark.usefixtures("tight")
def test_of_a_cluster_and_a_remote_folder_nothing_is_known_here(raw: dict[str, Any]) -> None:
    with pytest.raises(UserError, match="^disk: [^\n]*$"):
        run_first(raw, 1, gate_of(raw, machine=Machine(address="auto"))[0])
    gate, _ = gate_of({**raw, "run": "s3://bucket/run"}, machine=Machine(address="auto"))
    room.check_room(gate, {}, raw_files_left(gate.graph, ()))


@pytest.mark.usefixtures("tight")
def test_a_finished_run_is_never_refused(raw: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    run_first(raw, 2)

    def no_pool() -> Pool:
        raise AssertionError("a pool was opened")

    graph, _ = build(parse_recipe(raw, {}))
    for name in list(graph.nodes)[2:]:
        del graph.nodes[name]
    runner = Runner(graph, raw["run"], "r", Progress(quiet=True), gate=gate_of(raw)[0])
    assert runner.run(no_pool, ["c4.filter"]).tasks_run == 0
