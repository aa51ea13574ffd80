"""The runner: what is finished is skipped, what fails is tried again or told, and bytes do not depend on workers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from toys import Copy, Lossy, Numbers

from pipeline import runner as runner_module
from pipeline.graph import Graph, read_run, run_manifests
from pipeline.pools import InlinePool, Pool
from pipeline.progress import Progress
from pipeline.runner import Runner, RunResult
from stages.core.errors import StageFailedError, UserError
from stages.core.stage import AnyStage


def graph_of(*stages: AnyStage) -> Graph:
    graph = Graph()
    last: tuple[str, ...] = ()
    for stage in stages:
        last = (graph.add(f"toy.{stage.stage_name}", stage, last),)
    return graph


def run(graph: Graph, folder: Path, pool: Pool | None = None, progress: Progress | None = None) -> RunResult:
    runner = Runner(graph, str(folder), "toy", progress or Progress(quiet=True))
    return runner.run(lambda: pool or InlinePool(), list(graph.nodes)[-1:])


def contents(folder: Path) -> dict[str, bytes]:
    """Everything a run wrote but what was measured."""
    found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    return {name: data for name, data in found.items() if "/reports/" not in name}


def test_a_graph_runs_in_order_and_is_recorded(tmp_path: Path) -> None:
    result = run(graph_of(Numbers(), Copy()), tmp_path)
    assert (result.tasks_run, result.nodes_run) == (6, 2)
    assert [node.name for node in read_run(str(tmp_path)).nodes] == ["toy.numbers", "toy.copy"]
    assert run_manifests(str(tmp_path))["toy.copy"].documents_out == 9
    folders = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    assert [name.rsplit("-", 1)[0] for name in folders] == ["00-toy.numbers", "01-toy.copy"]


def test_documents_of_several_nodes_are_read_as_one_input(tmp_path: Path) -> None:
    graph = Graph()
    parts = [graph.add(f"{name}.numbers", Numbers(tasks=tasks)) for name, tasks in (("a", 1), ("b", 2))]
    graph.add("copy", Copy(), [graph.add_union("both", parts)])
    result = run(graph, tmp_path)
    assert (result.manifests["copy"].documents_in, result.tasks_run) == (9, 6)
    assert read_run(str(tmp_path)).nodes[-1].inputs == ("a.numbers", "b.numbers")
    assert run(graph, tmp_path).tasks_run == 0
    alone = Graph()
    alone.add("copy", Copy(), [alone.add_union("both", [alone.add("a.numbers", Numbers(tasks=1))])])
    assert alone.fingerprints()["copy"] != graph.fingerprints()["copy"]


def test_a_second_run_does_nothing_and_opens_no_pool(tmp_path: Path) -> None:
    run(graph_of(Numbers(), Copy()), tmp_path)
    before = contents(tmp_path)

    def no_pool() -> Pool:
        raise AssertionError("a pool was opened")

    runner = Runner(graph_of(Numbers(), Copy()), str(tmp_path), "toy", Progress(quiet=True))
    result = runner.run(no_pool, ["toy.copy"])
    assert (result.tasks_run, result.nodes_run) == (0, 0)
    assert contents(tmp_path) == before


def test_another_config_never_reuses_shards_and_the_same_always_does(tmp_path: Path) -> None:
    run(graph_of(Numbers(), Copy()), tmp_path)
    assert run(graph_of(Numbers(tasks=2), Copy()), tmp_path).tasks_run == 4
    assert run(graph_of(Numbers(), Copy()), tmp_path).tasks_run == 0


def test_a_stage_put_in_before_others_does_not_renumber_finished_work(tmp_path: Path) -> None:
    run(graph_of(Numbers()), tmp_path)
    graph = Graph()
    graph.add("other.numbers", Numbers(tasks=1))
    graph.add("toy.numbers", Numbers())
    assert run(graph, tmp_path).tasks_run == 1


def test_finished_shards_are_kept_when_a_stage_fails_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner_module, "MAX_ATTEMPTS", 1)
    stage = Numbers(trouble="raise", mark=str(tmp_path / "mark"))
    with pytest.raises(StageFailedError, match="stage toy.numbers, task 00001") as failure:
        run(graph_of(stage), tmp_path / "run")
    assert "a fault of the stage" in failure.value.trace
    assert run(graph_of(stage), tmp_path / "run").tasks_run == 2


def test_a_task_that_fails_once_is_tried_again(tmp_path: Path) -> None:
    said = io.StringIO()
    stage = Numbers(trouble="raise", mark=str(tmp_path / "mark"))
    result = run(graph_of(stage), tmp_path / "run", progress=Progress(said))
    assert result.manifests["toy.numbers"].documents_out == 9
    assert "task 00001 failed and is tried again (RuntimeError: a fault of the stage)" in said.getvalue()


def test_a_users_mistake_stops_at_once_without_traceback(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="input: mend it"):
        run(graph_of(Numbers(trouble="mistake")), tmp_path)


def test_a_stage_that_loses_a_document_fails(tmp_path: Path) -> None:
    with pytest.raises(StageFailedError) as failure:
        run(graph_of(Numbers(), Lossy()), tmp_path)
    assert "3 in + 0 created != 2 out" in failure.value.trace


def test_one_and_two_workers_and_none_write_the_same_bytes(tmp_path: Path, ray_pool: Pool) -> None:
    graph = graph_of(Numbers(tasks=5), Copy())
    run(graph, tmp_path / "inline")
    run(graph, tmp_path / "ray", ray_pool)
    assert contents(tmp_path / "inline") == contents(tmp_path / "ray")


def test_a_worker_that_dies_is_replaced(tmp_path: Path, ray_pool: Pool) -> None:
    stage = Numbers(trouble="die", mark=str(tmp_path / "mark"))
    result = run(graph_of(stage, Copy()), tmp_path / "run", ray_pool)
    assert result.manifests["toy.copy"].documents_out == 9


def test_a_worker_that_keeps_dying_stops_the_run(tmp_path: Path, ray_pool: Pool) -> None:
    with pytest.raises(StageFailedError) as failure:
        run(graph_of(Numbers(trouble="die")), tmp_path, ray_pool)
    assert "the worker process died" in failure.value.trace


def test_progress_counts_kept_documents_in_plain_lines(tmp_path: Path) -> None:
    said = io.StringIO()
    run(graph_of(Numbers(), Copy()), tmp_path, progress=Progress(said))
    lines = said.getvalue().splitlines()
    assert any(line.startswith("toy.copy: 3/3 shards") and "9 kept, 0 dropped" in line for line in lines)
