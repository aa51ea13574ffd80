"""What tasks are at in, whether one is stuck where its own alarm does not reach out: inside a library's native code."""

from __future__ import annotations

import time

from stages.core.stage import RecordName
from stages.ingest.watch import RECORD_SECONDS

GRACE_SECONDS = 30.0


class Watchdog:
    """Remembers since when each task is at its raw record, by this process's own clock."""

    def __init__(self, seconds: float = RECORD_SECONDS + GRACE_SECONDS) -> None:
        self._seconds = seconds
        self._since: dict[tuple[str, int], tuple[RecordName, float]] = {}

    def is_stuck(self, task: tuple[str, int], record: RecordName | None) -> bool:
        """Whether a task has been at this record for too long; told once."""
        if record is None:
            self._since.pop(task, None)
            return False
        known, since = self._since.get(task, (None, 0.0))
        now = time.monotonic()
        if known != record:
            self._since[task] = (record, now)
            return False
        if now - since < self._seconds:
            return False
        del self._since[task]
        return True
