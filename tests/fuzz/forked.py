"""Readers that have a process of their own in forks of this one: a start takes milliseconds, and half a second otherwise."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, BinaryIO
from unittest import mock

from stages.ingest import apart, apart_worker


class Forked:
    """What `read_apart` needs of a `subprocess.Popen`."""

    def __init__(self, *_: Any, **__: Any) -> None:
        asks, answers = os.pipe()
        heard, told = os.pipe()
        self._pid, self._code = os.fork(), 0
        if self._pid == 0:
            self._work(asks, told)
        os.close(asks)
        os.close(told)
        self.stdin: BinaryIO = os.fdopen(answers, "wb")
        self.stdout: BinaryIO = os.fdopen(heard, "rb")

    @staticmethod
    def _work(asks: int, told: int) -> None:
        try:
            os.dup2(asks, 0)
            os.dup2(told, 1)
            os.closerange(3, resource.getrlimit(resource.RLIMIT_NOFILE)[0])
            apart_worker.main()
        finally:
            os._exit(0)

    def kill(self) -> None:
        """End it, unless it has."""
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, once."""
        if self._pid:
            self._code = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
            self._pid = 0
        return self._code


@contextmanager
def forked_readers() -> Iterator[None]:
    """Inside, whatever is read apart is so in a fork."""
    stand_in = SimpleNamespace(Popen=Forked, PIPE=subprocess.PIPE, DEVNULL=subprocess.DEVNULL)
    with mock.patch.object(apart, "subprocess", stand_in):
        yield
