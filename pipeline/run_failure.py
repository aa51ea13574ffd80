"""A run that stops in, a file in its folder that says where, why and how to go on out, for whoever looks from elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Literal

from stages.core import storage
from stages.core.errors import MachineError, StageFailedError, UserError
from stages.core.manifest import Record, read_record, write_record
from stages.core.printing import printable, printable_text

FAILURE_FILE = "failure.json"

What = Literal["failed", "mistake", "machine", "interrupted"]


class Failure(Record):
    """How a run stopped: at a task that kept failing (with its `trace`), a user's mistake, trouble of the machine, Ctrl-C.

    `command` goes on with it, from the folder `cwd`; it is empty where a program ran it.
    """

    what: What
    line: str
    trace: str | None = None
    command: str = ""
    cwd: str = ""


@contextmanager
def kept_failure(run: str, command: str) -> Iterator[None]:
    """Whatever ends the context by an error is written into the run's folder; what was there before is taken away."""
    uri = storage.join(run, FAILURE_FILE)
    if storage.exists(uri):
        storage.delete_file(uri)
    try:
        yield
    except BaseException as error:
        with suppress(OSError):  # the disk that is full is why it stopped: the command's own line says it
            write_record(uri, _failure(error, command))
        raise


def _failure(error: BaseException, command: str) -> Failure:
    asked = {"command": printable(command), "cwd": storage.absolute(".") if command else ""}
    if isinstance(error, StageFailedError):
        last = error.trace.strip().splitlines()[-1:] or [""]
        return Failure(
            what="failed",
            line=printable(f"{error}: {last[0].strip()}"),
            trace=printable_text(error.trace),
            **asked,
        )
    kinds: tuple[tuple[type[BaseException], What], ...] = (
        (KeyboardInterrupt, "interrupted"),
        (UserError, "mistake"),
        (MachineError, "machine"),
        (OSError, "machine"),
        (MemoryError, "machine"),
    )
    what: What = next((name for kind, name in kinds if isinstance(error, kind)), "failed")
    is_stopped = isinstance(error, KeyboardInterrupt)
    line = "Ctrl-C, SIGTERM or SIGHUP" if is_stopped else " ".join(str(error).split()) or type(error).__name__
    return Failure(what=what, line=printable(line), **asked)


def failure_of(run: str) -> Failure | None:
    """How a run stopped when it was last at work; None where nothing stopped it, or it was killed before it could say so."""
    uri = storage.join(run, FAILURE_FILE)
    return read_record(uri, Failure) if storage.exists(uri) else None
