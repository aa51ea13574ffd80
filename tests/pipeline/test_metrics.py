"""Prometheus metrics of a run: as a file, at a port, and what is wrong with what was asked."""

from __future__ import annotations

import re
import socket
import urllib.request
from importlib.util import find_spec
from pathlib import Path

import pytest

from pipeline import metrics
from pipeline.metrics import RunMetrics, open_metrics
from pipeline.tally import RunTally, StageTally
from stages.core.errors import UserError
from tests.demo import ROOT

needs_library = pytest.mark.skipif(find_spec("prometheus_client") is None, reason="no prometheus-client here")


def a_run() -> RunTally:
    run = RunTally("demo", 3, done_now=1, workers=2, in_flight=3, queued=4, bytes_in=5_000, kept=7, dropped=2)
    run.under_way["c4.filter"] = StageTally("c4.filter", "c4", 9, done=2)
    return run


@needs_library
def test_a_file_has_the_run_and_its_stages_under_way(tmp_path: Path) -> None:
    place = tmp_path / "altiplano.prom"
    show = open_metrics(str(place))
    assert not place.exists()
    show(a_run())
    lines = place.read_text().splitlines()
    for line in (
        'altiplano_stages{run="demo"} 3.0',
        'altiplano_stages_done{run="demo"} 1.0',
        'altiplano_tasks_queued{run="demo"} 5.0',
        'altiplano_input_bytes_total{run="demo"} 5000.0',
        'altiplano_stage_tasks_done{run="demo",source="c4",stage="c4.filter"} 2.0',
    ):
        assert line in lines


@needs_library
def test_a_port_answers_on_this_machine_alone() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(UserError, match=f"--metrics 127.0.0.1:{port}: cannot listen"):
            open_metrics(str(port))
    show = open_metrics(str(port))
    show(a_run())
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        assert 'altiplano_documents_kept_total{run="demo"} 7.0' in answer.read().decode()


@needs_library
def test_the_page_of_operations_names_every_metric() -> None:
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(altiplano_\w+)`", page))
    counters = {
        f"{name}_total"
        for name in (f"{metrics.PREFIX}_{one[0]}" for one in metrics._OF_RUN if one[1] == "counter")
    }
    gauges = {one.name for one in RunMetrics().collect() if one.type == "gauge"}
    assert named == counters | gauges


@needs_library
def test_a_file_in_no_folder_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="its folder is not there; give a file, PORT or HOST:PORT"):
        open_metrics(str(tmp_path / "none" / "x.prom"))


def test_without_the_library_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install 'altiplano\[metrics\]'"):
        open_metrics("9464")
