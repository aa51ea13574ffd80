"""Copies of reports: a half-done stage is taken up from them, and they never say more than the reports themselves."""

from __future__ import annotations

from pathlib import Path

import pytest
from toys import Numbers

from pipeline import report_batches
from pipeline.graph import Graph
from pipeline.inspect.verify import verify
from pipeline.pools import InlinePool
from pipeline.progress import Progress
from pipeline.report_batches import ReportBatches, delete_batches, read_reports
from pipeline.runner import Runner
from stages.core.manifest import ShardReport, report_uri, write_record
from tests.pipeline.test_fusing import Stopping


@pytest.fixture(autouse=True)
def two_to_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(report_batches, "REPORTS_PER_BATCH", 2)


def report(folder: Path, task: str) -> ShardReport:
    """A report as a worker leaves it."""
    made = ShardReport(task=task, documents_in=1, documents_out=1)
    write_record(report_uri(str(folder), task), made)
    return made


def test_what_is_in_no_batch_or_in_a_damaged_one_is_read_by_itself(tmp_path: Path) -> None:
    batches = ReportBatches(str(tmp_path))
    made = {f"0000{n}": report(tmp_path, f"0000{n}") for n in range(5)}
    for one in made.values():
        batches.add(one)
    assert batches.written == 2
    assert read_reports(str(tmp_path), list(made)) == (made, 2)
    (tmp_path / "reports/batch-00000.json").write_bytes(b"cut sho")
    assert read_reports(str(tmp_path), list(made)) == (made, 2)
    (tmp_path / "reports/00001.json").write_bytes(b"in a batch, so it is not read again")
    (tmp_path / "reports/00002.json").unlink()  # by a user who wants this task again
    found, _ = read_reports(str(tmp_path), ["00002", "00003"])
    assert found == {"00003": made["00003"]}
    delete_batches(str(tmp_path))
    assert sorted(path.name for path in (tmp_path / "reports").iterdir()) == [
        f"0000{n}.json" for n in (0, 1, 3, 4)
    ]


def test_a_run_goes_on_from_batches_and_leaves_none(tmp_path: Path) -> None:
    def runner() -> Runner:
        graph = Graph()
        graph.add("numbers", Numbers(tasks=7))
        return Runner(graph, str(tmp_path), "toy", Progress(quiet=True))

    with pytest.raises(Exception, match="it stands still"):
        runner().run(lambda: Stopping(5), ["numbers"])
    (folder,) = tmp_path.glob("*numbers*")
    assert sorted(path.name for path in folder.glob("reports/batch*")) == [
        "batch-00000.json",
        "batch-00001.json",
    ]
    assert runner().run(InlinePool, ["numbers"]).tasks_run == 3
    assert not list(folder.glob("reports/batch*"))
    assert verify(str(tmp_path)).faults == ()
