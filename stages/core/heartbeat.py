"""A word from a long task to whoever watches the run: one line beside its report, replaced now and then, gone at the end."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from stages.core.manifest import REPORTS_FOLDER
from stages.core.stage import Task

SECONDS_BETWEEN_WORDS = 2.0
_SUFFIX = ".now"


class Heartbeat:
    """Says where a task stands; only on local disks, where a small file costs nothing. Nothing reads it but progress."""

    def __init__(self, task: Task[Any]) -> None:
        self._path = None if "://" in task.output else heartbeat_path(task.output, task.id)
        self._last = float("-inf")

    def say(self, line: str) -> None:
        """Replace the line, at most every SECONDS_BETWEEN_WORDS."""
        if self._path is None or not self._path.parent.is_dir():
            return
        now = time.monotonic()
        if now - self._last >= SECONDS_BETWEEN_WORDS:
            self._path.write_text(line, encoding="utf-8")
            self._last = now

    def end(self) -> None:
        """Take the line away."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def heartbeat_path(folder: str, task: str) -> Path:
    """Where a task's line is kept."""
    return Path(folder) / REPORTS_FOLDER / f"{task}{_SUFFIX}"


def delete_words(folder: str) -> None:
    """Take away the lines of killed tasks of a stage."""
    if "://" not in folder:
        for path in sorted((Path(folder) / REPORTS_FOLDER).glob(f"*{_SUFFIX}")):
            path.unlink(missing_ok=True)


def last_word(folder: str, task: str) -> str | None:
    """What a running task said last, if anything."""
    if "://" in folder:
        return None
    try:
        return heartbeat_path(folder, task).read_text(encoding="utf-8") or None
    except FileNotFoundError:
        return None
