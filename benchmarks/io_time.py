"""A run in this process in, how much of its CPU goes into reading and writing out: the codecs and formats of files.

The functions through which all of it goes are timed from outside (`timed_io`), the outermost of those that call each other.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any
from unittest import mock

import pyarrow.parquet as pq

from stages.core import exchange, merge
from stages.core.atomic import AtomicFile
from stages.core.bounded import GroupReader
from stages.core.exchange_writer import ExchangeWriter
from stages.ingest.common_crawl import splits

READING, WRITING = "reading", "writing"
READERS: tuple[tuple[Any, str], ...] = (
    (splits, "read_members"),
    (exchange, "read_batches_of"),
    (merge, "read_batches_of"),
    (GroupReader, "batches"),
)
"""Generators that read and unpack: WARC members, exchange files, row groups of Parquet."""

WRITERS: tuple[tuple[Any, str], ...] = (
    (pq.ParquetWriter, "write_table"),
    (pq.ParquetWriter, "close"),
    (ExchangeWriter, "_write_file"),
    (AtomicFile, "write"),
    (AtomicFile, "finish"),
    (AtomicFile, "commit"),
)


@dataclass
class IoSeconds:
    """CPU seconds by READING and WRITING, and wall seconds of both together."""

    cpu: dict[str, float] = field(default_factory=lambda: {READING: 0.0, WRITING: 0.0})
    wall: float = 0.0
    _is_in: bool = False

    @contextmanager
    def counted(self, what: str) -> Iterator[None]:
        """Count what happens here, unless it happens in what is counted already."""
        if self._is_in:
            yield
            return
        self._is_in = True
        cpu, wall = time.process_time(), time.perf_counter()
        try:
            yield
        finally:
            self._is_in = False
            self.cpu[what] += time.process_time() - cpu
            self.wall += time.perf_counter() - wall

    def call(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, counted as writing."""

        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.counted(WRITING):
                return function(*arguments, **named)

        return timed

    def each(self, function: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """The same generator, each of its steps counted as reading."""

        @wraps(function)
        def timed(*arguments: Any, **named: Any) -> Iterator[Any]:
            steps = function(*arguments, **named)
            end = object()
            while True:
                with self.counted(READING):
                    step = next(steps, end)
                if step is end:
                    return
                yield step

        return timed


@contextmanager
def timed_io() -> Iterator[IoSeconds]:
    """Time what tasks in this process read and write, from here on."""
    found = IoSeconds()
    with ExitStack() as patches:
        for owner, name in READERS:
            patches.enter_context(mock.patch.object(owner, name, found.each(getattr(owner, name))))
        for owner, name in WRITERS:
            patches.enter_context(mock.patch.object(owner, name, found.call(getattr(owner, name))))
        yield found
