"""A run's folder in, the right to write there out, for one process at a time: `run.lock`, which says whose it is.

Its holder counts a beat up in it. A lock is void when its process is gone, where that can be seen (same machine), or
when its beat stands still for EXPIRY_SECONDS: no clock of another machine is asked, so a wrong one does no harm.
"""

from __future__ import annotations

import os
import socket
import threading
import time
import uuid
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import orjson
from pydantic import ValidationError

from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import Record
from stages.core.printing import printable

LOCK_FILE = "run.lock"
BEAT_SECONDS = 5.0
EXPIRY_SECONDS = 30.0
SETTLE_SECONDS = 1.0
"""Remote stores have no file that only one of two writers can make: after this the last of them is known."""


class Holder(Record):
    """Who holds a lock: machine, process, when that began (ticks since boot; 0 unknown), a token of its own, its beat.

    `command` is what a person typed, empty where a program holds it.
    """

    host: str
    space: str
    pid: int
    started: int
    token: str
    beat: int = 0
    command: str = ""

    def told(self) -> str:
        """Machine and process, for an error's line."""
        return f"process {self.pid} on {self.host}"


class RunLock:
    """The lock of a run's folder as a context; a UserError when another process holds it."""

    def __init__(
        self,
        run: str,
        command: str = "",
        beat_seconds: float = BEAT_SECONDS,
        expiry_seconds: float = EXPIRY_SECONDS,
    ) -> None:
        self._run, self._uri = run, storage.join(run, LOCK_FILE)
        self._beat_seconds, self._expiry_seconds = beat_seconds, expiry_seconds
        pid = os.getpid()
        self._own = Holder(
            host=socket.gethostname(),
            space=_space(),
            pid=pid,
            started=_started(pid) or 0,
            token=uuid.uuid4().hex,
            command=printable(command),
        )
        self._ended = threading.Event()
        self._taken_by: Holder | None = None
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def __enter__(self) -> Self:
        while not self._take():
            self._wait_for_void()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()
        with suppress(OSError):  # the folder is gone, or its disk: nothing is locked any more
            if self._is_own(self._read()):
                storage.delete_file(self._uri)

    def check(self) -> None:
        """A UserError when another process took the lock because this one stood still for too long."""
        if self._taken_by is not None:
            raise UserError(
                f"{self._run}: {self._taken_by.told()} went on with this run while this process stood still;"
                " leave it to that one"
            )

    def _take(self) -> bool:
        """Take a free lock; False when it is another's."""
        if "://" not in self._run:
            try:
                descriptor = os.open(self._uri, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
            except FileExistsError:
                return False
            with os.fdopen(descriptor, "wb") as stream:
                stream.write(_encoded(self._own))
            return True
        if self._read() is not None:
            return False
        storage.overwrite(self._uri, _encoded(self._own))
        time.sleep(SETTLE_SECONDS)
        return self._is_own(self._read())

    def _wait_for_void(self) -> None:
        """Delete a void lock; a UserError when it is held."""
        first = self._read()
        if first is None:
            return
        if first.space == self._own.space and first.host == self._own.host:
            if first.started in (0, _started(first.pid)) and _started(first.pid) is not None:
                raise self._held(first)
        else:
            until = time.monotonic() + self._expiry_seconds
            while time.monotonic() < until:
                time.sleep(min(self._beat_seconds, self._expiry_seconds) / 4)
                now = self._read()
                if now is None:
                    return
                if now != first:
                    raise self._held(now)
        if self._read() == first:
            with suppress(FileNotFoundError):
                storage.delete_file(self._uri)

    def _held(self, holder: Holder) -> UserError:
        return UserError(
            f"{self._run}: {holder.told()} is at work in this run; wait for it, or end it, or give another folder"
        )

    def _keep(self) -> None:
        beat = 0
        while not self._ended.wait(self._beat_seconds):
            beat += 1
            try:
                found = self._read()
                if found is not None and not self._is_own(found):
                    self._taken_by = found
                    return
                storage.overwrite(self._uri, _encoded(self._own.model_copy(update={"beat": beat})))
            except OSError:  # a full disk, a store that does not answer: the next beat may come through
                continue

    def _is_own(self, found: Holder | None) -> bool:
        return found is not None and found.token == self._own.token

    def _read(self) -> Holder | None:
        return _read_lock(self._uri)


def last_command(run: str) -> str:
    """What was typed by whoever holds the lock of a run, or held it when killed; empty where nobody, or no person, did."""
    found = _read_lock(storage.join(run, LOCK_FILE))
    return "" if found is None else found.command


def holder_of(run: str) -> Holder | None:
    """Who holds the lock of a run's folder; None where nobody does, or a process of this machine that is gone."""
    found = _read_lock(storage.join(run, LOCK_FILE))
    if found is None or (found.host, found.space) != (socket.gethostname(), _space()):
        return found
    return found if _started(found.pid) is not None and found.started in (0, _started(found.pid)) else None


def _read_lock(uri: str) -> Holder | None:
    """Who holds the lock; of one that is half written, a holder that nobody is."""
    try:
        data = storage.read_bytes(uri)
    except FileNotFoundError:
        return None
    try:
        return Holder.model_validate(orjson.loads(data))
    except (orjson.JSONDecodeError, ValidationError):
        return Holder(host="unknown", space="", pid=0, started=0, token=data.hex()[:64])


def _encoded(holder: Holder) -> bytes:
    return orjson.dumps(holder.model_dump(), option=orjson.OPT_SORT_KEYS) + b"\n"


def _space() -> str:
    """What tells where a process number means the same process: the boot of the machine, and the space of its numbers."""
    with suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot} {Path('/proc/self/ns/pid').readlink()}"
    return ""


def _started(pid: int) -> int | None:
    """When a process of this machine began, in ticks since boot; None when there is none."""
    try:
        fields: list[Any] = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return None if fields[0] in ("Z", "X") else int(fields[19])
