"""Stages that run as one: the documents, ledgers and values of stages that run apart, with nothing written between them."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toys import Copy, Numbers

from pipeline import fusing
from pipeline.execute import Step
from pipeline.given import look_at
from pipeline.graph import Graph, run_manifests
from pipeline.inspect.verify import verify
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.registry import source_kinds
from pipeline.run_folder import Keep
from pipeline.runner import Runner, RunResult
from stages.core import shards
from stages.core.errors import MachineError, UserError
from stages.core.handed import HandedDocuments
from stages.core.manifest import DOCUMENTS, LEDGER, VALUES, Manifest, ShardReport
from stages.core.shards import shard_groups
from stages.core.stage import AnyStage, Task, task_id
from stages.core.writer import TaskWriter
from stages.dedup.lines.verb import DedupLines
from stages.filter.rules.c4 import C4Rule
from stages.filter.rules.gopher_quality import GopherQualityRule
from stages.filter.rules.gopher_repetition import GopherRepetitionRule
from stages.filter.rules.language import LanguageRule
from stages.filter.stage import Filter
from tests.demo import ROOT


class Without(Copy):
    """Drops the documents whose text ends with `end`; `trouble` is a mistake of the user's, or a fault."""

    stage_name: ClassVar[str] = "without"
    looks_at_shards_alone: ClassVar[bool] = True

    end: str = "1"
    trouble: str = ""

    def run(self, task: Task[None]) -> ShardReport:
        with TaskWriter(task, self.stage_name) as out:
            for batch in out.read(task.inputs):
                if self.trouble == "mistake":
                    raise UserError("end: mend it")
                if self.trouble:
                    raise RuntimeError("a fault of the stage")
                drops = np.array([text.endswith(self.end) for text in batch.column("text").to_pylist()])
                out.ledger.rows(batch.filter(pa.array(drops)), rule="end")
                out.keep(batch.filter(pa.array(~drops)))
        return out.report


class Grouped(Without):
    """The same, which puts small neighbours together."""

    stage_name: ClassVar[str] = "grouped"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        return [Task(task_id(i), uris, None) for i, uris in enumerate(shard_groups(inputs[:1]))]


class Stopping(InlinePool):
    """A machine that stands still after so many tasks."""

    def __init__(self, tasks: int) -> None:
        super().__init__()
        self._left = tasks

    def submit(self, key: tuple[str, int], steps: Sequence[Step], alone: bool = False) -> None:
        if self._left == 0:
            raise MachineError("it stands still")
        self._left -= 1
        super().submit(key, steps, alone)


def chain_of(*stages: AnyStage) -> tuple[Graph, str]:
    """Numbers, a copy of them (which reads a shard in a task), and what follows; with the name of the last."""
    graph = Graph()
    name = graph.add("copy", Copy(), [graph.add("numbers", Numbers())])
    for stage in stages:
        name = graph.add(stage.stage_name, stage, [name])
    return graph, name


def run(
    folder: Path, keep: Keep, *stages: AnyStage, pool: InlinePool | None = None, quiet: bool = True
) -> RunResult:
    graph, last = chain_of(*(stages or (Without(end="1"), Without(end="2"))))
    runner = Runner(graph, str(folder), "toy", Progress(quiet=quiet), keep=keep)
    return runner.run(lambda: pool or InlinePool(), [last])


def rows(manifest: Manifest, kind: str) -> list[dict[str, object]]:
    return [row for uri in manifest.uris(kind) for row in pq.read_table(uri).to_pylist()]


def counts(manifest: Manifest) -> tuple[object, ...]:
    one = manifest
    return (
        one.documents_in,
        one.documents_out,
        one.bytes_in,
        one.bytes_out,
        one.dropped,
        one.edited,
        one.sources,
    )


def test_documents_between_are_never_written_and_all_else_is_the_same(tmp_path: Path) -> None:
    apart = run(tmp_path / "apart", "all").manifests
    one = run(tmp_path / "one", "outputs").manifests
    assert [name for name in one if one[name].of_kind(DOCUMENTS)] == ["without-2"]
    assert list(one["without-2"].reports) == ["from-00000", "from-00001", "from-00002"]
    assert rows(one["without-2"], DOCUMENTS) == rows(apart["without-2"], DOCUMENTS)
    assert [row["text"] for row in rows(one["without-2"], DOCUMENTS)] == [f"text 0000{n} 0" for n in range(3)]
    for name in apart:
        assert counts(one[name]) == counts(apart[name])
        assert rows(one[name], LEDGER) == rows(apart[name], LEDGER)
    found = verify(str(tmp_path / "one"))
    assert found.faults == ()
    assert found.notes == (
        f"{tmp_path / 'one'}: 9 files are deleted, or were never written (keep: outputs); their counts add up",
    )


def test_rules_of_every_kind_see_the_batches_that_they_would_see_apart(tmp_path: Path) -> None:
    """Line removal, rules that fill columns and edit texts, values: on the crawled samples, row by row of the ledgers."""

    def graph_of() -> tuple[Graph, str]:
        graph = Graph()
        crawl = source_kinds()["common_crawl"](input=(str(ROOT / "samples/dumps/common_crawl/**/*.wet.gz"),))
        name = DedupLines(min_chars=20).wire(graph.below("lines"), crawl.wire(graph.below("crawl")))
        heuristics = (GopherRepetitionRule(), GopherQualityRule())
        for number, stage in enumerate(
            [
                Filter(rules=(LanguageRule(keep=("en",)),)),
                Filter(rules=heuristics, annotate_only=True),
                Filter(rules=(*heuristics, C4Rule())),
            ]
        ):
            name = graph.add(f"filter-{number}", stage, [name])
        return graph, name

    found = {}
    for keep in ("all", "outputs"):
        graph, last = graph_of()
        runner = Runner(graph, str(tmp_path / keep), "toy", Progress(quiet=True), keep=keep)
        found[keep] = runner.run(InlinePool, [last]).manifests
    assert sum(found["outputs"]["filter-2"].dropped.values()) == 2
    reports = [list(one.reports) for name, one in found["outputs"].items() if name.startswith("filter")]
    assert reports == [["from-handing-00000"], ["from-handing-00000"], ["from-00000"]]
    for name, apart in found["all"].items():
        one = found["outputs"][name]
        assert counts(one) == counts(apart)
        for kind in (LEDGER, VALUES) + ((DOCUMENTS,) if name == "filter-2" else ()):
            assert rows(one, kind) == rows(apart, kind)


class Recording(InlinePool):
    """Writes down what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[str] = []

    def submit(self, key: tuple[str, int], steps: Sequence[Step], alone: bool = False) -> None:
        self.given.append(f"{key[0]} {key[1]}")
        super().submit(key, steps, alone)


def test_a_source_goes_through_its_stages_before_the_next_is_read(tmp_path: Path) -> None:
    """So what lies between the stages of the one is gone before the other's is there; a worker waits for nothing."""
    graph, pool = Graph(), Recording()
    for source in ("a", "b"):
        documents = graph.add(f"{source}.numbers", Numbers(tasks=4))
        graph.add(f"{source}.copy", Copy(), [documents])
    runner = Runner(graph, str(tmp_path), "toy", Progress(quiet=True), keep="outputs")
    runner.run(lambda: pool, ["a.copy", "b.copy"])
    order = [name.split()[0] for name in pool.given]
    assert order[:4] == ["a.numbers"] * 4 and sorted(order) == sorted(
        [f"{s}.{n}" for s in "ab" for n in ("copy", "numbers")] * 4
    )
    last_copy = max(at for at, name in enumerate(order) if name == "a.copy")
    assert order[:last_copy].count("b.numbers") <= 2  # what a pool is given ahead
    assert order.index("b.copy") > last_copy


def test_stages_that_put_shards_together_follow_shard_by_shard_and_hand_on_what_they_put_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shards, "UNGROUPED_SHARDS", 1)
    monkeypatch.setattr(shards, "GROUPED_SHARDS", 2)
    follows, hands_on = (Without(end="1"), Grouped(end="2")), (Grouped(end="1"), Without(end="2"))
    apart = run(tmp_path / "apart", "all", *follows).manifests
    assert list(apart["grouped"].reports) == ["00000", "00001"]
    one = run(tmp_path / "one", "outputs", *follows).manifests
    assert list(one["grouped"].reports) == ["from-00000", "from-00001", "from-00002"]
    graph = Graph()
    name = graph.add("numbers", Numbers())
    for stage in hands_on:
        name = graph.add(stage.stage_name, stage, [name])
    runner = Runner(graph, str(tmp_path / "two"), "toy", Progress(quiet=True), keep="outputs")
    two = runner.run(InlinePool, [name]).manifests
    assert list(two["grouped"].reports) == ["handing-00000", "handing-00001"]
    assert list(two["without"].reports) == ["from-00000", "from-00001"]
    for last in (one["grouped"], two["without"]):
        assert rows(last, DOCUMENTS) == rows(apart["grouped"], DOCUMENTS)
        assert [row["id"] for row in rows(last, LEDGER)] == [f"c4/raw-{n}/2" for n in range(3)]
    assert all(verify(str(tmp_path / folder)).faults == () for folder in ("apart", "one", "two"))


@pytest.mark.parametrize("tasks", range(1, 7))
def test_a_run_that_stops_after_any_task_goes_on_in_either_way(tmp_path: Path, tasks: int) -> None:
    """What was handed on is made again; what one way left is never taken for the other's."""
    expected = rows(run(tmp_path / "apart", "all").manifests["without-2"], DOCUMENTS)
    ways: tuple[Keep, ...] = ("outputs", "all")
    for first in ways:
        for second in ways:
            folder = tmp_path / f"{first}-{second}"
            with suppress(MachineError):
                run(folder, first, pool=Stopping(tasks))
            done = run(folder, second).manifests
            assert rows(done["without-2"], DOCUMENTS) == expected
            assert verify(str(folder)).faults == ()


def test_a_finished_run_has_nothing_to_do_and_another_end_makes_again_what_it_needs(tmp_path: Path) -> None:
    run(tmp_path, "outputs")
    assert run(tmp_path, "outputs").tasks_run == 0
    assert run(tmp_path, "all").tasks_run == 0
    again = run(tmp_path, "outputs", Without(end="1"), Without(end="0"))
    assert [row["text"] for row in rows(again.manifests["without-2"], DOCUMENTS)] == [
        f"text 0000{n} 2" for n in range(3)
    ]
    assert again.tasks_run == 3 * 4
    assert verify(str(tmp_path)).faults == ()


def test_files_that_a_killed_run_was_about_to_delete_are_deleted(tmp_path: Path) -> None:
    done = run(tmp_path, "outputs").manifests["numbers"]
    left = Path(done.folder) / "documents/00000-00000.parquet"
    left.parent.mkdir(exist_ok=True)
    left.write_bytes(b"of a killed run")
    assert run(tmp_path, "outputs").tasks_run == 0
    assert not left.exists()


def test_documents_that_two_stages_read_or_that_are_large_or_wanted_are_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def whole(folder: Path, graph: Graph, outputs: Sequence[str]) -> list[str]:
        runner = Runner(graph, str(folder), "toy", Progress(quiet=True), keep="outputs")
        made = runner.run(InlinePool, outputs).manifests
        return [name for name in made if any(task.startswith("from-") for task in made[name].reports)]

    graph, last = chain_of(Without())
    other = graph.add("other", Without(end="2"), ["copy"])
    assert whole(tmp_path / "two", graph, [last, other]) == []
    graph, last = chain_of(Without())
    assert whole(tmp_path / "wanted", graph, ["copy", last]) == []
    monkeypatch.setattr(fusing, "MAX_HANDED_TEXT_BYTES", 35)
    assert whole(tmp_path / "large", chain_of(Without())[0], [last]) == []
    monkeypatch.setattr(fusing, "MAX_HANDED_TEXT_BYTES", 36)
    assert whole(tmp_path / "small", chain_of(Without())[0], [last]) == ["without"]


def test_a_mistake_and_a_fault_are_told_of_the_stage_that_makes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError, match="end: mend it"):
        run(tmp_path / "mistake", "outputs", Without(trouble="mistake"))
    with pytest.raises(Exception, match="stage without, task from-00000 failed 3 times"):
        run(tmp_path / "fault", "outputs", Without(trouble="fault"), quiet=False)
    assert "without: task from-00000 failed and is tried again" in capsys.readouterr().err


def test_documents_that_are_not_kept_cannot_be_given_to_a_command(tmp_path: Path) -> None:
    folder = run(tmp_path, "outputs").manifests["copy"].folder
    with pytest.raises(
        UserError, match=r"its documents are not kept \(keep: outputs\); give what came of them"
    ):
        look_at([folder])


def test_what_is_handed_on_is_let_go_of_as_it_is_taken() -> None:
    handed = HandedDocuments()
    for number in range(2):
        handed.put(pa.table({"id": [f"{number}"], "text": ["a"]}))
    taken = handed.take(["text"])
    assert next(taken).to_pylist() == [{"text": "a"}]
    assert [batch.to_pylist() for batch in handed.take()] == [[{"id": "1", "text": "a"}]]
    assert list(taken) == []


def test_manifests_say_what_is_not_kept(tmp_path: Path) -> None:
    run(tmp_path, "outputs")
    files = {name: one.files for name, one in run_manifests(str(tmp_path)).items()}
    (first, *_) = files["copy"]
    assert (first.kept, first.bytes, first.sha256, first.rows) == (False, 0, "", 3)
    (first, *_) = files["numbers"]
    assert (first.kept, first.bytes > 0, len(first.sha256)) == (False, True, 64)
