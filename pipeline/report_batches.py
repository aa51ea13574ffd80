"""Reports of finished tasks in, copies of a thousand to a file out, from which a half-done stage is taken up again.

The mark of a task is its own report, which its worker wrote. A store takes minutes to read 500,000 of those one after
another, so the runner leaves copies as it goes on; they are deleted with the end of the stage.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from stages.core import storage
from stages.core.errors import UserError
from stages.core.manifest import REPORTS_FOLDER, Record, ShardReport, read_record, report_uri, write_record
from stages.core.names import name_of_number

REPORTS_PER_BATCH = 1000
READERS = 32
"""Reports that are asked for at once, of a store that answers late."""

_PREFIX, _SUFFIX = "batch-", ".json"


class ReportBatch(Record):
    """Copies of reports."""

    reports: tuple[ShardReport, ...]


@dataclass
class ReportBatches:
    """Collects what tasks of a stage report, and writes it when there is enough."""

    folder: str
    written: int = 0
    _waiting: list[ShardReport] = field(default_factory=list)

    def add(self, report: ShardReport) -> None:
        """Take a report."""
        self._waiting.append(report)
        if len(self._waiting) >= REPORTS_PER_BATCH:
            uri = storage.join(
                self.folder, REPORTS_FOLDER, f"{_PREFIX}{name_of_number(self.written)}{_SUFFIX}"
            )
            write_record(uri, ReportBatch(reports=tuple(self._waiting)))
            self._waiting, self.written = [], self.written + 1


def read_reports(folder: str, tasks: Sequence[str]) -> tuple[dict[str, ShardReport], int]:
    """What these tasks of a stage reported, by task, of those whose report is there; and how many batches there are."""
    names = set(storage.list_names(storage.join(folder, REPORTS_FOLDER)))
    batches = [name for name in sorted(names) if _is_batch(name)]
    wanted = {task for task in tasks if f"{task}{_SUFFIX}" in names}
    found = {report.task: report for report in _copies(folder, batches) if report.task in wanted}
    found |= {report.task: report for report in _own(folder, sorted(wanted - set(found)))}
    return found, len(batches)


def _is_batch(name: str) -> bool:
    return name.startswith(_PREFIX) and name.endswith(_SUFFIX)


def _copies(folder: str, batches: Iterable[str]) -> Iterator[ShardReport]:
    for name in batches:
        try:
            yield from read_record(storage.join(folder, REPORTS_FOLDER, name), ReportBatch).reports
        except UserError:  # damaged: the reports themselves are there
            continue


def _own(folder: str, tasks: Collection[str]) -> Iterable[ShardReport]:
    uris = [report_uri(folder, task) for task in tasks]
    if storage.is_local(folder) or not uris:
        return [read_record(uri, ShardReport) for uri in uris]
    with ThreadPoolExecutor(min(READERS, len(uris))) as readers:
        return list(readers.map(lambda uri: read_record(uri, ShardReport), uris))


def delete_batches(folder: str) -> None:
    """Take the copies away: the manifest says by then what they say."""
    for name in storage.list_names(storage.join(folder, REPORTS_FOLDER)):
        if _is_batch(name):
            storage.delete_file(storage.join(folder, REPORTS_FOLDER, name))
