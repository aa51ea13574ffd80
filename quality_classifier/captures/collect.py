"""Captures of pages in, their records in WARC files out: ranged reads, several at a time, written in the captures' order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import islice

from quality_classifier.captures.capture import Capture
from quality_classifier.captures.warc_folder import WarcFolder
from quality_classifier.captures.warc_record import DAMAGED, OTHER_PAGE, RecordFaultError, check_record
from stages.core.errors import UserError
from stages.fetch.client import Client
from stages.fetch.download import GONE_STATUS, MAX_FAULTY
from stages.fetch.fetcher import DISK_FULL, MAX_REFUSED
from stages.fetch.ranged import ShortRangeError, Stretch, read_range
from stages.fetch.remote import FetchError, join_url

GONE, UNREACHABLE = "gone", "unreachable"
AHEAD = 4
"""So many times the connections are fetched before the first of them is written."""


@dataclass
class PageCollector:
    """Fetches records into a folder. `unreachable` are pages that a later run asks for again, with the reason."""

    client: Client
    base_url: str
    folder: WarcFolder
    connections: int
    on_page: Callable[[str, str], None] = lambda _page, _outcome: None
    unreachable: dict[str, str] = field(default_factory=dict)

    def run(self, captures: Iterable[Capture]) -> None:
        """Fetch what is not settled yet; a UserError when the site fails MAX_REFUSED pages in a row, or the disk is full."""
        left = (capture for capture in captures if capture.page not in self.folder.settled)
        with ThreadPoolExecutor(self.connections) as pool:
            try:
                for capture, future in self._in_order(pool, left):
                    self._take(capture, future)
            except BaseException as error:
                self.client.pacer.stop()
                pool.shutdown(wait=False, cancel_futures=True)
                if isinstance(error, OSError) and error.errno in DISK_FULL:
                    raise UserError(
                        "the disk is full; what came is kept: make room and run the same command again"
                    ) from error
                raise
        self.folder.finish()

    def _in_order(
        self, pool: ThreadPoolExecutor, left: Iterator[Capture]
    ) -> Iterator[tuple[Capture, Future[bytes]]]:
        """The futures in the captures' order, AHEAD of which more are under way."""
        waiting = deque(
            (one, pool.submit(self._fetch, one)) for one in islice(left, AHEAD * self.connections)
        )
        while waiting:
            yield waiting.popleft()
            for one in islice(left, 1):
                waiting.append((one, pool.submit(self._fetch, one)))

    def _take(self, capture: Capture, future: Future[bytes]) -> None:
        try:
            self.folder.add(capture.page, capture.dump, future.result())
            self.on_page(capture.page, "")
        except RecordFaultError as fault:
            self.folder.fail(capture.page, fault.reason, fault.detail)
            self.on_page(capture.page, str(fault))
        except FetchError as error:
            self.unreachable[capture.page] = str(error)
            self.on_page(capture.page, str(error))
            self._refused += 1
            if self._refused >= MAX_REFUSED:
                raise UserError(
                    f"{error}: so did {MAX_REFUSED} pages in a row, the rest is not asked for; run the same command again"
                ) from error
            return
        self._refused = 0

    _refused: int = 0

    def _fetch(self, capture: Capture) -> bytes:
        """The record of a page, checked; bytes that are damaged are asked for again, since a connection may have done it."""
        url = join_url(self.base_url, capture.filename)
        faulty = 0
        while True:
            self.client.pacer.check()
            try:
                record = read_range(self.client, url, Stretch(capture.offset, capture.length))
                check_record(record, capture.page)
                return record
            except RecordFaultError as fault:
                faulty += 1
                if fault.reason == OTHER_PAGE or faulty > MAX_FAULTY:
                    raise
                self.client.pacer.sleep(self.client.backoff_seconds * faulty)
            except ShortRangeError as error:
                raise RecordFaultError(DAMAGED, str(error)) from error
            except FetchError as error:
                if error.status in GONE_STATUS:
                    raise RecordFaultError(GONE, str(error)) from error
                raise
