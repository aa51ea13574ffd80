"""Politeness: when the next request to a site may go out, and how long to wait after a refusal."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

MAX_WAIT_SECONDS = 900.0
"""A server that asks for a longer wait gets it: the file fails, and a later run goes on."""


class StoppedError(Exception):
    """The fetch was stopped (interrupted, or the disk is full) while a thread was at work."""


class Pacer:
    """Spaces requests in time over all threads, holds all of them when the server asks for a wait, and ends their waits."""

    def __init__(
        self,
        seconds_between: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], object] | None = None,
    ) -> None:
        self._between = seconds_between
        self._clock = clock
        self._stop = threading.Event()
        # An event's wait is a sleep that `stop` ends.
        self._sleep = sleep or self._stop.wait
        self._lock = threading.Lock()
        self._next = float("-inf")

    def wait_turn(self) -> None:
        """Wait until a request may go out."""
        while True:
            with self._lock:
                now = self._clock()
                if now >= self._next:
                    self._next = now + self._between
                    return
                delay = self._next - now
            self.sleep(delay)

    def hold(self, seconds: float) -> None:
        """Let no thread's request out for so long: the server asked for it."""
        with self._lock:
            self._next = max(self._next, self._clock() + seconds)

    def sleep(self, seconds: float) -> None:
        """Wait in this thread alone."""
        self._sleep(seconds)
        self.check()

    def stop(self) -> None:
        """End all waits and downloads soon."""
        self._stop.set()

    def check(self) -> None:
        """Raise StoppedError once `stop` was called."""
        if self._stop.is_set():
            raise StoppedError
