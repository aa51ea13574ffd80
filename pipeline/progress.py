"""What the runner does in, what a person sees of a run out: a live screen on a terminal or in a notebook, lines in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TextIO

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from pipeline.screen import NotebookScreen, in_notebook, screen_lines, seconds_text, stage_line
from pipeline.tally import RunTally, StageTally
from stages.core.heartbeat import last_word
from stages.core.manifest import Manifest, ShardReport
from stages.core.printing import printable
from stages.core.stage import RecordName

SECONDS_BETWEEN_LINES = 10.0
"""Where there is no terminal, a long task's word is a line of its own this often at most."""

SECONDS_BETWEEN_TOTALS = 60.0
"""And how far the whole run is."""

TICK_SECONDS = 0.5

AtWork = tuple[str, str, str]
"""A task that runs: its stage, the stage's folder, and the task's id."""


class Progress:
    """What the runner tells a person. `quiet` says nothing; `watchers` are shown the tally every `TICK_SECONDS`, and at the
    end.

    A thread of its own reads what long tasks say of themselves, so that they are heard while this process works on one.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        quiet: bool = False,
        watchers: Sequence[Callable[[RunTally], None]] = (),
    ) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._quiet = quiet
        self._watchers = watchers
        self.tally = RunTally()
        self._sources: Mapping[str, str] = {}
        self._at_work: tuple[AtWork, ...] = ()
        self._skipped = 0
        self._said: dict[str, float] = {}
        self._total_said = time.perf_counter()
        self._live: Live | None = None
        self._notebook: NotebookScreen | None = None
        self._lock = threading.RLock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def run_started(self, name: str, sources: Mapping[str, str]) -> None:
        """A run begins; `sources` are its stages, in order, with what they are of."""
        self.tally = RunTally(name, len(sources), done_before=self._skipped)
        self._sources = sources
        if self._quiet and not self._watchers:
            return
        if not self._quiet and in_notebook():
            self._notebook = NotebookScreen()
        elif not self._quiet and self._stream.isatty():
            self._live = Live(
                console=Console(file=self._stream),
                refresh_per_second=4,
                get_renderable=self._screen,
                transient=True,
            )
            self._stream.write("\x1b[2K")  # what `main` said before there was anything to say
            self._live.start()
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()

    def node_skipped(self, name: str, manifest: Manifest) -> None:
        """A stage was finished by an earlier run."""
        self._skipped += 1

    def workers_started(self, workers: int) -> None:
        """So many tasks run at a time from now on."""
        self.tally.workers = workers

    def at_work(self, heard: Iterable[AtWork], in_flight: int, queued: int) -> None:
        """So many tasks are handed to the workers, `heard` among them, and `queued` more wait."""
        self._at_work = tuple(heard)
        self.tally.in_flight, self.tally.queued = in_flight, queued

    def node_started(self, name: str, tasks: int, before: Sequence[ShardReport]) -> None:
        """A stage begins; `before` are the reports of shards that an earlier run finished."""
        with self._lock:
            node = StageTally(name, self._sources.get(name, ""), tasks)
            for report in before:
                node.add(report, is_before=True)
            self.tally.under_way[name] = node
            if before:
                self._say(f"{name}: {len(before)} of {tasks} shards were done before")

    def node_grew(self, name: str, reports: Sequence[ShardReport | None]) -> None:
        """A stage has more tasks than it began with: with a report where an earlier run finished one."""
        node = self.tally.under_way[name]
        node.tasks += len(reports)
        for report in reports:
            if report is not None:
                node.add(report, is_before=True)

    def task_finished(self, name: str, report: ShardReport) -> None:
        """A shard is done."""
        with self._lock:
            node, run = self.tally.under_way[name], self.tally
            node.add(report)
            run.tasks_done += 1
            run.bytes_in += report.bytes_in
            run.kept += report.documents_out
            run.dropped += sum(report.dropped.values())
            if not self._has_screen and node.done < node.tasks:
                self._say(_plain(node))

    def task_says(self, name: str, word: str) -> None:
        """A long task tells where it stands."""
        with self._lock:
            node = self.tally.under_way.get(name)
            if node is None or word == node.word:
                return
            node.say(word)
            now = time.perf_counter()
            if not self._has_screen and now - self._said.get(name, float("-inf")) >= SECONDS_BETWEEN_LINES:
                self._said[name] = now
                self._say(f"{name}: {word}")

    def task_retried(self, name: str, task: str, trace: str) -> None:
        """An attempt failed and is made again."""
        self.tally.tasks_retried += 1
        last = trace.strip().splitlines()[-1] if trace.strip() else "the worker died"
        self._say(f"{name}: task {task} failed and is tried again ({last})")

    def record_given_up(self, name: str, record: RecordName) -> None:
        """A raw record fails every attempt, and is passed over."""
        self.tally.records_given_up += 1
        self._say(f"{name}: {record} failed every attempt and becomes a row of the ledger (poison)")

    def node_given_up(self, name: str) -> None:
        """A stage stops at a user's mistake."""
        self.tally.under_way.pop(name, None)

    def node_finished(self, name: str, manifest: Manifest) -> None:
        """All shards of a stage are done."""
        with self._lock:
            node = self.tally.under_way.pop(name)
            self.tally.done_now += 1
            if self._live is not None:
                self._say(stage_line(node, self._live.console.width - 1, f"{node.seconds:.1f}s"))
            elif self._notebook is None:
                self._say(f"{_plain(node)} in {node.seconds:.1f} s")

    def close(self) -> None:
        """Take the live screen away, and show watchers the end."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            self._show_watchers()
        if self._notebook is not None:
            self._notebook.show(self.tally)
        if self._live is not None:
            self._live.stop()
            self._live = None

    @property
    def _has_screen(self) -> bool:
        return self._live is not None or self._notebook is not None

    def _tick(self) -> None:
        has_begun = False
        while not self._ended.wait(TICK_SECONDS):
            if (
                not has_begun and not self._has_screen
            ):  # not at once: a mistake that comes first is the only line
                self._say(_total(self.tally))
            has_begun = True
            for name, folder, task in self._at_work:
                if (word := last_word(folder, task)) is not None:
                    self.task_says(name, word)
            if self._notebook is not None:
                self._notebook.show(self.tally)
            if not self._has_screen and time.perf_counter() - self._total_said >= SECONDS_BETWEEN_TOTALS:
                self._total_said = time.perf_counter()
                self._say(_total(self.tally))
            self._show_watchers()

    def _show_watchers(self) -> None:
        for watcher in self._watchers:
            watcher(self.tally)

    def _say(self, line: str) -> None:
        if self._quiet or self._notebook is not None:
            return
        with self._lock:
            if self._live is not None:
                self._live.console.print(printable(line), highlight=False, markup=False, soft_wrap=True)
            else:
                print(printable(line), file=self._stream, flush=True)

    def _screen(self) -> Group:
        size = (self._live.console.size.width - 1, self._live.console.size.height) if self._live else (79, 24)
        return Group(*(Text(line, no_wrap=True, overflow="crop") for line in screen_lines(self.tally, *size)))


def _plain(node: StageTally) -> str:
    """A stage as a line of a log."""
    parts = [f"{node.name}: {node.done}/{node.tasks} shards"]
    if node.bytes_in > node.bytes_before:
        parts.append(f"{node.mb_per_second:.1f} MB/s")
    if node.kept or node.dropped:
        parts.append(f"{node.kept:,} kept, {node.dropped:,} dropped")
    if node.seconds_left is not None and node.done < node.tasks:
        parts.append(f"{seconds_text(node.seconds_left)} left")
    return ", ".join(parts)


def _total(run: RunTally) -> str:
    """A run as a line of a log."""
    left = "" if run.seconds_left is None else f", about {seconds_text(run.seconds_left)} left"
    now = ", ".join(list(run.under_way)[:3])
    parts = [f"{run.stages_done:,} of {run.stages:,} stages done{left}", *([f"now {now}"] if now else [])]
    return f"{run.name}: {'; '.join([*parts, run.limit])}"
