"""A run as it goes in, Prometheus metrics of it out: a file that node_exporter's textfile collector reads, or a port.

The library is `prometheus-client`, an extra of ours.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pipeline.tally import RunTally
from stages.core.errors import UserError

SECONDS_BETWEEN_FILES = 5.0
PREFIX = "altiplano"

_PORT = re.compile(r"(?:(\[[0-9a-fA-F:]+\]|[\w.-]+):)?(\d{1,5})")
_OF_RUN = (
    ("stages", "gauge", "Stages of the run.", lambda run: run.stages),
    ("stages_done", "gauge", "Stages that are finished.", lambda run: run.stages_done),
    ("workers", "gauge", "Tasks that run at a time.", lambda run: run.workers),
    ("tasks_queued", "gauge", "Tasks that wait for a worker.", lambda run: _waiting(run)),
    ("tasks_done", "counter", "Tasks that this process finished.", lambda run: run.tasks_done),
    ("tasks_retried", "counter", "Attempts that failed and were made again.", lambda run: run.tasks_retried),
    (
        "records_given_up",
        "counter",
        "Raw records that failed every attempt.",
        lambda run: run.records_given_up,
    ),
    ("input_bytes", "counter", "Bytes that finished tasks had read.", lambda run: run.bytes_in),
    ("documents_kept", "counter", "Documents that finished tasks put out.", lambda run: run.kept),
    ("documents_dropped", "counter", "Documents that finished tasks dropped.", lambda run: run.dropped),
    ("share_done", "gauge", "Stages done of all, with parts of those under way.", lambda run: run.share),
    ("seconds", "gauge", "Seconds since this process began.", lambda run: run.seconds),
    (
        "seconds_left",
        "gauge",
        "Seconds left at this pace; NaN where unknown.",
        lambda run: _known(run.seconds_left),
    ),
)
_OF_STAGE = (
    ("stage_tasks", "Tasks of a stage under way.", lambda stage: stage.tasks),
    ("stage_tasks_done", "Tasks of it that are done.", lambda stage: stage.done),
    ("stage_documents_kept", "Documents that it put out.", lambda stage: stage.kept),
    ("stage_documents_dropped", "Documents that it dropped.", lambda stage: stage.dropped),
)


def _waiting(run: RunTally) -> int:
    return run.queued + max(0, run.in_flight - run.workers)


def _known(value: float | None) -> float:
    return float("nan") if value is None else value


class RunMetrics:
    """The metrics of a run, as a collector of Prometheus' library: read when they are asked for."""

    def __init__(self) -> None:
        self.run = RunTally()

    def collect(self) -> Iterator[Any]:
        """Families of metrics, each with the run's name, those of stages with node and source."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

        kinds = {"gauge": GaugeMetricFamily, "counter": CounterMetricFamily}
        run = self.run
        for name, kind, text, value in _OF_RUN:
            family = kinds[kind](f"{PREFIX}_{name}", text, labels=["run"])
            family.add_metric([run.name], value(run))
            yield family
        stages = list(run.under_way.values())
        for name, text, value in _OF_STAGE:
            family = GaugeMetricFamily(f"{PREFIX}_{name}", text, labels=["run", "stage", "source"])
            for stage in stages:
                family.add_metric([run.name, stage.name, stage.source], value(stage))
            yield family


def open_metrics(where: str) -> Callable[[RunTally], None]:
    """Begin to serve metrics at `PORT` or `HOST:PORT` (127.0.0.1 unless said), or to write a file; what is told the run.

    A UserError where the library is missing, the port is taken, or the file's folder is not there.
    """
    if find_spec("prometheus_client") is None:
        raise UserError("--metrics: needs prometheus-client: pip install 'altiplano[metrics]'")
    from prometheus_client import CollectorRegistry

    metrics, registry = RunMetrics(), CollectorRegistry()
    registry.register(metrics)
    if (match := _PORT.fullmatch(where)) is not None:
        _serve(registry, (match[1] or "127.0.0.1").strip("[]"), int(match[2]))
        write: Callable[[bool], None] = _nothing
    else:
        write = _file_writer(registry, where)

    def shown(run: RunTally) -> None:
        is_other = run is not metrics.run
        metrics.run = run
        write(is_other or run.stages_done == run.stages)

    return shown


def _nothing(_: bool) -> None:
    """What is served is read when it is asked for."""


def _serve(registry: Any, host: str, port: int) -> None:
    from prometheus_client import start_http_server

    try:
        start_http_server(port, host, registry)
    except (OSError, OverflowError) as error:
        raise UserError(f"--metrics {host}:{port}: cannot listen there ({error})") from error


def _file_writer(registry: Any, place: str) -> Callable[[bool], None]:
    from prometheus_client import write_to_textfile

    if not Path(place).absolute().parent.is_dir():
        raise UserError(f"--metrics {place}: its folder is not there; give a file, PORT or HOST:PORT")
    last = float("-inf")

    def write(at_once: bool) -> None:
        nonlocal last
        now = time.monotonic()
        if at_once or now - last >= SECONDS_BETWEEN_FILES:
            with suppress(OSError):  # a full disk stops no run; the next time may come through
                write_to_textfile(place, registry)
            last = now

    return write
