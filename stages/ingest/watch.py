"""The raw record that a task is at: known to whoever watches the task, ended when it takes too long, passed over on request.

A record that takes RECORD_SECONDS is no bad input: bounds of work (`work.py`) tell those, and a machine may be slow. It is
an error that names the record, and is tried again; so is a worker that dies at one. What keeps failing becomes a ledger
row `poison` where the user asked for it (`--on-error ledger`), and stops the run elsewhere.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from stages.core.errors import RecordTimeoutError
from stages.core.heartbeat import record_path
from stages.core.stage import RecordName, Task, at_record
from stages.ingest.unwatched import Watch
from stages.kernels.compiled import is_compiling

RECORD_SECONDS = 60.0
POISON = "poison"
_NONE = b"\0\n"
_MAX_NOTE_BYTES = 4096


class TaskWatch(Watch):
    """The watch of a task, as a context: a note in a file for whoever sees the process die, and an alarm."""

    def __init__(self, task: Task[Any], seconds: float = RECORD_SECONDS) -> None:
        self._poisoned = frozenset(task.poisoned)
        self._seconds = seconds
        self._path = record_path(task.output, task.id)
        self._note: int | None = None
        self._rings = False
        self._handler: Callable[[int, FrameType | None], Any] | int | None = None
        self.record: RecordName | None = None

    def __enter__(self) -> Self:
        if self._path is not None and self._path.parent.is_dir():
            self._note = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGALRM) == signal.SIG_DFL:
            self._rings = True
            self._handler = signal.signal(signal.SIGALRM, self._ring)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_alarm()
        if self._rings:
            signal.signal(signal.SIGALRM, self._handler)
        if self._note is not None and self._path is not None:
            os.close(self._note)
            self._path.unlink(missing_ok=True)
        if error is not None and self.record is not None:
            error.add_note(f"at {self.record}")
            at_record(error, self.record)

    def is_poisoned(self, raw_name: str, key: str) -> bool:
        """Whether the runner gave the record up."""
        return bool(self._poisoned) and RecordName(raw_name, key) in self._poisoned

    def begin(self, raw_name: str, key: str) -> None:
        """Note the record and set the alarm."""
        self.record = RecordName(raw_name, key)
        if self._note is not None:
            os.pwrite(self._note, self.record.line()[:_MAX_NOTE_BYTES], 0)
        if self._rings:
            signal.setitimer(signal.ITIMER_REAL, self._seconds)

    def end(self) -> None:
        """No record is under way."""
        self.end_alarm()
        self.record = None
        if self._note is not None:
            os.pwrite(self._note, _NONE, 0)

    def end_alarm(self) -> None:
        """Set the alarm off."""
        if self._rings:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _ring(self, number: int, frame: FrameType | None) -> None:
        if (
            is_compiling()
        ):  # the first record of a process whose kernels are not cached: not the record's time
            signal.setitimer(signal.ITIMER_REAL, self._seconds)
            return
        raise RecordTimeoutError(f"{self.record} took longer than {self._seconds:.0f} s")
