"""Records at which every attempt fails: named, tried again, and given up only where the user asked for it."""

from __future__ import annotations

import io
import signal
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from toys import Copy, Stubborn

from pipeline.graph import Graph
from pipeline.pools import InlinePool, Pool
from pipeline.progress import Progress
from pipeline.runner import OnError, Runner, RunResult
from pipeline.watchdog import Watchdog
from stages.core.errors import StageFailedError
from stages.core.manifest import DOCUMENTS, LEDGER
from stages.core.stage import RecordName


def run(folder: Path, lines: list[str], on_error: OnError, pool: Pool | None = None) -> tuple[RunResult, str]:
    raw = folder / "lines.txt"
    raw.write_text("\n".join(lines))
    graph = Graph()
    graph.add("copy", Copy(), [graph.add("read", Stubborn(input=(str(raw),)))])
    told = io.StringIO()
    runner = Runner(graph, str(folder / "run"), "toy", Progress(told), on_error)
    return runner.run(lambda: pool or InlinePool(), ["copy"]), told.getvalue()


def given_up(key: str, line: str) -> dict[str, object]:
    row = dict.fromkeys(("value", "threshold", "partner"))
    told = {"detail": "given up after several attempts", "text_bytes": len(line), "url": "https://x"}
    place = {
        "id": f"c4/lines.txt/{key}",
        "source": "c4",
        "stage": "stubborn",
        "action": "drop",
        "rule": "poison",
    }
    return place | row | told


def check_ledger(result: RunResult, rows: list[dict[str, object]], texts: list[str]) -> None:
    read = result.manifests["read"]
    assert [row for uri in read.uris(LEDGER) for row in pq.read_table(uri).to_pylist()] == rows
    documents = [
        text for uri in read.uris(DOCUMENTS) for text in pq.read_table(uri).column("text").to_pylist()
    ]
    assert documents == texts
    assert (read.created, result.manifests["copy"].documents_in) == (len(rows) + len(texts), len(texts))


@pytest.mark.parametrize("line", ["hang", "fail"])
def test_a_record_at_which_every_attempt_fails_stops_the_run_and_is_named(tmp_path: Path, line: str) -> None:
    with pytest.raises(StageFailedError) as failed:
        run(tmp_path, ["one", line, "three"], "stop")
    assert (
        "at record 1 of lines.txt; `--on-error ledger` makes ledger rows of such records"
        in failed.value.trace
    )
    assert ("took longer than" in failed.value.trace) == (line == "hang")
    assert signal.getsignal(signal.SIGALRM) == signal.SIG_DFL
    assert not list((tmp_path / "run").rglob("*.at"))


def test_such_records_become_rows_where_the_user_says_so(tmp_path: Path) -> None:
    result, told = run(tmp_path, ["one", "hang", "three", "fail", "five"], "ledger")
    check_ledger(result, [given_up("1", "hang"), given_up("3", "fail")], ["one", "three", "five"])
    assert "read: record 1 of lines.txt failed every attempt and becomes a row of the ledger" in told


def test_a_worker_that_dies_at_a_record_is_tried_again_alone_and_the_record_given_up(
    tmp_path: Path, ray_pool: Pool
) -> None:
    result, _ = run(tmp_path, ["one", "die", "three"], "ledger", ray_pool)
    check_ledger(result, [given_up("1", "die")], ["one", "three"])
    assert not list((tmp_path / "run").rglob("*.at"))


def test_a_worker_that_dies_at_a_record_stops_the_run_and_names_it(tmp_path: Path, ray_pool: Pool) -> None:
    with pytest.raises(StageFailedError, match="task 00000 failed 3 times") as failed:
        run(tmp_path, ["one", "die", "three"], "stop", ray_pool)
    assert "at record 1 of lines.txt" in failed.value.trace


def test_a_task_is_stuck_when_it_is_at_one_record_for_too_long() -> None:
    watchdog, task = Watchdog(seconds=0.0), ("read", 0)
    first, second = RecordName("a", "1"), RecordName("a", "2")
    assert [watchdog.is_stuck(task, record) for record in (None, first, first, first, second)] == [
        False,
        False,
        True,
        False,
        False,
    ]
    patient = Watchdog(seconds=1000.0)
    assert not any(patient.is_stuck(task, first) for _ in range(5))
