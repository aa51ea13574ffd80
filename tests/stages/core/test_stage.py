"""The stage contract: fingerprints, reports that must add up, manifests without times or paths."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from stages.core.errors import ConservationError
from stages.core.exchange import Exchange
from stages.core.location import NOT_CONTENT, Location
from stages.core.manifest import (
    FileInfo,
    Manifest,
    Measured,
    Record,
    ShardReport,
    SourceTotals,
    add_counts,
    read_manifest,
    read_report,
    report_uri,
    write_record,
)
from stages.core.stage import Stage, Task, make_manifest


class Inner(Record):
    weight: float = 1.0
    places: tuple[Location, ...] = ()


class Example(Stage[None]):
    stage_name: ClassVar[str] = "example"

    size: int = 1
    path: Location = "here"
    maybe: Location | None = None
    by_name: dict[str, Location] = Field(default_factory=dict)
    inner: Inner | None = None
    listed: tuple[Inner, ...] = ()
    threads: Annotated[int, NOT_CONTENT] = 1
    content: str = "same"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task[None]]:
        return []

    def run(self, task: Task[None]) -> ShardReport:
        return ShardReport(task=task.id)

    def dependencies(self) -> list[str]:
        return [self.content]


class Renamed(Example):
    stage_name: ClassVar[str] = "renamed"


class Newer(Example):
    version: ClassVar[int] = 2


def test_a_fingerprint_follows_name_version_config_content_and_inputs() -> None:
    fingerprints = [
        Example().fingerprint(["a"]),
        Renamed().fingerprint(["a"]),
        Newer().fingerprint(["a"]),
        Example(size=2).fingerprint(["a"]),
        Example(content="other").fingerprint(["a"]),
        Example().fingerprint(["b"]),
        Example().fingerprint(["a", "b"]),
    ]
    assert len(set(fingerprints)) == len(fingerprints)


def test_a_fingerprint_does_not_follow_where_the_data_lies() -> None:
    moved = {"path": "there", "maybe": "x", "by_name": {"de": "y"}, "threads": 4}
    assert Example(**moved).fingerprint(["a"]) == Example().fingerprint(["a"])
    here, there = (
        Example(inner=Inner(places=(place,)), listed=(Inner(), Inner(weight=2, places=(place,))))
        for place in ("here", "there")
    )
    assert here.fingerprint(["a"]) == there.fingerprint(["a"])
    assert here.content_config() == {
        "size": 1,
        "content": "same",
        "inner": {"weight": 1.0},
        "listed": [{"weight": 1.0}, {"weight": 2.0}],
    }
    assert here.fingerprint(["a"]) != here.model_copy(update={"inner": Inner(weight=3)}).fingerprint(["a"])


def test_unicodes_version_counts_where_a_stage_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    class Following(Example):
        follows_unicode: ClassVar[bool] = True

    before = Example().fingerprint([]), Following().fingerprint([])
    monkeypatch.setattr(unicodedata, "unidata_version", "99.0.0")
    assert Example().fingerprint([]) == before[0]
    assert Following().fingerprint([]) != before[1]


@pytest.mark.parametrize(
    "counts",
    [
        {"documents_in": 3, "documents_out": 2},
        {"created": 1},
        {"documents_in": 1, "documents_out": 1, "dropped": {"rule": 1}},
        {"documents_in": 2, "documents_out": 1, "merged": 2},
    ],
)
def test_a_shard_that_does_not_add_up_is_refused(counts: dict[str, Any]) -> None:
    with pytest.raises(ConservationError):
        ShardReport(task="00000", **counts).check_conservation()


def test_a_shard_that_adds_up_passes() -> None:
    report = ShardReport(
        task="00000", documents_in=5, created=2, documents_out=3, merged=1, dropped={"a": 2, "b": 1}
    )
    report.check_conservation()
    assert report.dropped == {"a": 2, "b": 1}


def test_a_manifest_sums_its_reports_in_plan_order_and_forgets_what_was_measured(tmp_path: Path) -> None:
    reports = [
        ShardReport(
            task=f"0000{i}",
            files=(
                FileInfo(
                    name=f"{i}.parquet",
                    kind="documents",
                    rows=i,
                    bytes=10,
                    sha256="x",
                    sources={"c4": SourceTotals(documents=i, text_bytes=7)},
                ),
            ),
            documents_in=i + 1,
            documents_out=i,
            dropped={"rule": 1},
            measured=Measured(seconds=i),
        )
        for i in range(2)
    ]
    created = [ShardReport(task="00000", created=3, documents_out=3)]
    given = make_manifest("c4.ingest", Example(), "g", [], [], created, "")
    manifest = make_manifest("c4.filter", Example(), "f", [given], [], reports, str(tmp_path))
    with pytest.raises(ConservationError, match=r"c4\.filter: read 3 documents, and its inputs gave 6"):
        make_manifest("c4.filter", Example(), "f", [given, given], [], reports, str(tmp_path))
    write_record(str(tmp_path / "manifest.json"), manifest)
    assert read_manifest(str(tmp_path)) == manifest
    assert (manifest.documents_in, manifest.documents_out, manifest.dropped) == (3, 1, {"rule": 2})
    assert manifest.sources == {"c4": SourceTotals(documents=1, text_bytes=14)}
    assert manifest.uris("documents") == [f"{tmp_path}/0.parquet", f"{tmp_path}/1.parquet"]
    stored = (tmp_path / "manifest.json").read_text()
    assert str(tmp_path) not in stored
    assert "seconds" not in stored


def test_a_task_is_done_when_its_report_is_there(tmp_path: Path) -> None:
    assert read_report(str(tmp_path), "00000") is None
    (tmp_path / "reports").mkdir()
    report = ShardReport(task="00000", created=1, documents_out=1)
    write_record(report_uri(str(tmp_path), "00000"), report)
    assert read_report(str(tmp_path), "00000") == report


def test_counts_add_by_key_with_sorted_keys() -> None:
    assert list(add_counts([{"b": 1, "a": 2}, {"b": 3}]).items()) == [("a", 2), ("b", 4)]


class ReadParams(Record):
    rows: Exchange
    also: dict[str, Exchange] = Field(default_factory=dict)


def exchange(name: str, rows: int) -> Exchange:
    return Exchange(stage=name, folder=name, destinations=2, num_files=1, rows=rows)


@pytest.mark.parametrize(("read", "fits"), [((3, 4), True), ((3, 3), False), ((4, 4), False), ((7, 0), True)])
def test_a_manifest_refuses_rows_of_an_exchange_that_nobody_read_or_that_came_twice(
    read: tuple[int, int], fits: bool
) -> None:
    params = ReadParams(rows=exchange("sent", 7), also={"x": exchange("other", 0)})
    tasks = [Task(f"0000{i}", (), params) for i in range(2)]
    reports = [ShardReport(task=f"0000{i}", rows_read={"sent": count}) for i, count in enumerate(read)]
    if fits:
        made = make_manifest("toy", Example(), "f", [], tasks, reports, "")
        assert made.rows_read == {"sent": 7}
    else:
        with pytest.raises(ConservationError, match=r"stage toy: read \d of the 7 rows of exchange sent"):
            make_manifest("toy", Example(), "f", [], tasks, reports, "")


def test_a_reader_that_was_planned_for_fewer_destinations_is_refused() -> None:
    """Three of four destinations are read: the rows of the last are missing."""
    tasks = [Task(f"0000{i}", (), ReadParams(rows=exchange("sent", 4))) for i in range(3)]
    reports = [ShardReport(task=f"0000{i}", rows_read={"sent": 1}) for i in range(3)]
    with pytest.raises(ConservationError, match="read 3 of the 4 rows"):
        make_manifest("toy", Example(), "f", [], tasks, reports, "")
