"""Reports of tasks in, what a person sees of a run out: a live table on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rich.console import Console
from rich.live import Live
from rich.table import Table

from pipeline.text_table import add_text_row, text_table
from stages.core.manifest import Manifest, ShardReport
from stages.core.printing import printable
from stages.core.stage import RecordName

SECONDS_BETWEEN_LINES = 10.0
"""Where there is no terminal, a long task's word is a line of its own this often at most."""


@dataclass
class _NodeProgress:
    tasks: int
    done: int = 0
    bytes_in: int = 0
    bytes_before: int = 0
    kept: int = 0
    dropped: int = 0
    tasks_before: int = 0
    started: float = field(default_factory=time.perf_counter)
    word: str = ""
    said: float = float("-inf")

    def add(self, report: ShardReport) -> None:
        self.done += 1
        self.bytes_in += report.bytes_in
        self.kept += report.documents_out
        self.dropped += sum(report.dropped.values())

    def speed(self) -> float:
        """MB of input per second since this process began the stage."""
        return (self.bytes_in - self.bytes_before) / 1e6 / max(1e-6, time.perf_counter() - self.started)

    def seconds_left(self) -> float | None:
        """Time that the tasks left will take at the pace of those done by this process."""
        done_now = self.done - self.tasks_before
        if done_now == 0:
            return None
        return (time.perf_counter() - self.started) / done_now * (self.tasks - self.done)


class Progress:
    """What the runner tells a person. `quiet` says nothing; a terminal gets a live table of the stages under way."""

    def __init__(self, stream: TextIO | None = None, quiet: bool = False) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._quiet = quiet
        self._nodes: dict[str, _NodeProgress] = {}
        self._skipped = 0
        self._live: Live | None = None

    def node_skipped(self, name: str, manifest: Manifest) -> None:
        """A stage was finished by an earlier run."""
        self._skipped += 1

    def node_started(self, name: str, tasks: int, before: Sequence[ShardReport]) -> None:
        """A stage begins; `before` are the reports of shards that an earlier run finished."""
        self._open()
        if self._skipped:
            self._say(f"{self._skipped} stages were done before")
            self._skipped = 0
        node = _NodeProgress(tasks)
        for report in before:
            node.add(report)
        node.bytes_before, node.tasks_before = node.bytes_in, node.done
        self._nodes[name] = node
        if before:
            self._say(f"{name}: {len(before)} of {tasks} shards were done before")

    def node_grew(self, name: str, reports: Sequence[ShardReport | None]) -> None:
        """A stage has more tasks than it began with: with a report where an earlier run finished one."""
        node = self._nodes[name]
        node.tasks += len(reports)
        for report in reports:
            if report is not None:
                node.add(report)
                node.tasks_before += 1

    def _open(self) -> None:
        """Start the live table, not before there is something to show: a mistake must leave the terminal as it was."""
        if self._live is None and not self._quiet and self._stream.isatty():
            console = Console(file=self._stream)
            self._live = Live(
                console=console, refresh_per_second=4, get_renderable=self._table, transient=True
            )
            self._live.start()

    def task_finished(self, name: str, report: ShardReport) -> None:
        """A shard is done."""
        node = self._nodes[name]
        node.add(report)
        if self._live is None and node.done < node.tasks:
            self._say(self._line(name, node))

    def task_says(self, name: str, word: str) -> None:
        """A long task tells where it stands."""
        node = self._nodes[name]
        if word == node.word:
            return
        node.word = word
        if self._live is None and time.perf_counter() - node.said >= SECONDS_BETWEEN_LINES:
            node.said = time.perf_counter()
            self._say(f"{name}: {word}")

    def task_retried(self, name: str, task: str, trace: str) -> None:
        """An attempt failed and is made again."""
        last = trace.strip().splitlines()[-1] if trace.strip() else "the worker died"
        self._say(f"{name}: task {task} failed and is tried again ({last})")

    def record_given_up(self, name: str, record: RecordName) -> None:
        """A raw record fails every attempt, and is passed over."""
        self._say(f"{name}: {record} failed every attempt and becomes a row of the ledger (poison)")

    def node_finished(self, name: str, manifest: Manifest) -> None:
        """All shards of a stage are done."""
        node = self._nodes.pop(name)
        self._say(f"{self._line(name, node)} in {time.perf_counter() - node.started:.1f} s")

    def close(self) -> None:
        """Take the live table away."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _line(self, name: str, node: _NodeProgress) -> str:
        left = node.seconds_left()
        parts = [f"{name}: {node.done}/{node.tasks} shards"]
        if node.bytes_in > node.bytes_before:
            parts.append(f"{node.speed():.1f} MB/s")
        if node.kept or node.dropped:
            parts.append(f"{node.kept:,} kept, {node.dropped:,} dropped")
        if left is not None and node.done < node.tasks:
            parts.append(f"{_duration(left)} left")
        return ", ".join(parts)

    def _say(self, line: str) -> None:
        if self._quiet:
            return
        if self._live is not None:
            self._live.console.print(printable(line), highlight=False, markup=False)
        else:
            print(printable(line), file=self._stream, flush=True)

    def _table(self) -> Table:
        table = text_table(("stage",), ("shards", "MB/s", "kept", "dropped", "left", ""))
        for name, node in self._nodes.items():
            left = node.seconds_left()
            add_text_row(
                table,
                name,
                f"{node.done}/{node.tasks}",
                f"{node.speed():.1f}",
                f"{node.kept:,}",
                f"{node.dropped:,}",
                "" if left is None else _duration(left),
                node.word,
            )
        return table


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02d}m" if hours else f"{minutes}m{rest:02d}s"
