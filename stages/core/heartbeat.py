"""Words from a running task to whoever watches the run, in small files beside its report, gone at the end of the task."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import orjson

from stages.core.manifest import REPORTS_FOLDER
from stages.core.stage import RecordName, Task

SECONDS_BETWEEN_WORDS = 2.0
_SUFFIX, _RECORD_SUFFIX = ".now", ".at"


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
        for suffix in (_SUFFIX, _RECORD_SUFFIX):
            for path in sorted((Path(folder) / REPORTS_FOLDER).glob(f"*{suffix}")):
                path.unlink(missing_ok=True)


def record_path(folder: str, task: str) -> Path | None:
    """Where a task of a local run keeps the name of the raw record that it is at."""
    return None if "://" in folder else Path(folder) / REPORTS_FOLDER / f"{task}{_RECORD_SUFFIX}"


def record_at(folder: str, task: str) -> RecordName | None:
    """The raw record that a task is at, or was when its process died; None when it is not known."""
    path = record_path(folder, task)
    try:
        line = b"" if path is None else path.read_bytes().partition(b"\n")[0]
        found = orjson.loads(line)
    except (FileNotFoundError, orjson.JSONDecodeError):
        return None
    return RecordName(*map(str, found)) if isinstance(found, list) and len(found) == 2 else None


def last_word(folder: str, task: str) -> str | None:
    """What a running task said last, if anything."""
    if "://" in folder:
        return None
    try:
        return heartbeat_path(folder, task).read_text(encoding="utf-8") or None
    except FileNotFoundError:
        return None
