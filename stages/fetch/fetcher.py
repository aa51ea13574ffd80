"""A list of remote files in, a folder of them out: in parallel, each for itself, with a record of what came from where."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path

from stages.core import storage
from stages.core.atomic import delete_leftovers
from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.download import download
from stages.fetch.pace import StoppedError
from stages.fetch.part import delete_part, digests_of
from stages.fetch.record import FetchedFile, fetched_file, read_fetched, write_fetched
from stages.fetch.remote import PART_SUFFIX, Checksum, FetchError, RemoteFile

FETCHED, PRESENT, FAILED = "fetched", "already there", "failed"
REFUSED_STATUS = frozenset({401, 403, 429, 503})
MAX_REFUSED = 3
"""So many files refused in a row mean that the site has had enough of us: the rest is not asked for."""

RECORD_EVERY = 64
"""The record is written after so many files, so that a killed fetch need not hash all of them again."""

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True)
class FetchOutcome:
    """What became of one remote file."""

    remote: RemoteFile
    state: str
    num_bytes: int = 0
    reason: str = ""


@dataclass
class Fetcher:
    """Fetches the files of one site into a folder."""

    client: Client
    source: str
    out: Path
    connections: int = 2
    verify: bool = False
    on_done: Callable[[FetchOutcome], None] = lambda _: None
    _record: dict[str, FetchedFile] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _refused: int = 0
    _fatal: UserError | None = None

    def run(self, files: Sequence[RemoteFile]) -> list[FetchOutcome]:
        """Fetch all files; one failure does not stop the others. Outcomes in the order of the list."""
        _check_names(files)
        storage.make_folder(str(self.out))
        with only_fetch_into(self.out):
            delete_leftovers(str(self.out))
            before = read_fetched(self.out)
            self._record = {name: entry for name, entry in before.items() if (self.out / name).is_file()}
            self._check_space(files)
            try:
                outcomes = self._run_all(files)
            finally:
                if self._record or before:
                    write_fetched(self.out, self._record)
        if self._fatal is not None:
            raise self._fatal
        return outcomes

    def _run_all(self, files: Sequence[RemoteFile]) -> list[FetchOutcome]:
        done: dict[str, FetchOutcome] = {}
        with ThreadPoolExecutor(self.connections) as pool:
            futures = [pool.submit(self._fetch, remote) for remote in files]
            try:
                for number, future in enumerate(as_completed(futures), 1):
                    outcome = future.result()
                    if outcome is not None:
                        done[outcome.remote.name] = outcome
                        self.on_done(outcome)
                    if number % RECORD_EVERY == 0:
                        with self._lock:
                            write_fetched(self.out, self._record)
            except BaseException:
                self._stop(futures)
                raise
        return [done[remote.name] for remote in files if remote.name in done]

    def _stop(self, futures: Sequence[Future[FetchOutcome | None]]) -> None:
        self.client.pacer.stop()
        for future in futures:
            future.cancel()

    def _fetch(self, remote: RemoteFile) -> FetchOutcome | None:
        """One file, in a thread of the pool; None when the fetch was stopped meanwhile."""
        try:
            self.client.pacer.check()
            return self._fetch_one(remote)
        except StoppedError:
            return None
        except FetchError as error:
            self._count_refusal(error.status in REFUSED_STATUS)
            return FetchOutcome(remote, FAILED, reason=str(error))
        except OSError as error:
            if error.errno in DISK_FULL:
                self._fatal = UserError(
                    f"{self.out}: the disk is full; what came is kept: make room and run the same command again"
                )
                self.client.pacer.stop()
                return None
            return FetchOutcome(remote, FAILED, reason=f"{remote.name}: {error.strerror or error}")

    def _fetch_one(self, remote: RemoteFile) -> FetchOutcome:
        target = self.out / remote.name
        entry = self._already_there(remote, target)
        if entry is not None:
            delete_part(target)
            self._note(entry)
            return FetchOutcome(remote, PRESENT, entry.bytes)
        if self._refused >= MAX_REFUSED:
            return FetchOutcome(
                remote,
                FAILED,
                reason=f"{remote.url}: not asked for, the site refused {MAX_REFUSED} files in a row",
            )
        result = download(self.client, remote, target)
        self._count_refusal(refused=False)
        self._note(fetched_file(self.source, remote, result.num_bytes, result.sha256))
        return FetchOutcome(remote, FETCHED, result.num_bytes)

    def _note(self, entry: FetchedFile) -> None:
        with self._lock:
            self._record[entry.name] = entry

    def _count_refusal(self, refused: bool) -> None:
        with self._lock:
            self._refused = self._refused + 1 if refused else 0

    def _already_there(self, remote: RemoteFile, target: Path) -> FetchedFile | None:
        """The entry of a file that need not be fetched: of the right size and, when asked or unknown, the right digest."""
        if not target.is_file():
            return None
        size = target.stat().st_size
        known = self._record.get(remote.name)
        if known is not None and (known.url != remote.url or known.bytes != size):
            known = None
        expected = remote.size
        if expected is None and known is None:
            expected = self.client.remote_size(remote.url)
        if expected is not None and expected != size:
            return None
        listed = None if remote.checksum is None else str(remote.checksum)
        if known is not None and not self.verify and listed in (None, known.listed):
            return known
        return self._hashed(remote, target, known)

    def _hashed(self, remote: RemoteFile, target: Path, known: FetchedFile | None) -> FetchedFile | None:
        digests = digests_of(target, remote)
        found = fetched_file(self.source, remote, target.stat().st_size, digests.hex("sha256"))
        wanted = remote.checksum or (Checksum("sha256", known.sha256) if known is not None else None)
        if wanted is not None and digests.hex(wanted.algorithm) != wanted.hex:
            return None
        return found

    def _check_space(self, files: Sequence[RemoteFile]) -> None:
        """A UserError now rather than a full disk in a day."""
        missing = 0
        for remote in files:
            target = self.out / remote.name
            part = target.with_name(target.name + PART_SUFFIX)
            if not target.exists():
                missing += max(0, (remote.size or 0) - (part.stat().st_size if part.exists() else 0))
        free = shutil.disk_usage(self.out).free
        if missing > free:
            raise UserError(
                f"{self.out}: {missing:,} bytes are to come, {free:,} bytes are free; choose fewer files"
            )


def _check_names(files: Sequence[RemoteFile]) -> None:
    seen: set[str] = set()
    for remote in files:
        if remote.name in seen:
            raise FetchError(f"the list has {remote.name!r} twice")
        seen.add(remote.name)


@contextlib.contextmanager
def only_fetch_into(folder: Path) -> Iterator[None]:
    """Two fetches at once into one folder would write the same parts; the lock goes with its process."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise UserError(f"{folder}: another fetch is at work in this folder") from error
        yield
    finally:
        os.close(descriptor)
