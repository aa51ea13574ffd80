"""The store that processes of a training share in, the end of all of them when one is gone out, with its name.

A process that dies on another machine is noticed by nobody who waits for it in an exchange of gradients. So each process says
in the store that it lives, looks at the next one, and ends with a line where that one is silent for too long.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Protocol

from stages.core.printing import printable

BEAT_SECONDS = 4.0
SILENT_SECONDS = 40.0
"""So that all end within a minute; a process that compiles or copies checkpoints is not silent for that long."""

_GRACE_BEATS = 2

_ENDED, _FAILED, _LOST = "ended", "failed", "lost"


class SharedStore(Protocol):
    """What of torch's stores is used."""

    def set(self, key: str, value: str) -> None:
        """Write a value."""

    def get(self, key: str) -> bytes:
        """A value, waited for when it is not there."""

    def check(self, keys: list[str]) -> bool:
        """Whether all of these are there."""


def end_process(line: str) -> None:
    """Say why, and end at once: the main thread may wait for ever."""
    sys.stderr.write(f"error: {printable(line)}\n")
    sys.stderr.flush()
    os._exit(1)


class RankWatch:
    """A thread of one process that beats, and looks at the next; `ended` and `failed` say how this one went.

    `lost` gets the line about a process that is gone.
    """

    def __init__(
        self, store: SharedStore, rank: int, world_size: int, lost: Callable[[str], None] = end_process
    ) -> None:
        self._store, self._rank, self._next = store, rank, (rank + 1) % world_size
        self._lost, self._name = lost, f"rank {rank} of {world_size} on {socket.gethostname()}"
        self._beat, self._silent = BEAT_SECONDS, SILENT_SECONDS
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)
        self._seen: str | None = None
        self._heard = time.monotonic()

    def start(self) -> None:
        """Begin to beat and to look."""
        self._thread.start()

    def ended(self) -> None:
        """This process is done; nobody is to miss it."""
        self._end(_ENDED)

    def failed(self, error: BaseException) -> None:
        """This process ends with an error of its own."""
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        self._end(f"{_FAILED} {self._name}: ended with {type(error).__name__}: {reason}")

    def wait_for_lost(self) -> None:
        """After an exchange that broke off: time for this thread, or another process's, to find who is gone."""
        self._thread.join(self._silent + 3 * self._beat)

    def _end(self, state: str) -> None:
        self._stop.set()
        self._thread.join(self._beat)
        try:
            self._store.set(f"beat/{self._rank}", state)
        except RuntimeError:  # the store went first, with the process that holds it
            return

    def _run(self) -> None:
        count = 0
        while not self._stop.wait(self._beat if count else 0):
            count += 1
            try:
                self._store.set(f"beat/{self._rank}", f"{count} {self._name}")
                gone = self._gone()
            except RuntimeError as error:
                gone = self._silence(
                    f"the store of the processes, which rank 0's machine holds, is gone ({error})"
                )
            if gone is not None:
                self._lost(gone)
                return

    def _gone(self) -> str | None:
        """The line about a process that is gone, found here or by another one."""
        if self._store.check([_LOST]):
            return self._store.get(_LOST).decode()
        key = f"beat/{self._next}"
        seen = self._store.get(key).decode() if self._store.check([key]) else None
        gone = None
        if seen != self._seen or seen == _ENDED:
            self._seen, self._heard = seen, time.monotonic()
        elif seen is not None and seen.startswith(_FAILED):
            # Not at once: an error of all processes is told by each of them.
            if time.monotonic() - self._heard > _GRACE_BEATS * self._beat:
                gone = seen.removeprefix(_FAILED).strip()
        else:
            name = f"rank {self._next}" if seen is None else seen.partition(" ")[2]
            gone = self._silence(f"{name} is gone: nothing was heard of it")
        if gone is not None:
            self._store.set(_LOST, gone)
        return gone

    def _silence(self, line: str) -> str | None:
        """The line, when nothing was heard for too long."""
        silent = time.monotonic() - self._heard
        return f"{line} for {silent:.0f} s; go on from the last checkpoint" if silent > self._silent else None
