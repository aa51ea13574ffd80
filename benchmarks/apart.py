"""A function in, what it gives out, or why it gave nothing: called in a process of its own, within a limit of seconds."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any

SECONDS_TO_LEAVE = 5.0
"""For a process that has told its result; then it is killed."""


@dataclass(frozen=True)
class NoResult:
    """Why there is none: the error that the function raised, the limit, or the signal that ended its process."""

    reason: str


def apart(function: Callable[..., Any], arguments: tuple[Any, ...], seconds: float) -> Any:
    """What `function(*arguments)` gives, or a NoResult; an error's traceback goes to stderr."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(there, function, arguments))
    process.start()
    there.close()
    try:
        if not here.poll(seconds):
            return NoResult(f"given up after {seconds:.0f} s")
        told = here.recv()
        process.join(SECONDS_TO_LEAVE)
    except EOFError:
        process.join()
        return NoResult(_how_it_ended(process.exitcode or 0))
    finally:
        process.kill()
        process.join()
        here.close()
    return told


def _tell(there: Connection, function: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
    try:
        there.send(function(*arguments))
    except Exception as error:
        first = next(iter(str(error).splitlines()), "")
        there.send(NoResult(f"{type(error).__name__}: {first}"))
        raise


def _how_it_ended(code: int) -> str:
    """In words; a process is killed where the machine's memory is full."""
    return f"ended by {signal.Signals(-code).name}" if code < 0 else f"ended with code {code}"
