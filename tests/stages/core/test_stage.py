"""The stage contract: fingerprints, reports that must add up, manifests without times or paths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from stages.core.errors import ConservationError
from stages.core.manifest import (
    FileInfo,
    Manifest,
    Measured,
    ShardReport,
    SourceTotals,
    add_counts,
    read_manifest,
    read_report,
    report_uri,
    write_record,
)
from stages.core.stage import Stage, Task, make_manifest


class Example(Stage):
    stage_name: ClassVar[str] = "example"
    location_fields: ClassVar[Mapping[str, Any]] = {"path": True}

    size: int = 1
    path: str = "here"
    content: str = "same"

    def plan(self, inputs: Sequence[Manifest]) -> list[Task]:
        return []

    def run(self, task: Task) -> ShardReport:
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
    assert Example(path="there").fingerprint(["a"]) == Example(path="here").fingerprint(["a"])


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
    manifest = make_manifest("c4.filter", Example(), "f", ["in"], reports, str(tmp_path))
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
