"""Manifests of a run within a bound of memory: what is let go of is what it was when it is asked for again."""

from __future__ import annotations

from pathlib import Path

from toys import Numbers

from pipeline.graph import Graph
from pipeline.manifests import Manifests
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.runner import Runner


def test_those_used_last_stay_and_others_are_read_again(tmp_path: Path) -> None:
    graph = Graph()
    for name in ("a", "b", "c"):
        graph.add(name, Numbers())
    made = dict(Runner(graph, str(tmp_path), "toy", Progress(quiet=True)).run(InlinePool, ["a"]).manifests)
    files = len(made["a"].files)
    found = Manifests({}, max_files=2 * files)
    for name, manifest in made.items():
        found[name] = manifest
    assert dict(found) == made
    assert found["c"] is not made["c"]  # a and b were asked for, so c was let go of
    assert found["c"] == made["c"]
    assert list(found) == ["a", "b", "c"]
    assert len(found) == 3
    del found["b"]
    assert "b" not in found


def test_what_lies_in_no_folder_is_never_let_go_of(tmp_path: Path) -> None:
    graph = Graph()
    graph.add("a", Numbers())
    (made,) = (
        Runner(graph, str(tmp_path), "toy", Progress(quiet=True)).run(InlinePool, ["a"]).manifests.values()
    )
    given = made.model_copy(update={"folder": ""})
    found = Manifests({"given": given}, max_files=0)
    found["a"] = made
    assert found["given"] is given
